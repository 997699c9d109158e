"""The immutable read model: everything chat, charts and reports may know of the desk at one instant. Exact decimals,
UTC ms.
"""

from dataclasses import dataclass
from decimal import Decimal

from engine.core.facts import Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionView:
    """An open position. `if_stopped` is the result at the stop after fees; `liquidation` an estimate; `external`
    positions have no profile; `adopter` names the one that may take it, with the levels it would then have. `trail` is
    the distance of the trailing stop that the exchange holds (`trail_on_exchange`) or is asked for.
    """

    position_id: str
    symbol: str
    profile: str
    long: bool
    quantity: Decimal
    entry: Decimal
    mark: Decimal
    last: Decimal
    notional: Decimal
    margin: Decimal
    leverage: int
    unrealised: Decimal
    unrealised_percent: Decimal
    r_now: Decimal | None
    stop: Decimal | None
    target: Decimal | None
    stop_on_exchange: bool
    if_stopped: Decimal | None
    liquidation: Decimal | None
    fees: Decimal
    funding: Decimal
    opened_ms: int
    rule: str
    closing: bool
    external: bool
    tick: Decimal
    adopter: str = ""
    adopt_stop: Decimal | None = None
    adopt_target: Decimal | None = None
    trail: Decimal | None = None
    trail_percent: Decimal | None = None
    trail_on_exchange: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """An order that may still be filled."""

    link_id: str
    order_id: str
    symbol: str
    profile: str
    buy: bool
    quantity: Decimal
    filled: Decimal
    purpose: str
    status: str
    reason: str
    since_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitView:
    """A limit, its current value and the share of it that is used (0 … 1 and beyond); percent or money as `in_money`
    says. `approval` is `auto` or `ask` for an emergency, with the silence that closes; `question` how far one that was
    asked is, with its end (wall time). `base` is the money that a percentage is taken of,
    `renews_ms` when the limit begins anew with its day or week (0: never).
    """

    key: str
    profile: str
    measure: str
    value: Decimal | None
    threshold: Decimal
    loosest: Decimal
    tightest: Decimal
    used: Decimal
    in_money: bool
    action: str
    state: str
    approval: str = ""
    approval_ms: int = 0
    question: str = ""
    question_until_ms: int = 0
    base: Decimal | None = None
    renews_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileView:
    """A profile as it runs; `warming` says which of its symbols have too few candles to decide on, until when,
    `contradicted` which of its rules do not go together.
    """

    name: str
    strategy: str
    enabled: bool
    symbols: tuple[str, ...]
    timeframe: str
    rules: tuple[tuple[str, bool], ...]
    open_positions: int
    max_positions: int
    unrealised: Decimal
    today_net: Decimal
    size: str
    leverage: int
    stop: str
    target: str
    symbols_off: tuple[str, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    protection: tuple[str, ...] = ()
    allocation_percent: Decimal = Decimal(100)
    warming: str = ""
    contradicted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolView:
    """What the desk sees of a symbol and what holds an entry back (empty = nothing)."""

    symbol: str
    last: Decimal | None
    mark: Decimal | None
    age_ms: int | None
    tick: Decimal
    status: str
    cooldown_until_ms: int | None
    held_back: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The desk at one instant. `state` is running, paused, reduce only or halted, with `reasons`; `prices` are live,
    generated or replayed. `entered_today` is the notional entered this UTC day, of `entered_most` that the runaway
    guard lets through. Before the account was read once it is not `opened`; it is not `measurable` either while
    something held has no price yet, and numbers made of prices are none then.
    """

    account: str
    mode: str
    prices: str = "live"
    state: str
    reasons: tuple[str, ...]
    market_ms: int
    wall_ms: int
    wallet: Decimal
    equity: Decimal
    initial: Decimal
    unrealised: Decimal
    margin_used: Decimal
    exposure: Decimal
    day_start_equity: Decimal
    today: Decimal
    today_percent: Decimal
    today_realised: Decimal
    if_all_stop: Decimal | None
    peak_equity: Decimal
    positions: tuple[PositionView, ...]
    orders: tuple[OrderView, ...]
    limits: tuple[LimitView, ...]
    holds: tuple[Hold, ...]
    profiles: tuple[ProfileView, ...]
    symbols: tuple[SymbolView, ...]
    venue: str
    feed_age_ms: int | None
    store_ok: bool
    version: int
    entered_today: Decimal = Decimal(0)
    entered_most: Decimal | None = None
    opened: bool = True
    measurable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderResult:
    """What became of an order: `average` is the mean fill price, `why` the reason where it was not filled whole."""

    link_id: str
    symbol: str
    status: str
    quantity: Decimal
    filled: Decimal
    average: Decimal | None
    why: str
