"""The budget of requests to an exchange: sliding windows per group of endpoints and one over all, with lanes, so that
an exit never waits behind a question.

A request counts from the moment it leaves until one window after its answer (or after `lag_s`, when the answer is
slow): however long requests travel, the exchange does not see more than the budget in any window.
"""

import asyncio
import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import count
from weakref import WeakSet

from engine.clock import Clock

# Two machines' clocks do not run alike, and neither do timers.
_MARGIN_S = 0.02
_SHORTEST_WAIT_S = 0.001


class Lane(IntEnum):
    """Who goes first when not everybody may."""

    EXIT = 0
    PROTECTION = 1
    QUERY = 2
    ENTRY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """At most `limit` requests in any `window_s` seconds, of which `reserve` are kept for exits and protection."""

    limit: int
    window_s: float = 1.0
    reserve: int = 0

    def room(self, lane: Lane) -> int:
        """Return up to how many requests in a window a lane may make it."""
        return self.limit if lane <= Lane.PROTECTION else self.limit - self.reserve


class SilencedError(Exception):
    """Nothing may be sent for `left_s` more seconds: the exchange has banned this address."""

    def __init__(self, left_s: float) -> None:
        super().__init__(f"silent for {left_s:.0f} s more")
        self.left_s = left_s


@dataclass(slots=True, eq=False)
class _Use:
    weight: int
    ends_s: float


@dataclass(slots=True, eq=False)
class _Window:
    budget: Budget
    used: int = 0
    paused_s: float = 0.0
    ends: list[tuple[float, int, _Use]] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=count)

    def fits(self, now: float, lane: Lane, weight: int) -> bool:
        while self.ends and self.ends[0][0] <= now:
            ends, _, use = heapq.heappop(self.ends)
            # An answer shortens a use; its first, later entry then means nothing.
            if ends == use.ends_s:
                self.used -= use.weight
                use.ends_s = -1.0
        return now >= self.paused_s and self.used + weight <= self.budget.room(lane)

    def hold(self, use: _Use, until: float) -> None:
        use.ends_s = until
        heapq.heappush(self.ends, (until, next(self.numbers), use))

    def changes_s(self, now: float) -> float:
        """Return when the next of its uses ends or its pause is over; infinity when neither will."""
        ends = self.ends[0][0] if self.ends else float("inf")
        return min(ends, self.paused_s) if self.paused_s > now else ends


class Slot:
    """Permission to send one request now. `answered()` must be called when its reply is in, whatever it says."""

    __slots__ = ("_clock", "_rearm", "_uses")

    def __init__(self, clock: Clock, uses: list[tuple[_Window, _Use]], rearm: Callable[[], None]) -> None:
        self._clock = clock
        self._uses = uses
        self._rearm = rearm

    def late(self, until_s: float) -> bool:
        """Tell whether a time of the monotonic clock is over; from any thread."""
        return self._clock.monotonic() > until_s

    def answered(self) -> None:
        """Let the windows run from now: the exchange has counted the request."""
        now = self._clock.monotonic()
        for window, use in self._uses:
            until = now + window.budget.window_s + _MARGIN_S
            if until < use.ends_s:
                window.hold(use, until)
        self._rearm()


@dataclass(slots=True, eq=False)
class _Waiter:
    group: str
    lane: Lane
    weight: int
    granted: asyncio.Future[Slot]


class Address:
    """What all limiters of one machine share towards one exchange: the budget over all, and the silence after a ban."""

    def __init__(self, budget: Budget) -> None:
        self.window = _Window(budget)
        self.silent_s = 0.0
        self.limiters: WeakSet[Limiter] = WeakSet()

    def rearm(self) -> None:
        """Let everybody who waits look again when there will be room."""
        for limiter in self.limiters:
            limiter.arm()


class Limiter:
    """Slots for named groups of endpoints of one account; with an `Address` as `overall` several share that. One event
    loop only. Raises KeyError for a group without a budget.
    """

    def __init__(
        self, clock: Clock, budgets: Mapping[str, Budget], *, overall: Budget | Address, lag_s: float = 1.0
    ) -> None:
        self._clock = clock
        self._lag_s = lag_s
        self._address = overall if isinstance(overall, Address) else Address(overall)
        self._address.limiters.add(self)
        self._overall = self._address.window
        self._windows = {name: _Window(budget) for name, budget in budgets.items()}
        self._waiting: list[tuple[Lane, int, _Waiter]] = []
        self._numbers = count()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def silent_s(self) -> float:
        """How many seconds nothing may be sent; 0 when it may."""
        return max(0.0, self._address.silent_s - self._clock.monotonic())

    def now(self, group: str, lane: Lane, weight: int = 1) -> Slot | None:
        """Return a slot when one is free and nobody with the same or a better right waits for it; raises
        SilencedError.
        """
        self._check(group, lane, weight)
        return None if self._ahead(group, lane) else self._taken(group, lane, weight)

    def ready(self, group: str, lane: Lane) -> bool:
        """Tell whether `now` would give a slot."""
        at = self._clock.monotonic()
        free = self._windows[group].fits(at, lane, 1) and self._overall.fits(at, lane, 1)
        return free and not self.silent_s and not self._ahead(group, lane)

    def _ahead(self, group: str, lane: Lane) -> bool:
        return any(w.group == group and rank <= lane for rank, _, w in self._waiting)

    async def slot(self, group: str, lane: Lane, weight: int = 1) -> Slot:
        """Wait for a slot; raises SilencedError, also when the silence begins meanwhile, and ValueError for a weight
        that never fits.
        """
        slot = self.now(group, lane, weight)
        if slot is not None:
            return slot
        waiter = _Waiter(group, lane, weight, asyncio.get_running_loop().create_future())
        heapq.heappush(self._waiting, (lane, next(self._numbers), waiter))
        self.arm()
        try:
            return await waiter.granted
        except asyncio.CancelledError:
            self._forget(waiter)
            raise

    def pause(self, group: str, seconds: float) -> None:
        """Send nothing of a group for a while: the exchange said that its limit is used up."""
        window = self._windows[group]
        window.paused_s = max(window.paused_s, self._clock.monotonic() + max(0.0, seconds))
        self.arm()

    def silence(self, seconds: float) -> None:
        """Send nothing at all from this address for a while; whoever waits is told."""
        self._address.silent_s = max(self._address.silent_s, self._clock.monotonic() + seconds)
        for limiter in self._address.limiters:
            limiter.turn_away()

    def turn_away(self) -> None:
        """Tell whoever waits that nothing may be sent."""
        waiting, self._waiting = self._waiting, []
        for _, _, waiter in waiting:
            if not waiter.granted.done():
                waiter.granted.set_exception(SilencedError(self.silent_s))

    def _check(self, group: str, lane: Lane, weight: int) -> None:
        most = min(self._windows[group].budget.room(lane), self._overall.budget.room(lane))
        if not 1 <= weight <= most:
            raise ValueError(f"{weight} requests at once never fit the budget of {group} ({most})")
        if self.silent_s:
            raise SilencedError(self.silent_s)

    def _taken(self, group: str, lane: Lane, weight: int) -> Slot | None:
        now, window = self._clock.monotonic(), self._windows[group]
        # The overall budget counts requests; an endpoint's own counts the orders inside.
        if not (window.fits(now, lane, weight) and self._overall.fits(now, lane, 1)):
            return None
        uses = [(window, _Use(weight, 0.0)), (self._overall, _Use(1, 0.0))]
        for held, use in uses:
            held.used += use.weight
            held.hold(use, now + self._lag_s + held.budget.window_s + _MARGIN_S)
        return Slot(self._clock, uses, self._address.rearm)

    def _forget(self, waiter: _Waiter) -> None:
        granted = waiter.granted
        if granted.done() and not granted.cancelled() and granted.exception() is None:
            granted.result().answered()
        self._waiting = [row for row in self._waiting if row[2] is not waiter]
        heapq.heapify(self._waiting)

    def _pump(self) -> None:
        self._timer = None
        blocked: set[str] = set()
        left: list[tuple[Lane, int, _Waiter]] = []
        for row in sorted(self._waiting):
            waiter = row[2]
            if waiter.granted.done():
                continue
            slot = None if waiter.group in blocked else self._taken(waiter.group, waiter.lane, waiter.weight)
            if slot is None:
                # Nobody passes in the same group: a batch would else wait for ever behind single orders.
                blocked.add(waiter.group)
                left.append(row)
            else:
                waiter.granted.set_result(slot)
        self._waiting = left
        self.arm()

    def arm(self) -> None:
        """Look again when there will be room for whoever waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._waiting:
            return
        now = self._clock.monotonic()
        windows = [self._windows[name] for name in {row[2].group for row in self._waiting}]
        at = min(window.changes_s(now) for window in (*windows, self._overall))
        delay = max(at - now, _SHORTEST_WAIT_S) if at != float("inf") else _SHORTEST_WAIT_S
        self._timer = asyncio.get_running_loop().call_later(delay, self._pump)
