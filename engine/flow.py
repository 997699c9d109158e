"""Order flow of a symbol as strategies read it: volumes of the running minute, and how the book leans.

Feeds hand trades and books to a `Flow`; it answers with the book updates on which a strategy decides anything. The same
code runs live, in a replay and in a backtest.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.core.events import BookMoved
from engine.core.market import MINUTE_MS
from engine.core.profile import Account
from engine.core.strategy import LOOK_BACK, BookDriven, Strategy, out_of_reach
from engine.marketdata import LiveCandles
from engine.plan import Foreign
from engine.replay import BookTick, TradeTick

# The book's imbalance of the last window is compared with that of the window before.
WINDOW_MS = 5_000
_KEPT = 4_096
_VOLUMES = frozenset({"trades", "bought", "sold"})


@dataclass(slots=True)
class Pressure:
    """What one symbol's trades and books amount to; times in ms, sizes in base coin. `whole` unless the running minute
    began while nobody listened.
    """

    minute: int = 0
    trades: int = 0
    bought: float = 0.0
    sold: float = 0.0
    bid: float = 0.0
    ask: float = 0.0
    whole: bool = True
    _times: list[int] = field(default_factory=list)
    _leans: list[float] = field(default_factory=list)

    def trade(self, at_ms: int, quantity: float, *, bought: bool) -> None:
        """Take in a public trade; `bought` when a buyer was the taker. One of a minute that is over is late: left."""
        if at_ms // MINUTE_MS < self.minute:
            return
        self.turn(at_ms)
        self.trades += 1
        if bought:
            self.bought += quantity
        else:
            self.sold += quantity

    def book(self, at_ms: int, *, bid: float, bid_size: float, ask: float, ask_size: float) -> None:
        """Take in best bid and ask. With an empty side the book leans nowhere: what was seen is forgotten."""
        self.turn(at_ms)
        self.bid, self.ask = bid, ask
        if not (bid_size > 0 and ask_size > 0):
            self._times.clear()
            self._leans.clear()
            return
        if self._times and at_ms < self._times[-1]:
            return
        self._times.append(at_ms)
        self._leans.append((bid_size - ask_size) / (bid_size + ask_size))
        if len(self._times) > _KEPT:
            self._forget(at_ms - 2 * WINDOW_MS)

    def turn(self, at_ms: int) -> None:
        """Begin the minute of a time anew when it is a new one."""
        minute = at_ms // MINUTE_MS
        if minute > self.minute:
            self.minute, self.trades, self.bought, self.sold = minute, 0, 0.0, 0.0
            self.whole = True

    def reset(self, at_ms: int) -> None:
        """Forget everything: nobody listened until a time, and what its minute had before is not known."""
        self.minute = max(self.minute, at_ms // MINUTE_MS)
        self.trades, self.bought, self.sold, self.whole = 0, 0.0, 0.0, False
        self._times.clear()
        self._leans.clear()

    def delta(self, at_ms: int) -> float | None:
        """Return the time-weighted mean lean of the last 5 s minus that of the 5 s before; None until 10 s are seen.

        Each value holds until the next one.
        """
        start = at_ms - 2 * WINDOW_MS
        if not self._times or self._times[0] > start:
            return None
        self._forget(start)
        before = self._area(start, at_ms - WINDOW_MS)
        return (self._area(at_ms - WINDOW_MS, at_ms) - before) / WINDOW_MS

    def _area(self, start_ms: int, end_ms: int) -> float:
        row = bisect_right(self._times, start_ms) - 1
        total, at = 0.0, start_ms
        while at < end_ms:
            until = self._times[row + 1] if row + 1 < len(self._times) else end_ms
            until = min(until, end_ms)
            total += self._leans[row] * (until - at)
            row, at = row + 1, until
        return total

    def _forget(self, before_ms: int) -> None:
        # The value in force at that time stays.
        row = bisect_right(self._times, before_ms) - 1
        if row > 0:
            del self._times[:row], self._leans[:row]


class FlowInputs:
    """What a strategy reads at one book update: `flow:` values, and columns of the candles that are over."""

    __slots__ = ("_candles", "_pressure", "close_ms")

    def __init__(self, close_ms: int, pressure: Pressure, candles: Mapping[str, Foreign]) -> None:
        self.close_ms = close_ms
        self._pressure = pressure
        self._candles = candles

    def get(self, name: str, back: int = 0) -> float | None:
        """Return a value; None when absent, not warm, or (`flow:`) from before this update or of a minute that was not
        seen whole.
        """
        if not 0 <= back <= LOOK_BACK:
            raise out_of_reach(name, back)
        kind, _, part = name.partition(":")
        if kind != "flow":
            return self._candles[name].at(self.close_ms, back)
        if back or (part in _VOLUMES and not self._pressure.whole):
            return None
        value = self._pressure.delta(self.close_ms) if part == "delta" else getattr(self._pressure, part)
        return None if value is None else float(value)


class FrozenInputs:
    """The values of an update as they were, for whoever reads them later."""

    __slots__ = ("_values", "close_ms")

    def __init__(self, inputs: FlowInputs, names: Iterable[tuple[str, int]]) -> None:
        self.close_ms = inputs.close_ms
        self._values = {(name, back): inputs.get(name, back) for name, back in names}

    def get(self, name: str, back: int = 0) -> float | None:
        """Return a value that was kept, None for any other."""
        return self._values.get((name, back))


class Flow:
    """Pressure of every symbol that a strategy watches update by update."""

    def __init__(self, candles: LiveCandles, account: Account, strategies: Mapping[str, Strategy]) -> None:
        self._candles = candles
        self._strategies: dict[str, list[BookDriven]] = {}
        self._timeframes: dict[str, int] = {}
        for profile in account.profiles:
            strategy = strategies[profile.name]
            if isinstance(strategy, BookDriven):
                for symbol in profile.symbols:
                    self._strategies.setdefault(symbol, []).append(strategy)
                    self._timeframes[symbol] = profile.timeframe
        self.pressures = {symbol: Pressure() for symbol in self._strategies}
        self._read: dict[str, tuple[int, Mapping[str, Foreign]]] = {}

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._strategies

    def tick(self, row: TradeTick | BookTick) -> BookMoved | None:
        """Take in a recorded tick of a watched symbol; see `book`."""
        if isinstance(row, TradeTick):
            self.trade(row.symbol, row.time_ms, row.quantity, bought=row.bought)
            return None
        sizes = {"bid": row.bid, "bid_size": row.bid_size, "ask": row.ask, "ask_size": row.ask_size}
        return self.book(row.symbol, row.time_ms, **sizes)

    def trade(self, symbol: str, at_ms: int, quantity: float, *, bought: bool) -> None:
        """Take in a public trade of a watched symbol."""
        self.pressures[symbol].trade(at_ms, quantity, bought=bought)

    def book(
        self, symbol: str, at_ms: int, *, bid: float, bid_size: float, ask: float, ask_size: float
    ) -> BookMoved | None:
        """Take in best bid and ask of a watched symbol; return the event when a strategy decides anything on it."""
        pressure = self.pressures[symbol]
        pressure.book(at_ms, bid=bid, bid_size=bid_size, ask=ask, ask_size=ask_size)
        inputs = FlowInputs(at_ms, pressure, self._columns(symbol))
        deciding = [s for s in self._strategies[symbol] if s.decide(inputs, None, ()) is not None]
        if not deciding:
            return None
        names = dict.fromkeys((name, back) for s in deciding for name in s.reads for back in range(3))
        return BookMoved(symbol, at_ms, FrozenInputs(inputs, names))

    def reset(self, at_ms: int) -> None:
        """Forget what was seen of all symbols: the streams were interrupted until a time."""
        for pressure in self.pressures.values():
            pressure.reset(at_ms)

    def _columns(self, symbol: str) -> Mapping[str, Foreign]:
        revision = self._candles.revision
        known = self._read.get(symbol)
        if known is None or known[0] != revision:
            known = revision, self._candles.read(symbol, self._timeframes[symbol])
            self._read[symbol] = known
        return known[1]
