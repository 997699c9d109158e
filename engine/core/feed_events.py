"""What the desk hears about its market data itself: candles that are still too few, symbols that came to a profile."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Warming:
    """Candles of a symbol and timeframe are too few for every indicator until a time; 0 when there are enough."""

    symbol: str
    timeframe: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class SymbolsChanged:
    """A profile trades these symbols from now on; their candles are there."""

    profile: str
    symbols: tuple[str, ...]


type FeedEvent = Warming | SymbolsChanged
