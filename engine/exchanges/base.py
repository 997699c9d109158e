"""What the desk needs of an exchange: three actions with honest outcomes, two questions, and a stream of events."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from engine.core.events import AccountReported, Event, OrderNotFound, OrderReport, TransfersReported
from engine.core.money import Ticks
from engine.core.orders import Ticket
from engine.core.quick import quick


@quick
@dataclass(frozen=True, slots=True)
class Accepted:
    """The exchange has taken the request."""

    order_id: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The exchange refused; nothing was done. `code` is the exchange's."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Whether it was done cannot be told."""

    why: str


# The code of the refusal of a request whose time was up before it could be sent.
EXPIRED = "expired"

type Outcome = Accepted | Rejected | Unknown
type Sink = Callable[[Event], None]


class QueryFailedError(Exception):
    """The exchange did not answer a question; nothing may be concluded."""


class Exchange(Protocol):
    """Asynchronous port to one account. Events reach the sink given to `connect`, fills in the exchange's order."""

    async def connect(self, sink: Sink) -> None:
        """Start delivering events."""

    async def close(self) -> None:
        """Stop delivering events and release connections."""

    async def place(self, ticket: Ticket, until_s: float = math.inf) -> Outcome:
        """Place an order; stop and target travel with an entry. What could not be sent until `until_s` of the desk's
        monotonic clock, wherever it waits, is not sent any more: `Rejected` with the code `EXPIRED`.
        """

    async def cancel(self, link_id: str, symbol: str) -> Outcome:
        """Cancel an order; an order that is already over is `Accepted`."""

    async def protect(self, symbol: str, stop: Ticks, target: Ticks, trail: Ticks = 0) -> Outcome:
        """Set stop, target and trailing distance of the whole position (0 = none). A trailing stop begins at the
        present price; set again at the same distance it goes on from where it is.
        """

    async def account(self, since_ms: int) -> AccountReported:
        """Return the whole view, with executions since a time; raises QueryFailedError."""

    async def transfers(self, since_ms: int) -> TransfersReported:
        """Return what moved the wallet since a time without a trade; raises QueryFailedError."""

    async def order(self, link_id: str, symbol: str, sent_ms: int) -> OrderReport | OrderNotFound:
        """Return what the exchange knows of an order; raises QueryFailedError."""
