"""A desk as one would find it: the values behind every golden text."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from aiogram.types import Chat, Message, User

from engine.analytics.metrics import Metrics, compute
from engine.analytics.series import equity_of_trades
from engine.core.commands import Scope
from engine.core.facts import Hold
from engine.core.profile import HoldLevel
from engine.core.snapshot import LimitView, OrderView, PositionView, ProfileView, Snapshot, SymbolView
from engine.core.trades import Trade
from handlers.ports import BacktestResult

UTC_ZONE = ZoneInfo("UTC")
VIENNA = ZoneInfo("Europe/Vienna")
NOW_MS = int(datetime(2026, 11, 19, 14, 32, 0, tzinfo=UTC).timestamp() * 1000)
HOUR_MS = 3_600_000


def position(symbol: str = "SOLUSDT", **changes: Any) -> PositionView:
    """A long of 1 SOL in profit, protected on the exchange."""
    base = PositionView(
        position_id=f"p-{symbol}",
        symbol=symbol,
        profile="cft",
        long=True,
        quantity=Decimal("1.0"),
        entry=Decimal("142.31"),
        mark=Decimal("143.43"),
        last=Decimal("143.44"),
        notional=Decimal("143.43"),
        margin=Decimal("14.23"),
        leverage=10,
        unrealised=Decimal("1.12"),
        unrealised_percent=Decimal("0.787"),
        r_now=Decimal("1.31"),
        stop=Decimal("141.59"),
        target=Decimal("145.15"),
        stop_on_exchange=True,
        if_stopped=Decimal("-0.88"),
        liquidation=Decimal("128.90"),
        fees=Decimal("0.0783"),
        funding=Decimal("0"),
        opened_ms=NOW_MS - 64 * 60_000,
        rule="5 lower band touch",
        closing=False,
        external=False,
        tick=Decimal("0.01"),
    )
    return replace(base, **changes)


BITCOIN = position(
    "BTCUSDT",
    long=False,
    quantity=Decimal("0.017"),
    entry=Decimal("88123.456789"),
    mark=Decimal("88910.10"),
    last=Decimal("88911.00"),
    notional=Decimal("1511.47"),
    margin=Decimal("149.81"),
    unrealised=Decimal("-13.373"),
    unrealised_percent=Decimal("-0.893"),
    r_now=Decimal("-1.78"),
    stop=Decimal("88563.90"),
    target=None,
    stop_on_exchange=False,
    if_stopped=Decimal("-9.12"),
    liquidation=Decimal("96495.20"),
    fees=Decimal("0.824"),
    funding=Decimal("-0.11"),
    rule="8 MACD bearish crossover",
    tick=Decimal("0.10"),
)
TRAILED = position(
    target=None, trail=Decimal("14.24"), trail_percent=Decimal("10.006"), trail_on_exchange=True, profile="momentum"
)
BY_HAND = position(
    "1000PEPEUSDT",
    profile="external",
    external=True,
    quantity=Decimal("120000"),
    entry=Decimal("0.0123456"),
    mark=Decimal("0.0122000"),
    last=Decimal("0.0122010"),
    notional=Decimal("1464"),
    margin=Decimal("146.4"),
    unrealised=Decimal("-17.472"),
    unrealised_percent=Decimal("-1.18"),
    r_now=None,
    stop=None,
    target=None,
    stop_on_exchange=False,
    if_stopped=None,
    liquidation=None,
    rule="",
    tick=Decimal("0.0000001"),
)
ADOPTABLE = replace(
    BY_HAND,
    stop_on_exchange=True,
    adopter="manual",
    adopt_stop=Decimal("0.0121000"),
    adopt_target=Decimal("0.0130000"),
)


def limit(key: str = "daily_equity", **changes: Any) -> LimitView:
    """The account's daily limit, a fifth used."""
    base = LimitView(
        key=key,
        profile="",
        measure="daily_equity",
        value=Decimal("-0.8241"),
        threshold=Decimal("-4"),
        loosest=Decimal("-10"),
        tightest=Decimal("-0.5"),
        used=Decimal("0.206"),
        in_money=False,
        action="emergency",
        state="",
        approval="ask",
        approval_ms=30_000,
        base=Decimal("10298.7"),
    )
    return replace(base, **changes)


PROFILE_LIMIT = limit(
    "cft.unrealised",
    profile="cft",
    measure="unrealised",
    value=Decimal("-0.12"),
    threshold=Decimal("-5"),
    used=Decimal("0.024"),
)
MONEY_LIMIT = limit(
    "ma_cross.daily_loss",
    profile="ma_cross",
    measure="daily_loss",
    value=Decimal("-4.2"),
    threshold=Decimal("-5"),
    loosest=Decimal("-20"),
    tightest=Decimal("-1"),
    used=Decimal("0.84"),
    in_money=True,
    action="close",
    state="warned",
    approval="",
    base=None,
)
RULES = ("1", "2", "3", "5")
CFT = ProfileView(
    name="cft",
    strategy="rules8",
    enabled=True,
    symbols=("BTCUSDT", "ETHUSDT", "SOLUSDT"),
    timeframe="15m",
    rules=tuple((rule, rule[0] != "2") for rule in RULES),
    open_positions=2,
    max_positions=30,
    unrealised=Decimal("-12.253"),
    today_net=Decimal("14.2"),
    size="150 USDT margin",
    leverage=10,
    stop="0.5 %",
    target="2 %",
)
MA_CROSS = replace(
    CFT,
    name="ma_cross",
    strategy="ma_cross",
    enabled=False,
    symbols=("XRPUSDT",),
    timeframe="1m",
    rules=(),
    open_positions=0,
    max_positions=1,
    unrealised=Decimal(0),
    today_net=Decimal("-4.2"),
    size="0.5 USDT margin",
    stop="2 %",
    target="4 %",
)
PAUSE = Hold(
    hold_id="pause:account:",
    scope=Scope(),
    level=HoldLevel.NO_ENTRIES,
    reason="paused by Anna",
    lift="admin",
    set_ms=NOW_MS - HOUR_MS,
    by="Anna",
)
ENTRY_ORDER = OrderView(
    link_id="pd00-cft-e0-1",
    order_id="77",
    symbol="ETHUSDT",
    profile="cft",
    buy=True,
    quantity=Decimal("0.50"),
    filled=Decimal("0.20"),
    purpose="entry",
    status="partially_filled",
    reason="7 MACD bullish crossover",
    since_ms=NOW_MS - 4_000,
)


def symbol(name: str, tick: str = "0.01", **changes: Any) -> SymbolView:
    """A watched symbol with a fresh price."""
    base = SymbolView(
        symbol=name,
        last=Decimal("143.44"),
        mark=Decimal("143.43"),
        age_ms=400,
        tick=Decimal(tick),
        status="Trading",
        cooldown_until_ms=None,
        held_back=(),
    )
    return replace(base, **changes)


def snapshot(**changes: Any) -> Snapshot:
    """A running live desk with two positions."""
    base = Snapshot(
        account="main",
        mode="live",
        state="running",
        reasons=(),
        market_ms=NOW_MS,
        wall_ms=NOW_MS,
        wallet=Decimal("10226.753"),
        equity=Decimal("10214.5"),
        initial=Decimal("10000"),
        unrealised=Decimal("-12.253"),
        margin_used=Decimal("164.04"),
        exposure=Decimal("1654.9"),
        day_start_equity=Decimal("10298.7"),
        entered_today=Decimal("18400.4"),
        entered_most=Decimal(1_029_870),
        today=Decimal("-84.2"),
        today_percent=Decimal("-0.8176"),
        today_realised=Decimal("-71.947"),
        if_all_stop=Decimal("-10.0"),
        peak_equity=Decimal("10312.4"),
        positions=(position(), BITCOIN),
        orders=(),
        limits=(limit(), PROFILE_LIMIT),
        holds=(),
        profiles=(CFT, MA_CROSS),
        symbols=(symbol("BTCUSDT", "0.10"), symbol("ETHUSDT"), symbol("SOLUSDT"), symbol("XRPUSDT", "0.0001")),
        venue="ok",
        feed_age_ms=400,
        store_ok=True,
        version=7,
    )
    return replace(base, **changes)


PAUSED = snapshot(state="paused", reasons=("paused by Anna",), holds=(PAUSE,))
FLAT = snapshot(
    positions=(), unrealised=Decimal(0), if_all_stop=None, today=Decimal(0), today_percent=Decimal(0), limits=()
)
STALE = snapshot(feed_age_ms=61_000)


def trade(symbol_: str = "SOLUSDT", **changes: Any) -> Trade:
    """A long that hit its target."""
    base = Trade(
        position_id=f"t-{symbol_}",
        symbol=symbol_,
        profile="cft",
        account="main",
        mode="live",
        long=True,
        quantity=Decimal("1.0"),
        entry_ms=NOW_MS - 4 * HOUR_MS,
        exit_ms=NOW_MS - 48 * 60_000,
        expected_entry=Decimal("142.30"),
        entry=Decimal("142.31"),
        expected_exit=Decimal("145.15"),
        exit=Decimal("145.15"),
        initial_stop=Decimal("141.59"),
        initial_target=Decimal("145.15"),
        gross=Decimal("2.84"),
        fees=Decimal("0.16"),
        funding=Decimal("0"),
        risk=Decimal("0.88"),
        mae=Decimal("-0.3"),
        mfe=Decimal("2.9"),
        rule="5 lower band touch",
        reason="target",
    )
    return replace(base, **changes)


TRADES = (
    trade(),
    trade(
        "BTCUSDT",
        long=False,
        entry=Decimal("88001.2345"),
        exit=Decimal("88441.3"),
        gross=Decimal("-7.48"),
        fees=Decimal("1.65"),
        risk=Decimal("9.1"),
        reason="stop_loss",
    ),
    trade(
        "XRPUSDT",
        profile="ma_cross",
        entry=Decimal("2.2001"),
        exit=Decimal("2.2001"),
        gross=Decimal("0.1"),
        fees=Decimal("0.1"),
        risk=None,
        reason="opposite signal",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A recorded moment of the equity."""

    equity: Decimal
    at_ms: int = NOW_MS
    margin: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A recorded signal."""

    at_ms: int = NOW_MS
    symbol: str = "SOLUSDT"
    profile: str = "cft"
    side: str = "long"
    rule: str = "5 lower band touch"
    outcome: str = "traded"
    check: str = ""
    detail: str = ""


def metrics(trades: tuple[Trade, ...]) -> Metrics:
    """Metrics of a week that ends now."""
    start_ms, initial = NOW_MS - 7 * 24 * HOUR_MS, Decimal(10_000)
    equity = equity_of_trades(trades, initial_balance=initial, start_ms=start_ms)
    return compute(trades, equity, initial_balance=initial, start_ms=start_ms, end_ms=NOW_MS, fills=6)


def backtest(trades: tuple[Trade, ...]) -> BacktestResult:
    """A backtest of a week that made these trades."""
    figures, initial = metrics(trades), Decimal(10_000)
    return BacktestResult(
        profile="cft",
        symbol="BTCUSDT",
        since_ms=figures.start_ms,
        until_ms=figures.end_ms,
        bars=2016,
        initial_balance=initial,
        final_equity=initial + figures.profitability.net_profit,
        metrics=figures,
        equity=equity_of_trades(trades, initial_balance=initial, start_ms=figures.start_ms),
        trades=trades,
        took_s=1.84,
    )


def question(text: str, chat: Chat, *, bot_id: int = 42) -> Message:
    """A message of the bot, as it is attached to a reply."""
    return Message(
        message_id=9,
        date=datetime.fromtimestamp(NOW_MS / 1000, UTC),
        chat=chat,
        from_user=User(id=bot_id, is_bot=True, first_name="desk"),
        text=text,
    )
