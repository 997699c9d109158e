"""Checks of one of Bybit's worlds: addresses, clock, symbols, and unless on paper key and account. Only asks."""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence

from bot.accounts import Trading
from bot.check_findings import ASK_S, NETWORK, Area, Finding, Grade, within
from bot.check_symbols import size_findings, symbol_findings, wanted
from config import BybitEnv, DeskMode, Settings
from engine.clock import SystemClock
from engine.core.market import DAY_MS, MINUTE_MS, timeframe_name
from engine.core.money import Money, Ticks, to_money
from engine.exchanges.base import QueryFailedError
from engine.exchanges.bybit import checks
from engine.exchanges.bybit.caller import Caller
from engine.exchanges.bybit.connection import Connection, ConnectionTerms, Credentials
from engine.exchanges.bybit.endpoints import SERVER_TIME, TICKERS
from engine.exchanges.bybit.frames import FRAMES
from engine.exchanges.bybit.history import closed_bars
from engine.exchanges.bybit.hosts import HostError, hosts_of
from engine.exchanges.bybit.link import LinkLostError, dial
from engine.exchanges.bybit.parse import BadData
from engine.exchanges.bybit.parse_market import Scale, ticker
from engine.exchanges.bybit.queries import result_of, rows_of
from engine.plan import Need, needs

_EXCHANGE, _CLOCK, _KEY, _ACCOUNT = Area("exchange"), Area("clock"), Area("API key"), Area("account")
_HISTORY = Area("history")
_AT_ONCE, _NAMED = 4, 5
# Of many symbols each is a question, and questions wait for the exchange's rate limit.
_A_SYMBOL_S = 0.2


async def exchange_findings(settings: Settings, trading: Trading) -> list[Finding]:
    """Check the world of the settings for what trades, and unless they are a paper desk's their key."""
    key, secret = settings.bybit_api_key, settings.bybit_api_secret
    credentials = None
    if settings.desk_mode is not DeskMode.PAPER:
        if key is None or secret is None:
            return [_KEY.fault("there is no API key", "set BYBIT_API_KEY and BYBIT_API_SECRET")]
        credentials = Credentials(key=key.get_secret_value(), secret=secret.get_secret_value())
    try:
        hosts = hosts_of(
            settings.bybit_world.value,
            rest=settings.bybit_rest_url,
            public=settings.bybit_ws_public_url,
            private=settings.bybit_ws_private_url,
            allow_custom=credentials is None or settings.allow_custom_hosts,
        )
    except HostError as error:
        return [_EXCHANGE.fault(str(error), "use the exchange's own addresses")]
    connection = Connection(hosts, SystemClock(), credentials, ConnectionTerms(timeout_s=ASK_S))
    try:
        found = await _reach(connection)
        # A clock that is wrong is no reason to look no further.
        if not any(each.area == _EXCHANGE.name and each.grade is Grade.FAULT for each in found):
            found += await _streams(connection)
            found += await _market(connection, trading, to_money(settings.initial_balance))
            if credentials is not None:
                found += await _account(connection, settings.bybit_world, wanted(trading.account.profiles))
        return found
    finally:
        await connection.close()


async def _asked[T](connection: Connection, area: Area, question: Awaitable[T], seconds: float = ASK_S) -> T | Finding:
    try:
        return await within(question, seconds)
    except TimeoutError:
        return area.fault(f"no answer within {seconds:g} s", NETWORK)
    except QueryFailedError as error:
        return area.fault(str(error), connection.health.why() or NETWORK)


async def _reach(connection: Connection) -> list[Finding]:
    first = await _asked(connection, _EXCHANGE, result_of(connection.caller, SERVER_TIME, {}))
    if isinstance(first, Finding):
        return [_EXCHANGE.fault(f"{connection.hosts.rest} cannot be asked ({first.what})", first.todo)]
    found = [_EXCHANGE.ok(f"{connection.hosts.rest} answers")]
    # One slow answer says little about a clock.
    more = await _asked(connection, _CLOCK, connection.caller.sync_clock(samples=2))
    if isinstance(more, Finding):
        return [*found, more]
    if not connection.time.signing.known:
        return [*found, _CLOCK.fault("the exchange does not tell its time", NETWORK)]
    offset_ms = connection.time.signing.ms
    fine = _CLOCK.ok(f"this machine's clock is within {checks.CLOCK_WARN_MS} ms of the exchange's ({offset_ms:+d} ms)")
    return [*found, *(_judged(_CLOCK, checks.clock_findings(offset_ms)) or [fine])]


async def _streams(connection: Connection) -> list[Finding]:
    found = []
    streams = {"public": connection.hosts.public}
    if connection.login is not None:
        streams["private"] = connection.hosts.private
    for name, address in streams.items():
        try:
            link = await within(dial(address))
        except (LinkLostError, TimeoutError) as error:
            why = str(error) or f"no answer within {ASK_S:g} s"
            found.append(_EXCHANGE.fault(f"the {name} stream {address} cannot be opened: {why}", NETWORK))
        else:
            await link.close()
            found.append(_EXCHANGE.ok(f"the {name} stream can be opened"))
    return found


async def _market(connection: Connection, trading: Trading, equity: Money) -> list[Finding]:
    book, profiles = connection.instruments, trading.account.profiles
    loaded = await _asked(connection, _EXCHANGE, book.refresh())
    if isinstance(loaded, Finding):
        return [loaded]
    found = symbol_findings(wanted(profiles), book)
    prices = await _asked(connection, _EXCHANGE, _prices(connection))
    if isinstance(prices, Finding):
        return [*found, prices]
    found += size_findings(profiles, book, prices, equity)
    listed = [need for need in needs(trading.account, trading.strategies) if need.symbol in book]
    asking = history_findings(connection.caller, listed, connection.time.now_ms())
    young = await _asked(connection, _HISTORY, asking, ASK_S + _A_SYMBOL_S * len(listed))
    return [*found, *(young if isinstance(young, list) else [young])]


async def history_findings(caller: Caller, listed: Sequence[Need], now_ms: int) -> list[Finding]:
    """Find symbols whose candles do not reach back as far as the indicators need; raises QueryFailedError."""
    lanes = asyncio.Semaphore(_AT_ONCE)

    async def missing(need: Need) -> str:
        frame = need.timeframe if need.timeframe in FRAMES else MINUTE_MS
        first = now_ms - need.bars * need.timeframe
        async with lanes:
            bars = await closed_bars(caller, need.symbol, frame, start_ms=first - frame, end_ms=first + frame)
        days = f"{need.bars * need.timeframe / DAY_MS:.0f} days"
        return "" if bars else f"{need.symbol} ({timeframe_name(need.timeframe)}: {days})"

    short = [words for words in await asyncio.gather(*map(missing, listed)) if words]
    if not short:
        return [_HISTORY.ok("every symbol has the candles that the indicators need")]
    more = f" and {len(short) - _NAMED} more" if len(short) > _NAMED else ""
    what = f"listed for a shorter time than the indicators need: {', '.join(short[:_NAMED])}{more}"
    return [_HISTORY.warning(what, "it trades when it is warm; take it out of the profile, or use shorter indicators")]


async def _prices(connection: Connection) -> dict[str, Ticks]:
    prices = {}
    for row in await rows_of(connection.caller, TICKERS, {}, pages=1):
        instrument = connection.instruments.get(str(row.get("symbol"))) if isinstance(row, dict) else None
        if instrument is None:
            continue
        read = ticker(row, Scale.of(instrument))
        price = None if isinstance(read, BadData) else read.mark or read.last
        if price:
            prices[instrument.symbol] = price
    return prices


async def _account(connection: Connection, world: BybitEnv, symbols: Sequence[str]) -> list[Finding]:
    account = await _asked(connection, _KEY, checks.account_findings(connection.caller))
    if isinstance(account, Finding):
        return [account]
    found = [_KEY.ok("the exchange accepts the API key")]
    found += await _rights(connection, world)
    found += _judged(_ACCOUNT, account) or [_ACCOUNT.ok("unified, isolated margin")]
    if not connection.instruments:
        return found
    asking = checks.symbol_states(connection.caller, connection.instruments, symbols)
    states = await _asked(connection, _ACCOUNT, asking, ASK_S + _A_SYMBOL_S * len(symbols))
    if isinstance(states, Finding):
        return [*found, states]
    return [*found, *(_judged(_ACCOUNT, checks.mode_findings(states)) or [_ACCOUNT.ok("one-way mode")])]


async def _rights(connection: Connection, world: BybitEnv) -> list[Finding]:
    rights = await _asked(connection, _KEY, checks.key_findings(connection.caller, live=world is BybitEnv.LIVE))
    if not isinstance(rights, Finding):
        return _judged(_KEY, rights) or [_KEY.ok("it may trade contracts and nothing else")]
    if world is BybitEnv.DEMO:
        todo = "see on the exchange's site that it may trade contracts and nothing else"
        return [_KEY.ok("the demo world does not tell what the key may do", todo)]
    return [rights]


def _judged(area: Area, found: Iterable[checks.Finding]) -> list[Finding]:
    return [
        area.fault(each.what, each.todo) if each.grade is checks.Grade.STOP else area.warning(each.what, each.todo)
        for each in found
    ]
