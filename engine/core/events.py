"""Everything that can happen to the desk. Events have happened: they are taken in, never refused.

Prices are in ticks, quantities in steps, money in 1e-8 quote, times in UTC ms. `at_ms` is the exchange's time where the
exchange said it.
"""

from dataclasses import dataclass
from enum import StrEnum

from engine.core.chat_events import ChatEvent
from engine.core.feed_events import FeedEvent
from engine.core.market import Instrument
from engine.core.money import Money, Steps, Ticks
from engine.core.quick import quick
from engine.core.strategy import Inputs


@quick
@dataclass(frozen=True, slots=True)
class PriceMoved:
    """A newer price of a symbol. `bid` and `ask` are 0 where no book is known; `low` and `high` are the extremes since
    the event before (bars).
    """

    symbol: str
    last: Ticks
    mark: Ticks
    at_ms: int
    bid: Ticks = 0
    ask: Ticks = 0
    low: Ticks = 0
    high: Ticks = 0


@quick
@dataclass(frozen=True, slots=True)
class BarClosed:
    """A bar of a strategy's timeframe is complete and its indicator values are computed. A backfilled bar never opens a
    position.
    """

    symbol: str
    timeframe: int
    close_ms: int
    close: Ticks
    inputs: Inputs
    backfilled: bool = False


@quick
@dataclass(frozen=True, slots=True)
class BookMoved:
    """An update of the best bid and ask on which a book-driven strategy decides something."""

    symbol: str
    at_ms: int
    inputs: Inputs


@dataclass(frozen=True, slots=True)
class DataTroubled:
    """Candles of a symbol have a gap or are bad; its signals are blocked until `DataHealed`."""

    symbol: str
    why: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class DataHealed:
    """Candles of a symbol are whole again."""

    symbol: str
    at_ms: int


@quick
@dataclass(frozen=True, slots=True)
class TimePassed:
    """The clocks as the shell reads them: market time (newest public timestamp) and wall time."""

    market_ms: int
    wall_ms: int


class ExecKind(StrEnum):
    """Who made an execution happen."""

    ORDER = "order"
    STOP = "stop"
    TARGET = "target"
    TRAILING = "trailing"
    LIQUIDATION = "liquidation"
    ADL = "adl"
    MANUAL = "manual"
    DELIVERY = "delivery"


@dataclass(frozen=True, slots=True)
class OrderSent:
    """The request left this process; its answer is not in yet."""

    link_id: str
    at_ms: int


@quick
@dataclass(frozen=True, slots=True)
class OrderAccepted:
    """The exchange has the order."""

    link_id: str
    order_id: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class OrderRejected:
    """The exchange refused the order; it was not and will not be executed."""

    link_id: str
    code: str
    reason: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class OrderOutcomeUnknown:
    """Whether the exchange has the order cannot be told; only evidence ends this."""

    link_id: str
    why: str
    at_ms: int


@quick
@dataclass(frozen=True, slots=True)
class OrderEnded:
    """The exchange says the order is over: filled or cancelled, `filled` steps of it executed."""

    link_id: str
    filled: Steps
    why: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class OrderUnsent:
    """The shell did not send the order (expired, or its intent could not be made durable): nothing reached the
    exchange.
    """

    link_id: str
    why: str
    at_ms: int


@quick
@dataclass(frozen=True, slots=True)
class Executed:
    """One execution. `link_id` is empty for the exchange's own orders; `fee` is positive when paid; `ambiguous` marks a
    simulated bar that
    held both stop and target."""

    exec_id: str
    link_id: str
    order_id: str
    symbol: str
    buy: bool
    price: Ticks
    qty: Steps
    fee: Money
    kind: ExecKind
    at_ms: int
    maker: bool = False
    ambiguous: bool = False


@dataclass(frozen=True, slots=True)
class FundingPaid:
    """A funding settlement; `amount` is positive when paid by us."""

    exec_id: str
    symbol: str
    amount: Money
    at_ms: int


@quick
@dataclass(frozen=True, slots=True)
class ProtectionReported:
    """Stop, target and distance of the trailing stop that the exchange holds for the position (0 = none)."""

    symbol: str
    stop: Ticks
    target: Ticks
    at_ms: int
    trail: Ticks = 0


@dataclass(frozen=True, slots=True)
class ProtectionRefused:
    """The exchange refused or lost a change of stop and target."""

    symbol: str
    reason: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class WalletReported:
    """Wallet balance as the exchange states it."""

    wallet: Money
    at_ms: int


@dataclass(frozen=True, slots=True)
class OrderReport:
    """One order as the exchange shows it, without those it made itself (stops, targets); `open` is False for finished
    ones. `what` describes an order in words where the exchange tells enough.
    """

    link_id: str
    order_id: str
    symbol: str
    open: bool
    rejected: bool
    filled: Steps
    reduce_only: bool = False
    what: str = ""


@dataclass(frozen=True, slots=True)
class PositionReport:
    """One position as the exchange shows it: signed quantity, cost at entry, stop, target and distance of its trailing
    stop (0 = none).
    """

    symbol: str
    qty: Steps
    entry_cost: Money
    stop: Ticks
    target: Ticks
    trail: Ticks = 0


@dataclass(frozen=True, slots=True)
class AccountReported:
    """The exchange's whole view of the account, asked for at start, after reconnects and on a schedule.

    `asked_ms` is the exchange time when the question left: nothing sent after it may be missed in the answer. A failed
    query is no report.
    """

    orders: tuple[OrderReport, ...]
    positions: tuple[PositionReport, ...]
    executions: tuple[Executed | FundingPaid, ...]
    wallet: Money
    asked_ms: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """One change of the wallet that no trade made, from the exchange's transaction log; `amount` is positive for what
    came in, `kind` the exchange's word for it.
    """

    transfer_id: str
    amount: Money
    kind: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class TransfersReported:
    """What the transaction log says since the time that was asked for; a failed query is no report."""

    rows: tuple[Transfer, ...]
    at_ms: int


@dataclass(frozen=True, slots=True)
class OrderNotFound:
    """The exchange does not know the order. `conclusive` when it was asked late and often enough to believe it."""

    link_id: str
    conclusive: bool
    at_ms: int


@dataclass(frozen=True, slots=True)
class InstrumentChanged:
    """An instrument is new or its grids, limits or status changed."""

    instrument: Instrument
    at_ms: int


@dataclass(frozen=True, slots=True)
class TurnoverReported:
    """24 h turnover of a symbol in whole quote currency."""

    symbol: str
    turnover: int
    at_ms: int


class VenueState(StrEnum):
    """Health of the exchange connection."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class VenueChanged:
    """The exchange connection became better or worse."""

    state: VenueState
    why: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class StoreChanged:
    """The journal can (or cannot) make facts durable."""

    writable: bool
    why: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class StartTroubled:
    """The start found something wrong that a person must look at: nothing new is opened until an admin resumes."""

    why: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class StrategyJudged:
    """The shell's word on a profile's strategy: why it may not enter (its file changed, it is too slow), empty when it
    may.
    """

    profile: str
    why: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class AccountTroubled:
    """The account or its key is no longer as it should be. When that is `grave`, nothing new is opened until an admin
    resumes; else people are told.
    """

    why: str
    at_ms: int
    grave: bool = True


@dataclass(frozen=True, slots=True)
class DeskStopping:
    """The process was asked to end."""

    at_ms: int


type MarketEvent = (
    PriceMoved | BarClosed | BookMoved | DataTroubled | DataHealed | TimePassed | InstrumentChanged | TurnoverReported
)
type OrderEvent = (
    OrderSent
    | OrderAccepted
    | OrderRejected
    | OrderOutcomeUnknown
    | OrderEnded
    | OrderUnsent
    | OrderNotFound
    | OrderReport
)
type AccountEvent = (
    Executed
    | FundingPaid
    | ProtectionReported
    | ProtectionRefused
    | WalletReported
    | AccountReported
    | TransfersReported
)
type DeskEvent = VenueChanged | StoreChanged | StartTroubled | AccountTroubled | StrategyJudged | DeskStopping
type Event = MarketEvent | OrderEvent | AccountEvent | DeskEvent | ChatEvent | FeedEvent
