"""The demo's markets: generated ones, on a local venue or in lockstep, and recorded candles played again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.candles import Columns
from engine.core.market import MINUTE_MS, Instrument
from engine.datafiles import load_candles
from engine.datafiles_layout import DataFileError
from engine.datafiles_ticks import Book, Trades
from engine.feed_ticks import QuoteFeed, first_ms, known, load_ticks
from engine.feeds import BarFeed, Parts, TickFeed, generated_bars
from engine.generator import Market
from engine.replay import replay
from engine.universe import SYMBOLS, UNIVERSE

type Feed = BarFeed | TickFeed | QuoteFeed


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueAccess:
    """A local venue that stands in for the exchange: its addresses, and the key of an account there."""

    rest: str
    public: str
    private: str
    key: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketPlan:
    """Which market, and how fast: `speed` times real time, None as fast as the desk can follow.

    With `venue` account and market are those of a local venue, which has its own speed; without it the account is a
    paper one.
    """

    seed: int = 1
    speed: float | None = 60.0
    path: Path | None = None
    venue: VenueAccess | None = None

    def open(self) -> "Source":
        """Load what is needed; raises DataFileError for candles that cannot be read."""
        if self.path is None:
            return Generated(self)
        try:
            return Recorded(self, tuple(loaded.columns for loaded in load_candles(self.path)))
        except DataFileError as no_candles:
            try:
                return RecordedTicks(self, load_ticks(self.path))
            except DataFileError as no_ticks:
                raise DataFileError(f"{no_candles}; as ticks: {no_ticks}") from None


class Generated:
    """Sixteen generated perpetuals; any window of them is there at once."""

    label = "generated prices"
    prices = "generated"

    def __init__(self, plan: MarketPlan) -> None:
        self._plan = plan
        self.market = Market(plan.seed)
        self.base_ms = MINUTE_MS
        self.instruments: Mapping[str, Instrument] = {symbol: UNIVERSE[symbol].instrument() for symbol in SYMBOLS}

    @property
    def lockstep(self) -> bool:
        """Whether the feed waits for the desk and tells the time itself."""
        return self._plan.speed is None

    def begin_ms(self, wall_ms: int) -> int:
        """Return where a new desk's market starts: now."""
        return wall_ms - wall_ms % MINUTE_MS

    def history(self, start_ms: int, length_ms: int, symbols: Sequence[str] = SYMBOLS) -> Sequence[Columns]:
        """Return the candles of the time before a start."""
        return [self.market.candles(symbol, start_ms=start_ms - length_ms, end_ms=start_ms) for symbol in symbols]

    def feed(self, parts: Parts, start_ms: int) -> Feed:
        """Return the feed from a time on."""
        if self._plan.speed is None:
            bars = generated_bars(self.market, SYMBOLS, start_ms=start_ms)
            return BarFeed(parts, bars, speed=None, market=self.market)
        return TickFeed(parts, self.market, start_ms=start_ms, speed=self._plan.speed)


class Recorded:
    """Recorded candles of one or several symbols, in lockstep with the desk."""

    label = "replayed prices"
    prices = "replayed"
    lockstep = True

    def __init__(self, plan: MarketPlan, columns: tuple[Columns, ...]) -> None:
        self._plan = plan
        self._columns = columns
        self.base_ms = columns[0].timeframe_ms
        if any(part.timeframe_ms != self.base_ms for part in columns):
            raise ValueError("the candle files have different timeframes; give files of one timeframe")
        self.instruments: Mapping[str, Instrument] = {part.symbol: instrument_of(part) for part in columns}

    def begin_ms(self, wall_ms: int) -> int:
        """Return where a new desk's market starts: with the first candle."""
        del wall_ms
        return min(int(part.time[0]) for part in self._columns)

    def history(self, start_ms: int, length_ms: int, symbols: Sequence[str] = SYMBOLS) -> Sequence[Columns]:
        """Return the candles of the time before a start, as far as they go."""
        wanted = (part for part in self._columns if part.symbol in symbols)
        parts = (part.slice(start_ms=start_ms - length_ms, end_ms=start_ms) for part in wanted)
        return [part for part in parts if len(part)]

    def feed(self, parts: Parts, start_ms: int) -> Feed:
        """Return the feed from a time on."""
        return BarFeed(parts, replay(self._columns, start_ms=start_ms), speed=self._plan.speed)


class RecordedTicks:
    """Recorded trades and best quotes of one or several symbols."""

    label = "replayed ticks"
    prices = "replayed"
    lockstep = True
    base_ms = MINUTE_MS

    def __init__(self, plan: MarketPlan, sources: tuple[Trades | Book, ...]) -> None:
        self._plan = plan
        self._sources = sources
        self.instruments: Mapping[str, Instrument] = {part.symbol: instrument_of(part) for part in sources}

    def begin_ms(self, wall_ms: int) -> int:
        """Return where a new desk's market starts: with the first tick."""
        del wall_ms
        return first_ms(self._sources)

    def history(self, start_ms: int, length_ms: int, symbols: Sequence[str] = SYMBOLS) -> Sequence[Columns]:
        """Return the minute candles of the time before a start, as far as they go."""
        return list(known(self._sources, symbols, start_ms, length_ms))

    def feed(self, parts: Parts, start_ms: int) -> Feed:
        """Return the feed from a time on; from the very first tick on for a new desk."""
        after = None if start_ms <= self.begin_ms(0) else start_ms
        return QuoteFeed(parts, self._sources, start_ms=after, speed=self._plan.speed)


type Source = Generated | Recorded | RecordedTicks


def instrument_of(columns: Columns | Trades | Book) -> Instrument:
    """Return a symbol's trading rules; raises ValueError for one that is not known."""
    spec = UNIVERSE.get(columns.symbol)
    if spec is None:
        raise ValueError(f"{columns.symbol} is not known to the desk; known are {', '.join(SYMBOLS)}")
    return spec.instrument()
