"""Placing an order: Bybit's checks in Bybit's words, then the matching engine or the wait for a trigger."""

import re
from dataclasses import dataclass
from decimal import Decimal

from bot.localvenue.account import Account
from bot.localvenue.codes import (
    DELISTING,
    DUPLICATE,
    NOT_LIVE,
    PRICE_HIGH,
    PRICE_LOW,
    REDUCE_ONLY,
    TOO_MANY_ORDERS,
    TOO_MANY_STOPS,
    TRIGGER_NOT_ABOVE,
    TRIGGER_NOT_BELOW,
    VenueError,
    invalid,
)
from bot.localvenue.listing import PRICE_RATIO, max_limit_qty
from bot.localvenue.model import CONDITIONAL, WAITING, Leg, Order
from bot.localvenue.numbers import ZERO, Body, decimal_of, flag_of, int_of, plain, text_of
from bot.localvenue.prices import levels
from bot.localvenue.protecting import check_sides
from engine.core.market import Instrument, Status

_LINK_ID = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST_LINK = 36
_MOST_ORDERS = 500
_MOST_STOPS = 10
_TRIGGERS = ("LastPrice", "MarkPrice", "IndexPrice")
_TIFS = ("GTC", "IOC", "FOK", "PostOnly")


def linear(body: Body) -> None:
    """Raise 10001 unless the request is about linear contracts."""
    if body.get("category") != "linear":
        raise invalid("Illegal category" if body.get("category") else "params error: category invalid")


def place(account: Account, body: Body, at_ms: int) -> Order:
    """Take an order or raise VenueError; it fills later, when the account is matched."""
    linear(body)
    instrument = account.board.listing.need(body.get("symbol"))
    order = _read(account, instrument, body, at_ms)
    _check_link(account, order.link_id)
    leg = account.book.leg(order.symbol, order.position_idx)
    _check_open(instrument, order)
    if order.trigger_price:
        _check_trigger(account, order)
        order.status, order.stop_order_type = WAITING, CONDITIONAL
        account.touch(order, at_ms)
        return order
    if not order.qty:
        order.qty = _whole(leg, order, instrument)
    if len([o for o in account.book.open_of(order.symbol) if o.status != WAITING]) >= _MOST_ORDERS:
        raise VenueError(TOO_MANY_ORDERS)
    _check_prices(account, order)
    _enter(account, order, leg, at_ms)
    return order


def _read(account: Account, instrument: Instrument, body: Body, at_ms: int) -> Order:
    side = text_of(body, "side", allowed=("Buy", "Sell"))
    kind = text_of(body, "orderType", allowed=("Market", "Limit"))
    if not side or not kind:
        raise invalid(f"params error: {'orderType' if side else 'side'} invalid")
    trigger = decimal_of(body, "triggerPrice") or ZERO
    order = Order(
        order_id="",
        link_id=text_of(body, "orderLinkId"),
        symbol=instrument.symbol,
        side=side,
        order_type=kind,
        qty=_qty(body, instrument, kind),
        price=_grid(decimal_of(body, "price", text="price invalid"), instrument, "price") if kind == "Limit" else ZERO,
        tif=text_of(body, "timeInForce", "GTC", allowed=_TIFS) if kind == "Limit" else "IOC",
        position_idx=_slot(account, instrument.symbol, body),
        reduce_only=flag_of(body, "reduceOnly"),
        close_on_trigger=flag_of(body, "closeOnTrigger"),
        trigger_price=_grid(trigger, instrument, "triggerPrice"),
        trigger_direction=int_of(body, "triggerDirection", 0) or 0,
        trigger_by=text_of(body, "triggerBy", "LastPrice" if trigger else "", allowed=_TRIGGERS),
        last_on_created=account.board.last(instrument.symbol),
        created_ms=at_ms,
        updated_ms=at_ms,
    )
    if kind == "Limit" and not order.price:
        raise invalid("params error: price invalid")
    # The opposite side of a hedge-mode slot can only close it.
    order.reduce_only |= order.close_on_trigger or (order.position_idx > 0 and order.buy is (order.position_idx == 2))
    _read_protection(order, instrument, body)
    order.order_id = account.new_id()
    return order


def _qty(body: Body, instrument: Instrument, kind: str) -> Decimal:
    qty = decimal_of(body, "qty", text="Qty invalid")
    if qty is None:
        raise invalid("Qty invalid")
    if not qty:
        if flag_of(body, "reduceOnly") and flag_of(body, "closeOnTrigger"):
            return ZERO
        raise invalid("The number of contracts exceeds minimum limit allowed")
    if qty % instrument.step:
        raise invalid("Qty invalid")
    if qty < instrument.quantity(instrument.min_qty):
        raise invalid("The number of contracts exceeds minimum limit allowed")
    if kind == "Limit" and qty > max_limit_qty(instrument):
        raise invalid("The number of contracts exceeds maximum limit allowed: too large")
    return qty


def _grid(price: Decimal | None, instrument: Instrument, name: str) -> Decimal:
    if price is None:
        return ZERO
    if price % instrument.tick:
        raise invalid(f"params error: {name} {plain(price)} is not a multiple of {plain(instrument.tick)}")
    return price


def _slot(account: Account, symbol: str, body: Body) -> int:
    idx = int_of(body, "positionIdx", 0) or 0
    if idx not in account.slots(symbol):
        raise invalid("position idx not match position mode")
    return idx


def _read_protection(order: Order, instrument: Instrument, body: Body) -> None:
    order.take_profit = _grid(decimal_of(body, "takeProfit"), instrument, "takeProfit")
    order.stop_loss = _grid(decimal_of(body, "stopLoss"), instrument, "stopLoss")
    if not (order.take_profit or order.stop_loss):
        return
    if order.reduce_only:
        raise invalid("reduce-only order cannot set take profit or stop loss")
    order.tpsl_mode = text_of(body, "tpslMode", "Full", allowed=("Full", "Partial"))
    order.tp_trigger_by = text_of(body, "tpTriggerBy", "LastPrice", allowed=_TRIGGERS) if order.take_profit else ""
    order.sl_trigger_by = text_of(body, "slTriggerBy", "LastPrice", allowed=_TRIGGERS) if order.stop_loss else ""
    order.tp_limit = _limit_of(body, "tp", order.tpsl_mode, instrument)
    order.sl_limit = _limit_of(body, "sl", order.tpsl_mode, instrument)


def _limit_of(body: Body, which: str, mode: str, instrument: Instrument) -> Decimal:
    if text_of(body, f"{which}OrderType", "Market", allowed=("Market", "Limit")) == "Market":
        return ZERO
    if mode == "Full":
        raise invalid(f"{which}OrderType can only be Market when tpslMode is Full")
    price = _grid(decimal_of(body, f"{which}LimitPrice"), instrument, f"{which}LimitPrice")
    if not price:
        raise invalid(f"params error: {which}LimitPrice invalid")
    return price


def _check_link(account: Account, link_id: str) -> None:
    if not link_id:
        return
    if len(link_id) > _LONGEST_LINK:
        raise invalid("order link id is longer than 45" if len(link_id) > 45 else "orderLinkId is longer than 36")
    if not _LINK_ID.fullmatch(link_id):
        raise invalid("params error: orderLinkId invalid")
    if link_id in account.book.links:
        raise VenueError(DUPLICATE)


def _check_open(instrument: Instrument, order: Order) -> None:
    if instrument.status is Status.DELIVERING and not order.reduce_only:
        raise VenueError(DELISTING)
    if instrument.status not in {Status.TRADING, Status.DELIVERING}:
        raise VenueError(NOT_LIVE)


def _check_trigger(account: Account, order: Order) -> None:
    if order.trigger_direction not in {1, 2}:
        raise invalid("params error: triggerDirection invalid")
    board = account.board
    present = board.last(order.symbol) if order.trigger_by == "LastPrice" else board.mark(order.symbol)
    numbers = f"trigger_price[{int(order.trigger_price * 10**8)}] {{}} current[{int(present * 10**8)}]??laste"
    if order.trigger_direction == 1 and order.trigger_price <= present:
        raise VenueError(TRIGGER_NOT_ABOVE, "expect Rising, but " + numbers.format("<="))
    if order.trigger_direction == 2 and order.trigger_price >= present:
        raise VenueError(TRIGGER_NOT_BELOW, "expect Falling, but " + numbers.format(">="))
    waiting = [o for o in account.book.waiting(order.symbol) if o.stop_order_type == CONDITIONAL]
    if len(waiting) >= _MOST_STOPS:
        raise VenueError(TOO_MANY_STOPS)
    base = order.price or order.trigger_price
    check_sides(long=order.buy, stop=order.stop_loss, target=order.take_profit, base=base)


def _whole(leg: Leg, order: Order, instrument: Instrument) -> Decimal:
    if not leg.qty:
        raise VenueError(REDUCE_ONLY, "current position is zero, cannot fix reduce-only order qty")
    largest = instrument.quantity(instrument.max_market_qty) if order.order_type == "Market" else None
    return leg.size if largest is None else min(leg.size, largest)


def _check_prices(account: Account, order: Order) -> None:
    base = order.price or account.board.last(order.symbol)
    check_sides(long=order.buy, stop=order.stop_loss, target=order.take_profit, base=base)
    if not order.price:
        return
    highest, lowest = price_limits(account, order.symbol)
    if order.buy and order.price > highest:
        raise VenueError(PRICE_HIGH, f"Order price cannot be higher than {plain(highest)}, the price limitation")
    if not order.buy and order.price < lowest:
        raise VenueError(PRICE_LOW, f"Order price cannot be smaller than {plain(lowest)}, the price limitation")


def price_limits(account: Account, symbol: str) -> tuple[Decimal, Decimal]:
    """Return the highest price of a buy and the lowest of a sell."""
    return limits_of(account.board.mark(symbol), account.instrument(symbol))


def limits_of(mark: Decimal, instrument: Instrument) -> tuple[Decimal, Decimal]:
    """Return the highest price of a buy and the lowest of a sell at a mark price."""
    highest = instrument.ticks_down(mark * (1 + PRICE_RATIO))
    lowest = instrument.ticks_up(mark * (1 - PRICE_RATIO))
    return instrument.price(highest), instrument.price(lowest)


@dataclass(frozen=True, slots=True)
class _Book:
    best: Decimal
    room: Decimal


def _opposite(account: Account, order: Order) -> _Book:
    """The best price an order would meet, and how much stands within its limit."""
    instrument = account.instrument(order.symbol)
    room, best = ZERO, ZERO
    for level in levels(account.board.quotes[order.symbol], instrument):
        price = instrument.price(level.ask if order.buy else level.bid)
        best = best or price
        if price <= order.price if order.buy else price >= order.price:
            room += instrument.quantity(level.ask_size if order.buy else level.bid_size)
    return _Book(best, room)


def _enter(account: Account, order: Order, leg: Leg, at_ms: int) -> None:
    if order.reduce_only and leg.qty and (leg.qty > 0) != order.buy:
        order.qty = min(order.qty, leg.size)
    reason = ""
    if order.tif in {"PostOnly", "FOK"}:
        book = _opposite(account, order)
        if order.tif == "PostOnly" and book.room:
            reason = "EC_PostOnlyWillTakeLiquidity"
        elif order.tif == "FOK" and book.room < order.qty:
            reason = "EC_CancelForNoFullFill"
    refused = None if reason else account.enter(order, at_ms)
    if refused is not None:
        raise VenueError(int(refused.code), refused.reason)
    if reason:
        order.status, order.reject_reason = "Cancelled", reason
    account.touch(order, at_ms)
