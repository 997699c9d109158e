"""Stops and targets of positions: the exchange's own orders that wait for a trigger, and their upkeep."""

from decimal import Decimal

from bot.localvenue.account import Account
from bot.localvenue.codes import TOO_MANY_PARTIAL, VenueError, invalid
from bot.localvenue.model import (
    CREATE_TYPES,
    PARTIAL_STOP_LOSS,
    PARTIAL_TAKE_PROFIT,
    PROTECTIVE,
    STOP_LOSS,
    TAKE_PROFIT,
    TRAILING,
    Leg,
    Order,
)
from bot.localvenue.numbers import ZERO

_MOST_PARTIAL = 20
_SCALE = 10**8


def check_sides(*, long: bool, stop: Decimal, target: Decimal, base: Decimal) -> None:
    """Raise 10001 when a stop or target (0 = none) stands on the wrong side of `base`."""
    side, below, above = ("Buy", "lower", "higher") if long else ("Sell", "higher", "lower")
    if stop and (stop >= base if long else stop <= base):
        raise invalid(_wrong("StopLoss", stop, side, below, base))
    if target and (target <= base if long else target >= base):
        raise invalid(_wrong("TakeProfit", target, side, above, base))


def _wrong(what: str, price: Decimal, side: str, where: str, base: Decimal) -> str:
    scaled, bottom = int(price * _SCALE), int(base * _SCALE)
    return f"{what}:{scaled} set for {side} position should {where} than base_price:{bottom}??LastPrice"


def set_whole(account: Account, leg: Leg, kind: str, price: Decimal, by: str, at_ms: int) -> bool:
    """Set, change or (price 0) remove the stop or target of the whole position; True when that changed anything."""
    found = account.book.protecting(leg, (kind,))
    if not price:
        for order in found:
            cancel_waiting(account, order, "CancelByUser", at_ms)
        return bool(found)
    if not found:
        order = _protective(account, leg, kind, price, by, at_ms)
        order.whole = True
        account.touch(order, at_ms)
        return True
    order = found[0]
    if (order.trigger_price, order.trigger_by) == (price, by):
        return False
    order.trigger_price, order.trigger_by = price, by
    account.touch(order, at_ms)
    return True


def set_trailing(account: Account, leg: Leg, distance: Decimal, active: Decimal | None, at_ms: int) -> bool:
    """Set, change or (distance 0) remove the trailing stop; True when that changed anything."""
    found = account.book.protecting(leg, (TRAILING,))
    if not distance:
        for order in found:
            cancel_waiting(account, order, "CancelByUser", at_ms)
        return bool(found)
    order = found[0] if found else _protective(account, leg, TRAILING, ZERO, "LastPrice", at_ms)
    wanted = (distance, order.trigger_price if active is None else active)
    if found and (order.distance, order.trigger_price) == wanted:
        return False
    order.distance, order.trigger_price = wanted
    order.whole = True
    order.best = ZERO if order.trigger_price else account.board.last(leg.symbol)
    account.touch(order, at_ms)
    return True


def add_partial(
    account: Account, leg: Leg, qty: Decimal, target: tuple[Decimal, str, Decimal], stop: tuple[Decimal, str, Decimal]
) -> None:
    """Add a target and a stop (price or 0, trigger kind, limit price or 0) for a part of the position."""
    at_ms = leg.updated_ms
    kinds = (PARTIAL_TAKE_PROFIT, PARTIAL_STOP_LOSS)
    if len(account.book.protecting(leg, kinds)) >= _MOST_PARTIAL:
        raise VenueError(TOO_MANY_PARTIAL)
    made = []
    for kind, (price, by, limit) in zip(kinds, (target, stop), strict=True):
        if price:
            order = _protective(account, leg, kind, price, by, at_ms)
            order.qty, order.price, order.tpsl_mode = qty, limit, "Partial"
            order.order_type = "Limit" if limit else "Market"
            order.tif = "GTC" if limit else "IOC"
            made.append(order)
    if len(made) == 2:
        made[0].twin, made[1].twin = made[1].order_id, made[0].order_id
    for order in made:
        account.touch(order, at_ms)


def _protective(account: Account, leg: Leg, kind: str, price: Decimal, by: str, at_ms: int) -> Order:
    long = leg.qty > 0
    rising = long is (kind in {TAKE_PROFIT, PARTIAL_TAKE_PROFIT})
    return Order(
        order_id=account.new_id(),
        link_id="",
        symbol=leg.symbol,
        side="Sell" if long else "Buy",
        order_type="Market",
        qty=leg.size,
        tif="IOC",
        position_idx=leg.idx,
        reduce_only=True,
        close_on_trigger=True,
        status="Untriggered",
        stop_order_type=kind,
        create_type=CREATE_TYPES[kind],
        trigger_price=price,
        trigger_direction=1 if rising else 2,
        trigger_by=by,
        tpsl_mode="Full",
        last_on_created=account.board.last(leg.symbol),
        created_ms=at_ms,
        updated_ms=at_ms,
    )


def cancel_waiting(account: Account, order: Order, why: str, at_ms: int) -> None:
    """End an order that waits for its trigger."""
    order.status, order.cancel_type = "Deactivated", why
    account.touch(order, at_ms)


def follow_fill(account: Account, order: Order, filled: Decimal, at_ms: int) -> None:
    """Hand stop and target of an order over to the position it opened or increased."""
    leg = account.book.leg(order.symbol, order.position_idx)
    if not (order.take_profit or order.stop_loss) or not leg.qty or (leg.qty > 0) != order.buy:
        return
    if order.tpsl_mode == "Partial":
        target = (order.take_profit, order.tp_trigger_by, order.tp_limit)
        add_partial(account, leg, min(filled, leg.size), target, (order.stop_loss, order.sl_trigger_by, order.sl_limit))
        return
    if order.attached:
        return
    order.attached = True
    account.book.put(order)
    for kind, price, by in (
        (TAKE_PROFIT, order.take_profit, order.tp_trigger_by),
        (STOP_LOSS, order.stop_loss, order.sl_trigger_by),
    ):
        if price:
            set_whole(account, leg, kind, price, by, at_ms)
            for made in account.book.protecting(leg, (kind,)):
                made.parent_link = order.link_id
                account.book.put(made)


def keep_up(account: Account, leg: Leg, at_ms: int) -> None:
    """Let what protects a leg follow its size: gone or reversed, everything is cleared; else whole orders resize."""
    for order in account.book.protecting(leg, PROTECTIVE):
        if not leg.qty or (leg.qty > 0) == order.buy:
            cancel_waiting(account, order, "CancelByTpSlTsClear", at_ms)
        elif order.whole and order.qty != leg.size:
            order.qty = leg.size
            account.touch(order, at_ms)
