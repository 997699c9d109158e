"""Prices of every symbol put together from tickers, best quotes and trades; a burst of messages becomes one event."""

from collections.abc import Callable
from dataclasses import dataclass, field

from engine.core.events import PriceMoved
from engine.core.market import Instrument
from engine.core.money import Ticks
from engine.exchanges.bybit.parse import BadData
from engine.exchanges.bybit.parse_market import Scale, TickerRow, best_quotes, public_trades, ticker


@dataclass(slots=True)
class _Quote:
    scale: Scale
    last: Ticks = 0
    mark: Ticks = 0
    bid: Ticks = 0
    ask: Ticks = 0
    low: Ticks = 0
    high: Ticks = 0
    at_ms: int = 0
    told: tuple[Ticks, Ticks, Ticks, Ticks] = (0, 0, 0, 0)


@dataclass(slots=True)
class Quotes:
    """The newest prices by symbol. `take_*` return BadData for what cannot be used and leave the prices as they were;
    `flush` tells what changed since.
    """

    tell: Callable[[PriceMoved], None]
    _quotes: dict[str, _Quote] = field(default_factory=dict)
    _dirty: dict[str, None] = field(default_factory=dict)

    def follow(self, instrument: Instrument) -> None:
        """Begin with a symbol, or take over its new grid: the prices known are counted anew and told at the next
        flush.
        """
        symbol, scale = instrument.symbol, Scale.of(instrument)
        known = self._quotes.get(symbol)
        if known is None:
            self._quotes[symbol] = _Quote(scale)
        elif known.scale != scale:
            factor = scale.per_unit / known.scale.per_unit
            known.scale, known.told = scale, (0, 0, 0, 0)
            known.last, known.mark = round(known.last * factor), round(known.mark * factor)
            known.bid, known.ask = round(known.bid * factor), round(known.ask * factor)
            known.low, known.high = round(known.low * factor), round(known.high * factor)
            self._changed(symbol, known, known.at_ms)

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._quotes

    def take_ticker(self, symbol: str, data: object, at_ms: int) -> BadData | TickerRow:
        """Take in a tickers message; what it does not mention stays."""
        quote = self._quotes[symbol]
        row = ticker(data, quote.scale)
        if isinstance(row, BadData):
            return row
        if row.last:
            self._traded(quote, row.last, row.last, row.last)
        quote.mark = row.mark or quote.mark
        quote.bid = quote.bid if row.bid is None else row.bid
        quote.ask = quote.ask if row.ask is None else row.ask
        self._changed(symbol, quote, at_ms)
        return row

    def take_book(self, symbol: str, data: object, at_ms: int) -> BadData | None:
        """Take in an orderbook.1 message."""
        quote = self._quotes[symbol]
        row = best_quotes(data, quote.scale)
        if isinstance(row, BadData):
            return row
        quote.bid, quote.ask = row
        self._changed(symbol, quote, at_ms)
        return None

    def take_trades(self, symbol: str, data: object) -> BadData | None:
        """Take in a publicTrade message."""
        quote = self._quotes[symbol]
        row = public_trades(data, quote.scale)
        if isinstance(row, BadData):
            return row
        if row is not None:
            self._traded(quote, row.last, row.low, row.high)
            self._changed(symbol, quote, row.at_ms)
        return None

    def _traded(self, quote: _Quote, last: Ticks, low: Ticks, high: Ticks) -> None:
        quote.last = last
        quote.low = min(quote.low, low) if quote.low else low
        quote.high = max(quote.high, high)

    def _changed(self, symbol: str, quote: _Quote, at_ms: int) -> None:
        # Topics are not in step with each other: the symbol's time only grows.
        quote.at_ms = max(quote.at_ms, at_ms)
        now = (quote.last, quote.mark, quote.bid, quote.ask)
        if quote.last and (now != quote.told or quote.low < quote.last < quote.high):
            self._dirty[symbol] = None

    def flush(self) -> None:
        """Tell every price that changed since the last flush."""
        dirty, self._dirty = self._dirty, {}
        for symbol in dirty:
            self._tell(symbol)

    def flush_one(self, symbol: str) -> None:
        """Tell the price of one symbol when it changed."""
        if symbol in self._dirty:
            del self._dirty[symbol]
            self._tell(symbol)

    def _tell(self, symbol: str) -> None:
        quote = self._quotes[symbol]
        bid, ask = (quote.bid, quote.ask) if quote.bid < quote.ask else (0, 0)
        low, high = quote.low or quote.last, quote.high or quote.last
        quote.told = (quote.last, quote.mark, quote.bid, quote.ask)
        quote.low = quote.high = 0
        self.tell(PriceMoved(symbol, quote.last, quote.mark or quote.last, quote.at_ms, bid, ask, low, high))
