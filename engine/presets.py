"""The shipped profiles as data, and the account limits: defaults that settings and chat change."""

from collections.abc import Iterable
from decimal import Decimal

from engine.core.market import HOUR_MS, MINUTE_MS
from engine.core.money import percent_to_ppm, to_money
from engine.core.profile import (
    Account,
    Action,
    Anchor,
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
    )


ACCOUNT_LIMITS = (
    percent_limit("daily_equity", Measure.DAILY_EQUITY, -10, Action.EMERGENCY, warn=60),
    percent_limit("weekly_equity", Measure.WEEKLY_EQUITY, -15, Action.HALT, warn=60),
    percent_limit("peak_drawdown", Measure.PEAK_EQUITY, -25, Action.HALT, warn=60),
)

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

PROFILES = {profile.name: profile for profile in (CFT, MA_CROSS)}


def account(
    profiles: Iterable[Profile] = PROFILES.values(), *, mode: str = "paper", tag: str = "pd00", name: str = "main"
) -> Account:
    """Return an account with the default limits and the given profiles."""
    return Account(name=name, mode=mode, tag=tag, limits=ACCOUNT_LIMITS, profiles=tuple(profiles))
