"""What a desk stands on: an account to trade on and a market to look at, each simulated, local or Bybit's."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bot.market import Source
from config import Settings
from config.logging import get_logger
from engine.candle_file import CandleFile, joined
from engine.candles import Columns
from engine.clock import Clock
from engine.core.events import Event, InstrumentChanged
from engine.core.market import MINUTE_MS, Instrument
from engine.core.money import to_money
from engine.core.profile import Account
from engine.exchanges.base import Exchange, QueryFailedError
from engine.exchanges.bybit.frames import FRAMES
from engine.exchanges.paper import PaperExchange, open_paper
from engine.exchanges.simulated import Terms
from engine.feeds import Parts
from engine.flow import Flow
from engine.live import Desk
from engine.marketdata import LiveCandles

if TYPE_CHECKING:
    from engine.exchanges.bybit.connection import Connection
    from engine.exchanges.bybit.feed import BybitFeed

_log = get_logger(__name__)

type Beat = Callable[[], None]
LIVE_PRICES = "live"
# The demo's exchange, beside the worlds of the real one.
LOCAL = "local"


class GroundError(ValueError):
    """Settings that give no ground to stand on; the message says what is missing."""


class Ground(Protocol):
    """Made in two steps: the market first, the account when it is known what trades.

    `frames` are timeframes, beside `base_ms`, whose candles it keeps itself; `book` is all that it lists.
    """

    label: str
    prices: str
    base_ms: int
    lockstep: bool
    frames: Collection[int]
    instruments: Mapping[str, Instrument]
    book: Mapping[str, Instrument]

    def account(self, account: Account, state: Settings) -> Exchange:
        """Return the account to trade on."""

    def remember(self, held: Sequence[Instrument]) -> None:
        """Take in how the books count what they hold; `instruments` may change by it."""

    @property
    def past(self) -> "Connection | None":
        """The connection to an account that has a past on an exchange; None on paper."""

    def begin_ms(self, known_ms: int) -> int:
        """Return the market time at which the desk begins, given the newest it knows of (0 = nothing yet)."""

    async def largest(self, count: int) -> tuple[str, ...]:
        """Return the perpetuals of the largest 24 h turnover, and before `run` follow them; none of a fixed list."""

    def follow(self, symbols: Iterable[str]) -> None:
        """Follow more symbols of the book; while it runs their candles must be warm."""

    async def history(
        self, until_ms: int, length_ms: int, symbols: Sequence[str], timeframe: int | None = None
    ) -> Sequence[Columns]:
        """Return the candles before an instant, as far as there are any: base bars, or those of one of its frames."""

    async def run(self, desk: Desk, candles: LiveCandles, begin_ms: int, beat: Beat) -> None:
        """Deliver the market to the desk for ever."""

    async def close(self) -> None:
        """Let go of connections."""


class PaperGround:
    """A paper account on a generated or replayed market."""

    frames: Collection[int] = ()

    def __init__(self, source: Source, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._paper: PaperExchange | None = None
        self.label, self.base_ms, self.lockstep = source.label, source.base_ms, source.lockstep
        self.prices = source.prices
        self.instruments = self.book = source.instruments

    def account(self, account: Account, state: Settings) -> Exchange:
        """Open the paper account of the state folder."""
        self._paper = _paper(self.instruments, account, state)
        return self._paper

    @property
    def past(self) -> "Connection | None":
        """Paper has none."""
        return None

    def remember(self, held: Sequence[Instrument]) -> None:
        """Nothing changes on a generated or replayed market."""

    def begin_ms(self, known_ms: int) -> int:
        """Go on with the next minute after what account and journal know, or begin where the market does."""
        known_ms = max(known_ms, self._paper.truth.now_ms if self._paper is not None else 0)
        return -(-known_ms // MINUTE_MS) * MINUTE_MS if known_ms else self._source.begin_ms(self._clock.wall_ms())

    async def largest(self, count: int) -> tuple[str, ...]:
        """The source has a fixed list of symbols."""
        return ()

    def follow(self, symbols: Iterable[str]) -> None:
        """All symbols of the source are followed."""

    async def history(
        self, until_ms: int, length_ms: int, symbols: Sequence[str], timeframe: int | None = None
    ) -> Sequence[Columns]:
        """Return candles of the source."""
        del timeframe
        return await asyncio.to_thread(self._source.history, until_ms, length_ms, symbols)

    async def run(self, desk: Desk, candles: LiveCandles, begin_ms: int, beat: Beat) -> None:
        """Play the market through exchange and desk."""
        if self._paper is None:
            raise RuntimeError("the account is opened before the market runs")
        parts = Parts(desk, self._paper, candles, self.instruments, self._clock)
        await self._source.feed(parts, begin_ms).run(beat)

    async def close(self) -> None:
        """Nothing is held."""


class BybitGround:
    """An account and the market of one of Bybit's worlds, or of a server that speaks its protocol."""

    lockstep = False
    base_ms = MINUTE_MS
    frames: Collection[int] = FRAMES

    def __init__(
        self,
        connection: "Connection",
        feed: "BybitFeed",
        instruments: Mapping[str, Instrument],
        *,
        prices: str,
        file: CandleFile | None = None,
    ) -> None:
        self._connection = connection
        self._feed = feed
        self._file = file
        self.instruments = instruments
        self.book: Mapping[str, Instrument] = connection.instruments
        self.prices = prices
        self.label = "Bybit's prices" if prices == LIVE_PRICES else f"{prices} prices"

    def account(self, account: Account, state: Settings) -> Exchange:
        """Return the account behind the key."""
        from engine.exchanges.bybit.adapter import BybitExchange

        traded = dict.fromkeys(symbol for profile in account.profiles for symbol in profile.symbols)
        return BybitExchange(self._connection, traded, tag=account.tag, world=state.bybit_world.value)

    @property
    def past(self) -> "Connection | None":
        """The account's connection."""
        return self._connection

    def remember(self, held: Sequence[Instrument]) -> None:
        """Go on counting as the books do where something is held, and know what is no longer listed."""
        changed = {instrument.symbol: instrument for instrument in self._connection.instruments.remember(held)}
        # What is held is followed, whether or not a profile still trades it.
        book = self._connection.instruments
        there = {instrument.symbol: book[instrument.symbol] for instrument in held if instrument.symbol in book}
        self.instruments = {**self.instruments, **there, **changed}
        self._feed.also(there)

    def begin_ms(self, known_ms: int) -> int:
        """Begin now, by the exchange's clock."""
        del known_ms
        return self._connection.time.now_ms()

    async def largest(self, count: int) -> tuple[str, ...]:
        """Ask the exchange; when it does not answer the given list stays."""
        if self.prices != LIVE_PRICES:
            return ()
        try:
            found = await self._feed.largest(count)
        except QueryFailedError as error:
            _log.warning("turnovers could not be read; the profile keeps its own list", why=str(error))
            return ()
        book = self._connection.instruments
        self.instruments = {**self.instruments, **{symbol: book[symbol] for symbol in found}}
        return found

    def follow(self, symbols: Iterable[str]) -> None:
        """Take in the streams of more symbols."""
        there = {symbol: self.book[symbol] for symbol in symbols if symbol in self.book}
        self.instruments = {**self.instruments, **there}
        self._feed.follow(there)

    async def history(
        self, until_ms: int, length_ms: int, symbols: Sequence[str], timeframe: int | None = None
    ) -> Sequence[Columns]:
        """Return recorded candles up to now; the exchange keeps them, and the first call those it was told."""
        start_ms = until_ms - length_ms
        if timeframe not in {None, self.base_ms}:
            back_ms = self._connection.time.now_ms() - start_ms
            found = await self._feed.history(back_ms, symbols=symbols, timeframe=timeframe)
            return [part.slice(start_ms=start_ms, end_ms=until_ms - part.timeframe_ms + 1) for part in found]
        file = self._file
        stored = await asyncio.to_thread(file.load) if file is not None else {}
        known = {name: part for name, part in stored.items() if len(part) and int(part.time[0]) <= start_ms}
        found = await self._feed.history(
            # A little more, so that the next start finds its beginning known.
            self._connection.time.now_ms() - start_ms + 2 * self.base_ms,
            symbols=symbols,
            known_ms={name: int(part.time[-1]) for name, part in known.items()},
        )
        fresh = {part.symbol: part for part in found}
        whole = [part for name in symbols if (part := joined(known.get(name), fresh.get(name))) is not None]
        end_ms = until_ms - self.base_ms + 1  # as coarser ones do; what closed since comes like every missed bar
        cut = [part.slice(start_ms=start_ms - 2 * self.base_ms, end_ms=end_ms) for part in whole]
        if file is not None:
            await asyncio.to_thread(file.save, cut)
            self._file = None
        return [part for part in cut if len(part)]

    async def run(self, desk: Desk, candles: LiveCandles, begin_ms: int, beat: Beat) -> None:
        """Deliver the exchange's streams."""
        from engine.exchanges.bybit.feed import Outlets

        del begin_ms
        outlets = Outlets(put=desk.put, candles=candles, flow=flow_of(desk, candles), held=_held_by(desk))
        await self._feed.run(outlets, beat)

    async def close(self) -> None:
        """Release the connection, the last thing of all."""
        await self._connection.close()


class LivePaperGround(BybitGround):
    """A paper account on the exchange's public prices: real markets, simulated fills."""

    def __init__(
        self,
        connection: "Connection",
        feed: "BybitFeed",
        instruments: Mapping[str, Instrument],
        *,
        file: CandleFile | None = None,
    ) -> None:
        super().__init__(connection, feed, instruments, prices=LIVE_PRICES, file=file)
        self._paper: PaperExchange | None = None

    @property
    def past(self) -> "Connection | None":
        """Paper has none, whoever's prices it trades at."""
        return None

    def account(self, account: Account, state: Settings) -> Exchange:
        """Open the paper account of the state folder."""
        self._paper = _paper(self.instruments, account, state)
        return self._paper

    async def run(self, desk: Desk, candles: LiveCandles, begin_ms: int, beat: Beat) -> None:
        """Deliver the exchange's streams to the paper account first, then to the desk."""
        from engine.exchanges.bybit.feed import Outlets

        del begin_ms
        paper = self._paper
        if paper is None:
            raise RuntimeError("the account is opened before the market runs")

        def put(event: Event) -> None:
            desk.put(event)
            if isinstance(event, InstrumentChanged):
                # The desk reads of it before it reads how the account settles what it holds.
                paper.set_instrument(event.instrument)

        # Nobody else tells what is wrong with the connection: a paper account has none of its own.
        self._connection.health.connect(desk.put)
        outlets = Outlets(
            put=put, candles=candles, quoted=paper.on_price, funded=paper.set_funding, flow=flow_of(desk, candles)
        )
        await self._feed.run(outlets, beat)


def _held_by(desk: Desk) -> Callable[[], Iterable[str]]:
    return lambda: tuple(desk.trader.workspace.positions)


def flow_of(desk: Desk, candles: LiveCandles) -> Flow:
    """Return what takes in trades and books for the desk's book-driven strategies."""
    workspace = desk.trader.workspace
    return Flow(candles, workspace.account, workspace.strategies)


def _paper(instruments: Mapping[str, Instrument], account: Account, state: Settings) -> PaperExchange:
    terms = Terms(taker_e8=account.taker_e8, maker_e8=account.maker_e8, slippage_ppm=account.slippage_ppm)
    folder, wallet = state.desk_state_dir / "paper", to_money(state.initial_balance)
    return open_paper(folder, instruments.values(), wallet=wallet, terms=terms, at_once=True)


def candle_file(folder: Path, world: str) -> CandleFile:
    """Return the file of a state folder that keeps minute candles of a world between starts."""
    return CandleFile(folder / f"candles-{world}.npz", MINUTE_MS)
