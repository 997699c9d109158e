"""Orders wait for their journal group: it goes ahead of chat-side work, which in turn does not wait for ever."""

import asyncio
import time
from collections.abc import Awaitable
from pathlib import Path

import pytest

from engine.core.facts import Fact
from engine.journal import JournalUnavailable
from storage.store import Store
from tests.integration.storage.desk import beginning, locked, opening, sql, with_desk


async def noted(done: list[str], name: str, written: Awaitable[object]) -> None:
    await written
    done.append(name)


def test_a_journal_group_goes_ahead_of_chat_side_work_of_the_same_moment(tmp_path: Path) -> None:
    async def work(store: Store) -> list[str]:
        done: list[str] = []

        async def kept(name: str) -> None:
            await store.heartbeats.beat(name, 1)
            done.append(name)

        async def noted() -> None:
            await store.journal.submit(opening(1), [])
            done.append("group")

        await asyncio.gather(kept("chat 1"), kept("chat 2"), noted())
        return done

    assert with_desk(tmp_path, work) == ["group", "chat 1", "chat 2"]
    assert sql(tmp_path, "SELECT count(*) FROM heartbeats") == [(2,)]


@pytest.mark.parametrize(
    ("patience_s", "expected"), [(3_600.0, ["first", "second", "chat"]), (0.0, ["first", "chat", "second"])]
)
def test_chat_side_work_lets_groups_go_first_until_it_has_waited_long_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patience_s: float, expected: list[str]
) -> None:
    monkeypatch.setattr("storage.writer._PATIENCE_S", patience_s)

    async def work(store: Store) -> list[str]:
        done: list[str] = []

        with locked(tmp_path):
            tasks = [asyncio.create_task(noted(done, "first", store.journal.submit(opening(1), [])))]
            # The first group waits for the file; what comes now comes in the middle of its transaction.
            await asyncio.sleep(0.05)
            tasks.append(asyncio.create_task(noted(done, "chat", store.heartbeats.beat("chat", 1))))
            await asyncio.sleep(0.01)
            tasks.append(asyncio.create_task(noted(done, "second", store.journal.submit(opening(2), []))))
        await asyncio.gather(*tasks)
        return done

    assert with_desk(tmp_path, work) == expected


@pytest.mark.parametrize(
    ("patience_s", "expected"), [(3_600.0, ["one", "group", "two"]), (0.0, ["one", "two", "group"])]
)
def test_a_group_that_comes_meanwhile_waits_for_one_piece_of_chat_side_work_that_need_not_go_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patience_s: float, expected: list[str]
) -> None:
    monkeypatch.setattr("storage.writer._PATIENCE_S", patience_s)

    async def work(store: Store) -> list[str]:
        done: list[str] = []

        with locked(tmp_path):
            beats = [asyncio.create_task(noted(done, name, store.heartbeats.beat(name, 1))) for name in ("one", "two")]
            # Both are in the hands of the thread, which waits for the file.
            await asyncio.sleep(0.05)
            group = asyncio.create_task(noted(done, "group", store.journal.submit(opening(1), [])))
            await asyncio.sleep(0)
        await asyncio.gather(*beats, group)
        return done

    assert with_desk(tmp_path, work) == expected
    assert sql(tmp_path, "SELECT name FROM heartbeats ORDER BY name") == [("one",), ("two",)]


def test_an_entry_is_on_record_when_the_loop_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.transactions.FileTransactions.aside_s", 10.0)

    async def work(store: Store) -> list[object]:
        group = store.journal.submit(opening(1), [])
        # Nobody else has had a turn.
        kept = sql(tmp_path, "SELECT count(*) FROM journal")
        await group
        return kept

    assert with_desk(tmp_path, work) == [(6,)]


@pytest.mark.parametrize(("facts", "least_s"), [(opening(1), 0.05), (beginning(), 0.0)])
def test_what_cannot_be_written_holds_the_loop_for_a_moment_only_and_what_nobody_waits_for_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, facts: list[Fact], least_s: float
) -> None:
    monkeypatch.setattr("storage.transactions.FileTransactions.aside_s", least_s or 10.0)

    async def work(store: Store) -> float:
        with locked(tmp_path):
            began = time.monotonic()
            group = store.journal.submit(facts, [])
            took = time.monotonic() - began
        await group
        return took

    assert least_s <= with_desk(tmp_path, work) < 1


def test_chat_side_work_is_never_durable_before_a_group_that_came_earlier(tmp_path: Path) -> None:
    async def work(store: Store) -> list[str]:
        done: list[str] = []

        with locked(tmp_path):
            tasks = [asyncio.create_task(noted(done, "first", store.journal.submit(opening(1), [])))]
            # The first group waits for the file; what comes now comes in the middle of its transaction.
            await asyncio.sleep(0.05)
            tasks.append(asyncio.create_task(noted(done, "command", store.journal.submit(opening(2), []))))
            tasks.append(asyncio.create_task(noted(done, "its note", store.heartbeats.beat("chat", 1))))
            await asyncio.sleep(0.05)
        await asyncio.gather(*tasks)
        return done

    assert with_desk(tmp_path, work) == ["first", "command", "its note"]


def test_what_was_postponed_is_written_when_the_store_closes_at_once(tmp_path: Path) -> None:
    async def work(store: Store) -> None:
        beats = [asyncio.ensure_future(store.heartbeats.beat(f"chat {number}", 1)) for number in range(3)]
        group = store.journal.submit(opening(1), [])
        await asyncio.sleep(0)
        await store.close()
        await asyncio.gather(group, *beats)

    with_desk(tmp_path, work)
    assert sql(tmp_path, "SELECT count(*) FROM heartbeats") == [(3,)]
    assert sql(tmp_path, "SELECT count(*) FROM journal") == [(6,)]


def test_what_goes_wrong_with_the_journal_is_not_taken_for_the_fault_of_chat_side_work(tmp_path: Path) -> None:
    async def work(store: Store) -> None:
        await store.confirmations.bind("x", 1)
        await store.journal.submit(opening(1), [])
        with pytest.raises(JournalUnavailable, match="no room"):
            await store.journal.submit(opening(2), [])
        # The groups that could not be written go first into its transaction.
        await store.confirmations.bind("x", 1)

    with_desk(tmp_path, lambda store: store.heartbeats.beat("first", 1))
    refusing = "BEFORE INSERT ON journal WHEN new.seq > 6 BEGIN SELECT RAISE(ABORT, 'no room'); END"
    sql(tmp_path, f"CREATE TRIGGER full {refusing}")
    with pytest.raises(JournalUnavailable, match="no room"):
        with_desk(tmp_path, work)
    assert sql(tmp_path, "SELECT count(*) FROM journal") == [(6,)]
    assert sql(tmp_path, "SELECT name FROM heartbeats") == [("first",)]
