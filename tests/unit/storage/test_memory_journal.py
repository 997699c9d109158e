"""The journal's twin in memory behaves like the durable one, and fails when told to."""

import asyncio

import pytest

from engine.core.alerts import SystemAlert
from engine.core.facts import AccountOpened, Fact
from engine.journal import JournalUnavailable, MemoryJournal

ALERT = SystemAlert(account="main", mode="paper", at_ms=1, topic="start", title="t", detail="d")


def fact(number: int) -> Fact:
    return AccountOpened(number, number)


def test_groups_become_durable_in_order_and_later_than_submitted() -> None:
    async def main() -> tuple[bool, list[int], list[Fact]]:
        journal = MemoryJournal()
        futures = [journal.submit([fact(1), fact(2)], [ALERT]), journal.submit([fact(3)], [])]
        at_once = futures[0].done()
        return at_once, list(await asyncio.gather(*futures)), journal.facts

    assert asyncio.run(main()) == (False, [2, 3], [fact(1), fact(2), fact(3)])


def test_a_failed_group_is_written_before_the_next_one_that_succeeds() -> None:
    async def main() -> tuple[list[bool], list[Fact], list[Fact]]:
        states: list[bool] = []
        journal = MemoryJournal(fail_next=2, on_state=lambda writable, why: states.append(writable))
        for number in (1, 2):
            with pytest.raises(JournalUnavailable):
                await journal.submit([fact(number)], [ALERT])
        with pytest.raises(JournalUnavailable):
            await journal.checkpoint(b"", 0)
        waiting = (await journal.load()).facts
        assert await journal.submit([fact(3)], []) == 3
        assert len(journal.alerts) == 2
        return states, waiting, journal.facts

    states, waiting, facts = asyncio.run(main())
    assert (states, waiting, facts) == ([False, True], [fact(1), fact(2)], [fact(1), fact(2), fact(3)])


def test_what_is_held_is_durable_only_after_its_release() -> None:
    async def main() -> tuple[bool, list[Fact], int]:
        journal = MemoryJournal()
        before = journal.submit([fact(1)], [])
        journal.hold()
        future = journal.submit([fact(2)], [])
        await asyncio.sleep(0)
        held = before.done() or future.done()
        survivor = journal.survivor().facts
        journal.release()
        return held, survivor, await future

    assert asyncio.run(main()) == (False, [], 2)


def test_a_survivor_has_what_was_durable_or_set_aside_and_the_checkpoint() -> None:
    async def main() -> tuple[bytes | None, int, list[Fact]]:
        journal = MemoryJournal()
        await journal.bulk([([fact(1)], [ALERT]), ([fact(2)], [])])
        await journal.checkpoint(b"state", 1)
        journal.fail_next = 1
        with pytest.raises(JournalUnavailable):
            await journal.submit([fact(3)], [])
        journal.hold()
        journal.submit([fact(4)], [])
        loaded = await journal.survivor().load()
        return loaded.checkpoint, loaded.checkpoint_seq, loaded.facts

    assert asyncio.run(main()) == (b"state", 1, [fact(2), fact(3)])


def test_a_cancelled_wait_does_not_stop_the_journal() -> None:
    async def main() -> list[Fact]:
        journal = MemoryJournal(fail_next=1)
        for number in (1, 2):
            journal.submit([fact(number)], []).cancel()
        await journal.submit([fact(3)], [])
        return journal.facts

    assert asyncio.run(main()) == [fact(1), fact(2), fact(3)]
