"""What the desk hears of the ground it stands on: candles that are still too few, symbols that came to a profile,
settings that contradict each other or the exchange's rules, an account that is in order again.
"""

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


@dataclass(frozen=True, slots=True)
class Contradicted:
    """Rules of a profile that are legal and cannot work together as they stand; each in words, with what to do."""

    profile: str
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AccountMended:
    """Nothing grave is found any more about the account or its key; what was held meanwhile stays held."""

    at_ms: int


type FeedEvent = Warming | SymbolsChanged | Contradicted | AccountMended
