"""Orders and executions into the core's values, from REST rows and stream rows alike."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.core.events import ExecKind, Executed, FundingPaid, OrderReport
from engine.core.market import Instrument
from engine.core.money import Money, to_money
from engine.exchanges.bybit.parse import Fields, UnreadableError, guarded
from engine.exchanges.bybit.parse_market import SETTLE_COIN, Skipped

type Instruments = Mapping[str, Instrument]

_OPEN = frozenset({"Created", "New", "PartiallyFilled", "Untriggered", "Triggered", "Active"})
_OVER = frozenset({"Rejected", "Filled", "Cancelled", "PartiallyFilledCanceled", "Deactivated"})
_FORCED = {
    "BustTrade": ExecKind.LIQUIDATION,
    "AdlTrade": ExecKind.ADL,
    "Settle": ExecKind.DELIVERY,
    "Delivery": ExecKind.DELIVERY,
}
_TRADES = frozenset({"Trade", "BlockTrade", "MovePosition", "FutureSpread", *_FORCED})
# Who made the order: `createType`, and for rows without one `stopOrderType`.
_MADE_BY = {
    "CreateByStopLoss": ExecKind.STOP,
    "CreateByPartialStopLoss": ExecKind.STOP,
    "CreateByTakeProfit": ExecKind.TARGET,
    "CreateByPartialTakeProfit": ExecKind.TARGET,
    "CreateByTrailingStop": ExecKind.TRAILING,
    "CreateByTrailingProfit": ExecKind.TRAILING,
    "CreateByLiq": ExecKind.LIQUIDATION,
    "CreateByTakeOver_PassThrough": ExecKind.LIQUIDATION,
    "CreateByAdl_PassThrough": ExecKind.ADL,
    "CreateBySettle": ExecKind.DELIVERY,
}
_STOP_TYPES = {
    "StopLoss": ExecKind.STOP,
    "PartialStopLoss": ExecKind.STOP,
    "TakeProfit": ExecKind.TARGET,
    "PartialTakeProfit": ExecKind.TARGET,
    "TrailingStop": ExecKind.TRAILING,
}


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order with what only the exchange knows: its status, why it ended, who made it, when it changed."""

    report: OrderReport
    status: str
    why: str
    own: bool
    at_ms: int


@guarded
def order(row: object, instruments: Instruments) -> OrderRow | Skipped:
    """Read one order; those on symbols the desk does not know are skipped. `own` marks the exchange's stops."""
    fields = Fields(row, "order")
    held = _instrument(fields, instruments)
    if isinstance(held, Skipped):
        return held
    status = fields.needed("orderStatus")
    if status not in _OPEN | _OVER:
        raise UnreadableError(f"{fields.where}.orderStatus", f"unknown status {status[:40]!r}")
    report = OrderReport(
        link_id=fields.text("orderLinkId"),
        order_id=fields.needed("orderId"),
        symbol=held.symbol,
        open=status in _OPEN,
        rejected=status == "Rejected",
        filled=fields.steps("cumExecQty", held),
        reduce_only=fields.flag("reduceOnly"),
        what=_words(fields),
    )
    own = _made_by(fields) is not None
    return OrderRow(report, status, _why(fields, status), own, fields.time_ms("updatedTime"))


def _words(fields: Fields) -> str:
    kind, side_, qty, price = (fields.text(name)[:24] for name in ("orderType", "side", "qty", "price"))
    trigger = fields.text("triggerPrice")[:24]
    words = f"{kind} {side_} {qty}".lower().strip()
    words += f" at {price}" if kind == "Limit" and price else ""
    return words + (f", triggered at {trigger}" if trigger.strip("0.") else "")


def _why(fields: Fields, status: str) -> str:
    if status == "Rejected":
        return fields.text("rejectReason") or status
    reasons = (fields.text("cancelType"), fields.text("rejectReason"))
    told = [reason for reason in reasons if reason not in {"", "UNKNOWN", "EC_NoError"}]
    return f"{status}: {told[0]}" if told and status != "Filled" else status


def _instrument(fields: Fields, instruments: Instruments) -> Instrument | Skipped:
    symbol = fields.needed("symbol")
    fields.where = f"{fields.where}.{symbol[:40]}"
    known = instruments.get(symbol)
    category = fields.text("category")
    if known is None or category not in {"", "linear"}:
        return Skipped(symbol)
    return known


def _made_by(fields: Fields) -> ExecKind | None:
    return _MADE_BY.get(fields.text("createType")) or _STOP_TYPES.get(fields.text("stopOrderType"))


@guarded
def execution(row: object, instruments: Instruments) -> Executed | FundingPaid | Skipped:
    """Read one execution: a trade of any origin, or a funding settlement."""
    fields = Fields(row, "execution")
    held = _instrument(fields, instruments)
    if isinstance(held, Skipped):
        return held
    kind = fields.needed("execType")
    if kind == "Funding":
        # The exchange's fee is positive when we pay.
        amount = to_money(fields.decimal("execFee"))
        return FundingPaid(fields.needed("execId"), held.symbol, amount, fields.time_ms("execTime"))
    if kind not in _TRADES:
        raise UnreadableError(f"{fields.where}.execType", f"unknown kind {kind[:40]!r}")
    return _trade(fields, held, kind)


def _trade(fields: Fields, held: Instrument, kind: str) -> Executed:
    made_by = _FORCED.get(kind) or _made_by(fields)
    link_id = fields.text("orderLinkId") if made_by is None else ""
    qty = fields.steps("execQty", held)
    if not qty:
        raise UnreadableError(f"{fields.where}.execQty", "an execution of nothing")
    return Executed(
        exec_id=fields.needed("execId"),
        link_id=link_id,
        order_id=fields.text("orderId"),
        symbol=held.symbol,
        buy=side(fields),
        price=fields.ticks("execPrice", held),
        qty=qty,
        fee=_fee(fields),
        kind=made_by or (ExecKind.ORDER if link_id else ExecKind.MANUAL),
        at_ms=fields.time_ms("execTime"),
        maker=fields.flag("isMaker"),
    )


def _fee(fields: Fields) -> Money:
    # A fee taken in another coin does not touch the wallet that the books follow.
    fee = fields.money("execFee", missing=0) if fields.text("feeCurrency") in {"", SETTLE_COIN} else 0
    try:
        extra = fields.rows("extraFees")
    except UnreadableError:
        return fee
    for row in extra:
        part = Fields(row, f"{fields.where}.extraFees")
        if part.text("feeCoin") == SETTLE_COIN:
            fee += part.money("fee", missing=0)
    return fee


def side(fields: Fields) -> bool:
    """Return whether a row buys; raises UnreadableError for anything but `Buy` and `Sell`."""
    text = fields.text("side")
    if text not in {"Buy", "Sell"}:
        raise UnreadableError(f"{fields.where}.side", f"neither Buy nor Sell: {text[:40]!r}")
    return text == "Buy"
