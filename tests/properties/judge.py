"""Whether an entry was allowed, told from the terms and from what really happened, not from the desk's own checks."""

from typing import TYPE_CHECKING

from engine.core.facts import Hold
from engine.core.market import DAY_MS, MINUTE_MS, Status
from engine.core.money import Money, to_money
from engine.core.orders import Purpose, Ticket
from engine.core.workspace import Workspace
from tests.support.venue import FakeVenue

if TYPE_CHECKING:
    from tests.properties.greed import Terms

UNIT = 100_000
FEE, SLIP = 0.00055, 0.0001


class BrokenError(AssertionError):
    """An entry went beyond these limits, by the names of the checks that should have refused it."""

    def __init__(self, names: set[str], ticket: Ticket) -> None:
        super().__init__(f"{sorted(names)}: {ticket}")
        self.names = names


class Judge:
    """Remembers holds, closes, entries and the market's state; `entry` raises BrokenError."""

    def __init__(self, terms: "Terms") -> None:
        self.terms = terms
        self.holds: dict[str, Hold] = {}
        self.resting: dict[str, int] = {}
        self.gaps: dict[str, int] = {}
        self.wild: set[str] = set()
        self.turnover: dict[str, int] = {}
        self.entered_at: list[int] = []
        self.spent: tuple[int, Money] = (0, 0)
        self.resumed = False
        self.after_resume = 0

    # What happened

    def held(self, hold: Hold) -> None:
        """A hold was set."""
        self.holds[hold.hold_id] = hold

    def lifted(self, hold_id: str, by: str, now_ms: int) -> None:
        """A hold was lifted: by a person, or because its time was over."""
        hold = self.holds.pop(hold_id)
        assert by == "ann" or (hold.until_ms is not None and hold.until_ms <= now_ms), hold
        if by == "ann" and hold_id.startswith("limit:"):
            self.resumed = True
        if hold_id == "runaway":
            self.entered_at, self.spent = [], (0, 0)

    def closed(self, symbol: str, at_ms: int) -> None:
        """A position is flat."""
        self.resting[symbol] = max(self.resting.get(symbol, 0), at_ms + self.terms.rest_ms)

    # What is judged

    def entry(self, ws: Workspace, venue: FakeVenue, ticket: Ticket) -> None:
        """Judge an entry that is about to be sent; its order is in the books already."""
        judged = {
            "hold": self._hold(ticket),
            "symbol": _symbol(ws, venue, ticket),
            "count": self._count(ws, ticket),
            "cooldown": self.resting.get(ticket.symbol, 0) <= ws.now_ms,
            "levels": self._levels(ticket),
            "cost": self._cost(ticket),
            "quantity": self._quantity(ticket),
            "margin": self._margin(ws, ticket),
            "price": abs(self.gaps.get(ticket.symbol, 0)) * 100 <= self._mark(ws, ticket) and self._calm(ticket),
            "turnover": self.turnover.get(ticket.symbol, 0) >= self.terms.floor,
            "listed": _listed(ws, ticket),
            "runaway": self._runaway(ws, ticket),
        }
        self.after_resume += self.resumed
        broken = {name for name, fine in judged.items() if not fine}
        if broken:
            raise BrokenError(broken, ticket)

    def _hold(self, ticket: Ticket) -> bool:
        return not any(hold.scope.covers(ticket.profile, ticket.symbol) for hold in self.holds.values())

    def _mark(self, ws: Workspace, ticket: Ticket) -> int:
        return ws.marks[ticket.symbol]

    def _calm(self, ticket: Ticket) -> bool:
        # By hand nothing is entered on a bar: the last one may be older than the wildness.
        return ticket.symbol not in self.wild or ticket.profile == "gamma"

    def _count(self, ws: Workspace, ticket: Ticket) -> bool:
        held = {(p.symbol, p.profile) for p in ws.positions.values()}
        held |= {(o.ticket.symbol, o.ticket.profile) for o in ws.state.book.orders.values() if not o.over}
        mine = [symbol for symbol, profile in held if profile == ticket.profile]
        return len(mine) <= self.terms.positions and len({symbol for symbol, _ in held}) <= self.terms.together

    def _levels(self, ticket: Ticket) -> bool:
        entry, stop, target = ticket.expected, ticket.stop or 0, ticket.target or 0
        way = 1 if ticket.buy else -1
        risk, reward = (entry - stop) * way, (target - entry) * way
        liquidation = entry * (1 / ticket.leverage - 0.005)
        return risk > 0 and reward >= risk and risk < liquidation - entry * 0.005 + 1

    def _cost(self, ticket: Ticket) -> bool:
        share = self.terms.cost_share
        risk = abs(ticket.expected - (ticket.stop or 0)) / ticket.expected
        return share is None or risk * share / 10**6 + 1e-9 >= 2 * (FEE + SLIP)

    def _quantity(self, ticket: Ticket) -> bool:
        sized = ticket.profile == "gamma" or _worth(ticket) <= to_money(self.terms.notional)
        return sized and 0 < ticket.qty <= self.terms.largest and _worth(ticket) >= to_money(5)

    def _margin(self, ws: Workspace, ticket: Ticket) -> bool:
        orders = [o for o in ws.state.book.orders.values() if not o.over and o.ticket.purpose is Purpose.ENTRY]
        waiting = {o.ticket.link_id: o.ticket.expected * (o.ticket.qty - o.filled) * UNIT for o in orders}
        margin = sum(p.cost // p.leverage for p in ws.positions.values())
        margin += sum(value // ws.state.book.orders[name].ticket.leverage for name, value in waiting.items())
        open_ = sum(ws.marks[p.symbol] * p.size * UNIT for p in ws.positions.values())
        equity = ws.state.portfolio.wallet + sum(p.unrealised(ws.marks[p.symbol]) for p in ws.positions.values())
        fees = 2 * _worth(ticket) * 55 // 100_000
        enough = margin + fees <= min(equity, ws.state.portfolio.wallet) + 10
        return enough and open_ + sum(waiting.values()) <= equity * self.terms.exposure

    def _runaway(self, ws: Workspace, ticket: Ticket) -> bool:
        now, day = ws.now_ms, ws.now_ms // DAY_MS
        self.entered_at = [at for at in self.entered_at if at > now - MINUTE_MS] + [now]
        self.spent = (day, (self.spent[1] if self.spent[0] == day else 0) + _worth(ticket))
        began = ws.state.references[""]["day"]
        return len(self.entered_at) <= self.terms.orders and self.spent[1] <= began * self.terms.entered


def _worth(ticket: Ticket) -> Money:
    return ticket.expected * ticket.qty * UNIT


def _symbol(ws: Workspace, venue: FakeVenue, ticket: Ticket) -> bool:
    live = (o for o in venue.orders.values() if o.left and not o.ticket.reduce_only)
    known = (o for o in ws.state.book.orders.values() if not o.over and o.ticket.link_id != ticket.link_id)
    taken = {o.ticket.symbol for o in live} | {o.ticket.symbol for o in known} | set(ws.positions)
    return ticket.symbol not in taken and not venue.holding(ticket.symbol).qty


def _listed(ws: Workspace, ticket: Ticket) -> bool:
    listed = ws.state.portfolio.instruments[ticket.symbol]
    return listed.status is Status.TRADING and not listed.delivery_ms
