"""The exchange's view against ours: what was missed is booked, what cannot be explained is adopted, and every
difference is told.

Exchange truth wins, but only where nothing of ours is under way: an order in flight explains a difference better than
an error does.
"""

from engine.core import alerts as a
from engine.core.effects import CancelOrder, QueryAccount
from engine.core.events import (
    AccountReported,
    Executed,
    OrderAccepted,
    OrderEnded,
    OrderRejected,
    OrderReport,
    PositionReport,
    ProtectionReported,
    WalletReported,
)
from engine.core.exits import ask
from engine.core.facts import AccountOpened, PositionAdopted
from engine.core.fills import on_ended, on_executed, on_flat, on_funding, on_protection, on_rejected, on_word
from engine.core.foreign import on_foreign
from engine.core.ids import is_ours
from engine.core.money import Money, from_money, ppm_of
from engine.core.orders import OrderStatus
from engine.core.portfolio import Position
from engine.core.transfers import TOLERANCE, on_difference
from engine.core.workspace import Workspace

# The exchange's own view may lag behind an execution it has just reported.
SETTLE_MS = 2_000
# A change of the wallet this near (of the position's value) to the result at the mark is that position's result.
_NEAR_PPM = 50_000


def on_account(ws: Workspace, report: AccountReported) -> None:
    """Compare the whole account and close the gap."""
    opening = not ws.state.opened
    if opening:
        ws.record(AccountOpened(report.wallet, report.at_ms))
        ws.dirty = True
    ws.compared = True
    for event in report.executions:
        if opening or event.at_ms < ws.state.opened_ms:
            # The wallet that the books began with holds it already.
            continue
        if isinstance(event, Executed):
            on_executed(ws, event)
        else:
            on_funding(ws, event)
    _orders(ws, {row.link_id: row for row in report.orders if row.link_id}, report.asked_ms)
    on_foreign(ws, report.orders)
    theirs = {row.symbol: row for row in report.positions if row.qty}
    for symbol in sorted(theirs.keys() | ws.positions.keys()):
        _position(ws, symbol, theirs.get(symbol), report)
    _wallet(ws, report)


def _orders(ws: Workspace, rows: dict[str, OrderReport], asked_ms: int) -> None:
    for order in list(ws.state.book.open()):
        row = rows.pop(order.ticket.link_id, None)
        if row is not None:
            take_order(ws, row, asked_ms)
        elif order.status in {OrderStatus.UNKNOWN, OrderStatus.ACKNOWLEDGED, OrderStatus.PARTIALLY_FILLED}:
            ask(ws, order)
    for row in rows.values():
        if (
            row.open
            and not row.reduce_only
            and is_ours(ws.account.tag, row.link_id)
            and row.link_id not in ws.state.book.orders
        ):
            # Ours by its name and unknown to the books: nothing may open a position that no decision of ours stands
            # behind.
            ws.emit(CancelOrder(row.link_id, row.symbol))
            detail = f"Order {row.link_id} on {row.symbol} was not in the books and is being cancelled."
            ws.alert(a.SystemAlert, topic="reconciliation", title=f"Stray order on {row.symbol}", detail=detail)


def take_order(ws: Workspace, row: OrderReport, at_ms: int) -> None:
    """Turn an order's report into what it says happened."""
    if not is_ours(ws.account.tag, row.link_id):
        on_foreign(ws, (row,))
    elif row.open:
        on_word(ws, OrderAccepted(row.link_id, row.order_id, at_ms))
    elif row.rejected and not row.filled:
        on_rejected(ws, OrderRejected(row.link_id, "rejected", "as the exchange reports", at_ms))
    else:
        on_ended(ws, OrderEnded(row.link_id, row.filled, "as the exchange reports", at_ms))


def _position(ws: Workspace, symbol: str, row: PositionReport | None, report: AccountReported) -> None:
    if symbol not in ws.state.portfolio.instruments:
        title = f"Position on unknown {symbol}"
        detail = "The exchange holds a position on a symbol the desk does not know; it is not managed."
        ws.alert(a.SystemAlert, topic="reconciliation", title=title, detail=detail, critical=True)
        return
    ours = ws.positions.get(symbol)
    qty, cost = (row.qty, row.entry_cost) if row else (0, 0)
    moving = (
        next(ws.state.book.open(symbol), None) is not None or ws.state.last_execution_ms > report.asked_ms - SETTLE_MS
    )
    if (ours.qty if ours else 0) != qty:
        if moving:
            ws.emit(QueryAccount(f"{symbol} differs while orders are under way"))
            return
        _adopt(ws, symbol, qty, cost, report)
    elif ours is not None and cost and not moving and abs(ours.cost - cost) > ours.size * ours.unit:
        # Executions that came late were averaged in another order; a tick on average is the exchange's own rounding.
        _adopt(ws, symbol, qty, cost, report)
    if row is not None:
        on_protection(ws, ProtectionReported(symbol, row.stop, row.target, report.at_ms, row.trail))


def _adopt(ws: Workspace, symbol: str, qty: int, cost: Money, report: AccountReported) -> None:
    ours = ws.positions.get(symbol)
    instrument = ws.state.portfolio.instruments[symbol]
    why = "closed outside the desk" if qty == 0 else "changed outside the desk"
    if ours is not None and ours.qty == qty:
        why = "entered at another average"
    ws.alert(
        a.DifferenceAlert,
        symbol=symbol,
        ours=f"{instrument.quantity(ours.qty if ours else 0):f}",
        theirs=f"{instrument.quantity(qty):f}",
        why=why,
    )
    result = 0
    if ours is not None and ours.qty * qty <= 0:
        result, source = _result(ws, ours, report)
        detail = f"Its executions are not known. {source}: {from_money(result):+.2f} USDT."
        ws.alert(a.SystemAlert, topic="reconciliation", title=f"{symbol} ended outside the desk", detail=detail)
    trade = ws.record(PositionAdopted(symbol, qty, cost, why, report.at_ms, result))
    ws.watches.pop(symbol, None)
    ws.dirty = True
    if trade is not None:
        on_flat(ws, trade)


def _result(ws: Workspace, position: Position, report: AccountReported) -> tuple[Money, str]:
    mark = ws.marks.get(position.symbol)
    reckoned = position.unrealised(mark) if mark else 0
    held = {row.symbol: row.qty for row in report.positions}
    alone = sum(1 for each in ws.positions.values() if each.qty * held.get(each.symbol, 0) <= 0) == 1
    moved = report.wallet - ws.state.portfolio.wallet - ws.state.unexplained
    if alone and abs(moved - reckoned) <= ppm_of(position.cost, _NEAR_PPM):
        return moved, "The wallet says what it brought"
    return reckoned, "Its result is reckoned at the mark" if mark else "Its result is taken as nothing"


def _wallet(ws: Workspace, report: AccountReported) -> None:
    settled = next(ws.state.book.open(), None) is None
    if settled and ws.state.last_execution_ms <= report.asked_ms - SETTLE_MS:
        on_difference(ws, report)


def on_wallet(ws: Workspace, event: WalletReported) -> None:
    """Compare the account when the wallet moved for a reason that is not in the books."""
    ours = ws.state.portfolio.wallet
    if abs(event.wallet - ours - ws.state.unexplained) > TOLERANCE and next(ws.state.book.open(), None) is None:
        ws.emit(QueryAccount("the wallet moved"))
