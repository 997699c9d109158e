"""Skipping and stepping are the same: inside the band nothing changes but marks and extremes."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import events as e
from engine.core.effects import Effect, Record
from engine.core.facts import ExtremesSeen, Fact
from engine.core.market import HOUR_MS, MINUTE_MS
from engine.core.money import to_money
from engine.core.profile import Account, Action, LimitSpec, Measure, Protection
from engine.core.quiet import Quiet, quiet, slept
from engine.core.state import State
from tests.support.desk import BTC, Bench, account, durable, profile

MONEY = (Measure.DAILY_LOSS, Measure.TOTAL_LOSS)
MEASURES = (Measure.UNREALISED, Measure.DAILY_EQUITY, Measure.WEEKLY_EQUITY, Measure.PEAK_EQUITY, *MONEY)


# An account without limits keeps no peak while it sleeps, because nothing asks for it; with one, everything is exact.
FAR = LimitSpec(
    name="far", measure=Measure.PEAK_EQUITY, threshold=-900_000, action=Action.HALT, floor=-1_000_000, ceiling=-1
)


@st.composite
def limits(draw: st.DrawFn, scope: str) -> tuple[LimitSpec, ...]:
    """Limits that a position of 1,500 USDT may reach within a few ticks."""
    found = []
    for measure in draw(st.lists(st.sampled_from(MEASURES), unique=True, max_size=3)):
        loss = draw(st.integers(1, 40))
        threshold = to_money(-loss) if measure in MONEY else -loss * 100
        action = draw(st.sampled_from([Action.ALERT, Action.NO_ENTRIES, Action.CLOSE]))
        found.append(
            LimitSpec(
                name=measure.value,
                measure=measure,
                threshold=threshold,
                action=action,
                profile=scope,
                floor=-(10**15),
                ceiling=-1,
            )
        )
    return tuple(found)


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    """One profile with some layer 3 rules and limits of both scopes."""
    rules = Protection(
        breakeven_profit=draw(st.none() | st.integers(0, to_money(20))),
        breakeven_ppm=draw(st.none() | st.integers(100, 20_000)),
        losing_after_ms=draw(st.none() | st.sampled_from([HOUR_MS, 2 * HOUR_MS])),
        max_age_ms=draw(st.none() | st.sampled_from([90 * MINUTE_MS, 3 * HOUR_MS])),
    )
    alpha = profile(protection=rules, limits=draw(limits("alpha")))
    return account(alpha, limits=(*draw(limits("")), FAR))


@dataclass(frozen=True, slots=True)
class Bar:
    """What a bar tells."""

    low: int
    high: int
    close: int


@st.composite
def paths(draw: st.DrawFn) -> list[Bar]:
    """A walk of small steps, with a wick on each bar."""
    bars, close = [], 10_000
    for step, wick in draw(st.lists(st.tuples(st.integers(-8, 8), st.integers(0, 5)), min_size=1, max_size=150)):
        low, high = min(close, close + step) - wick, max(close, close + step) + wick
        close += step
        bars.append(Bar(low, high, close))
    return bars


def holding(terms: Account, *, long: bool) -> Bench:
    bench = Bench(terms, symbols=(BTC,))
    bench.ws.telling = False
    bench.enter(long=long)
    bench.time(0)
    return bench


def step_bar(bench: Bench, bar: Bar) -> list[Effect]:
    bench.now += MINUTE_MS
    effects = bench.step(e.PriceMoved(BTC, bar.close, bar.close, bench.now, 0, 0, bar.low, bar.high))
    return [*effects, *bench.time(0)]


def inside(band: Quiet | None, bar: Bar, close_ms: int) -> bool:
    return band is not None and band.low < bar.close < band.high and close_ms < band.until_ms


def nothing(effects: list[Effect]) -> bool:
    return all(isinstance(effect, Record) and isinstance(effect.fact, ExtremesSeen) for effect in effects)


@given(accounts(), paths(), st.booleans())
@settings(max_examples=200)
def test_inside_the_band_a_bar_changes_nothing(terms: Account, bars: list[Bar], long: bool) -> None:
    bench = holding(terms, long=long)
    for bar in bars:
        asleep = inside(quiet(bench.ws), bar, bench.now + MINUTE_MS)
        before = without_extremes(bench.state)
        effects = step_bar(bench, bar)
        assert not asleep or nothing(effects), effects
        assert not asleep or before == without_extremes(bench.state)


def without_extremes(state: State) -> State:
    copy = durable(state)
    for position in copy.portfolio.positions.values():
        position.told = (0, 0)
    copy.clock_ms = 0
    return copy


def facts_of(bench: Bench) -> list[Fact]:
    """Return what was recorded, without the extremes that are told on the grid."""
    return [fact for fact in bench.facts if not isinstance(fact, ExtremesSeen)]


def skip_bars(bench: Bench, bars: list[Bar]) -> None:
    """Run through the bars as a backtest does: asleep inside the band, awake beyond it."""
    for bar in bars:
        if inside(quiet(bench.ws), bar, bench.now + MINUTE_MS):
            bench.now += MINUTE_MS
            bench.ws.positions[BTC].see(bar.low, bar.high)
            slept(bench.ws, bench.now)
        else:
            step_bar(bench, bar)


@given(accounts(), paths(), st.booleans())
@settings(max_examples=200)
def test_a_run_that_skips_records_what_a_run_that_steps_records(terms: Account, bars: list[Bar], long: bool) -> None:
    stepped, skipped = holding(terms, long=long), holding(terms, long=long)
    for bar in bars:
        step_bar(stepped, bar)
    skip_bars(skipped, bars)
    assert facts_of(skipped) == facts_of(stepped)
    seen = [(p.low, p.high) for p in skipped.ws.positions.values()]
    assert seen == [(p.low, p.high) for p in stepped.ws.positions.values()]
