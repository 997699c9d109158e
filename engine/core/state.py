"""The desk's durable state: a fold over facts. Replaying the journal restores it; only the price extremes of open
positions run ahead of their facts.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from engine.core import facts as f
from engine.core.approval_facts import ApprovalAsked, ApprovalDecided, ApprovalHeard
from engine.core.commands import Answer
from engine.core.events import (
    ExecKind,
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
    ProtectionReported,
)
from engine.core.facts import Fact
from engine.core.ids import is_exit
from engine.core.market import DAY_MS, MINUTE_MS, Instrument, day_start
from engine.core.money import Money
from engine.core.orders import OrderBook, Purpose, Ticket, Word
from engine.core.portfolio import Portfolio
from engine.core.question import Question, after_asking, after_deciding
from engine.core.trades import Trade

LOST_CLOSE = "closed by the desk"
# The hold of the guard outside the strategies.
RUNAWAY = "runaway"
REMEMBERED_EXECUTIONS = 5_000
REMEMBERED_ANSWERS = 2_000
REMEMBERED_FOREIGN = 500


@dataclass(slots=True)
class State:
    """Everything that must survive a restart. Change it only through `apply`. `slips` are a UTC day and how many orders
    slipped on it.
    """

    portfolio: Portfolio = field(default_factory=Portfolio)
    book: OrderBook = field(default_factory=OrderBook)
    holds: dict[str, f.Hold] = field(default_factory=dict)
    cooldowns: dict[str, int] = field(default_factory=dict)
    references: dict[str, dict[str, Money]] = field(default_factory=dict)
    levels: dict[str, str] = field(default_factory=dict)
    thresholds: dict[str, int] = field(default_factory=dict)
    rules_off: dict[str, tuple[str, ...]] = field(default_factory=dict)
    rules_on: dict[str, tuple[str, ...]] = field(default_factory=dict)
    profiles_on: dict[str, bool] = field(default_factory=dict)
    symbols_off: dict[str, tuple[str, ...]] = field(default_factory=dict)
    symbols_added: dict[str, tuple[str, ...]] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    executions: dict[str, int] = field(default_factory=dict)
    signalled: dict[str, int] = field(default_factory=dict)
    opened: bool = False
    opened_ms: int = 0
    last_execution_ms: int = 0
    clock_ms: int = 0
    unexplained: Money = 0
    unexplained_ms: int = 0
    foreign: dict[str, str] = field(default_factory=dict)
    slips: tuple[int, int] = (0, 0)
    questions: dict[str, Question] = field(default_factory=dict)
    last_question: int = 0
    entered_at: tuple[int, ...] = ()
    entered_day: int = 0
    entered_notional: Money = 0

    def apply(self, fact: Fact) -> Trade | None:
        """Fold one fact in; returns the round trip that an execution completed."""
        self.clock_ms = max(self.clock_ms, fact.at_ms)
        fold = _FOLDS.get(type(fact))
        return fold(self, fact) if fold is not None else None

    def knows(self, exec_id: str) -> bool:
        """Whether an execution is already booked."""
        return exec_id in self.executions

    def held_instruments(self) -> list[Instrument]:
        """Return the instruments of which something is held or ordered, as the books count them."""
        held = {*self.portfolio.positions, *(order.ticket.symbol for order in self.book.open())}
        return [self.portfolio.instruments[symbol] for symbol in sorted(held)]

    def _opened(self, fact: f.AccountOpened) -> None:
        self.portfolio.open_account(fact.wallet)
        self.opened = True
        self.opened_ms = fact.at_ms

    def _corrected(self, fact: f.WalletCorrected) -> None:
        self._moved(fact.amount)

    def _moved(self, amount: Money) -> None:
        self.portfolio.transfer(amount)
        account = self.references.get("", {})
        for name in account:
            if not name.endswith(".at"):
                account[name] += amount

    def _unexplained(self, fact: f.WalletUnexplained) -> None:
        if not self.unexplained:
            self.unexplained_ms = fact.at_ms
        self.unexplained = fact.amount

    def _transferred(self, fact: f.TransferBooked) -> None:
        self._remember(fact.transfer_id, fact.at_ms)
        self.unexplained -= fact.amount
        self._moved(fact.amount)

    def _foreign(self, fact: f.ForeignOrderFound) -> None:
        self.foreign[fact.order_id] = fact.symbol
        if len(self.foreign) > REMEMBERED_FOREIGN:
            del self.foreign[next(iter(self.foreign))]

    def _instrument(self, fact: InstrumentChanged) -> None:
        before = self.portfolio.instruments.get(fact.instrument.symbol)
        if before is not None:
            self.portfolio.regrid(before, fact.instrument)
            self.book.regrid(before, fact.instrument)
        self.portfolio.instruments[fact.instrument.symbol] = fact.instrument

    def _intended(self, fact: f.OrderIntended) -> None:
        ticket = fact.ticket
        self.book.add(ticket)
        if ticket.purpose is Purpose.ENTRY:
            self._count_entry(ticket, fact.at_ms)
        position = self.portfolio.positions.get(ticket.symbol)
        if ticket.purpose is Purpose.EXIT and position is not None:
            position.exits += 1
            position.expected_exit = ticket.expected
            if ticket.whole:
                position.closing = ticket.reason

    def _count_entry(self, ticket: Ticket, at_ms: int) -> None:
        day = day_start(at_ms)
        before = self.entered_notional if self.entered_day == day else 0
        self.entered_day, self.entered_notional = day, before + ticket.expected * ticket.qty * ticket.unit
        self.entered_at = (*(at for at in self.entered_at if at > at_ms - MINUTE_MS), at_ms)

    def _unwanted(self, fact: f.EntriesUnwanted) -> None:
        for link_id in fact.link_ids:
            self.book.orders[link_id].unwanted = fact.reason

    def _executed(self, fact: Executed) -> Trade | None:
        if fact.exec_id in self.executions:
            return None
        self._remember(fact.exec_id, fact.at_ms)
        self.last_execution_ms = max(self.last_execution_ms, fact.at_ms)
        order = self.book.orders.get(fact.link_id)
        ticket: Ticket | None = None
        if order is not None:
            ticket = order.ticket
            unit = self.portfolio.instruments[fact.symbol].unit
            self.book.fill(fact.link_id, qty=fact.qty, value=fact.price * fact.qty * unit, at_ms=fact.at_ms)
        trade = self.portfolio.execute(fact, ticket, _reason(fact, ticket))
        if trade is not None:
            self.book.forget(trade.position_id)
        return trade

    def _remember(self, exec_id: str, at_ms: int) -> None:
        self.executions[exec_id] = at_ms
        if len(self.executions) > REMEMBERED_EXECUTIONS:
            del self.executions[next(iter(self.executions))]

    def _funding(self, fact: FundingPaid) -> None:
        if fact.exec_id not in self.executions:
            self._remember(fact.exec_id, fact.at_ms)
            self.last_execution_ms = max(self.last_execution_ms, fact.at_ms)
            self.portfolio.pay_funding(fact)

    def _sent(self, fact: OrderSent) -> None:
        self.book.hear(fact.link_id, Word.SENT, at_ms=fact.at_ms)

    def _accepted(self, fact: OrderAccepted) -> None:
        self.book.hear(fact.link_id, Word.ACCEPTED, at_ms=fact.at_ms, order_id=fact.order_id)

    def _rejected(self, fact: OrderRejected) -> None:
        self.book.hear(fact.link_id, Word.REJECTED, at_ms=fact.at_ms)
        self._tidy()

    def _silent(self, fact: OrderOutcomeUnknown) -> None:
        self.book.hear(fact.link_id, Word.SILENCE, at_ms=fact.at_ms)

    def _ended(self, fact: OrderEnded) -> None:
        self.book.end(fact.link_id, filled=fact.filled, at_ms=fact.at_ms)
        self._tidy()

    def _unsent(self, fact: OrderUnsent) -> None:
        self.book.hear(fact.link_id, Word.REJECTED, at_ms=fact.at_ms)
        self._tidy()

    def _not_found(self, fact: OrderNotFound) -> None:
        if fact.conclusive:
            self.book.hear(fact.link_id, Word.ENDED, at_ms=fact.at_ms)
            self._tidy()

    def _tidy(self) -> None:
        self.book.tidy({position.position_id for position in self.portfolio.positions.values()})

    def _protection(self, fact: ProtectionReported) -> None:
        position = self.portfolio.positions.get(fact.symbol)
        if position is not None:
            position.report(fact.stop, fact.target, fact.trail)

    def _protect(self, fact: f.ProtectionIntended) -> None:
        position = self.portfolio.positions.get(fact.symbol)
        if position is not None:
            position.stop, position.target, position.trail = fact.stop, fact.target, fact.trail

    def _slipped(self, fact: f.SlippageSeen) -> None:
        day = fact.at_ms // DAY_MS
        self.slips = (day, self.slips[1] + 1 if day == self.slips[0] else 1)
        order = self.book.orders.get(fact.link_id)
        if order is not None:
            order.slipped = True

    def _extremes(self, fact: f.ExtremesSeen) -> None:
        position = self.portfolio.positions.get(fact.symbol)
        if position is not None:
            position.see(fact.low, fact.high)
            position.told = (position.low, position.high)

    def _hold(self, fact: f.HoldSet) -> None:
        self.holds[fact.hold.hold_id] = fact.hold

    def _lifted(self, fact: f.HoldLifted) -> None:
        self.holds.pop(fact.hold_id, None)
        self.questions.pop(fact.hold_id.removeprefix("limit:"), None)
        if fact.hold_id == RUNAWAY:
            # Who lifts it has looked: what was entered before counts no longer.
            self.entered_at, self.entered_notional = (), 0

    def _cooldown(self, fact: f.CooldownSet) -> None:
        self.cooldowns[fact.symbol] = max(fact.until_ms, self.cooldowns.get(fact.symbol, 0))

    def _unlocked(self, fact: f.CooldownLifted) -> None:
        self.cooldowns.pop(fact.symbol, None)

    def _symbol(self, fact: f.SymbolSwitched) -> None:
        off = set(self.symbols_off.get(fact.profile, ()))
        off = off - {fact.symbol} if fact.on else off | {fact.symbol}
        self.symbols_off[fact.profile] = tuple(sorted(off))
        if fact.added:
            self.symbols_added[fact.profile] = (*self.symbols_added.get(fact.profile, ()), fact.symbol)

    def _reference(self, fact: f.ReferenceSet) -> None:
        self.references.setdefault(fact.scope, {})[fact.name] = fact.value

    def _crossed(self, fact: f.LimitCrossed) -> None:
        self.levels[fact.key] = "" if fact.level == "cleared" else fact.level

    def _limit(self, fact: f.LimitChanged) -> None:
        self.thresholds[fact.key] = fact.new
        self.levels[fact.key] = ""

    def _asked(self, fact: ApprovalAsked) -> None:
        self.last_question = fact.number
        self.questions[fact.key] = after_asking(self.questions.get(fact.key), fact)

    def _heard(self, fact: ApprovalHeard) -> None:
        self.questions[fact.key] = replace(self.questions[fact.key], heard=True)

    def _decided(self, fact: ApprovalDecided) -> None:
        self.questions[fact.key] = after_deciding(self.questions[fact.key], fact)

    def _rule(self, fact: f.RuleSwitched) -> None:
        into, out = (self.rules_on, self.rules_off) if fact.on else (self.rules_off, self.rules_on)
        into[fact.profile] = tuple(sorted({*into.get(fact.profile, ()), fact.rule}))
        out[fact.profile] = tuple(rule for rule in out.get(fact.profile, ()) if rule != fact.rule)

    def _profile(self, fact: f.ProfileSwitched) -> None:
        self.profiles_on[fact.profile] = fact.on

    def _signal(self, fact: f.SignalRecorded) -> None:
        self.signalled[f"{fact.profile}/{fact.symbol}"] = fact.at_ms

    def _adopted(self, fact: f.PositionAdopted) -> Trade | None:
        trade = self.portfolio.adopt(fact.symbol, fact.qty, fact.cost, fact.at_ms, result=fact.result)
        self._tidy()
        return trade

    def _assigned(self, fact: f.PositionAssigned) -> None:
        position = self.portfolio.positions.get(fact.symbol)
        if position is not None:
            position.assign(fact.profile, fact.leverage, stop=fact.stop, target=fact.target)

    def _answered(self, fact: f.CommandHandled) -> None:
        self.answers[fact.command_id] = fact.answer
        if len(self.answers) > REMEMBERED_ANSWERS:
            del self.answers[next(iter(self.answers))]


def _reason(fact: Executed, ticket: Ticket | None) -> str:
    if fact.kind is not ExecKind.ORDER:
        return fact.kind.value
    if ticket is not None:
        return ticket.reason
    # A close that left before its intent was on disk, and a crash between: the desk's all the same.
    return LOST_CLOSE if is_exit(fact.link_id) else ExecKind.MANUAL.value


_FOLDS: dict[type, Callable[[State, Any], Trade | None]] = {
    f.AccountOpened: State._opened,
    f.WalletCorrected: State._corrected,
    f.WalletUnexplained: State._unexplained,
    f.TransferBooked: State._transferred,
    f.ForeignOrderFound: State._foreign,
    f.PositionAssigned: State._assigned,
    f.OrderIntended: State._intended,
    f.EntriesUnwanted: State._unwanted,
    f.HoldSet: State._hold,
    f.HoldLifted: State._lifted,
    f.CooldownSet: State._cooldown,
    f.CooldownLifted: State._unlocked,
    f.SymbolSwitched: State._symbol,
    f.ProtectionIntended: State._protect,
    f.SlippageSeen: State._slipped,
    f.ExtremesSeen: State._extremes,
    f.ReferenceSet: State._reference,
    f.LimitCrossed: State._crossed,
    f.LimitChanged: State._limit,
    ApprovalAsked: State._asked,
    ApprovalHeard: State._heard,
    ApprovalDecided: State._decided,
    f.RuleSwitched: State._rule,
    f.ProfileSwitched: State._profile,
    f.SignalRecorded: State._signal,
    f.PositionAdopted: State._adopted,
    f.CommandHandled: State._answered,
    InstrumentChanged: State._instrument,
    Executed: State._executed,
    FundingPaid: State._funding,
    OrderSent: State._sent,
    OrderAccepted: State._accepted,
    OrderRejected: State._rejected,
    OrderOutcomeUnknown: State._silent,
    OrderEnded: State._ended,
    OrderUnsent: State._unsent,
    OrderNotFound: State._not_found,
    ProtectionReported: State._protection,
}
