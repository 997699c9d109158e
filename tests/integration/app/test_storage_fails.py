"""The disk fills up or the database locks under a trading desk: nothing new is risked, everything can be closed."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import pytest

from engine.core.facts import SignalRecorded, TradeClosed
from storage import store as opening
from storage.database import Tuning
from tests.integration.app.stage import AppStage, next_life, play
from tests.support.desk import BTC, ETH

CREATE = "/v5/order/create"


@pytest.fixture
def pragmas(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """More pragmas of the writer from its next connection on; a locked database is waited for only shortly."""
    made: list[str] = []
    monkeypatch.setattr(opening, "Tuning", lambda: Tuning(lock_wait_ms=100, retry_ms=50, pragmas=made))
    return made


@asynccontextmanager
async def locked(folder: Path) -> AsyncIterator[None]:
    with closing(sqlite3.connect(folder / "desk.db", isolation_level=None, timeout=0)) as other:
        # The desk may be writing: it needs this loop to finish.
        while not other.in_transaction:
            with suppress(sqlite3.OperationalError):
                other.execute("BEGIN EXCLUSIVE")
            await asyncio.sleep(0.01)
        yield
        other.execute("ROLLBACK")


async def refusal(stage: AppStage, symbol: str) -> str:
    """Return why an entry is refused now."""
    known = len(stage.recorded(SignalRecorded))
    while len(stage.recorded(SignalRecorded)) == known:
        # A bar that closes no later than one before says nothing new, and the clock may have been set back.
        stage.signal(symbol)
        await asyncio.sleep(0.05)
    last = stage.recorded(SignalRecorded)[-1]
    assert last.outcome == "refused"
    return last.detail


async def run_out(stage: AppStage, pragmas: list[str]) -> AppStage:
    """Go on with a disk that has hardly any room, and write until it has none."""
    await stage.stop()
    with closing(sqlite3.connect(stage.folder / "desk.db")) as other:
        (pages,) = other.execute("PRAGMA page_count").fetchone()
    pragmas.append(f"max_page_count={pages + 2}")
    again = await next_life(stage)
    while again.store.writable:
        again.signal(BTC)
        await asyncio.sleep(0.01)
    return again


async def assert_only_closes_leave(stage: AppStage, *, set_aside: bool = True) -> None:
    sent = len(await stage.requests(CREATE))
    stage.signal(ETH)
    await stage.until(lambda: not stage.store.writable)
    assert "the journal cannot be written" in await refusal(stage, ETH)
    await stage.told_in_chat("Journal cannot be written")
    assert len(await stage.requests(CREATE)) == sent
    await stage.close_all()
    assert (await stage.theirs())["size"] == 0
    assert len(await stage.requests(CREATE)) == sent + 1
    assert (stage.folder / "emergency.ndjson").is_file() is set_aside


async def assert_whole(stage: AppStage) -> None:
    """Fail unless the next life finds everything in the journal."""
    await stage.stop()
    again = await next_life(stage)
    await again.store.journal.submit([], [])
    facts = (await again.store.journal.load()).facts
    await again.agrees()
    await again.stop()
    assert not (stage.folder / "emergency.ndjson").exists()
    assert [fact.trade.symbol for fact in facts if isinstance(fact, TradeClosed)] == [BTC]


def test_while_the_database_is_locked_no_entry_is_sent_and_a_close_of_everything_goes_out(
    tmp_path: Path, pragmas: list[str]
) -> None:
    del pragmas

    async def story(stage: AppStage) -> None:
        await stage.enter()
        async with locked(tmp_path):
            await assert_only_closes_leave(stage)
        await stage.until(lambda: stage.store.writable)
        await assert_whole(stage)

    play(tmp_path, story)


def test_on_a_full_disk_no_entry_is_sent_and_a_close_of_everything_goes_out(tmp_path: Path, pragmas: list[str]) -> None:
    async def story(stage: AppStage) -> None:
        await stage.enter()
        stage = await run_out(stage, pragmas)
        await assert_only_closes_leave(stage)
        pragmas.clear()
        await stage.until(lambda: stage.store.writable)
        await assert_whole(stage)

    play(tmp_path, story)


def test_with_nowhere_to_write_at_all_a_close_of_everything_still_goes_out(tmp_path: Path, pragmas: list[str]) -> None:
    del pragmas

    async def story(stage: AppStage) -> None:
        await stage.enter()
        # Nobody can write a file of this name.
        (tmp_path / "emergency.ndjson").mkdir()
        async with locked(tmp_path):
            await assert_only_closes_leave(stage, set_aside=False)
        await stage.until(lambda: stage.store.writable)
        (tmp_path / "emergency.ndjson").rmdir()
        await assert_whole(stage)

    play(tmp_path, story)


def test_little_room_on_the_disk_alarms_in_the_chat_before_anything_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=499 * 10**6))

    async def story(stage: AppStage) -> None:
        assert "499 MB are free" in await stage.told_in_chat("The disk is nearly full")
        assert stage.store.writable
        await stage.enter()

    play(tmp_path, story)
