"""Everything the desk may ask of the world. The shell carries effects out; what comes of them returns as events."""

from dataclasses import dataclass

from engine.core.alerts import Alert
from engine.core.commands import Answer
from engine.core.facts import Fact
from engine.core.money import Ticks
from engine.core.orders import Ticket
from engine.core.quick import quick


@quick
@dataclass(frozen=True, slots=True)
class Record:
    """Make a fact durable. Facts of one step belong to one group and precede the entries of that step."""

    fact: Fact


@quick
@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """Send an order. Entries wait until their intent is durable and expire; exits leave at once."""

    ticket: Ticket


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Cancel one of our orders."""

    link_id: str
    symbol: str


@dataclass(frozen=True, slots=True)
class SetProtection:
    """Set stop, target and distance of the trailing stop of the position on the exchange (0 = none)."""

    symbol: str
    stop: Ticks
    target: Ticks
    trail: Ticks = 0


@dataclass(frozen=True, slots=True)
class QueryOrder:
    """Ask the exchange about an order whose outcome is unknown."""

    link_id: str
    symbol: str
    sent_ms: int


@dataclass(frozen=True, slots=True)
class QueryAccount:
    """Ask the exchange for its whole view of the account."""

    why: str


@dataclass(frozen=True, slots=True)
class QueryTransfers:
    """Ask the exchange's transaction log for what moved the wallet since a time."""

    since_ms: int


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell the people; stored with the facts of the step, delivered in order."""

    alert: Alert


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer the person who gave a command."""

    answer: Answer


type Question = QueryOrder | QueryAccount | QueryTransfers
type Effect = Record | PlaceOrder | CancelOrder | SetProtection | Question | Notify | Reply
