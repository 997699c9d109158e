"""Opening what a desk stands on, as the demo planned it or the settings ask for it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from bot.ground import LIVE_PRICES, LOCAL, BybitGround, Ground, GroundError, LivePaperGround, PaperGround, candle_file
from bot.market import MarketPlan, VenueAccess
from config import DeskMode, Settings
from config.logging import get_logger
from engine.clock import Clock
from engine.core.market import Instrument
from engine.exchanges.base import QueryFailedError
from engine.exchanges.bybit.endpoints import OVERALL
from engine.limiter import Address

if TYPE_CHECKING:
    from engine.exchanges.bybit.connection import Connection
    from engine.exchanges.bybit.feed import BybitFeed

_log = get_logger(__name__)
_ASK_AGAIN_S, _ASK_AGAIN_MOST_S = 2.0, 60.0
# People are told of what lasts.
_TELL_FROM_S = 8.0

type OnWait = Callable[[str], Awaitable[None]]


async def unheard(why: str) -> None:
    """Nobody is told."""
    del why


NOT_ALLOWED = (
    "DESK_MODE=live is refused without ALLOW_LIVE=1; read Going live safely in the README first, or use demo or testnet"
)


async def open_ground(
    settings: Settings,
    plan: MarketPlan | None,
    symbols: Sequence[str],
    clock: Clock,
    *,
    address: Address | None = None,
    on_wait: OnWait = unheard,
) -> Ground:
    """Open what the demo planned, or without a plan what the settings ask for; several accounts share an `address`.

    Raises GroundError, DataFileError. An exchange that does not answer is waited for; when that lasts, `on_wait` is
    told why before each further question.
    """
    if plan is not None and plan.venue is not None:
        return await _open_venue(settings, plan.venue, symbols, clock)
    if plan is not None:
        return PaperGround(await asyncio.to_thread(plan.open), clock)
    if settings.desk_mode is DeskMode.LIVE and not settings.allow_live:
        raise GroundError(NOT_ALLOWED)
    connection = account_connection(settings, clock, address)
    feed, instruments = await _loaded(connection, symbols, clock, on_wait)
    file = candle_file(settings.desk_state_dir, settings.bybit_world.value)
    if settings.desk_mode is DeskMode.PAPER:
        return LivePaperGround(connection, feed, instruments, file=file)
    return BybitGround(connection, feed, instruments, prices=LIVE_PRICES, file=file)


async def _open_venue(settings: Settings, venue: VenueAccess, symbols: Sequence[str], clock: Clock) -> Ground:
    from engine.exchanges.bybit.connection import Connection, Credentials
    from engine.exchanges.bybit.hosts import Hosts

    hosts = Hosts(rest=venue.rest, public=venue.public, private=venue.private)
    connection = Connection(hosts, clock, Credentials(key=venue.key, secret=venue.secret))
    feed, instruments = await _loaded(connection, symbols, clock, unheard)
    file = candle_file(settings.desk_state_dir, LOCAL)
    return BybitGround(connection, feed, instruments, prices="generated", file=file)


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
    connection: "Connection", symbols: Sequence[str], clock: Clock, on_wait: OnWait
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
                if wait_s >= _TELL_FROM_S:
                    await on_wait(str(error))
                await clock.sleep(wait_s)
                wait_s = min(wait_s * 2, _ASK_AGAIN_MOST_S)
            else:
                undo.pop_all()
                return feed, instruments
