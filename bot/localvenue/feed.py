"""The market's motor: plays generated ticks as market time passes, and what belongs to the turn of a minute."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from bot.localvenue import forced, ticking
from bot.localvenue.account import Account
from bot.localvenue.board import Board
from bot.localvenue.prices import Quote
from bot.localvenue.timing import VenueClock
from engine.core.market import HOUR_MS, MINUTE_MS, Status
from engine.generator_ticks import Tick

_FUNDING_MS = 8 * HOUR_MS
_LONGEST_PAUSE_S = 0.05
# The most prices, and the longest the feed works, before others get a turn on the loop.
_CHUNK, _TURN_S = 400, 0.005
# A slow reader holds a fast market up for a second per chunk, not for ever.
_WAITS, _WAIT_S = 100, 0.01


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who is told: `quote` of every price, `minute` at the turn of each minute, before its first price.

    `are_behind` tells that readers have not taken in yet what they were told.
    """

    quote: Callable[[Quote], None]
    minute: Callable[[int], None]
    are_behind: Callable[[], bool]


class Feed:
    """Plays the market for the accounts and the public."""

    def __init__(
        self, clock: VenueClock, board: Board, accounts: Callable[[], Iterable[Account]], listeners: Listeners
    ) -> None:
        self._clock = clock
        self._board = board
        self._accounts = accounts
        self._listeners = listeners
        self._queue: deque[tuple[int, str, Tick]] = deque()
        self._minute_ms = 0
        self._drawn: dict[str, list[Tick]] = {}

    def begin(self, start_ms: int) -> None:
        """Take up the market at a time: the minute's ticks until then only set the prices."""
        self._minute_ms = start_ms - start_ms % MINUTE_MS
        for symbol in self._board.listing:
            self._board.take(symbol, self._board.history.ticks(symbol, self._minute_ms - MINUTE_MS)[-1])
        self._load()
        while self._queue and self._queue[0][0] <= start_ms:
            _, symbol, tick = self._queue.popleft()
            self._board.take(symbol, tick)
        for account in self._accounts():
            self._make_up_funding(account, start_ms)

    def _make_up_funding(self, account: Account, now_ms: int) -> None:
        for symbol in tuple(account.active):
            for due in ticking.missed_funding(account, symbol, now_ms):
                ticking.fund(account, symbol, due, self._board.history.market.funding(symbol, due))

    def now_ms(self) -> int:
        """Return market time, not beyond the next price that is still to be played."""
        clock_ms = self._clock.market_ms()
        return min(clock_ms, self._queue[0][0] if self._queue else self._minute_ms)

    async def run(self) -> None:
        """Play for ever."""
        while True:
            await self.catch_up()
            next_ms = self._queue[0][0] if self._queue else self._minute_ms
            wait = _LONGEST_PAUSE_S if self._clock.paused else self._clock.seconds_until(next_ms)
            await self._clock.source.sleep(min(max(wait, 0.001), _LONGEST_PAUSE_S))

    async def catch_up(self) -> None:
        """Play everything that is due."""
        left = True
        while left:
            left = self.play(self._clock.market_ms())
            await asyncio.sleep(0)
            for _ in range(_WAITS):
                if not self._listeners.are_behind():
                    break
                await self._clock.source.sleep(_WAIT_S)

    def play(self, until_ms: int) -> bool:
        """Play prices due by a time, as many as fit into one turn; True when some are left."""
        source = self._clock.source
        end = source.monotonic() + _TURN_S
        for _ in range(_CHUNK):
            if source.monotonic() >= end:
                break
            if not self._queue:
                if self._minute_ms > until_ms:
                    return False
                if not self._is_drawn():
                    continue
                self._turn()
            if self._queue[0][0] > until_ms:
                return False
            _, symbol, tick = self._queue.popleft()
            self.show(self._board.take(symbol, tick))
        return True

    def _is_drawn(self) -> bool:
        # A minute's prices of one symbol take a millisecond to make, those of a new day more: one after the other.
        for symbol in self._board.listing:
            if symbol not in self._drawn:
                self._drawn[symbol] = self._board.history.ticks(symbol, self._minute_ms)
                return False
        return True

    def show(self, quote: Quote) -> None:
        """Let everybody see a price."""
        for account in self._accounts():
            ticking.on_quote(account, quote)
        self._listeners.quote(quote)

    def _turn(self) -> None:
        self._listeners.minute(self._minute_ms)
        if self._minute_ms % _FUNDING_MS == 0:
            for account in self._accounts():
                for symbol in tuple(account.active):
                    rate = self._board.history.market.funding(symbol, self._minute_ms)
                    ticking.fund(account, symbol, self._minute_ms, rate)
        self._deliver()
        self._load()

    def _load(self) -> None:
        rows = [
            (tick.time_ms, symbol, tick)
            for symbol in self._board.listing
            for tick in self._drawn.get(symbol) or self._board.history.ticks(symbol, self._minute_ms)
        ]
        self._drawn.clear()
        rows.sort(key=lambda row: row[0])
        self._queue.extend(rows)
        self._minute_ms += MINUTE_MS

    def _deliver(self) -> None:
        for symbol in self._board.listing:
            instrument = self._board.listing[symbol]
            if instrument.status is Status.DELIVERING and 0 < instrument.delivery_ms <= self._minute_ms:
                closed = replace(instrument, status=Status.CLOSED)
                self._board.listing.put(closed)
                for account in self._accounts():
                    account.relist(closed)
                    self.settle(account, symbol)

    def settle(self, account: Account, symbol: str) -> None:
        """Close what an account holds of a symbol that trades no more."""
        if symbol in account.active:
            forced.deliver(account, symbol, self.now_ms())
            account.flush()
