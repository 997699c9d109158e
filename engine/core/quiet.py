"""When is the next bar at which anything can happen? The pure question that lets a backtest skip bars."""

from dataclasses import dataclass

from engine.core.limits import Ledger, References, floor_equity
from engine.core.market import DAY_MS, day_start
from engine.core.money import Money, Ticks
from engine.core.portfolio import Position
from engine.core.profile import LimitSpec, Measure
from engine.core.protection import grid, trigger_prices
from engine.core.quick import quick
from engine.core.workspace import Workspace

# Above every price.
TOP: Ticks = 1 << 62


@quick
@dataclass(frozen=True, slots=True)
class Quiet:
    """Closes strictly between `low` and `high` before `until_ms` change nothing but marks and extremes."""

    low: Ticks
    high: Ticks
    until_ms: int


def quiet(ws: Workspace) -> Quiet | None:
    """Return the band in which the one open position lets the desk sleep; None when every bar must be looked at.

    Without a position and without orders nothing but a signal can happen: the caller need not ask.
    """
    if len(ws.positions) != 1 or next(ws.state.book.open(), None) is not None:
        return None
    position = next(iter(ws.positions.values()))
    profile = ws.profile(position.profile)
    if profile is None or position.closing or position.held_stop != position.stop or not position.trailed:
        return None
    rules = profile.protection
    if rules.trail_from_ppm is not None:
        return None
    until = min(day_start(ws.now_ms, begins_ms) for begins_ms in (0, ws.account.day_begins_ms)) + DAY_MS
    if rules.max_age_ms is not None:
        until = min(until, position.opened_ms + rules.max_age_ms)
    if rules.losing_after_ms is not None:
        until = min(until, position.opened_ms + rules.losing_after_ms)
    if until <= ws.now_ms:
        return None
    triggers = trigger_prices(position, rules)
    low, high = (0, min(triggers, default=TOP)) if position.long else (max(triggers, default=0), TOP)
    return _within_limits(ws, position, Quiet(low, high, until))


def slept(ws: Workspace, until_ms: int) -> None:
    """Take in that time passed quietly until `until_ms`: what looks at time slots looks at the next one anew."""
    ws.grid = grid(until_ms)


def _within_limits(ws: Workspace, position: Position, band: Quiet) -> Quiet | None:
    low, high = band.low, band.high
    profile = ws.profile(position.profile)
    for scope, specs in (("", ws.account.limits), (position.profile, profile.limits if profile else ())):
        if not specs:
            continue
        references = ws.state.references.get(scope, {})
        if "peak" not in references:
            return None
        ledger = ws.ledger(scope)
        floor = _floor(ws, specs, ledger, references)
        if floor is None:
            return None
        worst = _price_at(position, ledger.balance, floor)
        best = _price_at(position, ledger.balance, references["peak"])
        if position.long:
            low, high = max(low, worst + 1), min(high, best)
        else:
            low, high = max(low, best), min(high, worst)
    # Outside already: something is due that waits for its time slot.
    return Quiet(low, high, band.until_ms) if low < ws.marks.get(position.symbol, 0) < high else None


def _floor(ws: Workspace, specs: tuple[LimitSpec, ...], ledger: Ledger, references: References) -> Money | None:
    floor = 0
    for spec in specs:
        level = ws.state.levels.get(spec.key, "")
        if spec.measure is Measure.DAILY_BALANCE or (level == "breached" and spec.period):
            continue
        if level:
            # Warned or breached limits may also clear on the way up: look at every bar.
            return None
        floor = max(floor, floor_equity(spec, ws.threshold(spec), level, ledger, references))
    return floor


def _price_at(position: Position, balance: int, equity: int) -> Ticks:
    per_tick = position.size * position.unit
    result = equity - balance
    return (position.cost + result) // per_tick if position.long else (position.cost - result) // per_tick
