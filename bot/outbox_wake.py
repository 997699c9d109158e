"""A journal that tells the outbox when alerts have become durable."""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from engine.core.alerts import Alert, is_critical
from engine.core.facts import Fact
from engine.journal import Group, Journal, Loaded


class WakingJournal:
    """The journal it is given, and a call after every commit of a group with alerts.

    When a group cannot be made durable its critical alerts go to `urgent` at once: no outbox will see them until the
    database is back.
    """

    def __init__(
        self, journal: Journal, wake: Callable[[], None], urgent: Callable[[Alert], None] = lambda _alert: None
    ) -> None:
        self._journal, self._wake, self._urgent = journal, wake, urgent

    def submit(self, facts: Sequence[Fact], alerts: Sequence[Alert]) -> asyncio.Future[int]:
        """Queue a group; see Journal."""
        future = self._journal.submit(facts, alerts)
        if alerts:
            future.add_done_callback(lambda done: self._told(done, alerts))
        return future

    def _told(self, done: asyncio.Future[int], alerts: Sequence[Alert]) -> None:
        if done.cancelled() or done.exception() is None:
            self._wake()
            return
        for alert in alerts:
            if is_critical(alert):
                self._urgent(alert)

    async def load(self) -> Loaded:
        """Return the newest checkpoint and every fact after it."""
        return await self._journal.load()

    async def checkpoint(self, state: bytes, seq: int) -> None:
        """Keep the state as of `seq`."""
        await self._journal.checkpoint(state, seq)

    async def bulk(self, groups: Iterable[Group]) -> None:
        """Append history."""
        await self._journal.bulk(groups)
