"""Backtests started from chat: the one that is running, and the last few results, for their charts."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

from handlers.ports import BacktestResult

_KEPT = 8


@dataclass(slots=True)
class Runs:
    """Entity of one process: after a restart there are none."""

    cancels: dict[str, asyncio.Event] = field(default_factory=dict)
    results: OrderedDict[str, BacktestResult] = field(default_factory=OrderedDict)
    _number: int = 0

    def begin(self) -> tuple[str, asyncio.Event] | None:
        """A new run with the event that cancels it; None while another is running."""
        if self.cancels:
            return None
        self._number += 1
        run, cancel = str(self._number), asyncio.Event()
        self.cancels[run] = cancel
        return run, cancel

    def end(self, run: str, result: BacktestResult | None) -> None:
        """The run is over; a result is kept until newer ones push it out."""
        self.cancels.pop(run, None)
        if result is not None:
            self.results[run] = result
            while len(self.results) > _KEPT:
                self.results.popitem(last=False)

    def cancel(self, run: str) -> bool:
        """Ask a run to stop; False when it is not running."""
        event = self.cancels.get(run)
        if event is not None:
            event.set()
        return event is not None
