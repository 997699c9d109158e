"""What a desk stands on: an account to trade on and a market to look at, on paper or on Bybit."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from bot.market import MarketPlan, Source
from config import DeskMode, Settings
from engine.candles import Columns
from engine.clock import Clock
from engine.core.market import MINUTE_MS, Instrument
from engine.core.money import to_money
from engine.core.profile import Account
from engine.exchanges.base import Exchange
from engine.exchanges.paper import PaperExchange, open_paper
from engine.exchanges.simulated import Terms
from engine.feeds import Parts
from engine.flow import Flow
from engine.live import Desk
from engine.marketdata import LiveCandles

if TYPE_CHECKING:
    from engine.exchanges.bybit.connection import Connection
    from engine.exchanges.bybit.feed import BybitFeed

type Beat = Callable[[], None]


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

    def begin_ms(self, known_ms: int) -> int:
        """Return the market time at which the desk begins, given the newest it knows of (0 = nothing yet)."""

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
        terms = Terms(taker_e8=account.taker_e8, maker_e8=account.maker_e8, slippage_ppm=account.slippage_ppm)
        folder, wallet = state.desk_state_dir / "paper", to_money(state.initial_balance)
        self._paper = open_paper(folder, self.instruments.values(), wallet=wallet, terms=terms, at_once=True)
        return self._paper

    def begin_ms(self, known_ms: int) -> int:
        """Go on with the next minute after what account and journal know, or begin where the market does."""
        known_ms = max(known_ms, self._paper.truth.now_ms if self._paper is not None else 0)
        return -(-known_ms // MINUTE_MS) * MINUTE_MS if known_ms else self._source.begin_ms(self._clock.wall_ms())

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

    prices = "live"
    lockstep = False
    base_ms = MINUTE_MS

    def __init__(self, connection: "Connection", feed: "BybitFeed", instruments: Mapping[str, Instrument]) -> None:
        self._connection = connection
        self._feed = feed
        self.instruments = instruments
        self.label = "Bybit's prices"

    def account(self, account: Account, state: Settings) -> Exchange:
        """Return the account behind the key."""
        from engine.exchanges.bybit.adapter import BybitExchange

        del state
        traded = dict.fromkeys(symbol for profile in account.profiles for symbol in profile.symbols)
        return BybitExchange(self._connection, traded)

    def begin_ms(self, known_ms: int) -> int:
        """Begin now, by the exchange's clock."""
        del known_ms
        return self._connection.time.now_ms()

    async def history(self, until_ms: int, length_ms: int, symbols: Sequence[str]) -> Sequence[Columns]:
        """Return recorded candles up to now; the exchange keeps them."""
        now = self._connection.time.now_ms()
        found = await self._feed.history(length_ms + max(0, now - until_ms))
        parts = (part.slice(start_ms=until_ms - length_ms, end_ms=until_ms) for part in found if part.symbol in symbols)
        return [part for part in parts if len(part)]

    async def run(self, desk: Desk, candles: LiveCandles, begin_ms: int, beat: Beat) -> None:
        """Deliver the exchange's streams."""
        from engine.exchanges.bybit.feed import Outlets

        del begin_ms
        workspace = desk.trader.workspace
        flow = Flow(candles, workspace.account, workspace.strategies)
        await self._feed.run(Outlets(put=desk.put, candles=candles, flow=flow), beat)

    async def close(self) -> None:
        """Release the connection, the last thing of all."""
        await self._connection.close()


async def open_ground(settings: Settings, plan: MarketPlan, symbols: Sequence[str], clock: Clock) -> Ground:
    """Open what the settings ask for; raises GroundError, QueryFailedError, DataFileError."""
    if settings.desk_mode is DeskMode.PAPER:
        return PaperGround(await asyncio.to_thread(plan.open), clock)
    if settings.desk_mode is DeskMode.LIVE:
        raise GroundError("DESK_MODE=live is refused until every layer of risk is built; use demo or testnet")
    return await _open_bybit(settings, symbols, clock)


async def _open_bybit(settings: Settings, symbols: Sequence[str], clock: Clock) -> Ground:
    # Paper desks and the demo never load it: pybit alone takes a second.
    from engine.exchanges.bybit.connection import Connection, Credentials
    from engine.exchanges.bybit.feed import BybitFeed
    from engine.exchanges.bybit.hosts import hosts_of

    if settings.bybit_api_key is None or settings.bybit_api_secret is None:
        raise GroundError(f"DESK_MODE={settings.desk_mode.value} needs BYBIT_API_KEY and BYBIT_API_SECRET")
    hosts = hosts_of(
        settings.bybit_world.value,
        rest=settings.bybit_rest_url,
        public=settings.bybit_ws_public_url,
        private=settings.bybit_ws_private_url,
    )
    key, secret = settings.bybit_api_key.get_secret_value(), settings.bybit_api_secret.get_secret_value()
    connection = Connection(hosts, clock, Credentials(key=key, secret=secret))
    feed = BybitFeed(connection, symbols)
    return BybitGround(connection, feed, await feed.load())
