"""The shell of a backtest: carries effects to the simulated exchange at once, and its news back, until all is quiet."""

from collections import Counter, deque
from collections.abc import Callable
from typing import Any

from engine.backtest.request import Fill
from engine.core.effects import CancelOrder, Effect, PlaceOrder, QueryAccount, QueryOrder, Record, SetProtection
from engine.core.events import Event, ExecKind, Executed, FundingPaid, OrderNotFound, OrderRejected, ProtectionRefused
from engine.core.facts import Hold, HoldSet, OrderIntended, SignalRecorded, TradeClosed
from engine.core.orders import Ticket
from engine.core.trader import Trader
from engine.core.trades import Trade
from engine.exchanges.base import Rejected
from engine.exchanges.simulated import SimulatedExchange, request_of

type Watcher = Callable[[list[Effect]], None]


class Settler:
    """Runs one trader against one exchange without a clock; keeps what a result needs. `watcher` sees the effects of
    every step that had any. `moved` names the symbols whose books changed since somebody last cleared it.
    """

    def __init__(self, trader: Trader, exchange: SimulatedExchange, watcher: Watcher | None = None) -> None:
        self.trader = trader
        self.exchange = exchange
        self.trades: list[Trade] = []
        self.fills: list[Fill] = []
        self.funding: list[FundingPaid] = []
        self.signals: Counter[str] = Counter()
        self.holds: list[Hold] = []
        self.moved: set[str] = set()
        self._watcher = watcher
        self._waiting: deque[Event] = deque()
        self._tickets: dict[str, Ticket] = {}
        self._owners: dict[str, str] = {}
        self._keepers: dict[type, Callable[[Any], None]] = {
            OrderIntended: self._intended,
            Executed: self._executed,
            TradeClosed: lambda fact: self.trades.append(fact.trade),
            FundingPaid: self._funded,
            SignalRecorded: self._signalled,
            HoldSet: lambda fact: self.holds.append(fact.hold),
        }

    def feed(self, event: Event, now_ms: int) -> None:
        """Give the trader one event and carry out what it asks, with all that follows from it at this instant."""
        effects = self.trader.step(event)
        if effects:
            self._carry(effects, now_ms)
            self.settle(now_ms)

    def settle(self, now_ms: int) -> bool:
        """Deliver the exchange's news in the order it happened until there is none; True when there was any."""
        waiting, drain, step = self._waiting, self.exchange.drain, self.trader.step
        waiting.extend(drain(now_ms))
        if not waiting:
            return False
        while waiting:
            effects = step(waiting.popleft())
            if effects:
                self._carry(effects, now_ms)
                waiting.extend(drain(now_ms))
        return True

    def _carry(self, effects: list[Effect], now_ms: int) -> None:
        if self._watcher is not None:
            self._watcher(effects)
        keepers = self._keepers
        for effect in effects:
            if type(effect) is Record:
                keep = keepers.get(type(effect.fact))
                if keep is not None:
                    keep(effect.fact)
            else:
                self._act(effect, now_ms)

    def _act(self, effect: Effect, now_ms: int) -> None:
        match effect:
            case PlaceOrder(ticket=ticket):
                outcome = self.exchange.place(request_of(ticket), now_ms)
                if isinstance(outcome, Rejected):
                    self._waiting.append(OrderRejected(ticket.link_id, outcome.code, outcome.reason, now_ms))
            case CancelOrder(link_id=link_id):
                self.exchange.cancel(link_id, now_ms)
            case SetProtection(symbol=symbol, stop=stop, target=target, trail=trail):
                outcome = self.exchange.protect(symbol, stop, target, now_ms, trail=trail)
                if isinstance(outcome, Rejected):
                    self._waiting.append(ProtectionRefused(symbol, f"{outcome.code}: {outcome.reason}", now_ms))
            case QueryOrder(link_id=link_id):
                self._waiting.append(self.exchange.order_report(link_id) or OrderNotFound(link_id, True, now_ms))
            case QueryAccount():
                since_ms = self.trader.workspace.state.last_execution_ms
                self._waiting.append(self.exchange.account_report(since_ms, now_ms))

    def _intended(self, fact: OrderIntended) -> None:
        ticket = fact.ticket
        self._tickets[ticket.link_id] = ticket
        if not ticket.reduce_only:
            self._owners[ticket.symbol] = ticket.profile

    def _executed(self, fact: Executed) -> None:
        self.moved.add(fact.symbol)
        ticket = self._tickets.get(fact.link_id)
        reason = ticket.reason if ticket is not None and fact.kind is ExecKind.ORDER else fact.kind.value
        owner = ticket.profile if ticket is not None else self._owners.get(fact.symbol, "")
        self.fills.append(Fill(fact, owner, reason))

    def _funded(self, fact: FundingPaid) -> None:
        self.moved.add(fact.symbol)
        self.funding.append(fact)

    def _signalled(self, fact: SignalRecorded) -> None:
        self.signals[f"{fact.outcome}:{fact.check}" if fact.check else fact.outcome] += 1
