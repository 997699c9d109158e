"""What the market shows at one instant: last, mark, best quotes, and a book of fifty levels around them."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from engine.core.market import Instrument
from engine.core.money import Steps, Ticks
from engine.core.quick import quick
from engine.universe import UNIVERSE

DEPTH = 50
_MINUTES_A_DAY = 1440
# One level is about so many basis points away from the next.
_SPACING = 50_000


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Prices in ticks, quantities in steps, time in UTC ms. `traded` is what changed hands since the quote before."""

    symbol: str
    at_ms: int
    last: Ticks
    bid: Ticks
    ask: Ticks
    mark: Ticks
    bid_size: Steps
    ask_size: Steps
    bought: Steps
    sold: Steps

    @property
    def traded(self) -> Steps:
        """What changed hands in all."""
        return self.bought + self.sold


@dataclass(frozen=True, slots=True)
class Level:
    """One step of the book on both sides."""

    bid: Ticks
    ask: Ticks
    bid_size: Steps
    ask_size: Steps


def levels(quote: Quote, instrument: Instrument, count: int = DEPTH) -> Iterator[Level]:
    """Yield the book from the inside out. A level keeps its size as long as it stays in the book."""
    step = max(1, quote.last // _SPACING)
    usual = usual_size(quote.symbol, instrument)
    for index in range(count):
        bid, ask = quote.bid - index * step, quote.ask + index * step
        if bid < 1:
            return
        if index == 0:
            yield Level(bid, ask, max(quote.bid_size, 1), max(quote.ask_size, 1))
        else:
            yield Level(bid, ask, _size(bid, usual), _size(ask, usual))


@lru_cache(maxsize=256)
def usual_size(symbol: str, instrument: Instrument) -> Steps:
    """Return the steps that trade in a usual minute: the scale of the book's levels."""
    spec = UNIVERSE[symbol]
    return max(1, int(spec.turnover / _MINUTES_A_DAY / spec.base_price / float(instrument.step)))


def _size(price: Ticks, usual: Steps) -> Steps:
    # A number between 0.2 and 1.2 that belongs to the price.
    share = zlib.crc32(price.to_bytes(8, "big")) % 1000
    return max(1, usual * (200 + share) // 1000)
