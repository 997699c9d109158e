"""A strategy that signals on every bar cannot exceed a limit, and after a loss limit acts nothing adds exposure."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.effects import Effect, PlaceOrder
from engine.core.facts import HoldSet
from engine.core.market import MINUTE_MS
from engine.core.money import to_money
from engine.core.orders import Purpose
from engine.core.profile import Account, Action, LimitSpec, Measure, Runaway, SizeMode, Sizing
from engine.core.risk import exposure, reserved
from engine.core.strategy import Away
from tests.properties.desk_machine import FATES, Rig
from tests.support.desk import BTC, ETH, XRP, account, assert_replays, profile

SYMBOLS = (BTC, ETH, XRP)


@dataclass(frozen=True, slots=True)
class Terms:
    """The ex-ante limits and the loss limit of one run."""

    notional: int
    positions: int
    exposure: int
    loss: int
    measure: Measure
    action: Action
    scope: str
    orders: int
    entered: int


TERMS = st.builds(
    Terms,
    notional=st.sampled_from([1_500, 4_000, 20_000]),
    positions=st.integers(1, 3),
    exposure=st.integers(1, 3),
    loss=st.sampled_from([2, 20, 200]),
    measure=st.sampled_from(list(Measure)),
    action=st.sampled_from([Action.NO_ENTRIES, Action.CLOSE, Action.HALT, Action.EMERGENCY]),
    scope=st.sampled_from(["", "alpha"]),
    orders=st.sampled_from([1, 3, 600]),
    entered=st.sampled_from([1, 2, 1_000]),
)
STEP = st.tuples(
    st.sampled_from(["signal", "signal", "signal", "fill", "mail", "move", "answer", "wait", "crash"]),
    st.sampled_from(SYMBOLS),
    st.integers(0, 40),
)


def malicious(terms: Terms) -> Account:
    in_money = terms.measure in {Measure.TOTAL_LOSS, Measure.DAILY_LOSS}
    limit = LimitSpec(
        name="loss",
        measure=terms.measure,
        threshold=to_money(-terms.loss) if in_money else -terms.loss * 100,
        action=terms.action,
        profile=terms.scope,
        floor=-(10**15),
        ceiling=-1,
    )
    greedy = profile(
        sizing=Sizing(mode=SizeMode.NOTIONAL, amount=to_money(terms.notional)),
        max_positions=terms.positions,
        stop=Away(20_000),
        target=Away(50_000),
        limits=(limit,) if terms.scope else (),
    )
    guard = Runaway(orders_a_minute=terms.orders, notional_a_day=terms.entered)
    limits = () if terms.scope else (limit,)
    return account(greedy, limits=limits, max_exposure=terms.exposure, hand_cooldown_ms=0, runaway=guard)


class Watched(Rig):
    """Checks every entry the moment it is asked for."""

    terms: Terms
    stopped = False
    entered_at: tuple[int, ...] = ()
    entered: int = 0
    most: int = 0

    def carry(self, effects: list[Effect]) -> None:
        """Check the entries, then carry out."""
        for effect in effects:
            if isinstance(effect, PlaceOrder) and effect.ticket.purpose is Purpose.ENTRY:
                self._check(effect)
            if isinstance(getattr(effect, "fact", None), HoldSet):
                self.stopped = True
        super().carry(effects)

    def _check(self, effect: PlaceOrder) -> None:
        assert not self.stopped, "an entry after the limit acted"
        ws, ticket = self.bench.ws, effect.ticket
        assert ticket.qty * ticket.expected * 100_000 <= to_money(self.terms.notional)
        assert exposure(ws) + reserved(ws)[0] <= ws.equity() * self.terms.exposure
        busy = set(ws.positions) | {order.ticket.symbol for order in ws.state.book.open()}
        assert len(busy) <= self.terms.positions
        assert ticket.symbol not in ws.positions
        self.entered_at = (*(at for at in self.entered_at if at > ws.now_ms - MINUTE_MS), ws.now_ms)
        assert len(self.entered_at) <= self.terms.orders
        self.entered += ticket.qty * ticket.expected * 100_000
        assert self.entered <= self.most * self.terms.entered


def act(rig: Watched, step: tuple[str, str, int]) -> None:
    kind, symbol, number = step
    match kind:
        case "signal":
            rig.fate = FATES[number % 3]
            rig.signal(symbol, long=number % 2 == 0)
        case "fill":
            for link_id in rig.working():
                rig.venue.fill(link_id, 10**6 if number % 2 else number + 1)
        case "mail":
            for _ in range(number):
                rig.deliver(number)
        case "move":
            rig.move(symbol, 10_000 + (number - 20) * 10)
        case "answer":
            rig.answer()
        case "wait":
            rig.pass_time(number * 500)
        case _:
            rig.crash()
            rig.questions.add("")
            rig.answer()


@given(TERMS, st.lists(STEP, max_size=60))
@settings(max_examples=150)
def test_a_strategy_that_always_signals_exceeds_no_limit(terms: Terms, steps: list[tuple[str, str, int]]) -> None:
    rig = Watched(malicious(terms), SYMBOLS)
    rig.terms, rig.most = terms, rig.bench.ws.equity()
    for step in steps:
        act(rig, step)
        possible = {o.ticket.symbol for o in rig.venue.orders.values() if o.left and not o.ticket.reduce_only}
        held = {symbol for symbol, holding in rig.venue.holdings.items() if holding.qty}
        assert len(possible | held) <= terms.positions
    assert_replays(rig.bench)


@given(st.integers(0, 40), st.sampled_from(SYMBOLS))
def test_a_loss_limit_that_acts_stops_a_strategy_that_always_signals(number: int, symbol: str) -> None:
    terms = Terms(4_000, 3, 3, 20, Measure.TOTAL_LOSS, Action.EMERGENCY, "", 600, 1_000)
    rig = Watched(malicious(terms), SYMBOLS)
    rig.terms, rig.most = terms, rig.bench.ws.equity()
    for step in (
        ("signal", symbol, 0),
        ("fill", symbol, 1),
        ("mail", symbol, 40),
        ("move", symbol, 10),
        ("wait", symbol, 1),
    ):
        act(rig, step)
    assert rig.stopped
    rig.settle()
    assert rig.bench.ws.positions == {}
    for other in SYMBOLS:
        rig.signal(other, long=number % 2 == 0)
    assert rig.working() == []
