"""The budget of requests to an exchange: sliding windows per group of endpoints and one over all, with lanes, so that an
exit never waits behind a question.

A request counts from the moment it leaves until one window after its answer (or after `lag_s`, when the answer is slow):
however long it travels, the exchange never sees more than the budget in any window.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import count

from engine.clock import Clock

# Timers may fire this much early or late, and clocks of two machines tick differently.
_MARGIN_S = 0.02


class Lane(IntEnum):
    """Who goes first when not everybody may."""

    EXIT = 0
    PROTECTION = 1
    QUERY = 2
    ENTRY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """At most `limit` requests in any `window_s` seconds; `reserve` of them are kept for exits and protection."""

    limit: int
    window_s: float = 1.0
    reserve: int = 0

    def room(self, lane: Lane) -> int:
        """Return how many requests in a window a lane may fill up to."""
        return self.limit if lane <= Lane.PROTECTION else self.limit - self.reserve


class SilencedError(Exception):
    """Nothing may be sent for `left_s` seconds more: the exchange banned this address."""

    def __init__(self, left_s: float) -> None:
        super().__init__(f"silent for {left_s:.0f} s more")
        self.left_s = left_s


@dataclass(slots=True)
class _Window:
    budget: Budget
    lag_s: float
    used: int = 0
    # Expiries of answered and of unanswered slots; the latter in order of sending, settled lazily.
    ends: list[tuple[float, int]] = field(default_factory=list)
    paused_until: float = 0.0

    def free(self, now: float, lane: Lane) -> int:
        while self.ends and self.ends[0][0] <= now:
            self.used -= heapq.heappop(self.ends)[1]
        return 0 if now < self.paused_until else self.budget.room(lane) - self.used

    def fits(self, now: float, lane: Lane, weight: int) -> bool:
        return self.free(now, lane) >= weight

    def next_change(self) -> float | None:
        times = [self.ends[0][0]] if self.ends else []
        return min([*times, self.paused_until]) if self.paused_until and times else (times or [self.paused_until])[0]


@dataclass(slots=True)
class Slot:
    """Permission to send now. Call `answered()` when the reply is in, whatever it says."""

    windows: tuple[_Window, ...]
    clock: Clock
    weight: int
    sent_s: float
    open: bool = True

    def answered(self) -> None:
        """The exchange has counted the request: its window begins to run."""


