"""Private REST endpoints that change orders: create, amend, cancel, one by one, all, or in batches."""

from collections.abc import Callable
from typing import Any

from bot.localvenue.account import Account
from bot.localvenue.calls import Call, Endpoint, Reply
from bot.localvenue.changing import amend, cancel, cancel_all
from bot.localvenue.codes import TEXTS, TOO_MANY, VenueError, invalid
from bot.localvenue.committing import commit
from bot.localvenue.model import Order
from bot.localvenue.numbers import Body
from bot.localvenue.placing import linear, place

MOST_IN_BATCH = 20

type Deed = Callable[[Account, Body, int], Order]


def _done(call: Call, deed: Deed, body: Body) -> Order:
    account = call.account
    order = deed(account, body, account.now_ms(call.now_ms))
    commit(account)
    call.core.soon(account, order.symbol)
    return order


def _names(order: Order) -> dict[str, str]:
    return {"orderId": order.order_id, "orderLinkId": order.link_id}


def create(call: Call) -> Reply:
    """Acknowledge an order; it is matched a moment later."""
    return Reply(_names(_done(call, place, call.params)))


def amend_one(call: Call) -> Reply:
    """Acknowledge a change of an order."""
    return Reply(_names(_done(call, amend, call.params)))


def cancel_one(call: Call) -> Reply:
    """Acknowledge a cancellation."""
    return Reply(_names(_done(call, cancel, call.params)))


def cancel_many(call: Call) -> Reply:
    """Cancel everything a request names."""
    account = call.account
    orders = cancel_all(account, call.params, account.now_ms(call.now_ms))
    commit(account)
    call.core.soon(account, "")
    return Reply({"list": [_names(order) for order in orders], "success": "1"})


def requests_of(body: Body) -> list[dict[str, Any]]:
    """Return the orders of a batch; 10001 for none or too many."""
    linear(body)
    rows = body.get("request")
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_IN_BATCH or not all(isinstance(r, dict) for r in rows):
        raise invalid(f"params error: request must hold 1 to {MOST_IN_BATCH} orders")
    return rows


def _batch(call: Call, deed: Deed, *, created: bool) -> Reply:
    rows, codes = [], []
    for index, request in enumerate(requests_of(call.params)):
        shown = {"category": "linear", "symbol": str(request.get("symbol", ""))}
        shown |= {"orderId": "", "orderLinkId": str(request.get("orderLinkId", ""))}
        try:
            if index >= call.allowed:
                raise VenueError(TOO_MANY, TEXTS[TOO_MANY])
            order = _done(call, deed, {**request, "category": "linear"})
        except VenueError as error:
            codes.append({"code": error.code, "msg": error.text})
        else:
            shown |= _names(order)
            codes.append({"code": 0, "msg": "OK"})
        rows.append(shown | ({"createAt": str(call.now_ms) if shown["orderId"] else ""} if created else {}))
    return Reply({"list": rows}, {"list": codes})


def create_batch(call: Call) -> Reply:
    """Acknowledge several orders, each with its own code."""
    return _batch(call, place, created=True)


def amend_batch(call: Call) -> Reply:
    """Acknowledge several changes, each with its own code."""
    return _batch(call, amend, created=False)


def cancel_batch(call: Call) -> Reply:
    """Acknowledge several cancellations, each with its own code."""
    return _batch(call, cancel, created=False)


BATCHES = ("/v5/order/create-batch", "/v5/order/amend-batch", "/v5/order/cancel-batch")
ENDPOINTS = (
    Endpoint(method="POST", path="/v5/order/create", handler=create),
    Endpoint(method="POST", path="/v5/order/amend", handler=amend_one),
    Endpoint(method="POST", path="/v5/order/cancel", handler=cancel_one),
    Endpoint(method="POST", path="/v5/order/cancel-all", handler=cancel_many),
    Endpoint(method="POST", path="/v5/order/create-batch", handler=create_batch),
    Endpoint(method="POST", path="/v5/order/amend-batch", handler=amend_batch),
    Endpoint(method="POST", path="/v5/order/cancel-batch", handler=cancel_batch),
)
