"""The shipped profiles as data, and the account limits: defaults that settings and chat change."""

from collections.abc import Iterable
from decimal import Decimal

from engine.core.market import HOUR_MS, MINUTE_MS
from engine.core.money import percent_to_ppm, to_money
from engine.core.profile import (
    Account,
    Action,
    Anchor,
    ApprovalMode,
    Cooldown,
    LimitSpec,
    Measure,
    Profile,
    Protection,
    SizeMode,
    Sizing,
)
from engine.core.strategy import Away

MAJORS = tuple(
    f"{base}USDT"
    for base in [
        "BTC",
        "ETH",
        "SOL",
        "ADA",
        "DOGE",
        "XRP",
        "DOT",
        "POL",
        "AVAX",
        "LINK",
        "UNI",
        "ATOM",
        "LTC",
        "ETC",
        "ALGO",
        "VET",
    ]
)
# Limits of percentages may be set between these from chat unless configured otherwise.
_LOOSEST, _TIGHTEST = -50, Decimal("-0.1")


def percent_limit(
    name: str, measure: Measure, percent: int | str, action: Action, *, profile: str = "", warn: int = 80
) -> LimitSpec:
    """Return a limit in percent of its reference."""
    return LimitSpec(
        name=name,
        measure=measure,
        threshold=percent_to_ppm(Decimal(percent)),
        action=action,
        profile=profile,
        warn_ppm=warn * 10_000,
        floor=percent_to_ppm(_LOOSEST),
        ceiling=percent_to_ppm(_TIGHTEST),
        approval=_approval(action),
    )


def money_limit(name: str, measure: Measure, amount: int, action: Action, *, profile: str) -> LimitSpec:
    """Return a limit in quote currency; from chat it may be set up to a hundred times looser."""
    floor, ceiling = to_money(amount * 100), to_money(Decimal("-0.01"))
    return LimitSpec(
        name=name,
        measure=measure,
        threshold=to_money(amount),
        action=action,
        profile=profile,
        floor=floor,
        ceiling=ceiling,
        approval=_approval(action),
    )


def _approval(action: Action) -> ApprovalMode:
    return ApprovalMode.ASK if action is Action.EMERGENCY else ApprovalMode.AUTO


def _account_limits(*, day: int, week: int, peak: int, guard: int) -> tuple[LimitSpec, ...]:
    return (
        percent_limit("daily_equity", Measure.DAILY_EQUITY, day, Action.EMERGENCY, warn=60),
        percent_limit("weekly_equity", Measure.WEEKLY_EQUITY, week, Action.HALT, warn=60),
        percent_limit("peak_drawdown", Measure.PEAK_EQUITY, peak, Action.HALT, warn=60),
        # The runaway guard's: where the emergency of the day did not end the losses, only an admin may begin again.
        percent_limit("guard_loss", Measure.GUARD_LOSS, guard, Action.HALT, warn=60),
    )


ACCOUNT_LIMITS = _account_limits(day=-10, week=-15, peak=-25, guard=-15)
# What firms that fund traders ask for.
PROP_LIMITS = _account_limits(day=-4, week=-8, peak=-10, guard=-6)

CFT = Profile(
    name="cft",
    code="cft",
    strategy="rules8",
    symbols=MAJORS,
    timeframe=15 * MINUTE_MS,
    sizing=Sizing(mode=SizeMode.MARGIN, amount=to_money(150)),
    leverage=10,
    max_positions=30,
    stop=Away(percent_to_ppm("0.5")),
    target=Away(percent_to_ppm(2)),
    protection=Protection(breakeven_profit=to_money(8), losing_after_ms=8 * HOUR_MS),
    cooldown=Cooldown(length_ms=4 * HOUR_MS, anchor=Anchor.GRID),
    limits=(
        percent_limit("unrealised", Measure.UNREALISED, -5, Action.EMERGENCY, profile="cft"),
        percent_limit("daily_balance", Measure.DAILY_BALANCE, -5, Action.EMERGENCY, profile="cft"),
        percent_limit("daily_equity", Measure.DAILY_EQUITY, -5, Action.EMERGENCY, profile="cft"),
    ),
)

MA_CROSS = Profile(
    name="ma_cross",
    code="mac",
    strategy="ma_cross",
    symbols=("XRPUSDT",),
    timeframe=MINUTE_MS,
    sizing=Sizing(mode=SizeMode.MARGIN, amount=to_money("0.5")),
    leverage=10,
    max_positions=1,
    stop=Away(percent_to_ppm(2)),
    target=Away(percent_to_ppm(4)),
    turnover_floor=1_000_000,
    limits=(
        money_limit("daily_loss", Measure.DAILY_LOSS, -5, Action.CLOSE, profile="ma_cross"),
        money_limit("total_loss", Measure.TOTAL_LOSS, -10, Action.EMERGENCY, profile="ma_cross"),
    ),
)

LX = Profile(
    name="lx",
    code="lx",
    strategy="rules8",
    symbols=MAJORS,
    timeframe=15 * MINUTE_MS,
    sizing=Sizing(mode=SizeMode.NOTIONAL, amount=to_money(200)),
    leverage=5,
    max_positions=20,
    stop=Away(percent_to_ppm(8)),
    target=Away(percent_to_ppm(30)),
    protection=Protection(
        breakeven_ppm=percent_to_ppm(8),
        trail_from_ppm=percent_to_ppm(20),
        trail_by_ppm=percent_to_ppm(10),
        losing_after_ms=8 * HOUR_MS,
        max_age_ms=72 * HOUR_MS,
    ),
    cooldown=Cooldown(length_ms=4 * HOUR_MS, anchor=Anchor.GRID),
    turnover_floor=20_000_000,
    largest=40,
    limits=(
        percent_limit("daily_equity", Measure.DAILY_EQUITY, -2, Action.CLOSE, profile="lx"),
        percent_limit("weekly_size", Measure.WEEKLY_EQUITY, -4, Action.HALVE_SIZE, profile="lx"),
        percent_limit("weekly_equity", Measure.WEEKLY_EQUITY, -6, Action.HALT, profile="lx"),
    ),
)

SHORTSELLER = Profile(
    name="shortseller",
    code="short",
    strategy="shortseller",
    symbols=MAJORS[:3],
    timeframe=5 * MINUTE_MS,
    sizing=Sizing(mode=SizeMode.EQUITY_MARGIN, ppm=percent_to_ppm(7)),
    leverage=10,
    max_positions=3,
    stop=Away(percent_to_ppm("1.5")),
    target=Away(percent_to_ppm(6)),
    cooldown=Cooldown(quick_within_ms=HOUR_MS, quick_rest_ms=HOUR_MS),
)

MOMENTUM = Profile(
    name="momentum",
    code="mom",
    strategy="momentum",
    symbols=tuple(f"{base}USDT" for base in ["BTC", "ETH", "SOL", "XRP", "DOGE", "LINK", "ADA"]),
    timeframe=4 * HOUR_MS,
    sizing=Sizing(mode=SizeMode.EQUITY_RISK, ppm=percent_to_ppm(5)),
    leverage=5,
    max_positions=3,
    min_rr_ppm=None,
    protection=Protection(exchange_trail_ppm=percent_to_ppm(10)),
    limits=(
        percent_limit("daily_equity", Measure.DAILY_EQUITY, -3, Action.NO_ENTRIES, profile="momentum"),
        percent_limit("weekly_size", Measure.WEEKLY_EQUITY, -8, Action.HALVE_SIZE, profile="momentum"),
        percent_limit("peak_drawdown", Measure.PEAK_EQUITY, -20, Action.ALERT, profile="momentum"),
    ),
)

ORDERFLOW = Profile(
    name="orderflow",
    code="flow",
    strategy="orderflow",
    symbols=MAJORS[:3],
    timeframe=MINUTE_MS,
    sizing=Sizing(mode=SizeMode.EQUITY_RISK, ppm=percent_to_ppm(2), cap=10),
    leverage=10,
    max_positions=3,
    max_cost_share_ppm=percent_to_ppm(30),
    cost_slippage_ppm=200,
    protection=Protection(max_age_ms=24 * HOUR_MS),
    limits=(
        percent_limit("daily_equity", Measure.DAILY_EQUITY, -6, Action.NO_ENTRIES, profile="orderflow"),
        percent_limit("peak_drawdown", Measure.PEAK_EQUITY, -50, Action.HALT, profile="orderflow"),
    ),
)

MANUAL = Profile(
    name="manual",
    code="man",
    strategy="manual",
    symbols=MAJORS,
    timeframe=15 * MINUTE_MS,
    sizing=Sizing(mode=SizeMode.NOTIONAL, amount=to_money(100)),
    leverage=5,
    max_positions=10,
    stop=Away(percent_to_ppm(2)),
    target=Away(percent_to_ppm(4)),
)

PROFILES = {profile.name: profile for profile in (CFT, LX, MA_CROSS, SHORTSELLER, MOMENTUM, ORDERFLOW, MANUAL)}
# What trades where desk.yaml names no profiles.
DEFAULT = (CFT, MA_CROSS, MANUAL)


def account(
    profiles: Iterable[Profile] = DEFAULT, *, mode: str = "paper", tag: str = "pd00", name: str = "main"
) -> Account:
    """Return an account with the default limits and the given profiles."""
    return Account(name=name, mode=mode, tag=tag, limits=ACCOUNT_LIMITS, profiles=tuple(profiles))
