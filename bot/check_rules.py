"""Checks of profiles against themselves: rules that contradict each other are legal, and somebody should know. Pure."""

from collections.abc import Iterable, Mapping

from bot.check_findings import Area, Finding
from engine.core.market import DAY_MS
from engine.core.money import PPM, Money, from_money, ppm_of
from engine.core.profile import Account, Profile, SizeMode
from engine.core.risk import MAINTENANCE_PPM
from engine.core.strategy import Away, Strategy
from engine.plan import needs

_RULES = Area("rules")
# Bybit keeps a few years of candles; a profile that wants more than this of history would wait for it.
_MOST_HISTORY_MS = 730 * DAY_MS


def rule_findings(account: Account, strategies: Mapping[str, Strategy], equity: Money) -> list[Finding]:
    """Find rules of each profile that contradict each other, at an equity."""
    found: list[Finding] = []
    for profile in account.profiles:
        for what, todo in (*_levels(profile, account), *_sizes(profile, account, equity)):
            found.append(_RULES.warning(f"profile {profile.name}: {what}", todo))
    found += [*_together(account, equity), *_warm_ups(account, strategies)]
    return found or [_RULES.ok("no profile contradicts itself")]


def _ppm(level: object) -> int | None:
    return level.ppm if isinstance(level, Away) else None


def _levels(profile: Profile, account: Account) -> Iterable[tuple[str, str]]:
    stop, target, rules = _ppm(profile.stop), _ppm(profile.target), profile.protection
    if target is not None and rules.breakeven_ppm is not None and rules.breakeven_ppm >= target:
        yield (
            f"breakeven at +{_percent(rules.breakeven_ppm)} is never reached before the target at +{_percent(target)}",
            "lower the breakeven trigger or raise the target",
        )
    if target is not None and rules.trail_from_ppm is not None and rules.trail_from_ppm >= target:
        yield (
            f"the trail starts at +{_percent(rules.trail_from_ppm)}, the target is at +{_percent(target)}",
            "start the trail earlier or raise the target",
        )
    if stop and target is not None and profile.min_rr_ppm is not None and target * PPM < stop * profile.min_rr_ppm:
        yield (
            f"reward ÷ risk {target / stop:.2f} is below {profile.min_rr_ppm / PPM:g}: every entry is refused",
            "raise the target, tighten the stop or lower min_rr",
        )
    room = PPM // profile.leverage - MAINTENANCE_PPM - account.liquidation_buffer_ppm
    if stop is not None and stop >= room:
        yield (
            f"the stop at {_percent(stop)} lies beyond liquidation at {profile.leverage}x: every entry is refused",
            f"lower the leverage or keep the stop within {_percent(room)}",
        )
    yield from _costs(profile, account, stop)


def _costs(profile: Profile, account: Account, stop: int | None) -> Iterable[tuple[str, str]]:
    share = profile.max_cost_share_ppm
    if share is None:
        return
    slippage = account.slippage_ppm if profile.cost_slippage_ppm is None else profile.cost_slippage_ppm
    cost = 2 * (account.taker_e8 // 100 + slippage)
    if stop is None:
        yield (
            f"entries whose stop is nearer than {_percent(cost * PPM // share)} are refused by cost; on calm majors "
            "that is nearly every minute",
            "expect few entries, or raise max_cost_share",
        )
    elif cost * PPM > stop * share:
        yield (
            f"round-trip cost {_percent(cost)} is over {share / 10_000:g} % of the stop at {_percent(stop)}: every "
            "entry is refused",
            "widen the stop or raise max_cost_share",
        )


def _sizes(profile: Profile, account: Account, equity: Money) -> Iterable[tuple[str, str]]:
    notional, target, trigger = wanted_size(profile, equity), _ppm(profile.target), profile.protection.breakeven_profit
    if notional is None:
        return
    if trigger is not None and target is not None and trigger >= ppm_of(notional, target):
        yield (
            f"breakeven at +{from_money(trigger):.2f} USDT is never reached: the target brings "
            f"{from_money(ppm_of(notional, target)):.2f}",
            "lower the breakeven trigger, or raise size or target",
        )
    positions = min(profile.max_positions, profile.largest or len(profile.symbols))
    if wanted_exposure(profile, equity) > equity * account.max_exposure:
        yield (
            f"{positions} positions of {from_money(notional):,.0f} USDT exceed {account.max_exposure} × equity "
            f"{from_money(equity):,.0f}",
            "lower size or max_positions; entries beyond it are refused",
        )


def wanted_size(profile: Profile, equity: Money) -> Money | None:
    """Return the notional of one position at an equity; None where it follows from price or from a stop of each
    entry.
    """
    sizing, allocated = profile.sizing, ppm_of(equity, profile.allocation_ppm)
    stop = _ppm(profile.stop)
    match sizing.mode:
        case SizeMode.NOTIONAL:
            notional = sizing.amount
        case SizeMode.MARGIN:
            notional = sizing.amount * profile.leverage
        case SizeMode.EQUITY_MARGIN:
            notional = ppm_of(allocated, sizing.ppm) * profile.leverage
        case SizeMode.EQUITY_RISK if stop:
            notional = ppm_of(allocated, sizing.ppm) * PPM // stop
        case _:
            return None
    return min(notional, allocated * sizing.cap) if sizing.cap is not None else notional


def _together(account: Account, equity: Money) -> list[Finding]:
    """What profiles that are fine alone want together."""
    wanted = [wanted_exposure(profile, equity) for profile in account.profiles]
    cap = equity * account.max_exposure
    if sum(wanted) <= cap or max(wanted, default=0) > cap:
        return []
    what = f"all profiles together may hold {from_money(sum(wanted)):,.0f} USDT, {account.max_exposure} × equity is "
    todo = "lower sizes or max_positions; entries beyond it are refused, whoever comes first has the room"
    return [_RULES.warning(f"{what}{from_money(cap):,.0f}", todo)]


def wanted_exposure(profile: Profile, equity: Money) -> Money:
    """Return the notional of as many positions as a profile may hold at an equity; 0 where no size is known before an
    entry.
    """
    symbols = profile.largest or len(profile.symbols)
    return (wanted_size(profile, equity) or 0) * min(profile.max_positions, symbols)


def _warm_ups(account: Account, strategies: Mapping[str, Strategy]) -> list[Finding]:
    found = []
    for need in needs(account, strategies):
        wanted = need.bars * need.timeframe
        if wanted > _MOST_HISTORY_MS:
            what = f"{need.symbol}: {wanted // DAY_MS} days of candles are needed before the first decision"
            found.append(_RULES.warning(what, "use shorter indicators or a finer timeframe"))
    return found


def _percent(ppm: int) -> str:
    return f"{ppm / 10_000:g} %"
