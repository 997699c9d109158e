"""Amending and cancelling orders."""

from decimal import Decimal
from typing import Any

from bot.localvenue.account import Account
from bot.localvenue.codes import BELOW_FILLED, UNKNOWN_ORDER, VenueError, invalid
from bot.localvenue.committing import commit
from bot.localvenue.listing import base_coin
from bot.localvenue.model import CONDITIONAL, PROTECTIVE, WAITING, Order
from bot.localvenue.numbers import Body, decimal_of, text_of
from bot.localvenue.placing import linear
from bot.localvenue.protecting import cancel_waiting, check_sides

_REPLACE = "order not exists or too late to replace"
_UNMODIFIED = "order not modified"
_MOST_CANCELLED = 500
_FILTERS = ("Order", "StopOrder", "tpslOrder")


def find_open(account: Account, body: Body, text: str = "") -> Order:
    """Return the open order a request names by orderId, else by orderLinkId; 110001 when there is none."""
    linear(body)
    instrument = account.board.listing.need(body.get("symbol"))
    order_id, link_id = text_of(body, "orderId"), text_of(body, "orderLinkId")
    if not order_id and not link_id:
        raise invalid("params error: orderId or orderLinkId is needed")
    order = account.book.find(order_id, link_id)
    if order is None or not order.is_open or order.symbol != instrument.symbol:
        raise VenueError(UNKNOWN_ORDER, text)
    return order


def cancel(account: Account, body: Body, at_ms: int) -> Order:
    """Cancel an order or raise VenueError."""
    order = find_open(account, body)
    withdraw(account, order, at_ms)
    return order


def withdraw(account: Account, order: Order, at_ms: int, why: str = "CancelByUser") -> None:
    """Take an open order back, whatever it waits for."""
    if order.status == WAITING:
        cancel_waiting(account, order, why, at_ms)
        return
    order.cancel_type = why
    account.sim.cancel(order.sim_key, at_ms)
    commit(account)


def cancel_all(account: Account, body: Body, at_ms: int) -> list[Order]:
    """Cancel what a request names; without a filter that is everything, stops and targets too."""
    linear(body)
    _check_scope(account, body)
    wanted = [order for order in account.book.open.values() if _is_meant(order, body)][:_MOST_CANCELLED]
    for order in wanted:
        if order.is_open:
            withdraw(account, order, at_ms)
    return wanted


def _check_scope(account: Account, body: Body) -> None:
    # A wrong request is wrong with nothing open, too.
    if symbol := text_of(body, "symbol"):
        account.board.listing.need(symbol)
    elif not text_of(body, "baseCoin") and not text_of(body, "settleCoin"):
        raise invalid("params error: symbol, baseCoin or settleCoin is needed")
    text_of(body, "orderFilter", allowed=_FILTERS)


def _is_meant(order: Order, body: Body) -> bool:
    symbol, base, settle = (text_of(body, name) for name in ("symbol", "baseCoin", "settleCoin"))
    if symbol:
        inside = order.symbol == symbol
    elif base:
        inside = base_coin(order.symbol) == base
    else:
        inside = settle == "USDT"
    return inside and matches_filter(order, body)


def matches_filter(order: Order, body: Body) -> bool:
    """Whether an order is of the kind that orderFilter and stopOrderType name."""
    wanted = text_of(body, "orderFilter", allowed=_FILTERS)
    is_stop = order.stop_order_type == CONDITIONAL or order.stop_order_type in PROTECTIVE
    if wanted == "Order":
        return not is_stop
    if wanted == "StopOrder":
        kind = text_of(body, "stopOrderType")
        return is_stop and (not kind or kind == order.stop_order_type)
    return wanted != "tpslOrder"


def amend(account: Account, body: Body, at_ms: int) -> Order:
    """Change price, quantity, trigger or stop and target of an open order."""
    order = find_open(account, body, _REPLACE)
    instrument = account.instrument(order.symbol)
    values: dict[str, Decimal] = {}
    for name, field in _FIELDS.items():
        value = decimal_of(body, name)
        grid = instrument.step if name == "qty" else instrument.tick
        if value is not None and value % grid:
            raise invalid(f"params error: {name} invalid")
        if value is not None and value != getattr(order, field):
            values[field] = value
    if not values:
        raise invalid(_UNMODIFIED)
    _check_amended(account, order, values)
    moved = {"qty", "price"} & values.keys()
    before: dict[str, Any] = {field: getattr(order, field) for field in values}
    _assign(order, values)
    if moved and order.status != WAITING:
        _replace(account, order, before, at_ms)
    account.touch(order, at_ms)
    return order


_FIELDS = {
    "qty": "qty",
    "price": "price",
    "triggerPrice": "trigger_price",
    "takeProfit": "take_profit",
    "stopLoss": "stop_loss",
}


def _check_amended(account: Account, order: Order, values: dict[str, Decimal]) -> None:
    if "qty" in values and (not values["qty"] or values["qty"] <= order.filled):
        raise VenueError(BELOW_FILLED)
    if "price" in values and (order.order_type == "Market" or not values["price"]):
        raise invalid("params error: price invalid")
    if "trigger_price" in values and (order.status != WAITING or not values["trigger_price"]):
        raise invalid("params error: triggerPrice invalid")
    stop, target = (values.get(name, getattr(order, name)) for name in ("stop_loss", "take_profit"))
    base = values.get("price", order.price) or order.trigger_price or account.board.last(order.symbol)
    check_sides(long=order.buy, stop=stop, target=target, base=base)
    if order.reduce_only and ({"stop_loss", "take_profit"} & values.keys()):
        raise invalid("reduce-only order cannot set take profit or stop loss")


def _assign(order: Order, values: dict[str, Decimal]) -> None:
    for field, value in values.items():
        setattr(order, field, value)
    if order.take_profit or order.stop_loss:
        order.tpsl_mode = order.tpsl_mode or "Full"
        order.tp_trigger_by = order.tp_trigger_by or ("LastPrice" if order.take_profit else "")
        order.sl_trigger_by = order.sl_trigger_by or ("LastPrice" if order.stop_loss else "")


def _replace(account: Account, order: Order, before: dict[str, Decimal], at_ms: int) -> None:
    """The matching engine cannot amend: the old order leaves, a new one enters; refused, the old terms come back."""
    key = order.sim_key
    account.book.rekey(order, "")
    account.sim.cancel(key, at_ms)
    refused = account.enter(order, at_ms)
    if refused is None:
        return
    for field, value in before.items():
        setattr(order, field, value)
    if account.enter(order, at_ms) is not None:
        order.status, order.cancel_type = "Cancelled", "CancelByUser"
        account.touch(order, at_ms)
    commit(account)
    raise VenueError(int(refused.code), refused.reason)
