"""The equity curve of the running desk: a point every market minute and after every fill, written in the background."""

import asyncio
from collections.abc import Callable, Sequence

from engine.core.events import Executed
from engine.core.facts import Fact
from engine.core.market import MINUTE_MS
from engine.journal import JournalUnavailable
from engine.live import Desk
from storage.queries import Queries
from storage.rows import EquityPoint

_PAUSE_S = 0.25


class EquityRecorder:
    """Watches the desk's facts and clock. Points of a time in which the database is away are left out."""

    def __init__(self, desk: Desk, queries: Queries) -> None:
        self._desk = desk
        self._queries = queries
        self._minute = 0
        self._filled = False
        desk.watchers.append(self._see)

    def _see(self, facts: Sequence[Fact]) -> None:
        self._filled = self._filled or any(isinstance(fact, Executed) for fact in facts)

    async def run(self, beat: Callable[[], None]) -> None:
        """Write points for ever."""
        while True:
            beat()
            await asyncio.sleep(_PAUSE_S)
            now_ms = self._desk.trader.workspace.now_ms
            if self._known() and (self._filled or now_ms // MINUTE_MS != self._minute):
                self._minute, self._filled = now_ms // MINUTE_MS, False
                await self._write()

    def _known(self) -> bool:
        # Before the books are open, and while a position has no price yet, equity is not known.
        workspace = self._desk.trader.workspace
        return workspace.state.opened and workspace.now_ms > 0 and workspace.marks.keys() >= workspace.positions.keys()

    async def _write(self) -> None:
        shot = self._desk.snapshot()
        point = EquityPoint(
            at_ms=shot.market_ms,
            wallet=shot.wallet,
            equity=shot.equity,
            margin=shot.margin_used,
            unrealised=shot.unrealised,
        )
        try:
            await self._queries.add_equity(point)
        except JournalUnavailable:
            return
