"""What happens because time passed or equity moved: holds that end, layer 3 rules, missing stops, and loss limits with
their actions.
"""

from dataclasses import dataclass
from decimal import Decimal

from engine.core import alerts as a
from engine.core import approval
from engine.core.commands import ACCOUNT, Scope
from engine.core.effects import SetProtection
from engine.core.events import VenueState
from engine.core.exits import cancel_entries, close_position, close_scope, sweep
from engine.core.facts import ExtremesSeen, Hold, HoldLifted, HoldSet, LimitCrossed, ProtectionIntended, ReferenceSet
from engine.core.fills import tell_unprotected
from engine.core.holds import due
from engine.core.limits import Crossing, crossing, measure, renewals
from engine.core.market import DAY_MS, day_start
from engine.core.money import from_money
from engine.core.portfolio import EXTERNAL, Position
from engine.core.profile import Action, HoldLevel, LimitSpec
from engine.core.protection import CloseFor, MoveStop, grid
from engine.core.protection import due as protection_due
from engine.core.stuck import on_stuck
from engine.core.trailing import ask_later
from engine.core.trailing import begin as begin_trail
from engine.core.workspace import Watch, Workspace

STOP_AGAIN_MS = (1_000, 2_500, 4_000)
STOP_DEADLINE_MS = 5_000
# An open position whose price is silent for so long on the wall clock is told of.
BLIND_MS = 60_000
_CLOSING = {Action.CLOSE, Action.EMERGENCY}


def on_time(ws: Workspace) -> None:
    """Run everything that waits for a clock, in the order of its urgency."""
    if ws.positions or ws.state.book.orders:
        sweep(ws)
        _stops(ws)
        on_stuck(ws)
        _blind(ws)
        if ws.state.holds:
            # A fill that came after the limit acted, or a close that was covered and then failed.
            _enforce(ws)
        if grid(ws.now_ms) != ws.grid:
            _rules(ws)
    ws.grid = grid(ws.now_ms)
    check_limits(ws)
    if ws.state.questions:
        approval.on_time(ws)
    # After the limits, so that one that is breached anew renews its hold instead of losing it for a moment.
    for hold in due(ws.state.holds.values(), market_ms=ws.now_ms, wall_ms=ws.wall_ms):
        if ws.measurable or hold.on_wall:
            lift(ws, hold, by="time")


def _blind(ws: Workspace) -> None:
    for symbol in ws.positions:
        heard = ws.heard[symbol] if symbol in ws.heard else ws.unheard.setdefault(symbol, ws.wall_ms)
        silent = ws.wall_ms - heard >= BLIND_MS
        if silent and symbol not in ws.blind:
            detail = "Loss limits and layer 3 rules wait for a price; stops and targets on the exchange stay."
            ws.alert(a.SystemAlert, topic="data", title=f"No price of {symbol} for a minute", detail=detail)
        (ws.blind.add if silent else ws.blind.discard)(symbol)


def lift(ws: Workspace, hold: Hold, *, by: str) -> None:
    """End a hold and say so."""
    approval.on_lift(ws, hold, by)
    ws.record(HoldLifted(hold.hold_id, by, ws.now_ms))
    ws.alert(a.HoldAlert, scope=scope_name(hold.scope), level=hold.level.name, set=False, by=by, reason=hold.reason)


def scope_name(scope: Scope) -> str:
    """Return a scope in a word."""
    return scope.name or scope.kind


def _rules(ws: Workspace) -> None:
    for position in list(ws.positions.values()):
        profile = ws.profile(position.profile)
        mark = ws.marks.get(position.symbol)
        if profile is None or not mark or position.closing:
            continue
        if position.told != (position.low, position.high):
            ws.record(ExtremesSeen(position.symbol, position.low, position.high, ws.now_ms))
        match protection_due(position, profile.protection, mark, at_ms=ws.now_ms, taker_e8=ws.account.taker_e8):
            case CloseFor(reason=reason):
                close_position(ws, position, reason)
            case MoveStop(stop=stop, why=why):
                move_stop(ws, position, stop, position.target, why)
            case _:
                pass


def move_stop(ws: Workspace, position: Position, stop: int, target: int, why: str) -> None:
    """Decide on a new stop and target, and ask the exchange for them."""
    ws.record(ProtectionIntended(position.symbol, stop, target, why, ws.now_ms, position.trail))
    ws.emit(SetProtection(position.symbol, stop, target, position.held_trail))
    if ws.telling:
        instrument = ws.state.portfolio.instruments[position.symbol]
        ws.alert(
            a.StopMovedAlert,
            position_id=position.position_id,
            symbol=position.symbol,
            profile=position.profile,
            long=position.long,
            stop=instrument.price(stop) if stop else None,
            target=instrument.price(target) if target else None,
            why=why,
        )


def _stops(ws: Workspace) -> None:
    for position in list(ws.positions.values()):
        symbol = position.symbol
        begin_trail(ws, position)
        stopped = position.stop in {0, position.held_stop}
        if (stopped and position.trailed) or position.profile == EXTERNAL or ws.venue is VenueState.DOWN:
            ws.watches.pop(symbol, None)
            continue
        watch = ws.watches.setdefault(symbol, Watch(ws.wall_ms))
        waited = ws.wall_ms - watch.since_ms
        if waited >= STOP_DEADLINE_MS:
            _unprotected(ws, position, watch)
        elif watch.attempts < len(STOP_AGAIN_MS) and waited >= STOP_AGAIN_MS[watch.attempts]:
            watch.attempts += 1
            # The stop comes first: it must not fail because of a trail that the exchange does not take.
            trail = position.asked_trail if stopped else position.held_trail
            ws.emit(SetProtection(symbol, position.stop, position.target, trail))


def _unprotected(ws: Workspace, position: Position, watch: Watch) -> None:
    if position.held_stop and position.trailed:
        # An older stop is live: the position is not naked, so asking begins again and nothing is closed.
        del ws.watches[position.symbol]
        return
    if position.held_stop or (position.trail and position.trailed):
        ask_later(ws, position, watch)
        return
    if not watch.told:
        watch.told = True
        tell_unprotected(ws, position)
    if not position.closing:
        close_position(ws, position, "no stop")


def _enforce(ws: Workspace) -> None:
    for spec in ws.specs():
        if spec.action in _CLOSING and f"limit:{spec.key}" in ws.state.holds and not approval.spares(ws, spec.key):
            for position in list(ws.positions.values()):
                mine = spec.profile in {"", position.profile} and position.profile != EXTERNAL
                if mine and not position.closing:
                    close_position(ws, position, f"limit {spec.key}")


def check_limits(ws: Workspace) -> None:
    """Renew references and compare every limit, when equity may have changed or a new day begun.

    Nothing is measured before the books are open and every position has a mark: a restart must not take missing prices
    for a loss.
    """
    if not ws.measurable:
        return
    if not ws.dirty and ws.now_ms < ws.renewed_until_ms:
        return
    ws.dirty = False
    ws.renewed_until_ms = min(ws.day_of(""), day_start(ws.now_ms)) + DAY_MS
    _check_scope(ws, "", ws.account.limits)
    for profile in ws.account.profiles:
        if profile.limits:
            _check_scope(ws, profile.name, profile.limits)


def _check_scope(ws: Workspace, scope: str, specs: tuple[LimitSpec, ...]) -> None:
    ledger = ws.ledger(scope)
    references = ws.state.references.setdefault(scope, {})
    for name, value in renewals(ledger, references, ws.now_ms, 0 if scope else ws.account.day_begins_ms):
        ws.record(ReferenceSet(scope, name, value, ws.now_ms))
        if name in {"day.at", "week.at"}:
            _begin_anew(ws, scope, name.removesuffix(".at"))
    for spec in specs:
        key = spec.key
        threshold = ws.threshold(spec)
        found = crossing(spec, threshold, measure(spec, ledger, references), ws.state.levels.get(key, ""))
        if found is not None:
            _crossed(ws, found)


def _begin_anew(ws: Workspace, scope: str, period: str) -> None:
    for spec in ws.limits_of(scope):
        if spec.period == period and ws.state.levels.get(spec.key):
            ws.record(
                LimitCrossed(key=spec.key, level="cleared", value=0, threshold=ws.threshold(spec), at_ms=ws.now_ms)
            )


def _crossed(ws: Workspace, found: Crossing) -> None:
    spec = found.spec
    ws.record(
        LimitCrossed(key=spec.key, level=found.level, value=found.value, threshold=found.threshold, at_ms=ws.now_ms)
    )
    acted = _act(ws, found) if found.level == "breached" else _Acted()
    if acted is None:
        return
    positions = [p for p in ws.positions.values() if not spec.profile or p.profile == spec.profile]
    scale = from_money if spec.in_money else _percent
    ws.alert(
        a.LimitAlert,
        key=spec.key,
        level=found.level,
        value=scale(found.value),
        threshold=scale(found.threshold),
        in_money=spec.in_money,
        action=spec.action.value,
        open_positions=len(positions),
        open_result=from_money(ws.state.portfolio.unrealised(ws.marks, spec.profile or None)),
        closing=acted.closing,
        why=acted.why,
    )


def _percent(ppm: int) -> Decimal:
    return Decimal(ppm) / 10_000


@dataclass(frozen=True, slots=True)
class _Acted:
    closing: tuple[str, ...] = ()
    why: str = ""


def _act(ws: Workspace, found: Crossing) -> _Acted | None:
    """None when people are asked first: the question then tells."""
    spec = found.spec
    if spec.action in {Action.ALERT, Action.HALVE_SIZE}:
        return _Acted()
    _hold(ws, spec)
    why = approval.take_up(ws, found) if spec.action is Action.EMERGENCY else ""
    if why is None:
        return None
    return _Acted(close_scope(ws, spec.profile, f"limit {spec.key}") if spec.action in _CLOSING else (), why)


def _hold(ws: Workspace, spec: LimitSpec) -> None:
    forever = spec.action is Action.EMERGENCY or not spec.period
    until = None if forever else ws.ends_of(spec)
    halted = spec.action in {Action.HALT, Action.EMERGENCY}
    hold = Hold(
        hold_id=f"limit:{spec.key}",
        scope=Scope("profile", spec.profile) if spec.profile else ACCOUNT,
        level=HoldLevel.HALTED if halted else HoldLevel.NO_ENTRIES,
        reason=f"limit {spec.key}",
        lift="admin" if forever else "time",
        set_ms=ws.now_ms,
        until_ms=until,
    )
    ws.record(HoldSet(hold, ws.now_ms))
    cancel_entries(ws, profile=spec.profile or None)
