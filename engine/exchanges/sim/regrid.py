"""Counting a symbol in other ticks and steps: position, orders, executions and news mean the same afterwards."""

from collections import deque
from dataclasses import replace

from engine.core.events import Executed, FundingPaid, OrderEnded, ProtectionReported
from engine.core.market import Instrument, Regrid
from engine.exchanges.sim.ledger import Ledger, News
from engine.exchanges.sim.levels import refresh
from engine.exchanges.sim.margin import liquidation_price
from engine.exchanges.sim.model import Market, SimOrder

_PRICES = ("last", "mark", "bid", "ask", "active", "best")


def regrid(ledger: Ledger, market: Market, after: Instrument) -> None:
    """Count a symbol in the grid of `after` from now on. What does not fit coarser steps is cut, with its share of the
    cost. Executions change too: whoever keeps a log of changes must keep the whole state next.
    """
    symbol, grid, long = after.symbol, Regrid(market.instrument, after), market.qty > 0
    for name in _PRICES:
        setattr(market, name, grid.near(getattr(market, name)))
    market.stop, market.target = grid.level(market.stop, long=long), grid.level(market.target, long=long)
    market.trail = grid.distance(market.trail)
    _resize(market, grid, after)
    orders = [order for order in ledger.orders.values() if order.symbol == symbol]
    for order in orders:
        _recount(order, grid)
    names = {order.link_id for order in orders}
    ledger.executions[:] = [_executed(event, symbol, grid) for event in ledger.executions]
    ledger.news = deque((at_ms, _told(event, symbol, grid, names)) for at_ms, event in ledger.news)
    ledger.dirty_orders |= names
    ledger.dirty_markets.add(symbol)
    market.adopt(after)
    market.liquidation = liquidation_price(market, ledger.terms.maintenance_ppm)
    refresh(market)


def _resize(market: Market, grid: Regrid, after: Instrument) -> None:
    held, market.qty = market.instrument.quantity(market.qty), grid.steps(market.qty)
    kept = after.quantity(market.qty)
    if kept != held:
        market.cost = int(market.cost * kept / held)


def _recount(order: SimOrder, grid: Regrid) -> None:
    order.qty, order.filled = grid.steps(order.qty), grid.steps(order.filled)
    order.limit = grid.near(order.limit)
    order.stop, order.target = (grid.level(price, long=order.buy) for price in (order.stop, order.target))


def _executed(event: Executed | FundingPaid, symbol: str, grid: Regrid) -> Executed | FundingPaid:
    if isinstance(event, FundingPaid) or event.symbol != symbol:
        return event
    return replace(event, price=grid.near(event.price), qty=grid.steps(event.qty))


def _told(event: News, symbol: str, grid: Regrid, names: set[str]) -> News:
    match event:
        case Executed():
            return _executed(event, symbol, grid)
        case OrderEnded() if event.link_id in names:
            return replace(event, filled=grid.steps(event.filled))
        case ProtectionReported() if event.symbol == symbol:
            # Told on its way already: which side it protects, the one who hears it knows.
            stop, target = grid.near(event.stop), grid.near(event.target)
            return replace(event, stop=stop, target=target, trail=grid.distance(event.trail))
        case _:
            return event
