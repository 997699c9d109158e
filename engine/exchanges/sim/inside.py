"""What happens between a bar's open and its close, told from four prices and always to the trader's disadvantage.

The price is taken to run first against the position (down when flat), then the other way; on each way the nearest
level comes first. So a stop beats a target that the same bar reached (the fill is marked ambiguous), an order that
would add on the way to the stop is filled before it, and of stop and liquidation the nearer one acts. A limit order
needs a price strictly beyond it. A position opened inside the bar counts its stop, but its target only when the
close lies beyond, since the high or low may have come before.
"""

from dataclasses import dataclass

from engine.core.events import ExecKind
from engine.core.money import Ticks
from engine.core.quick import quick
from engine.exchanges.sim.ledger import Deal, Ledger
from engine.exchanges.sim.levels import follow, is_trailed, refresh, stop_level
from engine.exchanges.sim.matching import NOT_REDUCING, fill, fillable
from engine.exchanges.sim.model import Market, SimOrder


@quick
@dataclass(frozen=True, slots=True)
class Span:
    """The reach of a bar after its open; fills inside it are dated `at_ms`."""

    low: Ticks
    high: Ticks
    close: Ticks
    at_ms: int


def run_inside(ledger: Ledger, market: Market, span: Span) -> None:
    """Fill what the bar's range reached; a trailing stop is raised only at the end, so that it acts from the next bar
    on.
    """
    market.born_inside = False
    against_is_down = market.qty >= 0
    _walk(ledger, market, span, down=against_is_down)
    _walk(ledger, market, span, down=not against_is_down)
    if market.trail:
        follow(market, span.high if market.qty > 0 else span.low)
        ledger.dirty_markets.add(market.instrument.symbol)
    refresh(market)


def _walk(ledger: Ledger, market: Market, span: Span, *, down: bool) -> None:
    while True:
        order = _next_limit(market, span, down=down)
        level, kind = _next_exit(market, span, down=down) if market.qty else (0, None)
        if order is not None and (kind is None or (order.limit >= level if down else order.limit <= level)):
            _fill_limit(ledger, market, order, span)
        elif kind is not None:
            ledger.book(market, _exit_deal(ledger, market, level, kind, span))
        else:
            return


def _next_limit(market: Market, span: Span, *, down: bool) -> SimOrder | None:
    if down:
        reached = [o for o in market.limits if o.buy and o.limit > span.low]
        return max(reached, key=lambda o: o.limit, default=None)
    reached = [o for o in market.limits if not o.buy and o.limit < span.high]
    return min(reached, key=lambda o: o.limit, default=None)


def _next_exit(market: Market, span: Span, *, down: bool) -> tuple[Ticks, ExecKind | None]:
    long = market.qty > 0
    if long is not down:
        reached = _reaches(market.target, span, long=long)
        certain = not market.born_inside or (span.close >= market.target if long else span.close <= market.target)
        return (market.target, ExecKind.TARGET) if reached and certain else (0, None)
    stop, liquidation = stop_level(market), market.liquidation
    stopped = stop > 0 and (stop >= span.low if long else stop <= span.high)
    liquidated = liquidation > 0 and (liquidation >= span.low if long else liquidation <= span.high)
    nearer = stop >= liquidation if long else stop <= liquidation
    if stopped and (nearer or not liquidated):
        return stop, ExecKind.TRAILING if is_trailed(market) else ExecKind.STOP
    return (liquidation, ExecKind.LIQUIDATION) if liquidated else (0, None)


def _reaches(target: Ticks, span: Span, *, long: bool) -> bool:
    return target > 0 and (span.high >= target if long else span.low <= target)


def _exit_deal(ledger: Ledger, market: Market, level: Ticks, kind: ExecKind, span: Span) -> Deal:
    long = market.qty > 0
    ambiguous = kind is not ExecKind.TARGET and _reaches(market.target, span, long=long)
    if kind is ExecKind.LIQUIDATION:
        return ledger.bankrupt(market, span.at_ms, ambiguous=ambiguous)
    return Deal(None, -market.qty, ledger.slipped(level, not long), kind, span.at_ms, False, ambiguous)


def _fill_limit(ledger: Ledger, market: Market, order: SimOrder, span: Span) -> None:
    qty, held = fillable(market, order), market.qty
    if not qty:
        ledger.end(market, order, NOT_REDUCING, span.at_ms)
        return
    fill(ledger, market, order, Deal(order, qty if order.buy else -qty, order.limit, ExecKind.ORDER, span.at_ms, True))
    if held * market.qty <= 0 and market.qty:
        market.born_inside = True
