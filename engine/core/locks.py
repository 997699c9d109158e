"""Holds with a name that no resume lifts: the lockdown, and live trading that nobody has confirmed yet."""

from dataclasses import replace

from engine.core import alerts as a
from engine.core import commands as c
from engine.core.exits import cancel_entries
from engine.core.facts import Hold, HoldSet
from engine.core.guards import lift, scope_name
from engine.core.holds import BY_RESUME
from engine.core.profile import HoldLevel
from engine.core.workspace import Workspace


def lock(ws: Workspace, command: c.LockEntries) -> c.Answer:
    """Hold the account reduce-only; the same hold twice is set once."""
    hold = Hold(
        hold_id=command.name,
        scope=c.ACCOUNT,
        level=HoldLevel.REDUCE_ONLY,
        reason=command.reason,
        lift=command.lift,
        set_ms=ws.now_ms,
        by=command.by,
    )
    before = ws.state.holds.get(command.name)
    if before is None or replace(before, set_ms=hold.set_ms) != hold:
        ws.record(HoldSet(hold, ws.now_ms))
        ws.alert(
            a.HoldAlert,
            scope=scope_name(hold.scope),
            level=hold.level.name,
            set=True,
            by=command.by,
            reason=hold.reason,
            until_ms=None,
        )
    if command.recall:
        cancel_entries(ws)
    return c.Done(command.command_id)


def free(ws: Workspace, command: c.FreeEntries) -> c.Answer:
    """Lift such a hold; what a resume or time lifts is not lifted here."""
    hold = ws.state.holds.get(command.name)
    if hold is None:
        return c.Done(command.command_id, notes=("There is no such hold.",))
    if hold.lift in BY_RESUME | {"condition"}:
        return c.Refused(command.command_id, f"{hold.reason}: not lifted this way.")
    lift(ws, hold, by=command.by)
    return c.Done(command.command_id)
