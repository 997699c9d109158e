"""The market as it stands: the newest quote, the minute under way, and the figures of the last day, of every symbol."""

from collections import deque
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from bot.localvenue.listing import Listing
from bot.localvenue.minutes import History, Minutes, Move, joined, to_ticks
from bot.localvenue.prices import Quote, usual_size
from engine.core.market import DAY_MS, HOUR_MS, MINUTE_MS, Instrument
from engine.core.money import Ticks
from engine.generator_ticks import Tick

_TRADES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One public trade: price in ticks, quantity in steps."""

    number: int
    symbol: str
    at_ms: int
    buy: bool
    price: Ticks
    qty: int


@dataclass(slots=True)
class Running:
    """A minute that is not over: prices in ticks, volume in base coin, turnover in quote currency."""

    open_ms: int
    open: Ticks
    high: Ticks
    low: Ticks
    close: Ticks
    volume: float = 0.0
    turnover: float = 0.0

    def take(self, price: Ticks, volume: float, tick: float) -> None:
        """Fold in a trade."""
        self.close = price
        self.high, self.low = max(self.high, price), min(self.low, price)
        self.volume += volume
        self.turnover += volume * price * tick


@dataclass(frozen=True, slots=True)
class Day:
    """Figures of the last 24 hours."""

    previous: float
    previous_hour: float
    high: float
    low: float
    volume: float
    turnover: float


class Board:
    """Everything public. `mark_gap` is how far a mark set by hand stands from the last price, in ticks."""

    def __init__(self, listing: Listing, history: History) -> None:
        self.listing = listing
        self.history = history
        self.quotes: dict[str, Quote] = {}
        self.running: dict[str, Running] = {}
        self.trades: dict[str, deque[Trade]] = {}
        self.mark_gap: dict[str, Ticks] = {}
        self._raw: dict[str, float] = {}
        self._days: dict[str, tuple[int, Day]] = {}
        self._numbers = 0

    def take(self, symbol: str, tick: Tick) -> Quote:
        """Take in a generated tick and return what it makes of the market."""
        factor, instrument = self.history.factor(symbol, tick.time_ms), self.listing[symbol]
        self._raw[symbol] = tick.last
        bid, ask, last = (to_ticks(price * factor, instrument) for price in (tick.bid, tick.ask, tick.last))
        step = float(instrument.step)
        bought, sold = round(tick.buy_volume / step), round(tick.sell_volume / step)
        quote = Quote(
            symbol=symbol,
            at_ms=tick.time_ms,
            last=last,
            bid=bid,
            ask=max(ask, bid + 1),
            mark=max(1, last + self.mark_gap.get(symbol, 0)),
            bid_size=max(1, round(tick.bid_size / step)),
            ask_size=max(1, round(tick.ask_size / step)),
            bought=bought,
            sold=sold,
        )
        return self._show(quote, tick.buy_volume + tick.sell_volume)

    def set_price(self, symbol: str, last: Ticks, mark: Ticks | None, at_ms: int) -> Quote:
        """Trade a usual minute's quantity at a price of choice; generated prices go on from there."""
        instrument = self.listing[symbol]
        traded = usual_size(symbol, instrument)
        price = last * float(instrument.tick)
        self.history.move(symbol, Move(at_ms, price / self._raw[symbol], price))
        if mark is not None:
            self.mark_gap[symbol] = mark - last
        before = self.quotes[symbol]
        quote = Quote(
            symbol=symbol,
            at_ms=at_ms,
            last=last,
            bid=max(1, last - 1) if last > 1 else 1,
            ask=last + 1,
            mark=max(1, last + self.mark_gap.get(symbol, 0)),
            bid_size=before.bid_size,
            ask_size=before.ask_size,
            bought=traded,
            sold=0,
        )
        return self._show(quote, traded * float(instrument.step))

    def regrid(self, symbol: str, before: Instrument) -> None:
        """Express the present market in the instrument's new grids."""
        after, old = self.listing[symbol], self.quotes[symbol]
        price, size = before.tick / after.tick, before.step / after.step
        last, bid, mark = (max(1, round(value * price)) for value in (old.last, old.bid, old.mark))
        ask = max(bid + 1, round(old.ask * price))
        sizes = (max(1, int(value * size)) for value in (old.bid_size, old.ask_size, old.bought, old.sold))
        bid_size, ask_size, bought, sold = sizes
        self.quotes[symbol] = Quote(
            symbol=symbol,
            at_ms=old.at_ms,
            last=last,
            bid=bid,
            ask=ask,
            mark=mark,
            bid_size=bid_size,
            ask_size=ask_size,
            bought=bought,
            sold=sold,
        )
        minute = self.running[symbol]
        minute.open, minute.high = round(minute.open * price), round(minute.high * price)
        minute.low, minute.close = round(minute.low * price), round(minute.close * price)
        self.trades[symbol].clear()
        self.mark_gap.pop(symbol, None)

    def _show(self, quote: Quote, volume: float) -> Quote:
        symbol, tick = quote.symbol, float(self.listing[quote.symbol].tick)
        minute_ms = quote.at_ms - quote.at_ms % MINUTE_MS
        running = self.running.get(symbol)
        if running is None or running.open_ms != minute_ms:
            running = self.running[symbol] = Running(minute_ms, quote.last, quote.last, quote.last, quote.last)
        running.take(quote.last, volume, tick)
        self.quotes[symbol] = quote
        trades = self.trades.setdefault(symbol, deque(maxlen=_TRADES))
        for buy, qty in ((True, quote.bought), (False, quote.sold)):
            if qty:
                self._numbers += 1
                trades.append(
                    Trade(number=self._numbers, symbol=symbol, at_ms=quote.at_ms, buy=buy, price=quote.last, qty=qty)
                )
        return quote

    def minutes(self, symbol: str, start_ms: int, end_ms: int, now_ms: int) -> Minutes:
        """Return the candles that open in [start, end), the last of them perhaps still running."""
        current = now_ms - now_ms % MINUTE_MS
        parts = []
        if start_ms < min(end_ms, current):
            parts.append(self.history.minutes(symbol, start_ms, min(end_ms, current), self.listing[symbol]))
        running = self.running.get(symbol)
        if start_ms <= current < end_ms and running is not None and running.open_ms == current:
            parts.append(_as_minutes(running, float(self.listing[symbol].tick)))
        return joined(parts) if parts else _none()

    def day(self, symbol: str, now_ms: int) -> Day:
        """Return the figures of the last 24 hours, reckoned once a minute."""
        minute = now_ms - now_ms % MINUTE_MS
        known = self._days.get(symbol)
        if known is not None and known[0] == minute:
            return known[1]
        rows = self.history.minutes(symbol, minute - DAY_MS, minute, self.listing[symbol])
        hour = -HOUR_MS // MINUTE_MS
        figures = Day(
            float(rows.open[0]),
            float(rows.open[hour]),
            float(rows.high.max()),
            float(rows.low.min()),
            float(rows.volume.sum()),
            float(rows.turnover.sum()),
        )
        self._days[symbol] = (minute, figures)
        return figures

    def mark(self, symbol: str) -> Decimal:
        """Return the mark price."""
        return self.listing[symbol].price(self.quotes[symbol].mark)

    def last(self, symbol: str) -> Decimal:
        """Return the last price."""
        return self.listing[symbol].price(self.quotes[symbol].last)


def _as_minutes(running: Running, tick: float) -> Minutes:
    open_, high, low, close = (
        np.array([value * tick]) for value in (running.open, running.high, running.low, running.close)
    )
    volume, turnover = np.array([running.volume]), np.array([running.turnover])
    return Minutes(np.array([running.open_ms], dtype=np.int64), open_, high, low, close, volume, turnover)


def _none() -> Minutes:
    empty = np.array([], dtype=np.float64)
    return Minutes(np.array([], dtype=np.int64), empty, empty, empty, empty, empty, empty)
