"""A locked, full or broken database: facts wait in order, nothing is lost, changes of state are told once."""

import asyncio
from pathlib import Path

import pytest

from engine.core.facts import Fact
from engine.journal import JournalUnavailable
from storage.database import Tuning
from storage.store import Store
from tests.integration.storage.desk import beginning, desk, locked, opening, round_trip, sql, with_desk

QUICK = Tuning(lock_wait_ms=50, retry_ms=20)


class States:
    """Hears changes of state and lets a test wait for them."""

    def __init__(self) -> None:
        self.heard: list[bool] = []
        self.changed = asyncio.Event()

    def __call__(self, writable: bool, why: str) -> None:
        self.heard.append(writable)
        self.changed.set()


async def facts_of(store: Store) -> list[Fact]:
    return (await store.journal.load()).facts


def test_a_lock_shorter_than_the_patience_is_waited_for(tmp_path: Path) -> None:
    async def main() -> int:
        async with desk(tmp_path) as store:
            with locked(tmp_path):
                future = store.journal.submit(beginning(), [])
                # The other connection answers while the writer is waiting in its own thread.
                await store.queries.count_trades()
                assert not future.done()
            return await future

    assert asyncio.run(main()) == 2


def test_a_locked_database_fails_the_group_keeps_it_and_merges_it_when_it_can(tmp_path: Path) -> None:
    async def main() -> tuple[list[bool], list[Fact]]:
        states = States()
        async with desk(tmp_path, tuning=QUICK, on_state=states) as store:
            await store.journal.submit(beginning(), [])
            with locked(tmp_path):
                for number in (1, 2):
                    with pytest.raises(JournalUnavailable, match="locked"):
                        await store.journal.submit(opening(number), [])
                assert (tmp_path / "emergency.ndjson").stat().st_mode & 0o777 == 0o600
                assert await facts_of(store) == [*beginning(), *opening(1), *opening(2)]
                states.changed.clear()
            await states.changed.wait()
            assert await store.journal.submit(opening(3), []) == 20
            return states.heard, await facts_of(store)

    heard, facts = asyncio.run(main())
    assert heard == [False, True]
    assert facts == [*beginning(), *opening(1), *opening(2), *opening(3)]
    assert not (tmp_path / "emergency.ndjson").exists()


def test_facts_set_aside_by_a_process_that_died_are_merged_once_at_the_next_start(tmp_path: Path) -> None:
    async def fail(store: Store) -> bytes:
        await store.journal.submit(beginning(), [])
        with locked(tmp_path), pytest.raises(JournalUnavailable):
            await store.journal.submit(opening(1), [])
        content = (tmp_path / "emergency.ndjson").read_bytes()
        await store.journal.submit([], [])
        return content

    content = with_desk(tmp_path, fail, tuning=QUICK)
    sql(tmp_path, "DELETE FROM journal WHERE seq > 2")

    for _ in range(2):
        # The file is there again as if it could not be removed: its groups must not be merged twice.
        (tmp_path / "emergency.ndjson").write_bytes(content)
        assert with_desk(tmp_path, facts_of) == [*beginning(), *opening(1)]


def test_a_torn_line_in_the_emergency_file_is_reported_and_kept(tmp_path: Path) -> None:
    with_desk(tmp_path, facts_of)
    (tmp_path / "emergency.ndjson").write_bytes(b'{"mode": "paper", "account": "ma')

    async def findings(store: Store) -> tuple[str, ...]:
        return store.findings

    assert "line 1 cannot be read" in with_desk(tmp_path, findings)[0]


def test_a_full_disk_fails_groups_until_there_is_room_again(tmp_path: Path) -> None:
    with_desk(tmp_path, facts_of)
    pages = sql(tmp_path, "PRAGMA page_count")[0][0]
    limits = [f"max_page_count={pages + 4}"]

    async def main() -> list[Fact]:
        states = States()
        tuning = Tuning(lock_wait_ms=50, retry_ms=20, pragmas=limits)
        async with desk(tmp_path, tuning=tuning, on_state=states) as store:
            with pytest.raises(JournalUnavailable, match="full"):
                await asyncio.gather(*(store.journal.submit(round_trip(number), []) for number in range(40)))
            states.changed.clear()
            limits.clear()
            await states.changed.wait()
            return await facts_of(store)

    facts = asyncio.run(main())
    assert facts == [fact for number in range(40) for fact in round_trip(number)]


def test_a_locked_database_at_the_start_is_a_finding_not_an_end(tmp_path: Path) -> None:
    with_desk(tmp_path, facts_of)

    async def main() -> tuple[str, ...]:
        with locked(tmp_path):
            async with desk(tmp_path, tuning=QUICK) as store:
                assert not store.writable
                return store.findings

    assert any("locked" in finding for finding in asyncio.run(main()))


def test_whoever_starts_to_watch_an_unwritable_store_hears_it_at_once(tmp_path: Path) -> None:
    with_desk(tmp_path, facts_of)

    async def main() -> list[bool]:
        states = States()
        with locked(tmp_path):
            async with desk(tmp_path, tuning=QUICK) as store:
                store.watch(states)
                return list(states.heard)

    assert asyncio.run(main()) == [False]


def test_chat_writes_fail_with_the_database_and_reads_go_on(tmp_path: Path) -> None:
    async def work(store: Store) -> str | None:
        await store.users.set(1, "owner", "Ann", 1)
        with locked(tmp_path), pytest.raises(JournalUnavailable):
            await store.users.set(1, "viewer", "Ann", 2)
        return await store.users.get(1)

    assert with_desk(tmp_path, work, tuning=QUICK) == "owner"


def test_a_store_without_waiting_facts_notices_by_itself_that_it_can_write_again(tmp_path: Path) -> None:
    async def main() -> list[bool]:
        states = States()
        async with desk(tmp_path, tuning=QUICK, on_state=states) as store:
            with locked(tmp_path), pytest.raises(JournalUnavailable):
                await store.users.set(1, "owner", "Ann", 1)
            states.changed.clear()
            await states.changed.wait()
            return states.heard

    assert asyncio.run(main()) == [False, True]


def test_nobody_waits_for_ever_when_the_writer_ends_before_its_time(tmp_path: Path) -> None:
    async def main() -> list[str]:
        async with desk(tmp_path, tuning=QUICK) as store:
            with locked(tmp_path):
                # One is in the thread's hands, one is queued.
                first = store.journal.submit(beginning(), [])
                await asyncio.sleep(0.01)
                store.task.cancel()
                futures = [first, store.journal.submit(opening(1), [])]
                await asyncio.wait([*futures, store.task])
                late = store.journal.submit(opening(2), [])
                await store.close()
            return [str(future.exception()) for future in (*futures, late)]

    assert asyncio.run(main()) == ["the store stopped", "the store stopped", "the store is closed"]


def test_one_bad_row_fails_alone(tmp_path: Path) -> None:
    async def work(store: Store) -> int:
        create = store.confirmations.create
        await create("n", 1, 1, "{}", 0, 1)
        group = store.journal.submit(beginning(), [])
        with pytest.raises(ValueError, match="exists already"):
            await create("n", 1, 1, "{}", 0, 1)
        return await group

    assert with_desk(tmp_path, work) == 2
