"""A journal that tells the outbox when alerts have become durable."""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from engine.core.alerts import Alert
from engine.core.facts import Fact
from engine.journal import Group, Journal, Loaded


class WakingJournal:
    """The journal it is given, and a call after every commit of a group with alerts."""

    def __init__(self, journal: Journal, wake: Callable[[], None]) -> None:
        self._journal, self._wake = journal, wake

    def submit(self, facts: Sequence[Fact], alerts: Sequence[Alert]) -> asyncio.Future[int]:
        """Queue a group; see Journal."""
        future = self._journal.submit(facts, alerts)
        if alerts:
            future.add_done_callback(lambda _done: self._wake())
        return future

    async def load(self) -> Loaded:
        """Return the newest checkpoint and every fact after it."""
        return await self._journal.load()

    async def checkpoint(self, state: bytes, seq: int) -> None:
        """Keep the state as of `seq`."""
        await self._journal.checkpoint(state, seq)

    async def bulk(self, groups: Iterable[Group]) -> None:
        """Append history."""
        await self._journal.bulk(groups)
