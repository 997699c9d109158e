"""What one price does: due cancels, market orders, limit orders, then stop, target and liquidation. A bar's open is
such a price, and so is a quote.
"""

from engine.core.events import ExecKind
from engine.core.money import Steps, Ticks
from engine.exchanges.sim.ledger import Deal, Ledger
from engine.exchanges.sim.levels import follow, is_trailed, refresh, stop_level
from engine.exchanges.sim.model import NEVER, Market, SimOrder

CANCELLED = "CancelByUser"
NOT_REDUCING = "CancelByReduceOnly"
NOTHING_TO_FILL = "EC_NoImmediateQtyToFill"


def touch(ledger: Ledger, market: Market, at_ms: int, *, room: Steps = NEVER, opens_bar: bool = False) -> None:
    """Match everything against the market's present prices.

    `room` is how many steps may trade in all (liquidations apart). At a bar's open every order is there already,
    whatever its latency, and a limit order the open has jumped over fills at the open; on quotes it fills at its
    limit.
    """
    if market.pending or market.limits:
        _cancel_due(ledger, market, at_ms, opens_bar=opens_bar)
        room = _fill_market_orders(ledger, market, at_ms, room, opens_bar=opens_bar)
    if market.limits:
        room = _fill_limit_orders(ledger, market, at_ms, room, opens_bar=opens_bar)
    if market.qty:
        _exit(ledger, market, at_ms, room)
        if market.trail:
            follow(market, market.last)
            ledger.dirty_markets.add(market.instrument.symbol)
    refresh(market)


def fillable(market: Market, order: SimOrder) -> Steps:
    """Return the steps of an order that may fill now: a reduce-only one never exceeds the position it reduces."""
    if not order.reduce_only:
        return order.left
    held = -market.qty if order.buy else market.qty
    return min(order.left, max(held, 0))


def crosses(market: Market, order: SimOrder) -> bool:
    """Whether a limit order would take from the market as it stands."""
    price = (market.ask if order.buy else market.bid) or market.last
    return price <= order.limit if order.buy else price >= order.limit


def fill(ledger: Ledger, market: Market, order: SimOrder, deal: Deal) -> None:
    """Book a fill of an order, first cutting a reduce-only order to what the position leaves of it."""
    if order.reduce_only:
        order.qty = order.filled + fillable(market, order)
    ledger.book(market, deal)


def _cancel_due(ledger: Ledger, market: Market, at_ms: int, *, opens_bar: bool) -> None:
    for order in [*market.pending, *market.limits]:
        if order.cancel_ms <= at_ms or (opens_bar and order.cancel_ms < NEVER):
            ledger.end(market, order, CANCELLED, at_ms)


def _taker_price(ledger: Ledger, market: Market, *, buy: bool) -> Ticks:
    return (market.ask if buy else market.bid) or ledger.slipped(market.last, buy)


def _fill_market_orders(ledger: Ledger, market: Market, at_ms: int, room: Steps, *, opens_bar: bool) -> Steps:
    for order in tuple(market.pending):
        if order.acts_ms > at_ms and not opens_bar:
            continue
        wanted = fillable(market, order)
        if not wanted:
            ledger.end(market, order, NOT_REDUCING, at_ms)
            continue
        qty = min(wanted, room)
        order.offers += 1
        ledger.dirty_orders.add(order.link_id)
        if qty:
            price = _taker_price(ledger, market, buy=order.buy)
            fill(
                ledger,
                market,
                order,
                Deal(order, qty if order.buy else -qty, price, ExecKind.ORDER, max(at_ms, order.acts_ms)),
            )
            room -= qty
        if order.left and order.offers >= ledger.terms.ioc_quotes:
            ledger.end(market, order, NOTHING_TO_FILL, at_ms)
    return room


def _fill_limit_orders(ledger: Ledger, market: Market, at_ms: int, room: Steps, *, opens_bar: bool) -> Steps:
    for order in tuple(market.limits):
        # A fill above may have flattened the position and with it ended a reduce-only order.
        if order.ended_ms or (order.acts_ms > at_ms and not opens_bar):
            continue
        maker = order.resting
        if not maker and not crosses(market, order):
            order.resting = True
            ledger.dirty_orders.add(order.link_id)
        price = _limit_price(ledger, market, order, maker=maker, opens_bar=opens_bar)
        qty = min(fillable(market, order), room) if price else 0
        if not qty:
            continue
        signed = qty if order.buy else -qty
        fill(ledger, market, order, Deal(order, signed, price, ExecKind.ORDER, max(at_ms, order.acts_ms), maker))
        room -= qty
    return room


def _limit_price(ledger: Ledger, market: Market, order: SimOrder, *, maker: bool, opens_bar: bool) -> Ticks:
    limit, buy, last = order.limit, order.buy, market.last
    if maker:
        through = last < limit if buy else last > limit
        return (last if opens_bar else limit) if through else 0
    if not crosses(market, order):
        return 0
    price = _taker_price(ledger, market, buy=buy)
    return min(price, limit) if buy else max(price, limit)


def _exit(ledger: Ledger, market: Market, at_ms: int, room: Steps) -> None:
    kind = _exit_kind(market)
    if kind is None:
        return
    if kind is ExecKind.LIQUIDATION:
        ledger.book(market, ledger.bankrupt(market, at_ms, ambiguous=False))
        return
    qty = min(abs(market.qty), room)
    if qty:
        buy = market.qty < 0
        ledger.book(market, Deal(None, qty if buy else -qty, _taker_price(ledger, market, buy=buy), kind, at_ms))


def _exit_kind(market: Market) -> ExecKind | None:
    last, stop, liquidation = market.last, stop_level(market), market.liquidation
    mark = market.mark or last
    if market.qty > 0:
        stopped, liquidated = 0 < stop >= last, 0 < liquidation >= mark
        nearer, reached = stop >= liquidation, 0 < market.target <= last
    else:
        stopped, liquidated = 0 < stop <= last, 0 < liquidation <= mark
        nearer, reached = stop <= liquidation, market.target >= last
    if stopped and (nearer or not liquidated):
        return ExecKind.TRAILING if is_trailed(market) else ExecKind.STOP
    if liquidated:
        return ExecKind.LIQUIDATION
    return ExecKind.TARGET if reached else None
