"""What the journal holds: events that changed our state and the desk's own decisions. State is a fold over facts, and
nothing else.

Every fact can be written as JSON and read back (`engine.core.codec`). Market data is not a fact.
"""

from dataclasses import dataclass
from decimal import Decimal

from engine.core.approval_facts import ApprovalAsked, ApprovalDecided, ApprovalHeard
from engine.core.commands import Answer, Scope
from engine.core.events import (
    Executed,
    FundingPaid,
    InstrumentChanged,
    OrderAccepted,
    OrderEnded,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderRejected,
    OrderSent,
    OrderUnsent,
    ProtectionRefused,
    ProtectionReported,
)
from engine.core.money import Money, Steps, Ticks
from engine.core.orders import Ticket
from engine.core.profile import HoldLevel
from engine.core.quick import quick
from engine.core.trades import Trade


@dataclass(frozen=True, slots=True)
class AccountOpened:
    """The wallet balance that the books begin with."""

    wallet: Money
    at_ms: int


@dataclass(frozen=True, slots=True)
class WalletCorrected:
    """The exchange's wallet differs from ours by `amount` for a reason not in our books (a transfer)."""

    amount: Money
    why: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class WalletUnexplained:
    """The exchange's wallet differs from ours by `amount`, which the transaction log has not named yet (0: it has)."""

    amount: Money
    at_ms: int


@dataclass(frozen=True, slots=True)
class TransferBooked:
    """The transaction log named a change of the wallet that no trade made: the books and the account's references move
    by it.
    """

    transfer_id: str
    amount: Money
    kind: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class ForeignOrderFound:
    """An order that neither this installation nor the exchange itself made works on a symbol of ours."""

    order_id: str
    symbol: str
    what: str
    at_ms: int


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRecorded:
    """One signal with the values behind it and what became of it: `traded`, `refused` (with the check), `conflict`,
    `exit` or `ignored`.
    """

    signal_id: str
    profile: str
    symbol: str
    at_ms: int
    side: str
    rule: str
    also: tuple[str, ...]
    price: Decimal
    values: tuple[tuple[str, float], ...]
    outcome: str
    check: str = ""
    detail: str = ""


@quick
@dataclass(frozen=True, slots=True)
class OrderIntended:
    """The decision to place an order: durable before the first byte leaves."""

    ticket: Ticket
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What the desk may not do, where, why, and what lifts it (`admin`, `time`, `condition`, `host` or `golive`).

    `until_ms` counts on the market's clock for trading rules and on the wall clock (`on_wall`) for what a person asked.
    """

    hold_id: str
    scope: Scope
    level: HoldLevel
    reason: str
    lift: str
    set_ms: int
    until_ms: int | None = None
    on_wall: bool = False
    by: str = "desk"


@dataclass(frozen=True, slots=True)
class HoldSet:
    """A hold came into force (or replaced the one with its id)."""

    hold: Hold
    at_ms: int


@dataclass(frozen=True, slots=True)
class HoldLifted:
    """A hold ended."""

    hold_id: str
    by: str
    at_ms: int


@quick
@dataclass(frozen=True, slots=True)
class CooldownSet:
    """A symbol rests until a market time."""

    symbol: str
    until_ms: int
    why: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class CooldownLifted:
    """A person ended the rest of a symbol."""

    symbol: str
    by: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class SymbolSwitched:
    """A person let a profile enter on a symbol, or no longer; `added` when its settings do not name the symbol."""

    profile: str
    symbol: str
    on: bool
    by: str
    at_ms: int
    added: bool = False


@dataclass(frozen=True, slots=True)
class ProtectionIntended:
    """The desk decided on a new stop, target or distance of the exchange's trailing stop (0 = none)."""

    symbol: str
    stop: Ticks
    target: Ticks
    why: str
    at_ms: int
    trail: Ticks = 0


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class SlippageSeen:
    """An order was filled further from what it counted on than is usual.

    `what` is entry, exit, or the exchange's own stop, target or trailing; `ppm` of the expected price, positive when it
    cost us; `limit_ppm` is what it went beyond.
    """

    position_id: str
    profile: str
    symbol: str
    link_id: str
    what: str
    expected: Decimal
    price: Decimal
    ppm: int
    limit_ppm: int
    at_ms: int


@quick
@dataclass(frozen=True, slots=True)
class ExtremesSeen:
    """The lowest and highest price a position has seen while open."""

    symbol: str
    low: Ticks
    high: Ticks
    at_ms: int


@quick
@dataclass(frozen=True, slots=True)
class ReferenceSet:
    """A stored reference of the loss limits: `scope` is `` for the account or a profile, `name` one of day, week, peak,
    start …
    """

    scope: str
    name: str
    value: Money
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitCrossed:
    """A limit's warning or threshold was crossed (`level`: warned, breached or cleared)."""

    key: str
    level: str
    value: int
    threshold: int
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChanged:
    """A limit was changed from chat."""

    key: str
    old: int
    new: int
    by: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class RuleSwitched:
    """A rule of a profile was switched."""

    profile: str
    rule: str
    on: bool
    by: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class ProfileSwitched:
    """A profile was switched."""

    profile: str
    on: bool
    by: str
    at_ms: int


@quick
@dataclass(frozen=True, slots=True)
class TradeClosed:
    """A round trip ended. Derived from the fills; kept so that readers need no fold."""

    trade: Trade
    at_ms: int


@dataclass(frozen=True, slots=True)
class PositionAdopted:
    """The exchange's position differs from our books for a reason we did not see; ours becomes its (`qty` signed,
    `cost` at entry). `result` is what the position that is gone, or was turned over, is taken to have brought.
    """

    symbol: str
    qty: Steps
    cost: Money
    why: str
    at_ms: int
    result: Money = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionAssigned:
    """An external position was given to a profile, with the stop and target it is to have (0 = none), by a person or by
    the desk that found its own.
    """

    symbol: str
    profile: str
    leverage: int
    stop: Ticks
    target: Ticks
    by: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class CommandHandled:
    """A person's command and its answer."""

    command_id: str
    kind: str
    by: str
    answer: Answer
    at_ms: int


@quick
@dataclass(frozen=True, slots=True)
class EntriesUnwanted:
    """People closed what entries under way would open: whatever of them is still filled is closed too."""

    link_ids: tuple[str, ...]
    reason: str
    at_ms: int


type Fact = (
    AccountOpened
    | WalletCorrected
    | WalletUnexplained
    | TransferBooked
    | ForeignOrderFound
    | SignalRecorded
    | OrderIntended
    | OrderSent
    | OrderAccepted
    | OrderRejected
    | OrderOutcomeUnknown
    | OrderEnded
    | OrderUnsent
    | EntriesUnwanted
    | OrderNotFound
    | Executed
    | FundingPaid
    | ProtectionReported
    | ProtectionRefused
    | InstrumentChanged
    | HoldSet
    | HoldLifted
    | CooldownSet
    | CooldownLifted
    | SymbolSwitched
    | ProtectionIntended
    | SlippageSeen
    | ExtremesSeen
    | ReferenceSet
    | LimitCrossed
    | LimitChanged
    | ApprovalAsked
    | ApprovalHeard
    | ApprovalDecided
    | RuleSwitched
    | ProfileSwitched
    | TradeClosed
    | PositionAdopted
    | PositionAssigned
    | CommandHandled
)
