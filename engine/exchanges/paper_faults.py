"""What can go wrong between the desk and the paper exchange, on demand: lost requests and replies, delays, refusals,
silence, an outage.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from engine.exchanges.sim.model import Request


async def _at_once() -> None:
    return


@dataclass(slots=True)
class Faults:
    """Counts say how many of the next requests suffer. `muted`: events are lost while requests work. `down`: nothing
    is answered and events are lost, while the exchange itself goes on. `on_the_way` and `on_the_way_back` are
    awaited around every placement.
    """

    lose_requests: int = 0
    lose_replies: int = 0
    refuse_orders: int = 0
    refuse_protection: int = 0
    drop_stops: int = 0
    muted: bool = False
    down: bool = False
    on_the_way: Callable[[], Awaitable[None]] = _at_once
    on_the_way_back: Callable[[], Awaitable[None]] = _at_once

    def strikes(self, name: str) -> bool:
        """Whether the fault of that name happens now; counts it down."""
        left: int = getattr(self, name)
        if left:
            setattr(self, name, left - 1)
        return left > 0

    def silent(self, name: str) -> bool:
        """Whether no answer comes: the connection is down, or the fault of that name happens now."""
        return self.down or self.strikes(name)

    def altered(self, request: Request) -> Request:
        """Return the request as it arrives: an entry may lose its stop and target."""
        if (request.stop or request.target) and self.strikes("drop_stops"):
            return replace(request, stop=0, target=0)
        return request
