"""Private REST endpoints about orders and executions: open, past, and what was filled."""

from collections.abc import Sequence

from bot.localvenue.account import Account
from bot.localvenue.calls import Call, Endpoint, Reply
from bot.localvenue.changing import matches_filter
from bot.localvenue.codes import invalid
from bot.localvenue.listing import base_coin
from bot.localvenue.model import Execution, Order
from bot.localvenue.numbers import Body, int_of, text_of
from bot.localvenue.paging import limit_of, page, window
from bot.localvenue.placing import linear
from bot.localvenue.rows import execution_row, order_row
from engine.core.market import DAY_MS

_FADING = frozenset({"Cancelled", "Rejected", "Deactivated"})


def realtime(call: Call) -> Reply:
    """Open orders; with openOnly=1 the last 500 that closed; by id either."""
    linear(call.params)
    body, book = call.params, call.account.book
    order_id, link_id = text_of(body, "orderId"), text_of(body, "orderLinkId")
    if order_id or link_id:
        known = book.find(order_id, link_id)
        shown = known is not None and (known.is_open or known in book.recent)
        found = [known] if known is not None and shown else []
    else:
        _need_scope(call)
        closed = int_of(body, "openOnly", 0) in {1, 2}
        found = list(book.recent) if closed else list(book.open.values())
        found = [order for order in found if _in_scope(order.symbol, body) and matches_filter(order, body)]
    found.sort(key=lambda order: (order.created_ms, order.order_id), reverse=True)
    return _orders(call.account, found, body)


def _need_scope(call: Call) -> None:
    if not any(text_of(call.params, name) for name in ("symbol", "baseCoin", "settleCoin")):
        raise invalid("params error: symbol, baseCoin or settleCoin is needed")
    if symbol := text_of(call.params, "symbol"):
        call.core.board.listing.need(symbol)


def _in_scope(symbol: str, body: Body) -> bool:
    wanted, base, settle = (text_of(body, name) for name in ("symbol", "baseCoin", "settleCoin"))
    if wanted:
        return symbol == wanted
    return (not base or base_coin(symbol) == base) and (not settle or settle == "USDT")


def _orders(account: Account, found: Sequence[Order], body: Body) -> Reply:
    rows, cursor = page(found, body, name=lambda order: order.order_id, limit=limit_of(body, default=20, most=50))
    shown = [order_row(order, account.instrument(order.symbol)) for order in rows]
    return Reply({"category": "linear", "list": shown, "nextPageCursor": cursor})


def history(call: Call) -> Reply:
    """Orders that are over; those cancelled without a fill only for a day."""
    linear(call.params)
    body, book = call.params, call.account.book
    span = window(body, call.now_ms)
    order_id, link_id = text_of(body, "orderId"), text_of(body, "orderLinkId")
    status = text_of(body, "orderStatus")
    if order_id or link_id:
        known = book.find(order_id, link_id)
        found = [known] if known is not None else []
    else:
        found = [o for o in book.orders.values() if o.created_ms in span and _in_scope(o.symbol, body)]
    found = [o for o in found if not o.is_open and _is_kept(o, call.now_ms) and matches_filter(o, body)]
    found = [o for o in found if not status or o.status == status]
    found.sort(key=lambda order: (order.created_ms, order.order_id), reverse=True)
    return _orders(call.account, found, body)


def _is_kept(order: Order, now_ms: int) -> bool:
    return bool(order.filled) or order.status not in _FADING or order.updated_ms > now_ms - DAY_MS


def executions(call: Call) -> Reply:
    """Executions and funding settlements of a window, the newest first."""
    linear(call.params)
    body, account = call.params, call.account
    span = window(body, call.now_ms)
    kind, order_id, link_id = (text_of(body, name) for name in ("execType", "orderId", "orderLinkId"))

    def is_meant(row: Execution) -> bool:
        if order_id or link_id:
            return row.order_id == order_id if order_id else row.link_id == link_id
        return row.at_ms in span and _in_scope(row.symbol, body) and (not kind or row.exec_type == kind)

    found = [row for row in reversed(account.book.executions) if is_meant(row)]
    found.sort(key=lambda row: -row.at_ms)
    limit = limit_of(body, default=50, most=100)
    rows, cursor = page(found, body, name=lambda row: row.exec_id, limit=limit)
    shown = [execution_row(row, account.instrument(row.symbol)) for row in rows]
    return Reply({"category": "linear", "list": shown, "nextPageCursor": cursor})


ENDPOINTS = (
    Endpoint(method="GET", path="/v5/order/realtime", handler=realtime, lists=True),
    Endpoint(method="GET", path="/v5/order/history", handler=history, lists=True),
    Endpoint(method="GET", path="/v5/execution/list", handler=executions, lists=True),
)
