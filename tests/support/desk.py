"""Builders for tests of the core: instruments, profiles, accounts, and a bench that steps a trader and keeps facts."""

from collections.abc import Collection, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.core import events as e
from engine.core.alerts import Alert
from engine.core.commands import Answer, Command
from engine.core.effects import Effect, Notify, PlaceOrder, Record, Reply
from engine.core.facts import Fact, SignalRecorded
from engine.core.market import MINUTE_MS, Instrument
from engine.core.money import Money, Steps, Ticks, at_rate, to_money
from engine.core.orders import Ticket
from engine.core.portfolio import Position
from engine.core.profile import Account, LimitSpec, Profile, SizeMode, Sizing
from engine.core.state import State
from engine.core.strategy import Away, Decision, Enter, Held
from engine.core.trader import Trader
from engine.core.workspace import Workspace

# Wednesday 2024-01-03 09:00 UTC.
T0 = 1_704_272_400_000
DAY = 86_400_000
WALLET = to_money(10_000)
BTC, ETH, XRP = "BTCUSDT", "ETHUSDT", "XRPUSDT"
# 100.00 on the grid of `instrument()`.
PRICE = 10_000


def instrument(symbol: str = BTC, **changes: Any) -> Instrument:
    """Return a perpetual with ticks of 0.01 and steps of 0.1: one tick of one step is 0.001 USDT."""
    terms: dict[str, Any] = {"tick": Decimal("0.01"), "step": Decimal("0.1"), "min_qty": 1, "max_market_qty": 100_000}
    return Instrument(symbol=symbol, **(terms | changes))


def profile(name: str = "alpha", **changes: Any) -> Profile:
    """Return a profile of one-minute bars: 1,500 USDT notional at 10x, stop 0.5 %, target 2 %."""
    terms: dict[str, Any] = {
        "code": name[:4],
        "strategy": "scripted",
        "symbols": (BTC, ETH, XRP),
        "timeframe": MINUTE_MS,
        "sizing": Sizing(mode=SizeMode.NOTIONAL, amount=to_money(1_500)),
        "leverage": 10,
        "max_positions": 5,
        "stop": Away(5_000),
        "target": Away(20_000),
    }
    return Profile(name=name, **(terms | changes))


def account(*profiles: Profile, limits: Iterable[LimitSpec] = (), **changes: Any) -> Account:
    """Return an account of these profiles, `profile()` when none is given."""
    return Account(profiles=profiles or (profile(),), limits=tuple(limits), **changes)


@dataclass(slots=True)
class Scripted:
    """A strategy that decides what the test says, once, or on every bar when `forever`."""

    reverses: bool = False
    rules: tuple[str, ...] = ("1", "2")
    needs: tuple[str, ...] = ("rsi14",)
    following: Decision = None
    forever: bool = False
    asked: list[Held | None] = field(default_factory=list)
    off: tuple[str, ...] = ()

    def decide(self, inputs: Any, held: Held | None, off: Collection[str]) -> Decision:
        """Return the scripted decision."""
        self.asked.append(held)
        self.off = tuple(off)
        decision = self.following
        if not self.forever:
            self.following = None
        return decision

    def candidates(self, columns: Mapping[str, Any]) -> None:
        """Every bar."""


@dataclass(frozen=True, slots=True)
class Values:
    """Indicator values of a bar by name and age; a bare name is the bar itself."""

    close_ms: int
    values: Mapping[Any, float | None] = field(default_factory=dict)

    def get(self, name: str, back: int = 0) -> float | None:
        """Return a value."""
        return self.values.get((name, back), self.values.get(name) if not back else None)


class Bench:
    """One trader, its effects and facts, and a clock that the test moves."""

    def __init__(
        self,
        account_: Account | None = None,
        *,
        wallet: Money | None = WALLET,
        symbols: Iterable[str] = (BTC, ETH, XRP),
    ) -> None:
        self.account = account_ or account()
        self.scripts = {p.name: Scripted() for p in self.account.profiles}
        self.now = T0
        self.facts: list[Fact] = []
        self.effects: list[Effect] = []
        self.executions = 0
        self.trader = Trader(self.account, self.scripts, State())
        if wallet is not None:
            self.keep(self.trader.open_account(wallet, T0))
        for symbol in symbols:
            self.step(e.InstrumentChanged(instrument(symbol), T0))
        self.time(0)

    @property
    def ws(self) -> Workspace:
        """The trader's working set."""
        return self.trader.workspace

    @property
    def state(self) -> State:
        """The trader's durable state."""
        return self.ws.state

    @property
    def script(self) -> Scripted:
        """The first profile's strategy."""
        return self.scripts[self.account.profiles[0].name]

    def keep(self, effects: list[Effect]) -> list[Effect]:
        """Remember effects and facts."""
        self.effects.extend(effects)
        self.facts.extend(effect.fact for effect in effects if isinstance(effect, Record))
        return effects

    def step(self, event: e.Event | Command) -> list[Effect]:
        """Give the trader an event or a command."""
        return self.keep(self.trader.step(event))

    def ask(self, command: Command) -> Answer:
        """Give a command and return its answer."""
        return next(effect.answer for effect in self.step(command) if isinstance(effect, Reply))

    def time(self, forward_ms: int = 0) -> list[Effect]:
        """Let both clocks move forward."""
        self.now += forward_ms
        return self.step(e.TimePassed(self.now, self.now))

    def price(self, last: Ticks = PRICE, symbol: str = BTC, **more: Any) -> list[Effect]:
        """Tell a price; the mark is the last price unless given."""
        return self.step(e.PriceMoved(symbol, last, more.pop("mark", last), self.now, **more))

    def bar(self, decision: Decision = None, close: Ticks = PRICE, symbol: str = BTC, **more: Any) -> list[Effect]:
        """Close a bar now, on which the first profile decides as given."""
        script = self.scripts[more.pop("name", self.account.profiles[0].name)]
        script.following = decision if decision is not None else script.following
        values = Values(self.now, more.pop("values", {}))
        timeframe = more.pop("timeframe", MINUTE_MS)
        return self.step(e.BarClosed(symbol, timeframe, self.now, close, values, **more))

    def order(self, *, long: bool = True, close: Ticks = PRICE, symbol: str = BTC, rule: str = "go") -> Ticket:
        """Let a signal become an order; fails when a check refuses it."""
        self.time(MINUTE_MS)
        self.price(close, symbol)
        effects = self.bar(Enter(long, rule), close, symbol)
        found = placed(effects)
        assert found, [effect.fact for effect in effects if isinstance(effect, Record)]
        return found[0]

    def fill(self, ticket: Ticket, price: Ticks | None = None, qty: Steps | None = None, **more: Any) -> list[Effect]:
        """Execute (part of) an order at the taker fee."""
        return self.step(self.execution(ticket, price, qty, **more))

    def execution(
        self, ticket: Ticket, price: Ticks | None = None, qty: Steps | None = None, **more: Any
    ) -> e.Executed:
        """Return an execution of an order without telling it."""
        self.executions += 1
        price, qty = price or ticket.expected or PRICE, qty or ticket.qty
        fields = {
            "exec_id": f"x{self.executions}",
            "link_id": ticket.link_id,
            "order_id": f"o-{ticket.link_id}",
            "symbol": ticket.symbol,
            "buy": ticket.buy,
            "price": price,
            "qty": qty,
            "fee": at_rate(instrument().notional(price, qty), 55_000),
            "kind": e.ExecKind.ORDER,
            "at_ms": self.now,
        }
        return e.Executed(**(fields | more))

    def enter(self, *, long: bool = True, price: Ticks = PRICE, symbol: str = BTC, protected: bool = True) -> Position:
        """Open a position, with its stop confirmed unless told otherwise."""
        ticket = self.order(long=long, close=price, symbol=symbol)
        self.fill(ticket)
        if protected:
            self.step(e.ProtectionReported(symbol, ticket.stop or 0, ticket.target or 0, self.now))
        return self.ws.positions[symbol]

    def replayed(self) -> State:
        """Return the state that the facts so far restore."""
        state = State()
        for fact in self.facts:
            state.apply(fact)
        return state

    def restart(self) -> list[Effect]:
        """Crash, restore the state from the facts, and recover."""
        self.trader = Trader(self.account, self.scripts, self.replayed())
        return self.keep(self.trader.recover())

    def report(self, *, rows: Iterable[e.PositionReport] = (), **more: Any) -> e.AccountReported:
        """Return what the exchange would say: our wallet, these positions, and whatever else is given."""
        fields: dict[str, Any] = {"orders": (), "executions": (), "wallet": self.state.portfolio.wallet}
        fields |= {"asked_ms": self.now, "at_ms": self.now, "positions": tuple(rows)}
        return e.AccountReported(**(fields | more))


def placed(effects: Iterable[Effect]) -> list[Ticket]:
    """Return the tickets of the orders among effects."""
    return [effect.ticket for effect in effects if isinstance(effect, PlaceOrder)]


def told[A: Alert](effects: Iterable[Effect], kind: type[A]) -> list[A]:
    """Return the alerts of one kind among effects."""
    return [effect.alert for effect in effects if isinstance(effect, Notify) and isinstance(effect.alert, kind)]


def facts[F](effects: Iterable[Effect], kind: type[F]) -> list[F]:
    """Return the facts of one kind among effects."""
    return [effect.fact for effect in effects if isinstance(effect, Record) and isinstance(effect.fact, kind)]


def refusal(effects: Iterable[Effect]) -> str:
    """Return the check that refused the signal among effects, empty when it was traded."""
    return facts(effects, SignalRecorded)[-1].check


def durable(state: State) -> State:
    """Return a copy without the price extremes, which run ahead of their facts while a position is open."""
    copy = deepcopy(state)
    for position in copy.portfolio.positions.values():
        position.low = position.high = 0
    copy.portfolio.account, copy.portfolio.mode = "main", "paper"
    return copy


def assert_replays(bench: Bench) -> None:
    """Fail unless the facts restore exactly the present state."""
    assert durable(bench.replayed()) == durable(bench.state)
