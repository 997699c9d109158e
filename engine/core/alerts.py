"""What the desk tells people, as data: the words are the chat's. Prices, quantities and money are exact decimals.

`position_id` threads the messages of one position; `critical` alerts are never muted, merged or delayed by others.
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What every alert carries: account and mode it belongs to, and the market time of what happened."""

    account: str
    mode: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryAlert(Alert):
    """A position was opened: the entry order is completely filled (or ended partly filled). `trail` is the distance of
    the trailing stop that the exchange is asked to hold.
    """

    position_id: str
    symbol: str
    profile: str
    long: bool
    rule: str
    also: tuple[str, ...]
    quantity: Decimal
    price: Decimal
    notional: Decimal
    slippage_percent: Decimal
    stop: Decimal | None
    stop_net: Decimal | None
    target: Decimal | None
    target_net: Decimal | None
    reward_risk: Decimal | None
    margin: Decimal
    leverage: int
    trail: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitAlert(Alert):
    """A position is flat again."""

    position_id: str
    symbol: str
    profile: str
    long: bool
    quantity: Decimal
    entry: Decimal
    exit: Decimal
    gross: Decimal
    fees: Decimal
    funding: Decimal
    net: Decimal
    net_percent: Decimal
    r_multiple: Decimal | None
    reason: str
    duration_ms: int
    today_net: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class StopMovedAlert(Alert):
    """Stop or target of a position moved (None = none)."""

    position_id: str
    symbol: str
    profile: str
    long: bool
    stop: Decimal | None
    target: Decimal | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAlert(Alert):
    """An order was refused, is lost, or did not leave (`what`: rejected, unknown, expired, unsent)."""

    position_id: str
    symbol: str
    profile: str
    entry: bool
    buy: bool
    quantity: Decimal
    what: str
    why: str
    critical: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectionAlert(Alert):
    """A position's stop is missing on the exchange, and what the desk does about it. Critical."""

    position_id: str
    symbol: str
    profile: str
    why: str
    doing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailAlert(Alert):
    """The exchange does not hold a position's stop and trailing stop as both are wanted, while one of them is live."""

    position_id: str
    symbol: str
    profile: str
    long: bool
    missing: str
    live: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlippageAlert(Alert):
    """An order was filled further from the expected price than is usual (`what` as in `SlippageSeen`).

    `percent` of the expected price and `cost` in quote currency are positive when it cost us; `today` counts such
    orders of the account since 00:00 UTC.
    """

    position_id: str
    symbol: str
    profile: str
    long: bool
    what: str
    quantity: Decimal
    expected: Decimal
    price: Decimal
    percent: Decimal
    limit_percent: Decimal
    cost: Decimal
    today: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitAlert(Alert):
    """A limit was warned about, breached or is over (`level`). `value` and `threshold` in percent or money as
    `in_money` says.
    """

    key: str
    level: str
    value: Decimal
    threshold: Decimal
    in_money: bool
    action: str
    open_positions: int
    open_result: Decimal
    closing: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyAlert(Alert):
    """An emergency limit was breached and asks: at `decides_ms` (wall time) silence closes all `open_positions` in its
    scope, which costs about `closing_costs`. `today` is the scope's result of the day. Critical.
    """

    number: int
    key: str
    value: Decimal
    threshold: Decimal
    in_money: bool
    today: Decimal | None
    open_positions: int
    open_result: Decimal
    closing_costs: Decimal
    decides_ms: int
    again: bool = False

    @property
    def thread(self) -> str:
        """What the messages about this question are kept under."""
        return f"emergency-{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyDecidedAlert(Alert):
    """The question was answered: `outcome` is closed, kept (until `until_ms`), paused or resumed; `by` whom, or the
    desk with `why`. Numbers are those of that moment. It takes the place of the question's messages. Critical.
    """

    number: int
    key: str
    value: Decimal
    threshold: Decimal
    in_money: bool
    today: Decimal | None
    open_positions: int
    open_result: Decimal
    closing_costs: Decimal
    outcome: str
    by: str
    why: str
    decided_ms: int
    until_ms: int

    @property
    def thread(self) -> str:
        """What the messages about this question are kept under."""
        return f"emergency-{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldAlert(Alert):
    """A hold was set or lifted, by whom and why."""

    scope: str
    level: str
    set: bool
    by: str
    reason: str
    until_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CooldownAlert(Alert):
    """A symbol rests until `until_ms`."""

    symbol: str
    until_ms: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAlert(Alert):
    """A person changed a limit, a rule or a profile."""

    what: str
    old: str
    new: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceAlert(Alert):
    """Reconciliation found our books different from the exchange's and adopted the exchange's."""

    symbol: str
    ours: str
    theirs: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemAlert(Alert):
    """Start, stop, feed, exchange, storage or data trouble and its end, or what a strategy has to tell (`topic`), in
    one sentence each.
    """

    topic: str
    title: str
    detail: str
    critical: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidationAlert(Alert):
    """The exchange liquidated or deleveraged (part of) a position. Critical."""

    position_id: str
    symbol: str
    profile: str
    quantity: Decimal
    price: Decimal
    cause: str


def is_critical(alert: Alert) -> bool:
    """Whether an alert may never be muted, merged or delayed by others."""
    if isinstance(alert, ProtectionAlert | LiquidationAlert | EmergencyAlert | EmergencyDecidedAlert):
        return True
    if isinstance(alert, HoldAlert):
        return alert.set and alert.level == "HALTED"
    if isinstance(alert, LimitAlert):
        return alert.level == "breached" and alert.action in {"emergency", "halt"}
    return isinstance(alert, OrderAlert | SystemAlert) and alert.critical
