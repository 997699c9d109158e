"""A start reads the newest checkpoint and the facts after it: the same state as from every fact."""

import asyncio
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from engine.core.codec import CodecError
from engine.core.commands import ChangeLimit, Pause, Scope
from engine.core.facts import CooldownSet, Fact
from engine.core.state import State
from engine.core.strategy import Enter
from engine.journal import MemoryJournal
from engine.presets import ACCOUNT_LIMITS
from engine.recovery import CHECKPOINT_FACTS, Checkpoints, pack, restore, unpack
from tests.support.desk import BTC, ETH, T0, Bench, account, durable
from tests.support.virtual import run


def busy() -> Bench:
    """Return a bench with a bit of everything in its state."""
    bench = Bench(account(limits=ACCOUNT_LIMITS))
    bench.enter()
    bench.ask(Pause(command_id="p", by="ann", wall_ms=T0, scope=Scope("symbol", ETH)))
    bench.ask(ChangeLimit(command_id="l", by="ann", wall_ms=T0, key="daily_equity", value=Decimal(-4)))
    bench.time(60_000)
    bench.price(10_100)
    bench.bar(Enter(False, "again"))
    return bench


def folded(facts: Sequence[Fact]) -> State:
    state = State()
    for fact in facts:
        state.apply(fact)
    return state


def test_a_checkpoint_and_the_facts_after_it_give_the_state_of_all_facts() -> None:
    facts = busy().facts
    for cut in range(len(facts) + 1):
        state = unpack(pack(folded(facts[:cut])))
        for fact in facts[cut:]:
            state.apply(fact)
        assert state == folded(facts)


def test_a_restart_from_the_journal_gives_the_state_that_was_lost() -> None:
    async def main() -> None:
        bench = busy()
        journal = MemoryJournal(facts=bench.facts[:9])
        await journal.checkpoint(pack(folded(bench.facts[:9])), 9)
        journal.facts += bench.facts[9:]
        assert durable(await restore(journal)) == durable(bench.state)

    run(main())


def altered(change: dict[str, Any]) -> bytes:
    return json.dumps(json.loads(pack(busy().state)) | change).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        pack(State())[:-1],
        altered({"surprise": 1}),
        altered({"clock_ms": "late"}),
        altered({"holds": []}),
    ],
)
def test_checkpoint_bytes_that_are_not_a_whole_state_are_refused(data: bytes) -> None:
    with pytest.raises((CodecError, ValueError)):
        unpack(data)


class Writing:
    """A state that grows by facts, its journal and its checkpoints."""

    def __init__(self) -> None:
        self.state, self.journal = State(), MemoryJournal()
        self.checkpoints = Checkpoints(self.journal, self.state)
        self.made = 0

    def submit(self, count: int) -> None:
        facts = [CooldownSet(BTC, self.made + number, "test", T0 + self.made + number) for number in range(count)]
        self.made += count
        for fact in facts:
            self.state.apply(fact)
        self.checkpoints.note(facts, self.journal.submit(facts, ()))

    async def loaded(self) -> tuple[int, int]:
        """Return the newest checkpoint's number and how many facts come after it, once all is written."""
        await asyncio.sleep(1)
        loaded = await self.journal.load()
        assert await restore(self.journal) == self.state
        return loaded.checkpoint_seq, len(loaded.facts)


def test_a_checkpoint_is_written_every_thousand_facts() -> None:
    async def main() -> None:
        writing = Writing()
        writing.submit(CHECKPOINT_FACTS - 1)
        assert await writing.loaded() == (0, CHECKPOINT_FACTS - 1)
        writing.submit(3)
        assert await writing.loaded() == (CHECKPOINT_FACTS + 2, 0)
        writing.submit(CHECKPOINT_FACTS - 1)
        assert await writing.loaded() == (CHECKPOINT_FACTS + 2, CHECKPOINT_FACTS - 1)
        writing.submit(1)
        assert await writing.loaded() == (2 * CHECKPOINT_FACTS + 2, 0)

    run(main())


def test_a_checkpoint_holds_the_state_of_its_group_and_nothing_later() -> None:
    async def main() -> None:
        writing = Writing()
        writing.journal.hold()
        writing.submit(CHECKPOINT_FACTS)
        writing.submit(7)
        writing.journal.release()
        assert await writing.loaded() == (CHECKPOINT_FACTS, 7)
        assert unpack((await writing.journal.load()).checkpoint or b"").cooldowns == {BTC: CHECKPOINT_FACTS - 1}

    run(main())


def test_a_failing_journal_costs_a_checkpoint_and_no_fact() -> None:
    async def main() -> None:
        writing = Writing()
        writing.journal.fail_next = 1
        writing.submit(CHECKPOINT_FACTS)
        assert await writing.loaded() == (0, CHECKPOINT_FACTS)
        writing.submit(CHECKPOINT_FACTS)
        assert await writing.loaded() == (2 * CHECKPOINT_FACTS, 0)

    run(main())
