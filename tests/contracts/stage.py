"""Where contract stories are played: tickets, questions to a venue, and the stage itself."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from engine.core.events import ExecKind, Executed, PositionReport
from engine.core.orders import Purpose, Ticket
from engine.exchanges.base import Accepted, Rejected
from tests.contracts.venue import Venue
from tests.unit.exchanges.bench import SYMBOL


def entry(name: str, signed: int, *, stop: int | None = None, target: int | None = None, leverage: int = 1) -> Ticket:
    """Return an entry of signed steps."""
    return _ticket(name, signed, Purpose.ENTRY, stop=stop, target=target, leverage=leverage)


def leave(name: str, signed: int) -> Ticket:
    """Return a reduce-only order of signed steps."""
    return _ticket(name, signed, Purpose.EXIT, stop=None, target=None, leverage=1)


def _ticket(name: str, signed: int, purpose: Purpose, *, stop: int | None, target: int | None, leverage: int) -> Ticket:
    return Ticket(
        link_id=f"pd00-test-{name}",
        position_id="p",
        profile="test",
        symbol=SYMBOL,
        buy=signed > 0,
        qty=abs(signed),
        purpose=purpose,
        expected=100,
        reason="test",
        decided_ms=0,
        leverage=leverage,
        stop=stop,
        target=target,
    )


def fills(venue: Venue) -> list[tuple[ExecKind, int, int]]:
    """Return what was heard of executions: kind, signed quantity, price."""
    return [(e.kind, e.qty if e.buy else -e.qty, e.price) for e in venue.events if isinstance(e, Executed)]


async def position(venue: Venue) -> PositionReport | None:
    """Return the position as the exchange reports it."""
    report = await venue.exchange.account(0)
    return next((p for p in report.positions if p.symbol == SYMBOL), None)


async def quantity(venue: Venue) -> int:
    """Return the signed quantity held, as the exchange reports it."""
    held = await position(venue)
    return held.qty if held else 0


async def accepted(venue: Venue, ticket: Ticket) -> Accepted:
    """Place an order that must be taken."""
    outcome = await venue.exchange.place(ticket)
    assert isinstance(outcome, Accepted), outcome
    return outcome


async def refused(venue: Venue, ticket: Ticket) -> str:
    """Place an order that must be refused; return the code."""
    outcome = await venue.exchange.place(ticket)
    assert isinstance(outcome, Rejected), outcome
    return outcome.code


async def hold(venue: Venue, signed: int, *, stop: int | None = None, target: int | None = None) -> None:
    """Hold a position opened at 100."""
    await venue.bar(100, 100, 100, 100)
    await accepted(venue, entry("hold", signed, stop=stop, target=target))
    await venue.bar(100, 100, 100, 100)
    assert await quantity(venue) == signed
    venue.events.clear()


class Stage:
    """Runs a story against a fresh, connected venue."""

    def venue(self, folder: Path) -> Venue:
        """Open a venue."""
        raise NotImplementedError

    def play(self, folder: Path, story: Callable[[Venue], Awaitable[None]]) -> None:
        """Run a story to its end and release the venue."""

        async def main() -> None:
            venue = self.venue(folder)
            await venue.connect()
            try:
                await story(venue)
            finally:
                await venue.close()

        asyncio.run(main())
