"""Commands of people: refused with a reason or carried out, answered once per command id."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from engine.core import alerts as a
from engine.core import commands as c
from engine.core.adopting import adopt
from engine.core.approval import answer, waits
from engine.core.effects import Reply
from engine.core.exits import cancel_entries, close_position, disown_entries
from engine.core.facts import CommandHandled, Hold, HoldSet, LimitChanged, ProfileSwitched, RuleSwitched
from engine.core.fills import BY_HAND
from engine.core.guards import lift, scope_name
from engine.core.holds import liftable
from engine.core.locks import free, lock
from engine.core.manual import no_symbol, open_manual, switch_symbol, unlock
from engine.core.money import from_money, percent_to_ppm, to_money
from engine.core.orders import Ticket
from engine.core.portfolio import Position
from engine.core.profile import HoldLevel, LimitSpec
from engine.core.workspace import Workspace


def on_command(ws: Workspace, command: c.Command) -> None:
    """Answer a command; a repeated id gets the first answer and does nothing."""
    said = ws.state.answers.get(command.command_id)
    if said is None:
        ws.wall_ms = max(ws.wall_ms, command.wall_ms)
        said = _HANDLERS[type(command)](ws, command)
        ws.record(CommandHandled(command.command_id, type(command).__name__, command.by, said, ws.now_ms))
    ws.emit(Reply(said))


def _known_scope(ws: Workspace, scope: c.Scope) -> str | None:
    if scope.kind == "profile" and ws.profile(scope.name) is None:
        return f"There is no profile {scope.name}. Profiles: {', '.join(p.name for p in ws.account.profiles)}."
    if scope.kind == "symbol" and ws.instrument(scope.name) is None:
        return no_symbol(ws, scope.name)
    return None


def _pause(ws: Workspace, command: c.Pause) -> c.Answer:
    wrong = _known_scope(ws, command.scope)
    if wrong:
        return c.Refused(command.command_id, wrong)
    if command.until_ms is not None and command.until_ms <= command.wall_ms:
        return c.Refused(command.command_id, "The end of a pause must lie ahead.")
    _set_pause(ws, command.by, command.scope, command.until_ms)
    return c.Done(command.command_id)


def _set_pause(ws: Workspace, by: str, scope: c.Scope, until_ms: int | None = None) -> None:
    hold = Hold(
        hold_id=f"pause:{scope.kind}:{scope.name}",
        scope=scope,
        level=HoldLevel.NO_ENTRIES,
        reason=f"paused by {by}",
        lift="admin" if until_ms is None else "time",
        set_ms=ws.now_ms,
        until_ms=until_ms,
        on_wall=True,
        by=by,
    )
    before = ws.state.holds.get(hold.hold_id)
    if before is not None and replace(before, set_ms=hold.set_ms) == hold:
        return
    ws.record(HoldSet(hold, ws.now_ms))
    ws.alert(
        a.HoldAlert,
        scope=scope_name(scope),
        level=hold.level.name,
        set=True,
        by=by,
        reason=hold.reason,
        until_ms=hold.until_ms,
    )


def _resume(ws: Workspace, command: c.Resume) -> c.Answer:
    wrong = _known_scope(ws, command.scope)
    if wrong:
        return c.Refused(command.command_id, wrong)
    found = liftable(list(ws.state.holds.values()), command.scope)
    undecided = [hold for hold in found if waits(ws, hold)]
    for hold in found:
        if hold not in undecided:
            lift(ws, hold, by=command.by)
    breached = [spec.key for spec in ws.specs() if ws.state.levels.get(spec.key) == "breached"]
    left = [
        hold.reason for hold in ws.state.holds.values() if hold.scope.covers(command.scope.name, command.scope.name)
    ]
    notes = [f"Still breached: {key}" for key in breached] + [f"Still held: {reason}" for reason in left]
    notes += [f"Nobody has decided yet: {hold.reason}. Answer its message first." for hold in undecided]
    return c.Done(command.command_id, notes=tuple(notes))


def _close(ws: Workspace, command: c.ClosePosition) -> c.Answer:
    position = ws.positions.get(command.symbol)
    if position is None:
        known = ws.instrument(command.symbol) is not None
        return c.Refused(
            command.command_id, f"No open position on {command.symbol}." if known else no_symbol(ws, command.symbol)
        )
    if not 1 <= command.percent <= 100:
        return c.Refused(command.command_id, f"Close 1 to 100 percent, not {command.percent}.")
    qty = position.size * command.percent // 100
    if qty == 0:
        return c.Refused(command.command_id, f"{command.percent} % of {position.symbol} is below its quantity step.")
    cancel_entries(ws, command.symbol)
    if command.percent == 100:
        disown_entries(ws, BY_HAND, lambda ticket: ticket.symbol == command.symbol)
    ids = close_position(ws, position, BY_HAND, qty)
    notes = () if ids else (f"{command.symbol} is already being closed.",)
    return c.Done(command.command_id, ids, notes)


def _close_all(ws: Workspace, command: c.CloseAll) -> c.Answer:
    if command.profile and ws.profile(command.profile) is None:
        return c.Refused(command.command_id, _known_scope(ws, c.Scope("profile", command.profile)) or "")
    _set_pause(ws, command.by, c.Scope("profile", command.profile) if command.profile else c.ACCOUNT)
    cancel_entries(ws, profile=command.profile or None)
    disown_entries(ws, BY_HAND, lambda ticket: _covers(command, ticket))
    ids: list[str] = []
    for position in list(ws.positions.values()):
        if matches(ws, position, command.which, command.profile):
            ids.extend(close_position(ws, position, BY_HAND))
    return c.Done(command.command_id, tuple(ids), () if ids else ("Nothing to close.",))


def _covers(command: c.CloseAll, ticket: Ticket) -> bool:
    # What would be a loser nobody knows before it is open.
    sides = {c.Filter.ALL: True, c.Filter.LONGS: ticket.buy, c.Filter.SHORTS: not ticket.buy}
    return sides.get(command.which, False) and command.profile in {"", ticket.profile}


def matches(ws: Workspace, position: Position, which: c.Filter, profile: str) -> bool:
    """Tell whether a close-all means a position; the whole account includes external ones."""
    if profile and position.profile != profile:
        return False
    match which:
        case c.Filter.LONGS:
            return position.long
        case c.Filter.SHORTS:
            return not position.long
        case c.Filter.LOSERS:
            mark = ws.marks.get(position.symbol)
            return bool(mark) and position.unrealised(mark or 0) < 0
        case _:
            return True


def limit_value(spec: LimitSpec, value: Decimal) -> int:
    """Convert percent or money as typed to the limit's unit; losses may be typed with or without their sign."""
    loss = -abs(value)
    return to_money(loss) if spec.in_money else percent_to_ppm(loss)


def limit_text(spec: LimitSpec, value: int) -> str:
    """Return a limit's value with its unit."""
    return f"{from_money(value).normalize():f} USDT" if spec.in_money else f"{(Decimal(value) / 10_000).normalize():f}%"


def _change_limit(ws: Workspace, command: c.ChangeLimit) -> c.Answer:
    specs = {spec.key: spec for spec in ws.specs()}
    spec = specs.get(command.key)
    if spec is None:
        near = get_close_matches(command.key, specs, 3, 0.4)
        return c.Refused(
            command.command_id,
            f"There is no limit {command.key}." + (f" Did you mean {' or '.join(near)}?" if near else ""),
        )
    if not command.value.is_finite():
        return c.Refused(command.command_id, f"{command.key} needs a number, not {command.value}.")
    old, new = ws.threshold(spec), limit_value(spec, command.value)
    if not spec.floor <= new <= spec.ceiling:
        bounds = f"between {limit_text(spec, spec.ceiling)} and {limit_text(spec, spec.floor)}"
        return c.Refused(command.command_id, f"{command.key} must lie {bounds}, not {limit_text(spec, new)}.")
    ws.record(LimitChanged(key=spec.key, old=old, new=new, by=command.by, at_ms=ws.now_ms))
    ws.alert(
        a.ChangeAlert, what=f"limit {spec.key}", old=limit_text(spec, old), new=limit_text(spec, new), by=command.by
    )
    ws.dirty = True
    return c.Done(command.command_id, notes=(f"{limit_text(spec, old)} → {limit_text(spec, new)}",))


def _switch_rule(ws: Workspace, command: c.SwitchRule) -> c.Answer:
    strategy = ws.strategies.get(command.profile)
    if strategy is None:
        return c.Refused(command.command_id, _known_scope(ws, c.Scope("profile", command.profile)) or "")
    if command.rule not in strategy.rules:
        return c.Refused(
            command.command_id,
            f"{command.profile} has no rule {command.rule}. Rules: {', '.join(strategy.rules) or 'none'}.",
        )
    ws.record(RuleSwitched(command.profile, command.rule, command.on, command.by, ws.now_ms))
    _tell_switch(ws, f"{command.profile} rule {command.rule}", command.by, on=command.on)
    return c.Done(command.command_id)


def _switch_profile(ws: Workspace, command: c.SwitchProfile) -> c.Answer:
    wrong = _known_scope(ws, c.Scope("profile", command.profile))
    if wrong:
        return c.Refused(command.command_id, wrong)
    ws.record(ProfileSwitched(command.profile, command.on, command.by, ws.now_ms))
    _tell_switch(ws, f"profile {command.profile}", command.by, on=command.on)
    return c.Done(command.command_id)


def _tell_switch(ws: Workspace, what: str, by: str, *, on: bool) -> None:
    ws.alert(a.ChangeAlert, what=what, old="off" if on else "on", new="on" if on else "off", by=by)


_HANDLERS: dict[type[c.Command], Callable[[Workspace, Any], c.Answer]] = {
    c.Pause: _pause,
    c.Resume: _resume,
    c.ClosePosition: _close,
    c.CloseAll: _close_all,
    c.AdoptPosition: adopt,
    c.ChangeLimit: _change_limit,
    c.AnswerEmergency: answer,
    c.SwitchRule: _switch_rule,
    c.SwitchProfile: _switch_profile,
    c.OpenManual: open_manual,
    c.UnlockSymbol: unlock,
    c.SwitchSymbol: switch_symbol,
    c.LockEntries: lock,
    c.FreeEntries: free,
}
