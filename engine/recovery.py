"""The desk's state out of the journal, and checkpoints into it: a start reads the newest one and the facts after it."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from engine.core.codec import decode, encode
from engine.core.facts import Fact
from engine.core.state import State
from engine.journal import Journal, JournalUnavailable

CHECKPOINT_FACTS = 1_000


def pack(state: State) -> bytes:
    """Return a state as bytes (JSON)."""
    return json.dumps(encode(state), separators=(",", ":")).encode()


def unpack(data: bytes) -> State:
    """Return the state that `pack` wrote; raises CodecError or ValueError for anything else."""
    state: State = decode(State, json.loads(data))
    return state


async def restore(journal: Journal) -> State:
    """Return the state as of the last durable fact."""
    loaded = await journal.load()
    state = State() if loaded.checkpoint is None else unpack(loaded.checkpoint)
    for fact in loaded.facts:
        state.apply(fact)
    return state


class Checkpoints:
    """Keeps a start short: the state goes into the journal every 1,000 facts."""

    def __init__(self, journal: Journal, state: State) -> None:
        self._journal = journal
        self._state = state
        self._facts = 0
        self._writing: asyncio.Task[None] | None = None

    def note(self, facts: Sequence[Fact], durable: asyncio.Future[int]) -> None:
        """Count the facts of a group that was just submitted; the state is taken now, as of that group."""
        self._facts += len(facts)
        if self._facts >= CHECKPOINT_FACTS and (self._writing is None or self._writing.done()):
            self._facts = 0
            self._writing = asyncio.create_task(self._write(pack(self._state), durable))

    async def _write(self, state: bytes, durable: asyncio.Future[Any]) -> None:
        try:
            seq = await asyncio.shield(durable)
            await self._journal.checkpoint(state, seq)
        except JournalUnavailable:
            # The next one will do; until then a start reads more facts.
            return
