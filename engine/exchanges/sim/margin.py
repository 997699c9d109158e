"""Margin of isolated positions: what an order needs, what is free, and where a position is liquidated.

Formulas of Bybit's isolated margin: initial margin = value at entry / leverage; the liquidation price leaves the
maintenance margin of the entry value, the bankruptcy price leaves nothing. Profit of open positions is not lent to
new ones.
"""

from engine.core.money import PPM, Money, Ticks, at_rate, share
from engine.exchanges.sim.model import Market, Request, SimOrder, Terms


def opening_qty(market: Market, request: Request) -> int:
    """Return the steps of an order that would open or increase a position."""
    if request.reduce_only:
        return 0
    against = -market.qty if request.buy else market.qty
    return request.qty - min(request.qty, max(against, 0))


def needed(notional: Money, leverage: int, terms: Terms) -> Money:
    """Return what opening `notional` binds: initial margin, rounded up, and the taker fee."""
    return -(-notional // leverage) + at_rate(notional, terms.taker_e8)


def used(market: Market) -> Money:
    """Return the initial margin of the position."""
    return -(-market.cost // market.leverage)


def reserved(order: SimOrder) -> Money:
    """Return what the unfilled part of an order binds."""
    return share(order.reserve, order.left, order.qty)


def liquidation_price(market: Market, maintenance_ppm: int) -> Ticks:
    """Return the price at which the position is liquidated (0 when flat), rounded towards the entry."""
    size, leverage = abs(market.qty), market.leverage
    if not size:
        return 0
    scale = size * market.unit * PPM * leverage
    buffer = PPM - maintenance_ppm * leverage
    if market.qty > 0:
        return -(-market.cost * (PPM * leverage - buffer) // scale)
    return market.cost * (PPM * leverage + buffer) // scale


def bankruptcy_price(market: Market) -> Ticks:
    """Return the price at which the position's initial margin is lost, rounded towards the entry: at most the margin
    is lost.
    """
    scale = abs(market.qty) * market.unit * market.leverage
    if market.qty > 0:
        return max(-(-market.cost * (market.leverage - 1) // scale), 1)
    return market.cost * (market.leverage + 1) // scale
