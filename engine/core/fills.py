"""What the exchange says about our orders and positions: fills are booked once, endings believed on evidence, people
told.
"""

from decimal import Decimal

from engine.core import alerts as a
from engine.core.commands import ACCOUNT
from engine.core.effects import QueryAccount
from engine.core.entries import reverse
from engine.core.events import (
    ExecKind,
    Executed,
    FundingPaid,
    OrderAccepted,
    OrderEnded,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderRejected,
    OrderSent,
    OrderUnsent,
    ProtectionRefused,
    ProtectionReported,
)
from engine.core.exits import ask, cancel_entries, close_position
from engine.core.facts import CooldownSet, Hold, HoldSet, TradeClosed
from engine.core.money import Money, at_rate, from_money
from engine.core.orders import TRANSITIONS, Order, OrderStatus, Purpose, Word
from engine.core.portfolio import EXTERNAL, Position
from engine.core.profile import Anchor, Cooldown, HoldLevel
from engine.core.reclaim import give_back, on_unrecorded
from engine.core.slippage import judge_order, judge_own
from engine.core.trades import Trade
from engine.core.trailing import begin as begin_trail
from engine.core.workspace import Workspace

BY_HAND = "by hand"
_BY_HAND = {BY_HAND, ExecKind.MANUAL.value, EXTERNAL}
_FORCED = {ExecKind.LIQUIDATION, ExecKind.ADL}
_UNHEARD = {OrderStatus.CREATED, OrderStatus.SUBMITTED}


def on_executed(ws: Workspace, event: Executed) -> None:
    """Book an execution once; tell of a completed entry, of a flat position, of a forced close."""
    if ws.state.knows(event.exec_id):
        return
    if event.symbol not in ws.state.portfolio.instruments:
        if f"unknown/{event.symbol}" in ws.asked:
            return
        ws.asked[f"unknown/{event.symbol}"] = ws.wall_ms
        detail = f"An execution on {event.symbol} arrived, which the desk does not know; the account is being compared."
        ws.alert(a.SystemAlert, topic="exchange", title=f"Unknown symbol {event.symbol}", detail=detail, critical=True)
        ws.emit(QueryAccount(f"execution on unknown {event.symbol}"))
        return
    order = ws.state.book.orders.get(event.link_id)
    before = ws.positions.get(event.symbol)
    qty = before.qty if before is not None else 0
    trade = ws.record(event)
    ws.dirty = True
    position = ws.positions.get(event.symbol)
    on_unrecorded(ws, event, before)
    if event.kind is ExecKind.MANUAL and position is not None:
        _tell_hand(ws, event, position, qty)
    if event.kind in _FORCED:
        _forced(ws, event, before)
    if trade is not None and before is not None:
        on_flat(ws, trade)
        judge_own(ws, before, long=not event.buy)
    if order is not None:
        if position is not None and position is not before and order.ticket.purpose is Purpose.ENTRY:
            _rest(ws, event.symbol, position.profile, "entry", event.at_ms)
        if order.over:
            _filled(ws, order, position)


def _filled(ws: Workspace, order: Order, position: Position | None) -> None:
    if position is not None and order.ticket.purpose is Purpose.ENTRY:
        _entered(ws, position, order)
    else:
        judge_order(ws, order)


def _tell_hand(ws: Workspace, event: Executed, position: Position, qty: int) -> None:
    # One order by hand may fill in many parts.
    key = f"hand/{event.symbol}/{event.order_id}"
    if key in ws.asked:
        return
    ws.asked[key] = ws.wall_ms
    held = ws.state.portfolio.instruments[event.symbol].quantity(abs(qty))
    before = f"the desk had it {'long' if qty > 0 else 'short'} {held}" if qty else "the desk had no position on it"
    if position.profile == EXTERNAL:
        rest = "What is held now is external: no profile manages it unless it is adopted from /positions."
    else:
        rest = f"{position.profile} goes on with what is held now; stop and target cover all of it."
    ws.alert(
        a.SystemAlert,
        topic="reconciliation",
        title=f"{event.symbol} {'bought' if event.buy else 'sold'} by hand",
        detail=f"Until then {before}. {rest}",
    )


def _forced(ws: Workspace, event: Executed, position: Position | None) -> None:
    instrument = ws.state.portfolio.instruments[event.symbol]
    ws.alert(
        a.LiquidationAlert,
        position_id=position.position_id if position else "",
        symbol=event.symbol,
        profile=position.profile if position else "",
        quantity=instrument.quantity(event.qty),
        price=instrument.price(event.price),
        cause=event.kind.value,
    )
    reason = f"{event.kind.value} on {event.symbol}"
    hold = Hold(
        hold_id="forced", scope=ACCOUNT, level=HoldLevel.REDUCE_ONLY, reason=reason, lift="admin", set_ms=event.at_ms
    )
    ws.record(HoldSet(hold, event.at_ms))


def on_flat(ws: Workspace, trade: Trade) -> None:
    """A position is flat: its trade is kept and told, the symbol rests, and a waiting reversal goes on."""
    ws.record(TradeClosed(trade, trade.exit_ms))
    ws.watches.pop(trade.symbol, None)
    _rest(ws, trade.symbol, trade.profile, "close", trade.exit_ms, by_hand=trade.reason in _BY_HAND)
    _rest_after_quick_exit(ws, trade)
    if ws.telling:
        _tell_exit(ws, trade)
    cancel_entries(ws, trade.symbol)
    reverse(ws, trade.symbol)


def _tell_exit(ws: Workspace, trade: Trade) -> None:
    value = trade.entry * trade.quantity
    ws.alert(
        a.ExitAlert,
        position_id=trade.position_id,
        symbol=trade.symbol,
        profile=trade.profile,
        long=trade.long,
        quantity=trade.quantity,
        entry=trade.entry,
        exit=trade.exit,
        gross=trade.gross,
        fees=trade.fees,
        funding=trade.funding,
        net=trade.net,
        net_percent=trade.net / value * 100 if value else Decimal(0),
        r_multiple=trade.r_multiple,
        reason=trade.reason,
        duration_ms=trade.exit_ms - trade.entry_ms,
        today_net=from_money(sum(ws.state.portfolio.day_net.values())),
    )


def rest_until(rule: Cooldown, at_ms: int) -> int:
    """Return when a cooldown that begins at a time ends."""
    if rule.anchor is Anchor.GRID:
        return (at_ms // rule.length_ms + 1) * rule.length_ms
    return at_ms + rule.length_ms


def _rest(ws: Workspace, symbol: str, profile: str, why: str, at_ms: int, *, by_hand: bool = False) -> None:
    known = ws.profile(profile)
    rule = known.cooldown if known else Cooldown()
    if rule.length_ms and not (rule.anchor is Anchor.ROLLING and why == "entry"):
        until = rest_until(rule, at_ms)
    elif by_hand:
        until = at_ms + ws.account.hand_cooldown_ms
    else:
        return
    _set_rest(ws, symbol, until, why, at_ms)


def _rest_after_quick_exit(ws: Workspace, trade: Trade) -> None:
    known = ws.profile(trade.profile)
    rule = known.cooldown if known else Cooldown()
    if rule.quick_rest_ms and trade.exit_ms - trade.entry_ms <= rule.quick_within_ms:
        _set_rest(ws, trade.symbol, trade.exit_ms + rule.quick_rest_ms, "quick exit", trade.exit_ms)


def _set_rest(ws: Workspace, symbol: str, until: int, why: str, at_ms: int) -> None:
    if until > ws.state.cooldowns.get(symbol, 0):
        ws.record(CooldownSet(symbol, until, why, at_ms))
        if why != "entry":
            # An entry's own message says enough; what follows a close is news.
            ws.alert(a.CooldownAlert, symbol=symbol, until_ms=until, why=why)


def _entered(ws: Workspace, position: Position, order: Order) -> None:
    begin_trail(ws, position)
    if ws.telling:
        _tell_entry(ws, position, order)
    judge_order(ws, order)


def _tell_entry(ws: Workspace, position: Position, order: Order) -> None:
    instrument = ws.state.portfolio.instruments[position.symbol]
    average = instrument.average(position.entry_value, position.entered)
    expected = instrument.price(position.expected)
    slip = (average - expected) / expected * (1 if position.long else -1) * 100
    stop, target = position.stop or None, position.target or None
    ws.alert(
        a.EntryAlert,
        position_id=position.position_id,
        symbol=position.symbol,
        profile=position.profile,
        long=position.long,
        rule=order.ticket.reason,
        also=order.ticket.also,
        quantity=instrument.quantity(position.size),
        price=average,
        notional=from_money(position.cost),
        slippage_percent=slip,
        stop=instrument.price(stop) if stop else None,
        stop_net=from_money(net_at(ws, position, stop)) if stop else None,
        target=instrument.price(target) if target else None,
        target_net=from_money(net_at(ws, position, target)) if target else None,
        reward_risk=_reward_risk(position),
        margin=from_money(position.margin()),
        leverage=position.leverage,
        trail=instrument.price(position.trail) if position.trail else None,
    )


def _reward_risk(position: Position) -> Decimal | None:
    if not (position.stop and position.target):
        return None
    risk = -position.unrealised(position.stop)
    return Decimal(position.unrealised(position.target)) / risk if risk > 0 else None


def net_at(ws: Workspace, position: Position, price: int) -> Money:
    """Return the result of closing at a price, after the fees paid so far and the taker fee of the close."""
    value = price * position.size * position.unit
    return (
        position.gross
        + position.unrealised(price)
        - position.fees
        - position.funding
        - at_rate(value, ws.account.taker_e8)
    )


def on_funding(ws: Workspace, event: FundingPaid) -> None:
    """Book a funding settlement once."""
    if not ws.state.knows(event.exec_id):
        ws.record(event)
        ws.dirty = True


def on_word(ws: Workspace, event: OrderSent | OrderAccepted) -> None:
    """Take in that an order left or is on the exchange."""
    order = ws.state.book.orders.get(event.link_id)
    word = Word.SENT if isinstance(event, OrderSent) else Word.ACCEPTED
    if order is not None and (order.status, word) in TRANSITIONS:
        ws.record(event)


def on_ended(ws: Workspace, event: OrderEnded) -> None:
    """An order is over; when fills are missing here they are asked for and the reservation stays."""
    order = ws.state.book.orders.get(event.link_id)
    if order is None or order.over:
        return
    if order.final != event.filled or order.filled >= event.filled:
        ws.record(event)
    if not order.over:
        ws.emit(QueryAccount(f"{event.filled - order.filled} steps of {event.link_id} filled but not reported"))
        return
    _over(ws, order, event.why)


def _over(ws: Workspace, order: Order, why: str) -> None:
    position = ws.positions.get(order.ticket.symbol)
    if order.ticket.purpose is Purpose.ENTRY and order.filled and position is not None:
        _entered(ws, position, order)
    elif not order.filled:
        _tell_order(ws, order, "expired", why)
    else:
        judge_order(ws, order)


def on_rejected(ws: Workspace, event: OrderRejected | OrderUnsent) -> None:
    """An order was refused or never left. A refused close means that our view may be wrong: compare, and the sweep
    tries again.
    """
    order = ws.state.book.orders.get(event.link_id)
    if order is None or order.over:
        return
    ws.record(event)
    why = f"{event.code}: {event.reason}" if isinstance(event, OrderRejected) else event.why
    _tell_order(ws, order, "rejected" if isinstance(event, OrderRejected) else "unsent", why)
    if order.ticket.purpose is Purpose.EXIT:
        ws.emit(QueryAccount(f"close of {order.ticket.symbol} refused"))


def on_unknown(ws: Workspace, event: OrderOutcomeUnknown) -> None:
    """Nobody knows whether the order is on the exchange: keep its reservation and ask."""
    order = ws.state.book.orders.get(event.link_id)
    if order is None or order.status not in _UNHEARD:
        return
    ws.record(event)
    _tell_order(ws, order, "unknown", event.why, critical=True)
    ask(ws, order)


def on_not_found(ws: Workspace, event: OrderNotFound) -> None:
    """The exchange does not know the order; believed only when the question was conclusive; what was filled
    stays filled.
    """
    order = ws.state.book.orders.get(event.link_id)
    if order is None or order.over or not event.conclusive:
        return
    ws.record(event)
    _over(ws, order, "the exchange never had it")


def _tell_order(ws: Workspace, order: Order, what: str, why: str, *, critical: bool = False) -> None:
    ticket = order.ticket
    instrument = ws.state.portfolio.instruments[ticket.symbol]
    ws.alert(
        a.OrderAlert,
        position_id=ticket.position_id,
        symbol=ticket.symbol,
        profile=ticket.profile,
        entry=ticket.purpose is Purpose.ENTRY,
        buy=ticket.buy,
        quantity=instrument.quantity(ticket.qty),
        what=what,
        why=why,
        critical=critical,
    )


def on_protection(ws: Workspace, event: ProtectionReported) -> None:
    """Take in which stop, target and trail the exchange holds."""
    position = ws.positions.get(event.symbol)
    if position is None:
        return
    if (position.held_stop, position.held_target, position.held_trail) != (event.stop, event.target, event.trail):
        ws.record(event)
    give_back(ws, event.symbol)


def on_protection_refused(ws: Workspace, event: ProtectionRefused) -> None:
    """A stop that the exchange will not take leaves one safe answer: close when the price is beyond it; else the watch
    tries again.
    """
    watch = ws.watches.get(event.symbol)
    if watch is not None:
        watch.why = event.reason
    position = ws.positions.get(event.symbol)
    if position is None or position.held_stop == position.stop:
        return
    mark = ws.marks.get(event.symbol, 0)
    beyond = mark <= position.stop if position.long else mark >= position.stop
    if mark and position.stop and beyond:
        _tell_protection(ws, position, event.reason, "The price is already beyond the stop: closing at the market.")
        close_position(ws, position, "stop refused")


def _tell_protection(ws: Workspace, position: Position, why: str, doing: str) -> None:
    ws.alert(
        a.ProtectionAlert,
        position_id=position.position_id,
        symbol=position.symbol,
        profile=position.profile,
        why=why,
        doing=doing,
    )


def tell_unprotected(ws: Workspace, position: Position) -> None:
    """Tell that a position has no stop on the exchange and is being closed for it."""
    _tell_protection(ws, position, "The exchange shows no stop after three attempts in 5 s.", "Closing at the market.")
