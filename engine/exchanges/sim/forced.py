"""What befalls an account without an order of the desk: trades by the owner's hand, liquidation, deleveraging,
delisting.
"""

from engine.core.events import ExecKind
from engine.core.money import Steps
from engine.exchanges.sim.ledger import Deal, Ledger
from engine.exchanges.sim.levels import refresh
from engine.exchanges.sim.model import Market


def manual_trade(ledger: Ledger, market: Market, signed: Steps, now_ms: int) -> None:
    """Book a trade of `signed` steps at the present price; raises ValueError without a price or quantity."""
    if not market.last or not signed:
        raise ValueError(f"{market.instrument.symbol}: a trade needs a price and a quantity")
    price = (market.ask if signed > 0 else market.bid) or ledger.slipped(market.last, signed > 0)
    _book(ledger, market, Deal(None, signed, price, ExecKind.MANUAL, now_ms))


def liquidate(ledger: Ledger, market: Market, now_ms: int) -> None:
    """Take the whole position over at its bankruptcy price; raises ValueError when flat."""
    _held(market)
    _book(ledger, market, ledger.bankrupt(market, now_ms, ambiguous=False))


def deleverage(ledger: Ledger, market: Market, qty: Steps, now_ms: int) -> None:
    """Take up to `qty` steps of the position over at the present mark; raises ValueError when flat."""
    _held(market)
    qty = min(qty, abs(market.qty))
    signed = -qty if market.qty > 0 else qty
    _book(ledger, market, Deal(None, signed, market.mark or market.last, ExecKind.ADL, now_ms))


def deliver(ledger: Ledger, market: Market, now_ms: int) -> None:
    """Cancel every order and close the position at the present mark (without any price at its cost), as at the end of
    a listing.
    """
    for order in [*market.pending, *market.limits]:
        ledger.end(market, order, "CancelBySettle", now_ms)
    if market.qty:
        price = market.mark or market.last or max(round(market.cost / (abs(market.qty) * market.unit)), 1)
        ledger.book(market, Deal(None, -market.qty, price, ExecKind.DELIVERY, now_ms))
    refresh(market)


def _held(market: Market) -> None:
    if not market.qty:
        raise ValueError(f"{market.instrument.symbol}: no position")


def _book(ledger: Ledger, market: Market, deal: Deal) -> None:
    ledger.book(market, deal)
    refresh(market)
