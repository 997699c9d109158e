"""What a price does to an account: triggers fire, orders match against the book, funding is settled.

An order that takes liquidity walks the book level by level; what the book does not hold is cancelled. Resting orders
share what was traded.
"""

from decimal import Decimal

from bot.localvenue.account import Account, name_of, names_of
from bot.localvenue.committing import commit
from bot.localvenue.model import (
    PARTIAL_STOP_LOSS,
    STOP_LOSS,
    TRAILING,
    WAITING,
    Leg,
    Order,
)
from bot.localvenue.prices import Quote, levels
from bot.localvenue.protecting import cancel_waiting
from engine.core.money import rate_to_e8
from engine.exchanges.base import Rejected

_FUNDING_MS = 8 * 3_600_000


def on_quote(account: Account, quote: Quote) -> None:
    """Take in a price of a symbol; symbols with nothing open are passed over."""
    if quote.symbol not in account.active:
        return
    _fire_due(account, quote)
    for name in names_of(quote.symbol, account.slots(quote.symbol)):
        if account.sim.quiet_band(name) is None:
            _walk(account, name, quote)
        account.sim.on_quote(
            name, quote.at_ms, quote.last, bid=quote.bid, ask=quote.ask, mark=quote.mark, size=max(quote.traded, 1)
        )
    _cancel_takers(account, quote.symbol, quote.at_ms)
    commit(account)
    account.flush()


def match(account: Account, symbol: str, at_ms: int) -> None:
    """Match the orders of a symbol against the book as it stands."""
    quote = account.board.quotes[symbol]
    _fire_due(account, quote)
    for name in names_of(symbol, account.slots(symbol)):
        if account.sim.quiet_band(name) is None:
            _walk(account, name, quote)
    _cancel_takers(account, symbol, account.now_ms(at_ms))
    commit(account)
    account.flush()


def _walk(account: Account, name: str, quote: Quote) -> None:
    at_ms = max(quote.at_ms, account.sim.now_ms)
    instrument = account.instrument(quote.symbol)
    working = [order for order in account.book.open_of(quote.symbol) if order.sim_key]
    buys = any(order.buy for order in [order for order in working if _takes(order)] or working)
    for level in levels(quote, instrument):
        size = level.ask_size if buys else level.bid_size
        account.sim.on_quote(name, at_ms, quote.last, bid=level.bid, ask=level.ask, mark=quote.mark, size=size)
        if account.sim.quiet_band(name) is not None:
            break
    account.sim.on_quote(name, at_ms, quote.last, bid=quote.bid, ask=quote.ask, mark=quote.mark, size=0)


def _takes(order: Order) -> bool:
    is_taking = order.order_type == "Market" or order.tif in {"IOC", "FOK"}
    return is_taking and bool(order.sim_key) and order.status != WAITING


def _cancel_takers(account: Account, symbol: str, at_ms: int) -> None:
    commit(account)
    for order in account.book.open_of(symbol):
        if _takes(order):
            account.sim.cancel(order.sim_key, at_ms)


def _fire_due(account: Account, quote: Quote) -> None:
    due = [order for order in account.book.waiting(quote.symbol) if _is_due(account, order, quote)]
    for order in due:
        # One that was fired may have cancelled its twin.
        if order.status == WAITING and not _is_beaten(order, due):
            fire(account, order, max(quote.at_ms, account.sim.now_ms))


def _is_beaten(order: Order, due: list[Order]) -> bool:
    # Of stop and trailing stop that one price reached the one nearer to the position's profit acts.
    rival = {STOP_LOSS: TRAILING, TRAILING: STOP_LOSS}.get(order.stop_order_type)
    others = [o for o in due if rival and o.stop_order_type == rival and o.position_idx == order.position_idx]
    ahead = -1 if order.buy else 1
    lead = max((ahead * (_level(other) - _level(order)) for other in others), default=Decimal(-1))
    return lead > 0 or (lead == 0 and order.stop_order_type == TRAILING)


def _level(order: Order) -> Decimal:
    if order.stop_order_type != TRAILING:
        return order.trigger_price
    return order.best + (order.distance if order.buy else -order.distance)


def _is_due(account: Account, order: Order, quote: Quote) -> bool:
    tick = account.instrument(order.symbol).tick
    price = tick * (quote.last if order.trigger_by in {"", "LastPrice"} else quote.mark)
    if order.stop_order_type == TRAILING:
        due = _trail(account, order, price)
    else:
        due = price >= order.trigger_price if order.trigger_direction == 1 else price <= order.trigger_price
    return due and not _is_liquidated_first(account, order, tick * quote.mark)


def _trail(account: Account, order: Order, price: Decimal) -> bool:
    long = not order.buy
    if not order.best:
        reached = price >= order.trigger_price if long else price <= order.trigger_price
        if reached:
            order.best = price
            account.book.put(order)
        return False
    if price > order.best if long else price < order.best:
        order.best = price
        account.book.put(order)
    return price <= order.best - order.distance if long else price >= order.best + order.distance


def _is_liquidated_first(account: Account, order: Order, mark: Decimal) -> bool:
    if order.stop_order_type not in {STOP_LOSS, PARTIAL_STOP_LOSS}:
        return False
    leg = account.book.leg(order.symbol, order.position_idx)
    edge = account.liquidation(leg)
    if not edge:
        return False
    if leg.qty > 0:
        return mark <= edge and order.trigger_price < edge
    return mark >= edge and order.trigger_price > edge


def fire(account: Account, order: Order, at_ms: int) -> None:
    """Let a waiting order become a working one; one that has nothing to do any more is cancelled."""
    twin = account.book.open.get(order.twin)
    if twin is not None and twin.status == WAITING:
        stopped = order.stop_order_type == PARTIAL_STOP_LOSS
        why = "CancelByOCOTpCanceledBySlTriggered" if stopped else "CancelByOCOSlCanceledByTpTriggered"
        cancel_waiting(account, twin, why, at_ms)
    leg = account.book.leg(order.symbol, order.position_idx)
    if order.whole or (order.close_on_trigger and not order.qty):
        order.qty = _closable(account, leg)
    elif order.reduce_only and leg.qty and (leg.qty > 0) != order.buy:
        order.qty = min(order.qty, leg.size)
    order.status = "Triggered"
    account.touch(order, at_ms)
    refused = account.enter(order, at_ms) if order.qty else Rejected("110017", "current position is zero")
    if refused is None:
        order.status = "New"
        account.touch(order, at_ms)
        return
    order.status = "Cancelled"
    order.cancel_type = "CancelByReduceOnly" if refused.code == "110017" else "UNKNOWN"
    order.reject_reason = "EC_NoError" if refused.code == "110017" else "EC_Others"
    account.touch(order, at_ms)


def _closable(account: Account, leg: Leg) -> Decimal:
    largest = account.instrument(leg.symbol)
    return min(leg.size, largest.quantity(largest.max_market_qty))


def fund(account: Account, symbol: str, due_ms: int, rate: float) -> None:
    """Tell the matching engine the rate of a settlement; the next price after it settles."""
    if symbol in account.active:
        for name in names_of(symbol, account.slots(symbol)):
            account.sim.set_funding(name, due_ms, rate_to_e8(repr(rate)))


def missed_funding(account: Account, symbol: str, now_ms: int) -> list[int]:
    """Return the settlements that fell due while nobody fed an open position."""
    first = min(account.sim.next_funding_ms(name_of(symbol, idx)) for idx in account.slots(symbol))
    return list(range(first, now_ms + 1, _FUNDING_MS)) if first and symbol in account.active else []
