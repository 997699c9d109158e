"""The prices at which something happens to a symbol: its stop in force, the trailing stop's progress, and the quiet
band between them.
"""

from engine.core.money import Ticks
from engine.exchanges.sim.model import NEVER, Market


def stop_level(market: Market) -> Ticks:
    """Return the stop in force: the fixed or the trailing one, whichever is nearer to the price (0 = none)."""
    if not market.trail or not market.best:
        return market.stop
    if market.qty > 0:
        return max(market.stop, market.best - market.trail)
    trailed = market.best + market.trail
    return min(market.stop, trailed) if market.stop else trailed


def is_trailed(market: Market) -> bool:
    """Whether the stop in force is the trailing one."""
    return stop_level(market) != market.stop


def start(market: Market, distance: Ticks, activation: Ticks = 0) -> None:
    """Hold a trailing stop from the present price on (0 = none); the same one again goes on from where it is."""
    if (distance, activation) != (market.trail, market.active):
        market.trail, market.active, market.best = distance, activation, 0
    follow(market, market.last)


def follow(market: Market, price: Ticks) -> None:
    """Let the trailing stop take notice of the best price seen."""
    if not market.trail or not market.qty:
        return
    long = market.qty > 0
    if market.best:
        market.best = max(market.best, price) if long else min(market.best, price)
    elif not market.active or (price >= market.active if long else price <= market.active):
        market.best = price


def refresh(market: Market) -> None:
    """Recompute the quiet band after orders or position changed."""
    if market.pending or any(not order.resting or order.cancel_ms < NEVER for order in market.limits):
        market.low = NEVER
        return
    low, high = _position_band(market) if market.qty else (0, NEVER)
    for order in market.limits:
        # Filled only when traded through: the limit itself is still quiet.
        if order.buy:
            low = max(low, order.limit - 1)
        else:
            high = min(high, order.limit + 1)
    market.low, market.high = low, high


def _position_band(market: Market) -> tuple[Ticks, Ticks]:
    stop, target, liquidation = stop_level(market), market.target, market.liquidation
    if market.qty > 0:
        low, high = max(stop, liquidation), target or NEVER
        if market.trail:
            high = min(high, market.best + 1 if market.best else market.active)
        return low, high
    low, high = target, min(stop or NEVER, liquidation or NEVER)
    if market.trail:
        low = max(low, market.best - 1 if market.best else market.active)
    return low, high
