"""News of the matching engine folded into the account's records: fills, endings, funding."""

from dataclasses import dataclass
from decimal import Decimal

from bot.localvenue.account import MAKER_RATE, TAKER_RATE, Account
from bot.localvenue.model import Closed, Execution, Flow, Leg, Order
from bot.localvenue.numbers import ZERO
from bot.localvenue.rows import execution_push
from engine.core.events import ExecKind, Executed, FundingPaid, OrderEnded
from engine.core.money import Money, from_money, share
from engine.exchanges.sim.ledger import News

_NO_FILL = "EC_NoImmediateQtyToFill"


@dataclass(frozen=True, slots=True)
class Cause:
    """How an execution without an order of the client is told."""

    exec_type: str
    create_type: str
    is_order: bool = True


BY_HAND = Cause("Trade", "CreateByClosing")
BY_HAND_OPENING = Cause("Trade", "CreateByUser")
DELIVERY = Cause("Delivery", "CreateBySettle", is_order=False)
_CAUSES = {
    ExecKind.LIQUIDATION: Cause("BustTrade", "CreateByTakeOver_PassThrough"),
    ExecKind.ADL: Cause("AdlTrade", "CreateByAdl_PassThrough"),
    ExecKind.MANUAL: BY_HAND,
}


@dataclass(frozen=True, slots=True)
class _Effect:
    """What one execution did to its leg."""

    closed: Decimal
    entry_value: Money
    pnl: Money
    open_fee: Money
    close_fee: Money


def fold(account: Account, event: News, cause: Cause | None = None) -> None:
    """Fold one piece of news. `cause` says whose hand a trade without an order was."""
    match event:
        case Executed():
            _executed(account, event, cause)
        case OrderEnded():
            order = account.book.by_key(event.link_id)
            if order is not None:
                _ended(account, order, event)
        case FundingPaid():
            _funded(account, event)


def _executed(account: Account, event: Executed, cause: Cause | None) -> None:
    leg = account.leg_of(event.symbol)
    instrument = account.instrument(leg.symbol)
    told = cause or _CAUSES.get(event.kind, BY_HAND)
    order = account.book.by_key(event.link_id) if event.link_id else None
    if order is None:
        order = _forced(account, leg, event, told)
    price, qty = instrument.price(event.price), instrument.quantity(event.qty)
    effect = _fold_leg(account, leg, event)
    order.filled += qty
    order.value += price * qty
    order.fee += event.fee
    order.closed_pnl += effect.pnl - effect.close_fee - effect.open_fee if effect.closed else 0
    order.status = "Filled" if order.filled >= order.qty else "PartiallyFilled"
    is_own = bool(event.link_id)
    account.book.settings.cash += effect.pnl - event.fee
    execution = _execution(account, event, order, effect, "Trade" if is_own else told.exec_type)
    account.book.executions.append(execution)
    if effect.closed:
        _close(account, leg, execution, effect)
    if is_own or told.is_order:
        account.touch(order, event.at_ms)
    account.outbox.append(("execution", execution_push(execution, instrument)))
    _log_trade(account, leg, execution)
    account.moved(leg.symbol, leg.idx)
    account.wallet_moved = True


def _forced(account: Account, leg: Leg, event: Executed, cause: Cause) -> Order:
    instrument = account.instrument(leg.symbol)
    return Order(
        order_id=account.new_id(),
        link_id="",
        symbol=leg.symbol,
        side="Buy" if event.buy else "Sell",
        order_type="Market",
        qty=instrument.quantity(event.qty),
        price=instrument.price(event.price),
        tif="IOC",
        position_idx=leg.idx,
        reduce_only=bool(leg.qty) and (leg.qty > 0) != event.buy and cause is not BY_HAND_OPENING,
        create_type=cause.create_type,
        created_ms=event.at_ms,
        updated_ms=event.at_ms,
    )


def _fold_leg(account: Account, leg: Leg, event: Executed) -> _Effect:
    """The same arithmetic as the matching engine's, on the records' side of the books."""
    instrument = account.instrument(leg.symbol)
    size, opposed = account.steps(leg), bool(leg.qty) and (leg.qty > 0) != event.buy
    steps = min(event.qty, size) if opposed else 0
    value = instrument.notional(event.price, event.qty)
    close_fee = share(event.fee, steps, event.qty)
    entry = pnl = open_fee = 0
    if steps:
        entry = leg.cost if steps == size else share(leg.cost, steps, size)
        open_fee = leg.open_fee if steps == size else share(leg.open_fee, steps, size)
        gone = instrument.notional(event.price, steps)
        pnl = gone - entry if leg.qty > 0 else entry - gone
        leg.cost -= entry
        leg.open_fee -= open_fee
    if not leg.qty or (opposed and event.qty > size):
        leg.current, leg.created_ms = 0, event.at_ms
    if event.qty > steps:
        leg.cost += value - instrument.notional(event.price, steps)
        leg.open_fee += event.fee - close_fee
    signed = instrument.quantity(event.qty)
    leg.qty += signed if event.buy else -signed
    leg.current += pnl - event.fee
    leg.total += pnl - event.fee
    leg.updated_ms, leg.seq = event.at_ms, account.book.next_seq()
    account.book.touch(leg)
    return _Effect(instrument.quantity(steps), entry, pnl, open_fee, close_fee)


def _execution(account: Account, event: Executed, order: Order, effect: _Effect, exec_type: str) -> Execution:
    instrument = account.instrument(order.symbol)
    price, qty = instrument.price(event.price), instrument.quantity(event.qty)
    return Execution(
        exec_id=account.new_id(),
        order_id=order.order_id,
        link_id=order.link_id,
        symbol=order.symbol,
        side=order.side,
        order_type=order.order_type,
        stop_order_type=order.stop_order_type,
        create_type=order.create_type,
        exec_type=exec_type,
        order_price=order.price or price,
        order_qty=order.qty,
        leaves=order.qty - order.filled,
        price=price,
        qty=qty,
        value=price * qty,
        fee=event.fee,
        fee_rate=MAKER_RATE if event.maker else TAKER_RATE,
        maker=event.maker,
        mark=account.board.mark(order.symbol),
        closed=effect.closed,
        pnl=effect.pnl,
        at_ms=event.at_ms,
        seq=account.book.settings.seq,
    )


def _close(account: Account, leg: Leg, execution: Execution, effect: _Effect) -> None:
    closed = account.book.closed.get(execution.order_id)
    if closed is None:
        closed = Closed(
            order_id=execution.order_id,
            symbol=execution.symbol,
            side=execution.side,
            order_type=execution.order_type,
            exec_type=execution.exec_type,
            qty=execution.order_qty,
            order_price=execution.order_price,
            leverage=leg.leverage,
            created_ms=execution.at_ms,
        )
    closed.closed += effect.closed
    closed.entry_value += from_money(effect.entry_value)
    closed.exit_value += execution.price * effect.closed
    closed.open_fee += effect.open_fee
    closed.close_fee += effect.close_fee
    closed.pnl += effect.pnl - effect.open_fee - effect.close_fee
    closed.fills += 1
    closed.updated_ms = execution.at_ms
    account.book.close(closed)


def _log_trade(account: Account, leg: Leg, execution: Execution) -> None:
    account.book.flows.append(
        Flow(
            number=account.book.number(),
            kind="DELIVERY" if execution.exec_type == "Delivery" else "TRADE",
            symbol=execution.symbol,
            side=execution.side,
            at_ms=execution.at_ms,
            qty=execution.qty,
            size=leg.qty,
            price=execution.price,
            fee=execution.fee,
            fee_rate=execution.fee_rate,
            cash_flow=execution.pnl,
            change=execution.pnl - execution.fee,
            balance=account.book.settings.cash,
            exec_id=execution.exec_id,
            order_id=execution.order_id,
            link_id=execution.link_id,
        )
    )


def _ended(account: Account, order: Order, event: OrderEnded) -> None:
    order.status = "Cancelled"
    if event.why in {"Filled", "CancelByReduceOnly"}:
        order.cancel_type = "CancelByReduceOnly"
    elif order.cancel_type == "UNKNOWN" and (order.order_type == "Market" or order.tif in {"IOC", "FOK"}):
        order.reject_reason = _NO_FILL
    elif order.cancel_type == "UNKNOWN":
        order.cancel_type = "CancelByUser"
    account.touch(order, event.at_ms)


def _funded(account: Account, event: FundingPaid) -> None:
    leg = account.leg_of(event.symbol)
    book = account.book
    book.settings.cash -= event.amount
    leg.current -= event.amount
    leg.total -= event.amount
    leg.updated_ms, leg.seq = event.at_ms, book.next_seq()
    book.touch(leg)
    mark = account.board.mark(leg.symbol)
    value = mark * leg.size
    paid = event.amount if leg.qty > 0 else -event.amount
    execution = Execution(
        exec_id=account.new_id(),
        order_id=account.new_id(),
        link_id="",
        symbol=leg.symbol,
        side=leg.side,
        order_type="UNKNOWN",
        stop_order_type="",
        create_type="",
        exec_type="Funding",
        order_price=ZERO,
        order_qty=ZERO,
        leaves=ZERO,
        price=mark,
        qty=leg.size,
        value=value,
        fee=event.amount,
        fee_rate=(from_money(paid) / value).quantize(Decimal("0.00000001")) if value else ZERO,
        maker=False,
        mark=mark,
        closed=ZERO,
        pnl=0,
        at_ms=event.at_ms,
        seq=book.settings.seq,
    )
    book.executions.append(execution)
    account.outbox.append(("execution", execution_push(execution, account.instrument(leg.symbol))))
    _log_funding(account, leg, execution)
    account.moved(leg.symbol, leg.idx)
    account.wallet_moved = True


def _log_funding(account: Account, leg: Leg, execution: Execution) -> None:
    signed_rate = execution.fee_rate if leg.qty > 0 else -execution.fee_rate
    account.book.flows.append(
        Flow(
            number=account.book.number(),
            kind="SETTLEMENT",
            symbol=leg.symbol,
            side=leg.side,
            at_ms=execution.at_ms,
            qty=leg.size,
            size=leg.qty,
            price=execution.price,
            funding=-execution.fee,
            fee_rate=signed_rate,
            change=-execution.fee,
            balance=account.book.settings.cash,
            exec_id=execution.exec_id,
            order_id=execution.order_id,
        )
    )
