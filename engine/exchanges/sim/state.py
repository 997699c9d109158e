"""The simulated exchange's truth as plain data: the whole of it, or only what changed. Both have one shape, so a
change is applied like a state.
"""

from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any

from engine.core.codec import decode, encode
from engine.core.events import Executed, FundingPaid
from engine.core.money import Money
from engine.exchanges.sim.funding import record_rate
from engine.exchanges.sim.ledger import Ledger, News
from engine.exchanges.sim.levels import refresh
from engine.exchanges.sim.margin import liquidation_price
from engine.exchanges.sim.model import Market, SimOrder
from engine.exchanges.sim.regrid import regrid


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketRow:
    """What is kept of one symbol; names as in `Market`. `tick` and `step` are the grid it is counted in (0 in old
    files: that of today).
    """

    symbol: str
    last: int
    mark: int
    bid: int
    ask: int
    at_ms: int
    qty: int
    cost: int
    leverage: int
    stop: int
    target: int
    trail: int
    active: int
    best: int
    funding_ms: int
    missing: int
    rates: tuple[tuple[int, int], ...]
    tick: Decimal = Decimal(0)
    step: Decimal = Decimal(0)


_COPIED = tuple(field.name for field in fields(MarketRow) if field.name not in {"symbol", "rates", "tick", "step"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Orders and markets as they are now, executions added, news not yet delivered (instead of what was queued
    before).
    """

    now_ms: int
    wallet: Money
    count: int
    orders: tuple[SimOrder, ...]
    markets: tuple[MarketRow, ...]
    executions: tuple[Executed | FundingPaid, ...]
    news: tuple[tuple[int, News], ...]


def whole(ledger: Ledger) -> Any:
    """Return the whole state as JSON-able data."""
    return encode(_change(ledger, list(ledger.orders), list(ledger.markets), 0))


def part(ledger: Ledger, *, prices: bool = False) -> Any | None:
    """Return what changed since the last call (with `prices` every market) as JSON-able data, or None."""
    executed = len(ledger.executions) > ledger.logged
    if not (prices or executed or ledger.dirty_orders or ledger.dirty_markets or ledger.moved):
        return None
    orders = [name for name in ledger.dirty_orders if name in ledger.orders]
    # Numbered as taken: the order of entry decides who fills first, and a set has none.
    orders.sort(key=lambda name: int(ledger.orders[name].order_id[4:]))
    change = _change(ledger, orders, sorted(ledger.markets if prices else ledger.dirty_markets), ledger.logged)
    forget_changes(ledger)
    return encode(change)


def forget_changes(ledger: Ledger) -> None:
    """Take the present state as the one the next change starts from."""
    ledger.dirty_orders.clear()
    ledger.dirty_markets.clear()
    ledger.logged = len(ledger.executions)
    ledger.moved = False


def apply(ledger: Ledger, data: Any) -> None:
    """Fold a state or a change into the ledger; raises CodecError on data that is none of ours."""
    change: Change = decode(Change, data)
    ledger.now_ms, ledger.wallet, ledger.count = change.now_ms, change.wallet, change.count
    ledger.executions.extend(change.executions)
    ledger.news.clear()
    ledger.news.extend(change.news)
    for order in change.orders:
        ledger.orders[order.link_id] = order
    for row in change.markets:
        if row.symbol in ledger.markets:
            _restore_market(ledger.markets[row.symbol], row)
            ledger.grids[row.symbol] = (row.tick, row.step)
        else:
            ledger.strangers[row.symbol] = row.qty
    forget_changes(ledger)


def rebuild(ledger: Ledger) -> None:
    """Recompute what is derived (open orders, liquidation prices, quiet bands) once states and changes were applied.

    Raises ValueError when something is open on a symbol that is not traded any more.
    """
    unknown = {symbol for symbol, qty in ledger.strangers.items() if qty}
    unknown |= {o.symbol for o in ledger.orders.values() if not o.ended_ms and o.symbol not in ledger.markets}
    ledger.strangers.clear()
    if unknown:
        raise ValueError(
            f"the stored account is open on {', '.join(sorted(unknown))}: trade these symbols until it is not"
        )
    for market in ledger.markets.values():
        market.pending.clear()
        market.limits.clear()
    for order in ledger.orders.values():
        if not order.ended_ms:
            market = ledger.markets[order.symbol]
            (market.limits if order.limit else market.pending).append(order)
    for market in ledger.markets.values():
        _follow_grid(ledger, market)
        market.liquidation = liquidation_price(market, ledger.terms.maintenance_ppm)
        refresh(market)
    ledger.grids.clear()


def _follow_grid(ledger: Ledger, market: Market) -> None:
    now = market.instrument
    tick, step = ledger.grids.get(now.symbol, (Decimal(0), Decimal(0)))
    if tick and (tick, step) != (now.tick, now.step):
        # Of the past only the grid is known, and only that is needed to leave it.
        market.adopt(replace(now, tick=tick, step=step))
        regrid(ledger, market, now)


def prune(ledger: Ledger, before_ms: int) -> None:
    """Forget orders that ended and executions that happened before a time."""
    gone = [name for name, order in ledger.orders.items() if 0 < order.ended_ms < before_ms]
    for name in gone:
        del ledger.orders[name]
    ledger.executions[:] = [e for e in ledger.executions if e.at_ms >= before_ms]
    ledger.logged = len(ledger.executions)


def _change(ledger: Ledger, orders: list[str], markets: list[str], since: int) -> Change:
    return Change(
        now_ms=ledger.now_ms,
        wallet=ledger.wallet,
        count=ledger.count,
        orders=tuple(ledger.orders[name] for name in orders),
        markets=tuple(_row(name, ledger.markets[name]) for name in markets),
        executions=tuple(ledger.executions[since:]),
        news=tuple(ledger.news),
    )


def _row(symbol: str, market: Market) -> MarketRow:
    return MarketRow(
        symbol=symbol,
        rates=tuple(sorted(market.rates.items())),
        tick=market.instrument.tick,
        step=market.instrument.step,
        **{name: getattr(market, name) for name in _COPIED},
    )


def _restore_market(market: Market, row: MarketRow) -> None:
    for name in _COPIED:
        setattr(market, name, getattr(row, name))
    market.rates.clear()
    market.off_grid.clear()
    for time_ms, rate_e8 in row.rates:
        record_rate(market, time_ms, rate_e8)
