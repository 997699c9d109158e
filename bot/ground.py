"""What a desk stands on: an account to trade on and a market to look at, each simulated, local or Bybit's."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bot.market import MarketPlan, Source, VenueAccess
from config import DeskMode, Settings
from config.logging import get_logger
from engine.candle_file import CandleFile, joined
from engine.candles import Columns
from engine.clock import Clock
from engine.core.events import Event, InstrumentChanged
from engine.core.market import MINUTE_MS, Instrument
from engine.core.money import to_money
from engine.core.profile import Account
from engine.exchanges.base import Exchange, QueryFailedError
from engine.exchanges.bybit.endpoints import OVERALL
from engine.exchanges.paper import PaperExchange, open_paper
from engine.exchanges.simulated import Terms
from engine.feeds import Parts
from engine.flow import Flow
from engine.limiter import Address
from engine.live import Desk
from engine.marketdata import LiveCandles

if TYPE_CHECKING:
    from engine.exchanges.bybit.connection import Connection
    from engine.exchanges.bybit.feed import BybitFeed

_log = get_logger(__name__)
_ASK_AGAIN_S, _ASK_AGAIN_MOST_S = 2.0, 60.0

type Beat = Callable[[], None]
LIVE_PRICES = "live"
NOT_ALLOWED = (
    "DESK_MODE=live is refused without ALLOW_LIVE=1; read Going live safely in the README first, or use demo or testnet"
)
# The demo's exchange, beside the worlds of the real one.
LOCAL = "local"


class GroundError(ValueError):
    """Settings that give no ground to stand on; the message says what is missing."""


class Ground(Protocol):
    """Made in two steps: the market first, the account when it is known what trades."""

    label: str
    prices: str
    base_ms: int
    lockstep: bool
    instruments: Mapping[str, Instrument]

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
        """Follow the perpetuals of the largest 24 h turnover and return them; none where the market has a fixed list
        of symbols.
        """

    async def history(self, until_ms: int, length_ms: int, symbols: Sequence[str]) -> Sequence[Columns]:
        """Return the candles of the time before an instant, as far as there are any."""

    async def run(self, desk: Desk, candles: LiveCandles, begin_ms: int, beat: Beat) -> None:
        """Deliver the market to the desk for ever."""

    async def close(self) -> None:
        """Let go of connections."""


class PaperGround:
    """A paper account on a generated or replayed market."""

    def __init__(self, source: Source, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._paper: PaperExchange | None = None
        self.label, self.base_ms, self.lockstep = source.label, source.base_ms, source.lockstep
        self.prices = source.prices
        self.instruments = source.instruments

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
        del count
        return ()

    async def history(self, until_ms: int, length_ms: int, symbols: Sequence[str]) -> Sequence[Columns]:
        """Return candles of the source."""
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

    async def history(self, until_ms: int, length_ms: int, symbols: Sequence[str]) -> Sequence[Columns]:
        """Return recorded candles up to now; the exchange keeps them, and the first call those it was told."""
        start_ms = until_ms - length_ms
        file, self._file = self._file, None
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
        cut = [part.slice(start_ms=start_ms - 2 * self.base_ms, end_ms=until_ms) for part in whole]
        if file is not None:
            await asyncio.to_thread(file.save, cut)
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


async def open_ground(
    settings: Settings,
    plan: MarketPlan | None,
    symbols: Sequence[str],
    clock: Clock,
    *,
    address: Address | None = None,
) -> Ground:
    """Open what the demo planned, or without a plan what the settings ask for; several accounts share an `address`.

    Raises GroundError, DataFileError. An exchange that does not answer is waited for.
    """
    if plan is not None and plan.venue is not None:
        return await _open_venue(settings, plan.venue, symbols, clock)
    if plan is not None:
        return PaperGround(await asyncio.to_thread(plan.open), clock)
    if settings.desk_mode is DeskMode.LIVE and not settings.allow_live:
        raise GroundError(NOT_ALLOWED)
    return await _open_bybit(settings, symbols, clock, address)


async def _open_venue(settings: Settings, venue: VenueAccess, symbols: Sequence[str], clock: Clock) -> Ground:
    from engine.exchanges.bybit.connection import Connection, Credentials
    from engine.exchanges.bybit.hosts import Hosts

    hosts = Hosts(rest=venue.rest, public=venue.public, private=venue.private)
    connection = Connection(hosts, clock, Credentials(key=venue.key, secret=venue.secret))
    feed, instruments = await _loaded(connection, symbols, clock)
    file = candle_file(settings.desk_state_dir, LOCAL)
    return BybitGround(connection, feed, instruments, prices="generated", file=file)


async def _open_bybit(settings: Settings, symbols: Sequence[str], clock: Clock, address: Address | None) -> Ground:
    connection = account_connection(settings, clock, address)
    feed, instruments = await _loaded(connection, symbols, clock)
    file = candle_file(settings.desk_state_dir, settings.bybit_world.value)
    if settings.desk_mode is DeskMode.PAPER:
        return LivePaperGround(connection, feed, instruments, file=file)
    return BybitGround(connection, feed, instruments, prices=LIVE_PRICES, file=file)


def account_connection(settings: Settings, clock: Clock, address: Address | None = None) -> "Connection":
    """Return the way to the account of the settings, without a key on paper; raises GroundError."""
    # Replays never load it: pybit alone takes a second.
    from engine.exchanges.bybit.connection import Connection, ConnectionTerms, Credentials
    from engine.exchanges.bybit.hosts import HostError, hosts_of

    credentials = None
    if settings.desk_mode is not DeskMode.PAPER:
        if settings.bybit_api_key is None or settings.bybit_api_secret is None:
            raise GroundError(f"DESK_MODE={settings.desk_mode.value} needs BYBIT_API_KEY and BYBIT_API_SECRET")
        key, secret = settings.bybit_api_key.get_secret_value(), settings.bybit_api_secret.get_secret_value()
        credentials = Credentials(key=key, secret=secret)
    try:
        hosts = hosts_of(
            settings.bybit_world.value,
            rest=settings.bybit_rest_url,
            public=settings.bybit_ws_public_url,
            private=settings.bybit_ws_private_url,
            # Without a key there is nothing that a stranger could learn.
            allow_custom=credentials is None or settings.allow_custom_hosts,
        )
    except HostError as error:
        raise GroundError(str(error)) from None
    terms = ConnectionTerms(recv_window_ms=settings.bybit_recv_window, address=address or Address(OVERALL))
    return Connection(hosts, clock, credentials, terms)


async def _loaded(
    connection: "Connection", symbols: Sequence[str], clock: Clock
) -> tuple["BybitFeed", Mapping[str, Instrument]]:
    from engine.exchanges.bybit.feed import BybitFeed

    feed = BybitFeed(connection, symbols)
    wait_s = _ASK_AGAIN_S
    async with AsyncExitStack() as undo:
        undo.push_async_callback(connection.close)
        while True:
            try:
                instruments = await feed.load()
            except QueryFailedError as error:
                # An exchange that does not answer is no mistake of the settings: stops are there, it will be back.
                _log.warning("the exchange does not answer; asked again soon", why=str(error), wait_s=wait_s)
                await clock.sleep(wait_s)
                wait_s = min(wait_s * 2, _ASK_AGAIN_MOST_S)
            else:
                undo.pop_all()
                return feed, instruments
