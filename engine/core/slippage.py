"""How far fills were from what they counted on: one record and one message for each order that slipped too far."""

from dataclasses import dataclass
from decimal import Decimal

from engine.core import alerts as a
from engine.core.events import ExecKind
from engine.core.facts import SlippageSeen
from engine.core.money import PPM, Money, Steps, Ticks, from_money
from engine.core.orders import Order, Purpose
from engine.core.portfolio import Position
from engine.core.workspace import Workspace

# Of the expected price; of the distance between an entry and its stop. The lesser of the two is the limit.
PRICE_PPM = 5_000
STOP_PPM = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What was filled of an order, and the price it counted on."""

    position_id: str
    profile: str
    symbol: str
    link_id: str
    what: str
    buy: bool
    qty: Steps
    value: Money
    expected: Ticks
    stop: Ticks = 0


def judge_order(ws: Workspace, order: Order) -> None:
    """Compare an order that is over with the price it was decided on; at most one record an order."""
    ticket = order.ticket
    if order.slipped:
        return
    filled = Filled(
        position_id=ticket.position_id,
        profile=ticket.profile,
        symbol=ticket.symbol,
        link_id=ticket.link_id,
        what=ticket.purpose.value,
        buy=ticket.buy,
        qty=order.filled,
        value=order.cost,
        expected=ticket.expected,
        stop=ticket.stop or 0,
    )
    _judge(ws, filled)


def judge_own(ws: Workspace, position: Position, *, long: bool) -> None:
    """Compare what the exchange's own order has closed of a position that is flat with the price that triggered it.

    Where a trailing stop stood only the exchange knows; it is reckoned from the best price seen here, which the
    exchange's is never worse than: a fill beyond it tells nothing, a fill short of it does.
    """
    kind, qty, value = position.own_kind, position.own_qty, position.own_value
    if not qty:
        return
    expected = _trigger(position, kind, long=long)
    reached = expected * qty * position.unit
    if kind == ExecKind.TRAILING and (value >= reached if long else value <= reached):
        return
    filled = Filled(
        position_id=position.position_id,
        profile=position.profile,
        symbol=position.symbol,
        link_id="",
        what=kind,
        buy=not long,
        qty=qty,
        value=value,
        expected=expected,
    )
    _judge(ws, filled)


def _trigger(position: Position, kind: str, *, long: bool) -> Ticks:
    if kind == ExecKind.STOP:
        return position.held_stop or position.stop
    if kind == ExecKind.TARGET:
        return position.held_target or position.target
    trail = position.asked_trail
    return position.high - trail if long else position.low + trail


def _judge(ws: Workspace, filled: Filled) -> None:
    instrument = ws.state.portfolio.instruments[filled.symbol]
    expected, qty = filled.expected, filled.qty
    if expected <= 0 or not qty:
        return
    limit = expected * PRICE_PPM
    if filled.what == Purpose.ENTRY and filled.stop:
        limit = min(limit, abs(expected - filled.stop) * STOP_PPM)
    reckoned = expected * qty * instrument.unit
    cost = filled.value - reckoned if filled.buy else reckoned - filled.value
    if abs(cost) * PPM <= limit * qty * instrument.unit:
        return
    ws.record(
        SlippageSeen(
            position_id=filled.position_id,
            profile=filled.profile,
            symbol=filled.symbol,
            link_id=filled.link_id,
            what=filled.what,
            expected=instrument.price(expected),
            price=instrument.average(filled.value, qty),
            ppm=round(Decimal(cost) * PPM / reckoned),
            limit_ppm=limit // expected,
            at_ms=ws.now_ms,
        )
    )
    ws.alert(
        a.SlippageAlert,
        position_id=filled.position_id,
        symbol=filled.symbol,
        profile=filled.profile,
        long=filled.buy is (filled.what == Purpose.ENTRY),
        what=filled.what,
        quantity=instrument.quantity(qty),
        expected=instrument.price(expected),
        price=instrument.average(filled.value, qty),
        percent=Decimal(cost) * 100 / reckoned,
        limit_percent=Decimal(limit // expected) / 10_000,
        cost=from_money(cost),
        today=ws.state.slips[1],
    )
