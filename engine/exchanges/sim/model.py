"""What the simulated exchange holds: terms, requests, orders, and one symbol's market with its position. Ticks, steps,
1e-8 money, UTC ms.
"""

from dataclasses import dataclass, field

from engine.core.market import HOUR_MS, Instrument
from engine.core.money import Money, Steps, Ticks, to_money
from engine.core.orders import Ticket
from engine.core.quick import quick

FUNDING_MS = 8 * HOUR_MS
# Beyond every price, quantity and time.
NEVER = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Costs and manners of a simulated account.

    `latency_ms` is how long an order travels, `report_ms` how long news of it travels back (both on the market
    clock). `funding_e8` is the rate of settlements for which none was set. A market order is offered to
    `ioc_quotes` quotes before its rest is cancelled.
    """

    taker_e8: int = 55_000
    maker_e8: int = 20_000
    slippage_ppm: int = 100
    maintenance_ppm: int = 5_000
    latency_ms: int = 0
    report_ms: int = 0
    funding_e8: int = 0
    ioc_quotes: int = 3


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An order as it reaches the exchange. `limit` 0 is a market order; `stop` and `target` 0 are none."""

    link_id: str
    symbol: str
    buy: bool
    qty: Steps
    limit: Ticks = 0
    reduce_only: bool = False
    leverage: int = 1
    stop: Ticks = 0
    target: Ticks = 0


def request_of(ticket: Ticket) -> Request:
    """Return the request that a desk's ticket stands for: a market order, stop and target with an entry only."""
    reduce_only = ticket.reduce_only
    return Request(
        link_id=ticket.link_id,
        symbol=ticket.symbol,
        buy=ticket.buy,
        qty=ticket.qty,
        reduce_only=reduce_only,
        leverage=ticket.leverage,
        stop=0 if reduce_only else ticket.stop or 0,
        target=0 if reduce_only else ticket.target or 0,
    )


@dataclass(slots=True, eq=False)
class SimOrder:
    """An order the exchange has taken. `resting` once a limit order was seen not to be marketable; `cancel_ms` when a
    cancel arrives.
    """

    link_id: str
    order_id: str
    symbol: str
    buy: bool
    qty: Steps
    limit: Ticks
    reduce_only: bool
    leverage: int
    stop: Ticks
    target: Ticks
    placed_ms: int
    acts_ms: int
    reserve: Money = 0
    filled: Steps = 0
    offers: int = 0
    resting: bool = False
    cancel_ms: int = NEVER
    ended_ms: int = 0
    why: str = ""

    @property
    def left(self) -> Steps:
        """Quantity not yet filled."""
        return self.qty - self.filled


@dataclass(slots=True, eq=False)
class Market:
    """One symbol: its prices, the position (signed `qty`, `cost` at entry), what protects it, and its open orders.

    `low` and `high` bound (exclusive) the prices at which nothing can happen; `low` is NEVER when the next price
    event must be looked at. `least` and `steepest` are the least notional and the greatest leverage. `born_inside`
    marks a position opened inside the bar under way. A trailing stop follows `trail` ticks behind `best` once
    `active` (0 = at once) was reached; `best` is 0 before. `missing` counts settlements charged at the default
    rate.
    """

    instrument: Instrument
    unit: Money = 0
    least: Money = 0
    steepest: int = 0
    last: Ticks = 0
    mark: Ticks = 0
    bid: Ticks = 0
    ask: Ticks = 0
    at_ms: int = 0
    qty: Steps = 0
    cost: Money = 0
    leverage: int = 1
    stop: Ticks = 0
    target: Ticks = 0
    trail: Ticks = 0
    active: Ticks = 0
    best: Ticks = 0
    liquidation: Ticks = 0
    low: Ticks = 0
    high: Ticks = NEVER
    funding_ms: int = 0
    missing: int = 0
    born_inside: bool = False
    rates: dict[int, int] = field(default_factory=dict)
    off_grid: list[int] = field(default_factory=list)
    pending: list[SimOrder] = field(default_factory=list)
    limits: list[SimOrder] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.adopt(self.instrument)

    def adopt(self, instrument: Instrument) -> None:
        """Take over an instrument; its decimals are converted once, here."""
        self.instrument, self.unit = instrument, instrument.unit
        self.least, self.steepest = to_money(instrument.min_notional), int(instrument.max_leverage)
