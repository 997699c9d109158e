"""What the simulated exchange refuses, with the codes and meanings of Bybit's V5 API."""

import re

from engine.core.market import Status
from engine.core.money import PPM
from engine.exchanges.base import Rejected
from engine.exchanges.sim.ledger import Ledger
from engine.exchanges.sim.margin import needed, opening_qty
from engine.exchanges.sim.model import Market, Request

_LINK_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")
INVALID = "10001"
UNKNOWN_ORDER = "110001"
NO_MARGIN = "110007"
LEVERAGE = "110013"
REDUCE_ONLY = "110017"
DUPLICATE = "110072"
NOT_LIVE = "110074"
SMALL_NOTIONAL = "110094"
UNCHANGED = "34040"


def order_refusal(ledger: Ledger, request: Request) -> Rejected | None:
    """Return why an order is refused, or None when it is taken."""
    market = ledger.markets.get(request.symbol)
    if market is None:
        return Rejected(INVALID, f"symbol {request.symbol} does not exist")
    if request.link_id in ledger.orders:
        return Rejected(DUPLICATE, "OrderLinkedID is duplicate")
    refused = _malformed(market, request) or _closed(market, request)
    if refused is not None:
        return refused
    return _not_reducing(market, request) if request.reduce_only else _not_opening(ledger, market, request)


def expected_price(market: Market, request: Request) -> int:
    """Return the price an order counts on: its limit, else the book's other side, else the last trade."""
    return request.limit or (market.ask if request.buy else market.bid) or market.last


def _malformed(market: Market, request: Request) -> Rejected | None:
    if not _LINK_ID.fullmatch(request.link_id):
        return Rejected(INVALID, "orderLinkId: 1 to 36 letters, digits, - or _")
    if request.limit < 0 or request.stop < 0 or request.target < 0:
        return Rejected(INVALID, "price must not be negative")
    instrument = market.instrument
    closes_all = request.reduce_only and request.qty >= abs(market.qty) > 0
    if request.qty < 1 or (request.qty < instrument.min_qty and not closes_all):
        return Rejected(
            INVALID, f"The number of contracts exceeds minimum limit allowed: {request.qty} < {instrument.min_qty}"
        )
    if not request.limit and request.qty > instrument.max_market_qty:
        return Rejected(
            INVALID,
            f"The number of contracts exceeds maximum limit allowed: {request.qty} > {instrument.max_market_qty}",
        )
    return Rejected(INVALID, f"no price of {request.symbol} yet") if not market.last else None


def _closed(market: Market, request: Request) -> Rejected | None:
    status = market.instrument.status
    if status is Status.TRADING or (status is Status.DELIVERING and request.reduce_only):
        return None
    return Rejected(NOT_LIVE, f"This contract is not live: {status}")


def _not_reducing(market: Market, request: Request) -> Rejected | None:
    if not market.qty:
        return Rejected(REDUCE_ONLY, "current position is zero, cannot fix reduce-only order qty")
    if (market.qty > 0) == request.buy:
        return Rejected(REDUCE_ONLY, "reduce-only order has same side with current position")
    if request.stop or request.target:
        return Rejected(INVALID, "a reduce-only order cannot carry stop or target")
    return None


def _not_opening(ledger: Ledger, market: Market, request: Request) -> Rejected | None:
    price = expected_price(market, request)
    notional = request.qty * price * market.unit
    if notional < market.least:
        return Rejected(
            SMALL_NOTIONAL, "Order does not meet minimum order value " + format(market.instrument.min_notional, "f")
        )
    if request.leverage < 1 or request.leverage > market.steepest:
        return Rejected(LEVERAGE, f"cannot set leverage {request.leverage} gt maxLeverage {market.steepest}")
    if request.leverage * ledger.terms.maintenance_ppm >= PPM:
        return Rejected(LEVERAGE, f"leverage {request.leverage} leaves no room above the maintenance margin")
    refused = wrong_side(request.buy, request.stop, request.target, request.limit or market.last)
    if refused is not None:
        return refused
    opening = opening_qty(market, request) * price * market.unit
    if opening and needed(opening, request.leverage, ledger.terms) > ledger.free_margin():
        return Rejected(NO_MARGIN, "ab not enough for new order")
    return None


def wrong_side(long: bool, stop: int, target: int, base: int) -> Rejected | None:
    """Return why stop or target (0 = none) cannot stand on their side of `base`, or None."""
    side, below, above = ("Buy", "lower", "higher") if long else ("Sell", "higher", "lower")
    if stop and (stop >= base if long else stop <= base):
        return Rejected(
            INVALID, f"StopLoss:{stop} set for {side} position should {below} than base_price:{base}??LastPrice"
        )
    if target and (target <= base if long else target >= base):
        return Rejected(
            INVALID, f"TakeProfit:{target} set for {side} position should {above} than base_price:{base}??LastPrice"
        )
    return None


def protection_refusal(market: Market | None, stop: int, target: int, trail: int) -> Rejected | None:
    """Return why stop, target and trailing distance of a position cannot be set, or None."""
    if market is None or not market.qty:
        return Rejected(REDUCE_ONLY, "can not set tp/sl/ts for zero position")
    if stop < 0 or target < 0 or trail < 0:
        return Rejected(INVALID, "price must not be negative")
    if (stop, target, trail) == (market.stop, market.target, market.trail):
        return Rejected(UNCHANGED, "not modified")
    return wrong_side(market.qty > 0, stop, target, market.last)
