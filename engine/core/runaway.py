"""The guard outside the strategies: how much may be entered in a minute and a day before the account is halted."""

from engine.core import alerts as a
from engine.core.commands import ACCOUNT
from engine.core.exits import cancel_entries
from engine.core.facts import Hold, HoldSet
from engine.core.market import MINUTE_MS, day_start
from engine.core.money import Money, from_money
from engine.core.profile import HoldLevel
from engine.core.state import RUNAWAY
from engine.core.workspace import Workspace

CHECK = "runaway"


def entered(ws: Workspace) -> tuple[int, Money]:
    """Return the entry orders of the last minute and the notional of the UTC day's entries, whatever became of them."""
    state = ws.state
    recent = sum(1 for at_ms in state.entered_at if at_ms > ws.now_ms - MINUTE_MS)
    return recent, state.entered_notional if state.entered_day == day_start(ws.now_ms) else 0


def most_notional(ws: Workspace) -> Money:
    """Return the notional that may be entered in a day."""
    began = ws.state.references.get("", {}).get("day") or ws.equity()
    return max(0, began) * ws.account.runaway.notional_a_day


def excess(ws: Workspace, notional: Money) -> str | None:
    """Return what one more entry of a notional would exceed; None while it is within."""
    recent, spent = entered(ws)
    guard = ws.account.runaway
    if recent >= guard.orders_a_minute:
        return f"{recent + 1} entry orders within a minute, maximum {guard.orders_a_minute}"
    most = most_notional(ws)
    if spent + notional > most:
        total, bound = from_money(spent + notional), from_money(most)
        return f"{total:,.0f} USDT entered in a day, maximum {bound:,.0f} ({guard.notional_a_day} × equity)"
    return None


def halt(ws: Workspace, why: str) -> None:
    """Halt the account until an admin lifts it."""
    hold = Hold(
        hold_id=RUNAWAY,
        scope=ACCOUNT,
        level=HoldLevel.HALTED,
        reason=f"runaway guard: {why}",
        lift="admin",
        set_ms=ws.now_ms,
    )
    ws.record(HoldSet(hold, ws.now_ms))
    cancel_entries(ws)
    detail = f"{why}. Nothing new is opened; exits, stops and limits go on. Look at /signals, then /resume."
    ws.alert(a.SystemAlert, topic="runaway", title="Runaway guard: halted", detail=detail, critical=True)
