"""The exchange's own view of the account, in the words of the desk's events."""

from engine.core.events import AccountReported, OrderReport, PositionReport
from engine.core.money import Money
from engine.exchanges.sim.ledger import Ledger
from engine.exchanges.sim.model import Market, SimOrder


def order_report(order: SimOrder) -> OrderReport:
    """Return one order as the exchange shows it."""
    return OrderReport(
        order.link_id, order.order_id, order.symbol, not order.ended_ms, False, order.filled, order.reduce_only
    )


def position_report(market: Market) -> PositionReport:
    """Return one position as the exchange shows it."""
    return PositionReport(market.instrument.symbol, market.qty, market.cost, market.stop, market.target, market.trail)


def account_report(ledger: Ledger, since_ms: int, now_ms: int) -> AccountReported:
    """Return open orders and those that ended since a time, open positions, executions since then, and the wallet."""
    orders = tuple(order_report(o) for o in ledger.orders.values() if not o.ended_ms or o.ended_ms >= since_ms)
    positions = tuple(position_report(m) for m in ledger.markets.values() if m.qty)
    executions = tuple(e for e in ledger.executions if e.at_ms >= since_ms)
    return AccountReported(orders, positions, executions, ledger.wallet, now_ms, now_ms)


def unrealised(market: Market) -> Money:
    """Return the open result at mark (the last price where no mark was given)."""
    value = abs(market.qty) * (market.mark or market.last) * market.unit
    return value - market.cost if market.qty > 0 else market.cost - value
