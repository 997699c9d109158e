"""Positions, fees, funding and results: a fold over executions. The average price is derived, never stored."""

from dataclasses import dataclass, field
from decimal import Decimal

from engine.core.events import ExecKind, Executed, FundingPaid
from engine.core.market import Instrument, Regrid
from engine.core.money import Money, Steps, Ticks, from_money, share
from engine.core.orders import Ticket
from engine.core.trades import Trade

EXTERNAL = "external"
# What the exchange does for a position at a price that was set before.
TRIGGERED = frozenset({ExecKind.STOP, ExecKind.TARGET, ExecKind.TRAILING})


@dataclass(slots=True)
class Position:
    """One position, or the part of it that is left. `qty` is signed steps, `cost` the entry value of what is held.

    `stop`, `target` and `trail` (the distance of a trailing stop) are what the desk wants on the exchange, `held_stop`,
    `held_target` and `held_trail` what the exchange reports (0 = none).
    `closing` names the reason while the desk is closing it; `low` and `high` are the extreme prices seen while open,
    `told` those already recorded. `own_qty` and `own_value` are what the exchange's own order of kind `own_kind` has
    closed.
    """

    position_id: str
    symbol: str
    profile: str
    unit: Money
    opened_ms: int
    rule: str
    expected: Ticks
    leverage: int
    qty: Steps = 0
    cost: Money = 0
    entered: Steps = 0
    entry_value: Money = 0
    exit_value: Money = 0
    gross: Money = 0
    fees: Money = 0
    funding: Money = 0
    first_stop: Ticks = 0
    first_target: Ticks = 0
    stop: Ticks = 0
    target: Ticks = 0
    held_stop: Ticks = 0
    held_target: Ticks = 0
    low: Ticks = 0
    high: Ticks = 0
    told: tuple[Ticks, Ticks] = (0, 0)
    closing: str = ""
    exit_reason: str = ""
    expected_exit: Ticks = 0
    exits: int = 0
    ambiguous: bool = False
    trail: Ticks = 0
    held_trail: Ticks = 0
    own_kind: str = ""
    own_qty: Steps = 0
    own_value: Money = 0

    @property
    def long(self) -> bool:
        """Direction."""
        return self.qty > 0

    @property
    def best(self) -> Ticks:
        """The most favourable price seen while open."""
        return self.high if self.qty > 0 else self.low

    @property
    def size(self) -> Steps:
        """Quantity held, unsigned."""
        return abs(self.qty)

    def unrealised(self, price: Ticks) -> Money:
        """Return the result of what is held at a price, before costs."""
        value = price * abs(self.qty) * self.unit
        return value - self.cost if self.qty > 0 else self.cost - value

    def see(self, low: Ticks, high: Ticks) -> None:
        """Widen the extremes seen."""
        self.low = min(self.low, low)
        self.high = max(self.high, high)

    @property
    def asked_trail(self) -> Ticks:
        """The trail that the position is to have: the desk's, or one that somebody else has set and that stays."""
        return self.trail or self.held_trail

    @property
    def trailed(self) -> bool:
        """Whether the exchange holds the trail that the desk wants, if any."""
        return self.trail in {0, self.held_trail}

    def report(self, stop: Ticks, target: Ticks, trail: Ticks) -> None:
        """Take in what the exchange holds. Where it trails, a better stop or a closer trail than the desk's is wanted
        from now on: nothing that the exchange has moved on is ever moved back.
        """
        self.held_stop, self.held_target, self.held_trail = stop, target, trail
        moved_on = stop > self.stop if self.qty > 0 else 0 < stop < self.stop
        if trail and self.stop and moved_on:
            self.stop = stop
        if 0 < trail < self.trail:
            self.trail = trail

    def margin(self) -> Money:
        """Return the initial margin of what is held."""
        return self.cost // self.leverage

    def assign(self, profile: str, leverage: int, *, stop: Ticks, target: Ticks) -> None:
        """Give the position to a profile, with the stop and target it is to have."""
        self.profile, self.leverage = profile, leverage
        self.stop, self.target = stop, target
        self.first_stop, self.first_target = self.first_stop or stop, self.first_target or target


@dataclass(slots=True)
class Portfolio:
    """The books of one account. `wallet` = opening balance + realised − fees − funding + transfers, to the last unit.

    `net` is the cumulative realised result after costs per profile; `day_net` the same since 00:00 UTC of `day`.
    """

    account: str = "main"
    mode: str = "paper"
    instruments: dict[str, Instrument] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    wallet: Money = 0
    opening: Money = 0
    transfers: Money = 0
    net: dict[str, Money] = field(default_factory=dict)
    day: int = 0
    day_net: dict[str, Money] = field(default_factory=dict)

    def open_account(self, wallet: Money) -> None:
        """Begin the books with a wallet balance."""
        self.wallet = self.opening = wallet

    def transfer(self, amount: Money) -> None:
        """Book a deposit (positive) or withdrawal."""
        self.wallet += amount
        self.transfers += amount

    def unrealised(self, marks: dict[str, Ticks], profile: str | None = None) -> Money:
        """Return the unrealised result at the marks (a position without a mark counts at its average) of one profile or
        all.
        """
        total = 0
        for position in self.positions.values():
            if profile is None or position.profile == profile:
                mark = marks.get(position.symbol)
                total += position.unrealised(mark) if mark else 0
        return total

    def _book(self, profile: str, amount: Money, at_ms: int) -> None:
        self.wallet += amount
        self.net[profile] = self.net.get(profile, 0) + amount
        day = at_ms // 86_400_000
        if day > self.day:
            self.day, self.day_net = day, {}
        if day == self.day:
            self.day_net[profile] = self.day_net.get(profile, 0) + amount

    def pay_funding(self, event: FundingPaid) -> None:
        """Book a funding settlement; never touches quantity."""
        position = self.positions.get(event.symbol)
        if position is not None:
            position.funding += event.amount
        self._book(position.profile if position else EXTERNAL, -event.amount, event.at_ms)

    def execute(self, event: Executed, ticket: Ticket | None, exit_reason: str) -> Trade | None:
        """Book one execution; return the round trip it completed. What exceeds the position opens one the other way."""
        position = self.positions.get(event.symbol)
        signed = event.qty if event.buy else -event.qty
        if position is None or position.qty * signed >= 0:
            self._enter(position, event, ticket, event.qty, event.fee)
            return None
        closed = min(event.qty, position.size)
        fee = share(event.fee, closed, event.qty)
        trade = self._reduce(position, event, closed, fee, exit_reason)
        if event.qty > closed:
            self._enter(None, event, ticket, event.qty - closed, event.fee - fee)
        return trade

    def _enter(self, position: Position | None, event: Executed, ticket: Ticket | None, qty: Steps, fee: Money) -> None:
        unit = self.instruments[event.symbol].unit
        if position is None:
            position = self.positions[event.symbol] = _opened(event, ticket, unit)
        value = event.price * qty * unit
        position.qty += qty if event.buy else -qty
        position.cost += value
        position.entered += qty
        position.entry_value += value
        position.fees += fee
        position.see(event.price, event.price)
        self._book(position.profile, -fee, event.at_ms)

    def _reduce(self, position: Position, event: Executed, qty: Steps, fee: Money, reason: str) -> Trade | None:
        value = event.price * qty * position.unit
        cost = position.cost if qty == position.size else share(position.cost, qty, position.size)
        gross = value - cost if position.long else cost - value
        position.see(event.price, event.price)
        position.cost -= cost
        position.exit_value += value
        position.gross += gross
        position.fees += fee
        position.exit_reason = reason
        position.ambiguous = position.ambiguous or event.ambiguous
        if event.kind in TRIGGERED:
            if position.own_kind != event.kind:
                position.own_kind, position.own_qty, position.own_value = event.kind.value, 0, 0
            position.own_qty += qty
            position.own_value += value
        was_long = position.long
        position.qty += qty if event.buy else -qty
        self._book(position.profile, gross - fee, event.at_ms)
        if position.qty:
            return None
        del self.positions[event.symbol]
        return self._trade(position, event.at_ms, long=was_long)

    def _trade(self, p: Position, at_ms: int, *, long: bool) -> Trade:
        instrument = self.instruments[p.symbol]
        entered = p.entered * p.unit
        worst, best = (p.low, p.high) if long else (p.high, p.low)
        sign = 1 if long else -1
        risk = (p.entry_value - p.first_stop * entered) * sign if p.first_stop else 0
        return Trade(
            position_id=p.position_id,
            symbol=p.symbol,
            profile=p.profile,
            account=self.account,
            mode=self.mode,
            long=long,
            quantity=instrument.quantity(p.entered),
            entry_ms=p.opened_ms,
            exit_ms=at_ms,
            expected_entry=instrument.price(p.expected),
            entry=instrument.average(p.entry_value, p.entered),
            expected_exit=instrument.price(p.expected_exit) if p.expected_exit else None,
            exit=instrument.average(p.exit_value, p.entered),
            initial_stop=instrument.price(p.first_stop) if p.first_stop else None,
            initial_target=instrument.price(p.first_target) if p.first_target else None,
            gross=from_money(p.gross),
            fees=from_money(p.fees),
            funding=from_money(p.funding),
            risk=from_money(risk) if risk > 0 else None,
            mae=min(Decimal(0), from_money((worst * entered - p.entry_value) * sign)),
            mfe=max(Decimal(0), from_money((best * entered - p.entry_value) * sign)),
            rule=p.rule,
            reason=p.exit_reason,
            ambiguous=p.ambiguous,
        )

    def adopt(self, symbol: str, qty: Steps, cost: Money, at_ms: int, *, result: Money = 0) -> Trade | None:
        """Make the exchange's quantity and cost ours. A position that is gone, or is now one the other way, ends as a
        trade that brought `result`: its fills were not seen, so its exit is what that result says.
        """
        position, trade = self.positions.get(symbol), None
        if position is not None and position.qty * qty <= 0:
            trade = self._gone(position, result, at_ms)
            position = None
        if qty == 0:
            return trade
        if position is None:
            unit = self.instruments[symbol].unit
            average = cost // (abs(qty) * unit)
            position = Position(
                f"ext-{symbol}-{at_ms}", symbol, EXTERNAL, unit, at_ms, EXTERNAL, average, 1, low=average, high=average
            )
            self.positions[symbol] = position
        if position.qty == qty:
            # The same fills averaged in another order: what was realised so far differs by what the cost does.
            realised = cost - position.cost if qty > 0 else position.cost - cost
            position.gross += realised
            self._book(position.profile, realised, at_ms)
        else:
            # What was entered and left again before stays in the averages of the round trip.
            position.entered += abs(qty) - position.size
            position.entry_value += cost - position.cost
        position.qty, position.cost = qty, cost
        return trade

    def _gone(self, position: Position, result: Money, at_ms: int) -> Trade:
        long = position.long
        position.exit_value += position.cost + (result if long else -result)
        position.gross += result
        position.exit_reason = EXTERNAL
        self._book(position.profile, result, at_ms)
        del self.positions[position.symbol]
        return self._trade(position, at_ms, long=long)

    def regrid(self, before: Instrument, after: Instrument) -> None:
        """Count a symbol's position in the grid of `after`. Money is untouched; what is held must fit the new steps."""
        position = self.positions.get(before.symbol)
        if position is None or (before.tick, before.step) == (after.tick, after.step):
            return
        grid, long = Regrid(before, after), position.long
        position.unit = after.unit
        position.qty, position.entered = grid.steps(position.qty), grid.steps(position.entered)
        position.expected, position.expected_exit = grid.near(position.expected), grid.near(position.expected_exit)
        position.low, position.high = grid.near(position.low), grid.near(position.high)
        position.told = grid.near(position.told[0]), grid.near(position.told[1])
        for name in ("first_stop", "first_target", "stop", "target", "held_stop", "held_target"):
            setattr(position, name, grid.level(getattr(position, name), long=long))
        position.trail, position.held_trail = grid.distance(position.trail), grid.distance(position.held_trail)
        position.own_qty = grid.steps(position.own_qty)


def _opened(event: Executed, ticket: Ticket | None, unit: Money) -> Position:
    price = event.price
    if ticket is None or ticket.reduce_only:
        name = f"ext-{event.symbol}-{event.exec_id}"
        return Position(name, event.symbol, EXTERNAL, unit, event.at_ms, EXTERNAL, price, 1, low=price, high=price)
    return Position(
        ticket.position_id,
        ticket.symbol,
        ticket.profile,
        unit,
        event.at_ms,
        ticket.reason,
        ticket.expected,
        ticket.leverage,
        first_stop=ticket.stop or 0,
        first_target=ticket.target or 0,
        stop=ticket.stop or 0,
        target=ticket.target or 0,
        low=price,
        high=price,
    )
