"""Orders, executions, positions, closed results and flows as Bybit's JSON rows."""

from typing import Any

from bot.localvenue.model import Closed, Execution, Flow, Leg, Order
from bot.localvenue.numbers import ZERO, money, on_grid, or_empty, plain
from engine.core.market import Instrument
from engine.core.money import MONEY_SCALE, Money

# What linear orders never have, and clients still look for.
_NEVER = {
    "blockTradeId": "",
    "isLeverage": "",
    "orderIv": "",
    "marketUnit": "",
    "slippageToleranceType": "UNKNOWN",
    "slippageTolerance": "",
    "ocoTriggerBy": "",
    "placeType": "",
    "smpType": "None",
    "smpGroup": 0,
    "smpOrderId": "",
    "extraFees": "",
}


def order_row(order: Order, instrument: Instrument) -> dict[str, Any]:
    """Return an order as REST shows it."""
    tick, step = instrument.tick, instrument.step
    return {
        "orderId": order.order_id,
        "orderLinkId": order.link_id,
        "parentOrderLinkId": order.parent_link,
        "symbol": order.symbol,
        "price": on_grid(order.price, tick),
        "qty": on_grid(order.qty, step),
        "side": order.side,
        "positionIdx": order.position_idx,
        "orderStatus": order.status,
        "createType": order.create_type,
        "cancelType": order.cancel_type,
        "rejectReason": order.reject_reason,
        "timeInForce": order.tif,
        "orderType": order.order_type,
        "reduceOnly": order.reduce_only,
        "closeOnTrigger": order.close_on_trigger,
        "lastPriceOnCreated": or_empty(order.last_on_created, tick),
        "createdTime": str(order.created_ms),
        "updatedTime": str(order.updated_ms),
        **_done(order, instrument),
        **_triggers(order, instrument),
        **_NEVER,
    }


def _done(order: Order, instrument: Instrument) -> dict[str, Any]:
    step, fee = instrument.step, money(order.fee)
    average = plain((order.value / order.filled).quantize(instrument.tick / 10000)) if order.filled else ""
    return {
        "avgPrice": average,
        "leavesQty": on_grid(order.left, step),
        "leavesValue": plain(order.left * order.price),
        "cumExecQty": on_grid(order.filled, step),
        "cumExecValue": plain(order.value),
        "cumExecFee": fee,
        "cumFeeDetail": {"USDT": fee} if order.filled else {},
    }


def _triggers(order: Order, instrument: Instrument) -> dict[str, Any]:
    tick = instrument.tick
    return {
        "stopOrderType": order.stop_order_type,
        "triggerPrice": or_empty(order.trigger_price, tick),
        "triggerDirection": order.trigger_direction,
        "triggerBy": order.trigger_by,
        "takeProfit": or_empty(order.take_profit, tick),
        "stopLoss": or_empty(order.stop_loss, tick),
        "tpTriggerBy": order.tp_trigger_by,
        "slTriggerBy": order.sl_trigger_by,
        "tpLimitPrice": or_empty(order.tp_limit, tick),
        "slLimitPrice": or_empty(order.sl_limit, tick),
        "tpslMode": order.tpsl_mode,
    }


def order_push(order: Order, instrument: Instrument) -> dict[str, Any]:
    """Return an order as the order topic shows it."""
    row = order_row(order, instrument)
    row |= {"category": "linear", "closedPnl": money(order.closed_pnl), "feeCurrency": "USDT"}
    return row


def execution_row(execution: Execution, instrument: Instrument) -> dict[str, Any]:
    """Return an execution as REST shows it."""
    step = instrument.step
    return {
        "symbol": execution.symbol,
        "orderId": execution.order_id,
        "orderLinkId": execution.link_id,
        "side": execution.side,
        "orderPrice": plain(execution.order_price),
        "orderQty": on_grid(execution.order_qty, step),
        "leavesQty": on_grid(execution.leaves, step),
        "createType": execution.create_type,
        "orderType": execution.order_type,
        "stopOrderType": execution.stop_order_type or "UNKNOWN",
        "execFee": money(execution.fee),
        "execId": execution.exec_id,
        "execPrice": plain(execution.price),
        "execQty": on_grid(execution.qty, step),
        "execType": execution.exec_type,
        "execValue": plain(execution.value),
        "execTime": str(execution.at_ms),
        "feeCurrency": "USDT",
        "isMaker": execution.maker,
        "feeRate": plain(execution.fee_rate),
        "tradeIv": "",
        "markIv": "",
        "markPrice": plain(execution.mark),
        "indexPrice": "",
        "underlyingPrice": "",
        "blockTradeId": "",
        "closedSize": on_grid(execution.closed, step) if execution.closed else "",
        "extraFees": "",
        "seq": execution.seq,
    }


def execution_push(execution: Execution, instrument: Instrument) -> dict[str, Any]:
    """Return an execution as the execution topic shows it."""
    row = execution_row(execution, instrument)
    row |= {"category": "linear", "execPnl": money(execution.pnl), "isLeverage": "0", "marketUnit": ""}
    return row


def closed_row(closed: Closed, instrument: Instrument) -> dict[str, Any]:
    """Return a closed result."""
    step, fine = instrument.step, instrument.tick / 10000
    return {
        "symbol": closed.symbol,
        "orderId": closed.order_id,
        "side": closed.side,
        "qty": on_grid(closed.qty, step),
        "orderPrice": plain(closed.order_price),
        "orderType": closed.order_type,
        "execType": closed.exec_type,
        "closedSize": on_grid(closed.closed, step),
        "cumEntryValue": plain(closed.entry_value),
        "avgEntryPrice": plain((closed.entry_value / closed.closed).quantize(fine)),
        "cumExitValue": plain(closed.exit_value),
        "avgExitPrice": plain((closed.exit_value / closed.closed).quantize(fine)),
        "closedPnl": money(closed.pnl),
        "fillCount": str(closed.fills),
        "leverage": plain(closed.leverage),
        "openFee": money(closed.open_fee),
        "closeFee": money(closed.close_fee),
        "createdTime": str(closed.created_ms),
        "updatedTime": str(closed.updated_ms),
    }


def flow_row(flow: Flow, uid: int) -> dict[str, Any]:
    """Return a line of the transaction log."""
    traded = flow.kind == "TRADE"
    return {
        "transSubType": "",
        "id": f"{uid}_{flow.symbol or 'USDT'}_{flow.number}",
        "symbol": flow.symbol,
        "side": flow.side,
        "funding": money(flow.funding) if flow.kind == "SETTLEMENT" else "",
        "orderLinkId": flow.link_id,
        "orderId": flow.order_id,
        "fee": money(flow.fee),
        "change": money(flow.change),
        "cashFlow": money(flow.cash_flow),
        "transactionTime": str(flow.at_ms),
        "type": flow.kind,
        "feeRate": plain(flow.fee_rate) if flow.symbol else "",
        "bonusChange": "",
        "size": plain(flow.size),
        "qty": plain(flow.qty),
        "cashBalance": money(flow.balance),
        "currency": "USDT",
        "category": "linear" if flow.symbol else "",
        "tradePrice": plain(flow.price) if flow.price or traded else "",
        "tradeId": flow.exec_id,
        "extraFees": "",
    }


def average_price(leg: Leg, instrument: Instrument) -> str:
    """Return the average entry price of a leg, "0" when flat."""
    if not leg.qty:
        return "0"
    exact = ZERO + leg.cost / (leg.size * MONEY_SCALE)
    return plain(exact.quantize(instrument.tick / 10000))


def unrealised(leg: Leg, mark_value: Money) -> Money:
    """Return the open result of a leg whose size is worth `mark_value` at mark."""
    return mark_value - leg.cost if leg.qty > 0 else leg.cost - mark_value
