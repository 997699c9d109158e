"""The shell of a backtest: carries effects to the simulated exchange at once, and its news back, until both are quiet.
"""

from collections import Counter, deque
from collections.abc import Callable

from engine.backtest.request import Fill
from engine.core.effects import CancelOrder, Effect, PlaceOrder, QueryAccount, QueryOrder, Record, SetProtection
from engine.core.events import Event, ExecKind, Executed, FundingPaid, OrderNotFound, OrderRejected, ProtectionRefused
from engine.core.facts import SignalRecorded, TradeClosed
from engine.core.trader import Trader
from engine.core.trades import Trade
from engine.exchanges.base import Rejected
from engine.exchanges.simulated import SimulatedExchange, request_of

type Watcher = Callable[[list[Effect]], None]


class Settler:
    """Runs one trader against one exchange without a clock; keeps what a result needs. `watcher` sees the effects of
    every step.
    """

    def __init__(self, trader: Trader, exchange: SimulatedExchange, watcher: Watcher | None = None) -> None:
        self.trader = trader
        self.exchange = exchange
        self.trades: list[Trade] = []
        self.fills: list[Fill] = []
        self.funding: list[FundingPaid] = []
        self.signals: Counter[str] = Counter()
        self.moved = False
        self._watcher = watcher

    def feed(self, event: Event, now_ms: int) -> None:
        """Give the trader one event and carry out what it asks, with everything that follows from it at this instant.
        """
        waiting = deque((event,))
        step, drain = self.trader.step, self.exchange.drain
        while waiting:
            effects = step(waiting.popleft())
            if effects:
                self._carry(effects, waiting, now_ms)
            waiting.extend(drain(now_ms))

    def settle(self, now_ms: int) -> bool:
        """Deliver the exchange's news until there is none; True when there was any."""
        news = self.exchange.drain(now_ms)
        for event in news:
            self.feed(event, now_ms)
        return bool(news)

    def _carry(self, effects: list[Effect], waiting: deque[Event], now_ms: int) -> None:
        if self._watcher is not None:
            self._watcher(effects)
        for effect in effects:
            if type(effect) is Record:
                self._keep(effect.fact)
                continue
            match effect:
                case PlaceOrder(ticket=ticket):
                    outcome = self.exchange.place(request_of(ticket), now_ms)
                    if isinstance(outcome, Rejected):
                        waiting.append(OrderRejected(ticket.link_id, outcome.code, outcome.reason, now_ms))
                case CancelOrder(link_id=link_id):
                    self.exchange.cancel(link_id, now_ms)
                case SetProtection(symbol=symbol, stop=stop, target=target):
                    outcome = self.exchange.protect(symbol, stop, target, now_ms)
                    if isinstance(outcome, Rejected):
                        waiting.append(ProtectionRefused(symbol, f"{outcome.code}: {outcome.reason}", now_ms))
                case QueryOrder() | QueryAccount():
                    waiting.append(self._ask(effect, now_ms))

    def _ask(self, question: QueryOrder | QueryAccount, now_ms: int) -> Event:
        if isinstance(question, QueryAccount):
            return self.exchange.account_report(self.trader.workspace.state.last_execution_ms, now_ms)
        return self.exchange.order_report(question.link_id) or OrderNotFound(question.link_id, True, now_ms)

    def _keep(self, fact: object) -> None:
        match fact:
            case Executed():
                self.moved = True
                self.fills.append(Fill(event=fact, profile="", reason=self._reason(fact)))
            case TradeClosed(trade=trade):
                self.trades.append(trade)
            case FundingPaid():
                self.moved = True
                self.funding.append(fact)
            case SignalRecorded(outcome=outcome, check=check):
                self.signals[f"{outcome}:{check}" if check else outcome] += 1
            case _:
                pass

    def _reason(self, fact: Executed) -> str:
        if fact.kind is not ExecKind.ORDER:
            return fact.kind.value
        order = self.trader.workspace.state.book.orders.get(fact.link_id)
        return order.ticket.reason if order else ""
