"""Funding settlements: at 00/08/16 UTC and at any other time a rate was recorded for, on the position held just
before.
"""

from bisect import bisect_right, insort

from engine.core.money import Ticks
from engine.exchanges.sim.ledger import Ledger
from engine.exchanges.sim.model import FUNDING_MS, Market


def record_rate(market: Market, time_ms: int, rate_e8: int) -> None:
    """Remember the rate of one settlement (longs pay positive rates); one whose time is over is ignored."""
    if market.funding_ms and time_ms < market.funding_ms and time_ms <= market.at_ms:
        return
    if time_ms % FUNDING_MS and time_ms not in market.rates:
        insort(market.off_grid, time_ms)
    market.rates[time_ms] = rate_e8
    if market.funding_ms:
        market.funding_ms = min(market.funding_ms, time_ms)


def next_due(market: Market, after_ms: int) -> int:
    """Return the first settlement after a time."""
    due = (after_ms // FUNDING_MS + 1) * FUNDING_MS
    position = bisect_right(market.off_grid, after_ms)
    return min(due, market.off_grid[position]) if position < len(market.off_grid) else due


def settle(ledger: Ledger, market: Market, at_ms: int, price: Ticks) -> None:
    """Charge every settlement due by `at_ms` on the notional at `price`; the first price ever seen only starts the
    calendar.
    """
    if not market.funding_ms:
        market.funding_ms = next_due(market, at_ms)
        return
    while market.funding_ms <= at_ms:
        due = market.funding_ms
        rate = market.rates.pop(due, None)
        if market.qty:
            ledger.dirty_markets.add(market.instrument.symbol)
            market.missing += rate is None
            ledger.pay_funding(market, ledger.terms.funding_e8 if rate is None else rate, price, due)
        market.funding_ms = next_due(market, due)
    del market.off_grid[: bisect_right(market.off_grid, at_ms)]
