"""Orders that somebody else works on our symbols: two hands on one account make each other's positions wrong."""

from collections.abc import Iterable

from engine.core import alerts as a
from engine.core.commands import ACCOUNT
from engine.core.events import OrderReport
from engine.core.facts import ForeignOrderFound, Hold, HoldSet
from engine.core.ids import is_ours
from engine.core.profile import HoldLevel
from engine.core.workspace import Workspace

HOLD_ID = "foreign"
_NAMED = 3


def on_foreign(ws: Workspace, rows: Iterable[OrderReport]) -> None:
    """Hold the account for working orders that this installation did not make and that are new; told once, until an
    admin resumes.
    """
    found = [row for row in rows if _is_foreign(ws, row)]
    for row in found:
        ws.record(ForeignOrderFound(row.order_id, row.symbol, row.what, ws.now_ms))
    if not found or HOLD_ID in ws.state.holds:
        return
    symbols = ", ".join(sorted({row.symbol for row in found}))
    reason = f"orders of somebody else on {symbols}"
    hold = Hold(
        hold_id=HOLD_ID, scope=ACCOUNT, level=HoldLevel.REDUCE_ONLY, reason=reason, lift="admin", set_ms=ws.now_ms
    )
    ws.record(HoldSet(hold, ws.now_ms))
    named = "; ".join(_words(row) for row in found[:_NAMED])
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    detail = (
        f"Not made by this desk: {named}{more}. Nothing new is opened; exits and stops go on. If another program "
        "or desk uses this account, stop it; if the order is yours, cancel it or leave it, and then /resume."
    )
    ws.alert(a.SystemAlert, topic="reconciliation", title="Foreign order", detail=detail, critical=True)


def _is_foreign(ws: Workspace, row: OrderReport) -> bool:
    if not row.open or is_ours(ws.account.tag, row.link_id) or row.order_id in ws.state.foreign:
        return False
    return row.symbol in ws.positions or any(row.symbol in profile.symbols for profile in ws.account.profiles)


def _words(row: OrderReport) -> str:
    return f"{row.symbol} {row.what}".strip() + f" (order {row.order_id})"
