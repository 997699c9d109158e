"""The whole life of every shipped limit: approached, warned once, crossed, acted on, reset, crossed anew, and the desk
reborn from its journal and its checkpoint between any two steps, also while midnight and Monday pass.
"""

import pytest

from engine.core import events as e
from engine.core.alerts import EmergencyAlert, LimitAlert
from engine.core.chat_events import ApprovalDelivered
from engine.core.commands import Done, Resume
from engine.core.facts import LimitCrossed
from engine.core.limits import Ledger
from engine.core.market import day_start, week_start
from engine.core.money import PPM, Money, ppm_of
from engine.core.orders import Ticket
from engine.core.profile import Action, HoldLevel, LimitSpec, Measure
from engine.core.strategy import Enter
from engine.core.trader import Trader
from engine.presets import ACCOUNT_LIMITS, PROFILES, PROP_LIMITS
from engine.recovery import pack, unpack
from tests.support.desk import BTC, DAY, ETH, PRICE, Bench, account, durable, facts, placed, profile, refusal, told

HOUR = 3_600_000
OWN = [(spec, begins) for each in PROFILES.values() for spec in each.limits for begins in (0, 22 * HOUR)]
WHOLE = [(spec, begins) for spec in (*ACCOUNT_LIMITS, *PROP_LIMITS) for begins in (0, 22 * HOUR)]
EVERY = [pytest.param(s, b, id=f"{s.key} {s.threshold} {b // HOUR}h") for s, b in (*OWN, *WHOLE)]
CLOSING = {Action.CLOSE, Action.EMERGENCY}
LEVELS = {
    Action.ALERT: HoldLevel.NONE,
    Action.HALVE_SIZE: HoldLevel.NONE,
    Action.NO_ENTRIES: HoldLevel.NO_ENTRIES,
    Action.CLOSE: HoldLevel.NO_ENTRIES,
    Action.HALT: HoldLevel.HALTED,
    Action.EMERGENCY: HoldLevel.HALTED,
}
REFERENCES = {
    Measure.DAILY_BALANCE: "day.balance",
    Measure.WEEKLY_EQUITY: "week",
    Measure.PEAK_EQUITY: "peak",
    Measure.TOTAL_LOSS: "start",
}


class Life:
    """A desk with one limit and a long of 1,500 USDT; `step` dies and is born again before it takes in anything."""

    def __init__(self, spec: LimitSpec, begins_ms: int) -> None:
        self.spec, self.begins_ms = spec, begins_ms
        own = profile(spec.profile or "alpha", leverage=2, limits=(spec,) if spec.profile else ())
        limits = () if spec.profile else (spec,)
        self.bench = Bench(account(own, limits=limits, day_begins_ms=begins_ms), symbols=(BTC, ETH))
        self.marks = {BTC: PRICE, ETH: PRICE}
        self.bench.enter()
        self.bench.time()

    # What is

    @property
    def profile(self) -> str:
        return self.bench.account.profiles[0].name

    @property
    def level(self) -> str:
        return self.bench.state.levels.get(self.spec.key, "")

    def book(self) -> tuple[Ledger, Money]:
        """What the limit's scope is worth, and its reference."""
        ledger = self.bench.ws.ledger(self.spec.profile)
        names = self.bench.state.references[self.spec.profile]
        return ledger, names[REFERENCES.get(self.spec.measure, "day")]

    def worth(self) -> Money:
        """What was lost (negative) by the limit's measure."""
        ledger, reference = self.book()
        if self.spec.measure is Measure.UNREALISED:
            return ledger.unrealised
        return (ledger.balance if self.spec.measure is Measure.DAILY_BALANCE else ledger.equity) - reference

    def loss(self, threshold: int) -> Money:
        """The smallest loss that reaches a threshold."""
        ledger, reference = self.book()
        base = ledger.balance if self.spec.measure is Measure.UNREALISED else reference
        return -threshold if self.spec.in_money else -(base * threshold // PPM)

    # What happens

    def reborn(self, asleep_ms: int = 0) -> None:
        """Die, sleep, read the journal through a checkpoint, compare with the exchange, hear the prices."""
        bench = self.bench
        state = unpack(pack(bench.replayed()))
        assert state == bench.replayed()
        assert durable(state) == durable(bench.state)
        bench.trader = Trader(bench.account, bench.scripts, state)
        bench.keep(bench.trader.recover())
        bench.now += asleep_ms
        bench.time(0)
        held = bench.ws.positions.values()
        rows = [e.PositionReport(p.symbol, p.qty, p.cost, p.held_stop, p.held_target) for p in held]
        bench.step(bench.report(rows=rows))
        for symbol, mark in self.marks.items():
            bench.price(mark, symbol)

    def pass_time(self, ms: int, *, asleep: bool = False) -> list[object]:
        """Let time pass, awake or not."""
        begun = len(self.bench.effects)
        self.reborn(ms if asleep else 0)
        self.bench.time(0 if asleep else ms)
        return [*self.bench.effects[begun:]]

    def stand_at(self, loss: Money) -> list[object]:
        """Let the measured loss be this (rounded up to a tick where the price makes it)."""
        begun = len(self.bench.effects)
        self.reborn()
        if self.spec.measure is Measure.UNREALISED:
            (position,) = self.bench.ws.positions.values()
            self.marks[position.symbol] = PRICE - -(-loss // (position.size * position.unit))
            self.bench.price(self.marks[position.symbol], position.symbol)
        else:
            symbol = next(iter(self.bench.ws.positions))
            self.bench.step(e.FundingPaid(f"f{begun}", symbol, self.worth() + loss, self.bench.now))
        self.bench.time(1_000)
        return [*self.bench.effects[begun:]]

    def crossed(self, effects: list[object]) -> list[str]:
        return [fact.level for fact in facts(effects, LimitCrossed)]

    def tries(self) -> str:
        """Let the strategy signal on the other symbol; which check refuses it, empty when it enters."""
        self.reborn()
        self.bench.price(self.marks[ETH], ETH)
        effects = self.bench.bar(Enter(True, "go"), symbol=ETH)
        self.entry = placed(effects)
        return refusal(effects)


def approach_and_warn(life: Life) -> None:
    spec = life.spec
    warn = ppm_of(spec.threshold, spec.warn_ppm)
    step = 1 if spec.measure is not Measure.UNREALISED else to_tick(life)
    assert life.crossed(life.stand_at(life.loss(warn) - step)) == []
    effects = life.stand_at(life.loss(warn))
    assert life.crossed(effects) == ["warned"]
    assert [alert.level for alert in told(effects, LimitAlert)] == ["warned"]
    for nearer in (warn, (warn + spec.threshold) // 2, warn):
        assert life.crossed(life.stand_at(life.loss(nearer))) == []
    assert life.crossed(life.stand_at(life.loss(spec.threshold) - step)) == []
    assert (life.tries(), life.bench.state.holds) == ("", {})
    assert placed(life.bench.effects)[-1].qty == 150
    life.bench.step(e.OrderRejected(life.entry[0].link_id, "1", "no", life.bench.now))


def to_tick(life: Life) -> Money:
    (position,) = life.bench.ws.positions.values()
    return position.size * position.unit


def cross(life: Life) -> None:
    """The limit is reached to the unit, once; who must be asked is asked, and silence closes."""
    spec = life.spec
    effects = life.stand_at(life.loss(spec.threshold))
    assert life.crossed(effects) == ["breached"]
    if spec.action is Action.EMERGENCY:
        (question,) = told(effects, EmergencyAlert)
        assert placed(effects) == []
        life.bench.step(ApprovalDelivered(question.number, life.bench.now))
        assert placed(life.pass_time(29_999)) == []
        effects = life.pass_time(1)
    assert bool(placed(effects)) is (spec.action in CLOSING)
    assert life.bench.ws.hold_level(spec.profile) is LEVELS[spec.action]
    assert bool(life.bench.state.holds) is (LEVELS[spec.action] is not HoldLevel.NONE)


def tremble(life: Life) -> None:
    """What recovers for a moment is no second crossing of its period; of others it is, and the hold stays as it is."""
    before = dict(life.bench.state.holds)
    cleared = life.crossed(life.stand_at(0))
    again = life.crossed(life.stand_at(life.loss(life.spec.threshold)))
    assert (cleared, again) == (([], []) if life.spec.period else (["cleared"], ["breached"]))
    assert {name: hold.until_ms for name, hold in life.bench.state.holds.items()} == {
        name: hold.until_ms for name, hold in before.items()
    }


def flatten(life: Life, closing: list[Ticket]) -> None:
    """The closes are filled: nothing more is sent, nothing may be opened."""
    for ticket in closing:
        life.bench.fill(ticket, PRICE)
    life.marks[BTC] = PRICE
    assert (life.bench.ws.positions == {}) is (life.spec.action in CLOSING)
    assert placed(life.pass_time(5_000)) == []
    assert life.tries() == ("" if LEVELS[life.spec.action] is HoldLevel.NONE else "hold")
    if life.entry:
        assert life.entry[0].qty == (75 if life.spec.action is Action.HALVE_SIZE else 150)
        life.bench.step(e.OrderRejected(life.entry[0].link_id, "1", "no", life.bench.now))


def ends_ms(life: Life) -> int:
    """When the limit begins anew by itself: with its day or its week."""
    now = life.bench.now
    day = day_start(now, 0 if life.spec.profile else life.begins_ms) + DAY
    return day if life.spec.period == "day" else week_start(now) + 7 * DAY


def reset(life: Life, *, asleep: bool) -> None:
    """Nothing ends a unit of time before its end, everything at it; what has no end waits for an admin."""
    spec, holds = life.spec, set(life.bench.state.holds)
    life.pass_time(ends_ms(life) - 1 - life.bench.now, asleep=asleep)
    assert set(life.bench.state.holds) == holds
    assert life.level == "breached" or not spec.period
    effects = life.pass_time(1, asleep=asleep)
    timed = bool(spec.period) and spec.action is not Action.EMERGENCY
    assert set(life.bench.state.holds) == (set() if timed else holds)
    assert life.crossed(effects) == (["cleared"] if spec.period else [])
    life.pass_time(8 * DAY)
    assert set(life.bench.state.holds) == (set() if timed else holds)
    life.reborn()
    answer = life.bench.ask(Resume(command_id="r", by="ann", wall_ms=life.bench.now))
    assert isinstance(answer, Done)
    assert answer.notes == ((f"Still breached: {spec.key}",) if life.level == "breached" else ())
    assert life.bench.state.holds == {}


def begin_again(life: Life) -> None:
    """After all that the desk trades as before, and the same loss is warned of and acted on anew."""
    life.marks = {BTC: PRICE, ETH: PRICE}
    life.reborn()
    if BTC not in life.bench.ws.positions:
        life.bench.enter()
        life.bench.time()
    life.stand_at(0)
    assert life.level == ""
    assert life.tries() == ""
    assert life.entry[0].qty == 150
    life.bench.step(e.OrderRejected(life.entry[0].link_id, "1", "no", life.bench.now))
    assert life.crossed(life.stand_at(life.loss(ppm_of(life.spec.threshold, life.spec.warn_ppm)))) == ["warned"]
    assert life.crossed(life.stand_at(life.loss(life.spec.threshold))) == ["breached"]
    assert life.bench.ws.hold_level(life.spec.profile) is LEVELS[life.spec.action]


@pytest.mark.parametrize("asleep", [False, True], ids=["awake", "asleep"])
@pytest.mark.parametrize(("spec", "begins_ms"), EVERY)
def test_every_limit_lives_its_life_through_a_crash_at_every_step(
    spec: LimitSpec, begins_ms: int, asleep: bool
) -> None:
    life = Life(spec, begins_ms)
    approach_and_warn(life)
    begun = len(life.bench.effects)
    cross(life)
    closing = placed(life.bench.effects[begun:])
    tremble(life)
    flatten(life, closing)
    reset(life, asleep=asleep)
    begin_again(life)
