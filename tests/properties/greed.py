"""A strategy that wants to enter on every event, on terms of any kind, with a desk that dies and people who press: the
stories, and who plays them.
"""

from dataclasses import dataclass
from decimal import Decimal

from hypothesis import strategies as st

from engine.core import commands as c
from engine.core import events as e
from engine.core.chat_events import AdminsQuieted, ApprovalDelivered
from engine.core.effects import Effect, PlaceOrder, Record
from engine.core.facts import HoldLifted, HoldSet, TradeClosed
from engine.core.limits import measure
from engine.core.market import HOUR_MS, MINUTE_MS, Status
from engine.core.money import to_money
from engine.core.orders import Purpose
from engine.core.profile import (
    Account,
    Action,
    Anchor,
    ApprovalMode,
    Cooldown,
    LimitSpec,
    Measure,
    Profile,
    Protection,
    Runaway,
    SizeMode,
    Sizing,
)
from engine.core.strategy import Away, Enter
from tests.properties.desk_machine import FATES, Rig
from tests.properties.judge import Judge
from tests.support.desk import BTC, ETH, PRICE, XRP, Values, account, instrument, profile

SYMBOLS = (BTC, ETH, XRP)
NAMES = ("alpha", "beta", "gamma")
MONEY = {Measure.TOTAL_LOSS, Measure.DAILY_LOSS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The ex-ante limits and the loss limit of one run; the last profile trades by hand where there are three."""

    profiles: int
    notional: int
    positions: int
    together: int
    exposure: int
    leverage: int
    stop: int
    target: int
    cost_share: int | None
    rest_ms: int
    floor: int
    largest: int
    trail: int | None
    loss: int
    measure: Measure
    action: Action
    approval: ApprovalMode
    scope: str
    orders: int
    entered: int


TERMS = st.builds(
    Terms,
    profiles=st.integers(1, 3),
    notional=st.sampled_from([1_500, 4_000, 20_000]),
    positions=st.integers(1, 3),
    together=st.integers(1, 3),
    exposure=st.sampled_from([1, 3, 5]),
    leverage=st.sampled_from([1, 10, 10, 40]),
    stop=st.sampled_from([2_000, 5_000, 20_000, 20_000]),
    target=st.sampled_from([4_000, 20_000, 50_000, 50_000]),
    cost_share=st.sampled_from([None, 300_000]),
    rest_ms=st.sampled_from([0, MINUTE_MS, HOUR_MS]),
    floor=st.sampled_from([0, 1_000]),
    largest=st.sampled_from([300, 100_000]),
    trail=st.sampled_from([None, 30_000]),
    loss=st.sampled_from([2, 20, 200]),
    measure=st.sampled_from(list(Measure)),
    action=st.sampled_from([*[Action.EMERGENCY] * 4, Action.NO_ENTRIES, Action.CLOSE, Action.HALT]),
    approval=st.sampled_from([ApprovalMode.ASK, ApprovalMode.ASK, ApprovalMode.AUTO]),
    scope=st.sampled_from(["", "alpha"]),
    orders=st.sampled_from([1, 3, 600, 600]),
    entered=st.sampled_from([1, 2, 1_000, 1_000]),
)
DEEDS = (
    *("signal", "flow", "edge", "delivered", "crash") * 2,
    *("fill", "mail", "gap", "wild", "move", "answer", "wait", "later", "press", "quiet"),
    *("resume", "closeall", "manual", "turnover", "listing", "forced"),
)
STEP = st.tuples(st.sampled_from(DEEDS), st.sampled_from(SYMBOLS), st.integers(0, 40))
# Without a least length most stories would have five steps.
STORY = st.lists(STEP, min_size=20, max_size=60)


def greedy(terms: Terms) -> Account:
    """An account on these terms."""
    in_money = terms.measure in MONEY
    limit = LimitSpec(
        name="loss",
        measure=terms.measure,
        threshold=to_money(-terms.loss) if in_money else -terms.loss * 100,
        action=terms.action,
        profile=terms.scope,
        floor=-(10**15),
        ceiling=-1,
        approval=terms.approval if terms.action is Action.EMERGENCY else ApprovalMode.AUTO,
    )
    return account(
        *(_profile(terms, name, (limit,) if name == terms.scope else ()) for name in NAMES[: terms.profiles]),
        limits=() if terms.scope else (limit,),
        max_positions=terms.together,
        max_exposure=terms.exposure,
        hand_cooldown_ms=0,
        runaway=Runaway(orders_a_minute=terms.orders, notional_a_day=terms.entered),
    )


def _profile(terms: Terms, name: str, limits: tuple[LimitSpec, ...]) -> Profile:
    return profile(
        name,
        strategy="manual" if name == NAMES[2] else "scripted",
        sizing=Sizing(mode=SizeMode.NOTIONAL, amount=to_money(terms.notional)),
        leverage=terms.leverage,
        max_positions=terms.positions,
        stop=Away(terms.stop),
        target=Away(terms.target),
        max_cost_share_ppm=terms.cost_share,
        cooldown=Cooldown(length_ms=terms.rest_ms, anchor=Anchor.ROLLING),
        turnover_floor=terms.floor,
        protection=Protection(exchange_trail_ppm=terms.trail),
        limits=limits,
    )


class Greedy(Rig):
    """Enters whenever it may and tells the judge of every fact and every entry, the moment it is asked for."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.judge = Judge(terms)
        self.answers = 0
        self.crashed_while: set[str] = set()
        super().__init__(greedy(terms), SYMBOLS)
        for symbol in SYMBOLS:
            self.step(e.InstrumentChanged(instrument(symbol, max_market_qty=terms.largest), self.bench.now))
            self.turnover(symbol, 1_000)

    def carry(self, effects: list[Effect]) -> None:
        """Let the judge look, then carry out."""
        for effect in effects:
            match effect:
                case Record(fact=HoldSet(hold=hold)):
                    self.judge.held(hold)
                case Record(fact=HoldLifted(hold_id=hold_id, by=by)):
                    self.judge.lifted(hold_id, by, self.bench.now)
                case Record(fact=TradeClosed(trade=trade)):
                    self.judge.closed(trade.symbol, trade.exit_ms)
                case PlaceOrder(ticket=ticket) if ticket.purpose is Purpose.ENTRY:
                    self.judge.entry(self.bench.ws, self.venue, ticket)
                case _:
                    pass
        super().carry(effects)

    def tell(self, symbol: str) -> None:
        """Tell the present price and mark of a symbol."""
        last = self.venue.prices[symbol]
        mark = last + self.judge.gaps.get(symbol, 0)
        self.step(e.PriceMoved(symbol, last, mark, self.bench.now))

    def turnover(self, symbol: str, amount: int) -> None:
        """Tell a turnover."""
        self.judge.turnover[symbol] = amount
        self.step(e.TurnoverReported(symbol, amount, self.bench.now))

    def catch_up(self) -> None:
        """Compare with the exchange, and let everything arrive."""
        self.questions.add("")
        self.answer()
        self.flow()

    def flow(self) -> None:
        """Let everything be filled and every message arrive, in order."""
        for link_id in self.working():
            self.venue.fill(link_id, 10**6)
        while self.mail:
            self.deliver(0)

    def grab(self, *, long: bool) -> None:
        """Close a bar on every symbol, on which every profile wants to enter."""
        for script in self.bench.scripts.values():
            script.forever, script.following = True, Enter(long, "go")
        for symbol in SYMBOLS:
            self.bench.now += 1
            self.venue.now_ms = self.bench.now
            self.tell(symbol)
            width = 30.0 if symbol in self.judge.wild else 1.0
            values = Values(self.bench.now, {"high": 100.0 + width, "low": 100.0, "atr14": 1.0})
            self.step(e.BarClosed(symbol, MINUTE_MS, self.bench.now, self.venue.prices[symbol], values))

    def order(self, kind: type[c.Command], **fields: object) -> None:
        """Give a command of a person."""
        self.answers += 1
        self.step(kind(command_id=f"c{self.answers}", by="ann", wall_ms=self.bench.now, **fields))

    def crash(self) -> None:
        """Die; what is known only now is told again, turnover is not."""
        state = self.bench.state
        self.crashed_while |= {question.phase for question in state.questions.values()}
        self.crashed_while |= {order.status for order in state.book.open()}
        self.crashed_while |= {"trailing" for p in self.bench.ws.positions.values() if p.held_trail}
        super().crash()
        self.judge.turnover.clear()
        self.judge.wild.clear()
        for symbol in SYMBOLS:
            self.tell(symbol)


def play(rig: Greedy, step: tuple[str, str, int]) -> None:
    """Let one thing happen, and the strategies signal on it."""
    kind, symbol, number = step
    if kind in {"press", "delivered", "quiet", "resume", "closeall", "manual"}:
        press(rig, kind, symbol, number)
    elif kind in {"signal", "wait", "later"}:
        wait(rig, kind, number)
    elif kind in {"move", "edge", "gap", "wild", "turnover", "listing", "forced"}:
        market(rig, kind, symbol, number)
    else:
        shell(rig, kind, number)
    rig.grab(long=number % 2 == 0)


def wait(rig: Greedy, kind: str, number: int) -> None:
    """Time passes; with a signal the fate of the next requests changes."""
    if kind == "signal":
        rig.fate = FATES[number % 4]
    rig.pass_time({"signal": MINUTE_MS, "wait": number * 500, "later": number * HOUR_MS // 2}[kind])


def shell(rig: Greedy, kind: str, number: int) -> None:
    """What happens between the desk and the exchange."""
    match kind:
        case "fill":
            for link_id in rig.working():
                rig.venue.fill(link_id, 10**6 if number % 2 else number + 1)
        case "flow":
            rig.flow()
        case "mail":
            for _ in range(number):
                rig.deliver(number)
        case "answer":
            rig.answer()
        case _:
            rig.crash()
            if number % 4:
                rig.catch_up()


def market(rig: Greedy, kind: str, symbol: str, number: int) -> None:
    """What happens on the market."""
    match kind:
        case "move":
            rig.venue.prices[symbol] = PRICE + (number - 20) * 10
        case "edge":
            edge(rig, next(iter(rig.bench.ws.positions), symbol), number)
        case "gap":
            rig.judge.gaps[symbol] = (number - 20) * 10
        case "wild":
            (rig.judge.wild.add if number % 2 else rig.judge.wild.discard)(symbol)
        case "turnover":
            rig.turnover(symbol, 990 + number)
        case "listing":
            status = Status.TRADING if number % 2 else Status.CLOSED
            listed = instrument(symbol, max_market_qty=rig.terms.largest, status=status, delivery_ms=number % 3)
            rig.step(e.InstrumentChanged(listed, rig.bench.now))
        case _:
            rig.venue.force(symbol, e.ExecKind.TRAILING if rig.venue.holding(symbol).trail else e.ExecKind.STOP)
    rig.tell(symbol)


def edge(rig: Greedy, symbol: str, number: int) -> None:
    """Move a price so that the limit stands at 0.9 to 1.3 of its threshold, where people are asked; some of them answer
    at once.
    """
    rig.venue.prices[symbol] = edge_price(rig, symbol, number)
    rig.tell(symbol)
    rig.pass_time(250)
    if number % 2:
        press(rig, "delivered", symbol, number)
    if number % 4 == 1:
        press(rig, "press", symbol, number)
    if number > 16:
        rig.crash()
        rig.catch_up()


def edge_price(rig: Greedy, symbol: str, number: int) -> int:
    """Return the price at which the limit stands there."""
    ws, price = rig.bench.ws, rig.venue.prices[symbol]
    spec, position = next(iter(ws.specs())), ws.positions.get(symbol)
    value = measure(spec, ws.ledger(spec.profile), ws.state.references.get(spec.profile, {}))
    if position is None or value is None:
        return price
    more = value - spec.threshold * (90 + number) // 100
    money = more if spec.in_money else more * ws.equity() // 10**6
    ticks = money // (position.size * position.unit)
    return max(5_000, min(20_000, price - ticks if position.long else price + ticks))


def press(rig: Greedy, kind: str, symbol: str, number: int) -> None:
    """What people and the chat do."""
    match kind:
        case "press":
            choice = list(c.Choice)[number // 4 % 3]
            rig.order(c.AnswerEmergency, number=rig.bench.state.last_question, choice=choice)
        case "delivered":
            rig.step(ApprovalDelivered(rig.bench.state.last_question, rig.bench.now))
        case "quiet":
            rig.step(AdminsQuieted(number % 8 == 0, rig.bench.now))
        case "resume":
            rig.order(c.Resume)
        case "closeall":
            if number % 8:
                rig.order(c.ClosePosition, symbol=symbol)
            else:
                rig.order(c.CloseAll)
        case _:
            price = Decimal(rig.venue.prices[symbol]) / 100
            rig.order(c.OpenManual, symbol=symbol, long=number % 2 == 0, quantity=Decimal(number), seen_price=price)
