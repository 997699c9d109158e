"""Several accounts in one process: one writer, separate books, one outbox."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from engine.core.alerts import SystemAlert
from engine.journal import JournalUnavailable
from storage.database import Tuning
from storage.outbox import OutboxNew
from storage.store import Store
from tests.integration.storage.desk import BTC, START, beginning, desk, sql, url

QUICK = Tuning(lock_wait_ms=50, retry_ms=20)


def alert(account: str) -> SystemAlert:
    return SystemAlert(account=account, mode="paper", at_ms=START, topic="t", title=f"news of {account}", detail="")


def test_each_account_has_its_own_journal_and_both_survive_a_restart(tmp_path: Path) -> None:
    async def main() -> None:
        async with desk(tmp_path) as main_:
            sub = await main_.beside("sub", instruments=[BTC])
            await asyncio.gather(
                main_.journal.submit(beginning(), []),
                sub.journal.submit(beginning(), []),
                main_.journal.submit(beginning(), []),
            )
            assert await sub.journal.submit(beginning(), []) == 2 * len(beginning())
        async with desk(tmp_path) as main_:
            sub = await main_.beside("sub", instruments=[BTC])
            assert len((await main_.journal.load()).facts) == 2 * len(beginning())
            assert len((await sub.journal.load()).facts) == 2 * len(beginning())

    asyncio.run(main())
    counted = sql(tmp_path, "SELECT account, min(seq), max(seq) FROM journal GROUP BY account ORDER BY account")
    assert counted == [("main", 1, 2 * len(beginning())), ("sub", 1, 2 * len(beginning()))]


def test_a_locked_database_is_told_to_both_and_nothing_of_either_is_lost(tmp_path: Path) -> None:
    heard: list[tuple[str, bool]] = []

    async def main() -> None:
        async with desk(tmp_path, tuning=QUICK) as main_:
            sub = await main_.beside("sub", instruments=[BTC])
            main_.watch(lambda writable, _why: heard.append(("main", writable)))
            sub.watch(lambda writable, _why: heard.append(("sub", writable)))
            lock = sqlite3.connect(tmp_path / "desk.sqlite3", isolation_level=None)
            lock.execute("BEGIN EXCLUSIVE")
            waiting = [store.journal.submit(beginning(), []) for store in (main_, sub)]
            for future in waiting:
                with pytest.raises(JournalUnavailable):
                    await future
            lock.execute("ROLLBACK")
            lock.close()
            assert await main_.journal.submit(beginning(), []) == 2 * len(beginning())
            assert await sub.journal.submit(beginning(), []) == 2 * len(beginning())

    asyncio.run(main())
    assert heard == [("main", False), ("sub", False), ("main", True), ("sub", True)]
    assert not (tmp_path / "emergency.ndjson").exists()


def test_what_waits_of_each_account_is_merged_by_the_next_process(tmp_path: Path) -> None:
    async def main() -> None:
        async with desk(tmp_path, tuning=QUICK) as main_:
            sub = await main_.beside("sub", instruments=[BTC])
            lock = sqlite3.connect(tmp_path / "desk.sqlite3", isolation_level=None)
            lock.execute("BEGIN EXCLUSIVE")
            for store in (main_, sub):
                with pytest.raises(JournalUnavailable):
                    await store.journal.submit(beginning(), [])
            main_.task.cancel()
        lock.execute("ROLLBACK")
        lock.close()
        async with desk(tmp_path, tuning=QUICK) as main_:
            assert any("waiting in the emergency file" in finding for finding in main_.findings)
            sub = await main_.beside("sub", instruments=[BTC])
            for store in (main_, sub):
                assert len((await store.journal.load()).facts) == len(beginning())

    asyncio.run(main())
    counted = sql(tmp_path, "SELECT account, count(*) FROM journal GROUP BY account ORDER BY account")
    assert counted == [("main", len(beginning())), ("sub", len(beginning()))]


def test_the_outbox_of_the_first_delivers_for_all_and_keeps_whose_message_it_is(tmp_path: Path) -> None:
    async def main() -> None:
        async with desk(tmp_path) as main_:
            sub = await main_.beside("sub")
            await sub.journal.submit((), [alert("sub")])
            await main_.journal.submit((), [alert("main")])
            rows = await main_.outbox.pending(10)
            assert [(row.account, row.payload["title"]) for row in rows] == [
                ("sub", "news of sub"),
                ("main", "news of main"),
            ]
            new = OutboxNew(chat_id=5, kind="SystemAlert", payload={}, priority=1, thread="p1")
            (number,) = await main_.outbox.fan_out(rows[0].id, [new])
            await main_.outbox.sent([number], 77, START)
            assert await main_.outbox.message_of("p1", 5, "sub") == 77
            assert await main_.outbox.message_of("p1", 5) is None

    asyncio.run(main())
    assert sql(tmp_path, "SELECT account FROM outbox WHERE chat_id = 5") == [("sub",)]


def test_panels_are_common_and_an_account_is_opened_once(tmp_path: Path) -> None:
    async def main() -> None:
        store = await Store.open(url(tmp_path), mode="paper", account="main")
        sub = await store.beside("sub")
        await sub.panels.set(5, 9)
        assert await store.panels.all() == {5: 9}
        with pytest.raises(ValueError, match="open already"):
            await store.beside("sub")
        await sub.close()
        await store.settings.set("still", "open")
        await store.close()

    asyncio.run(main())
