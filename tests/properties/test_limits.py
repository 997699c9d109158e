"""A restart changes no reference and no crossing: limits act once, with or without crashes in between."""

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.facts import Fact, HoldLifted, HoldSet, LimitCrossed, ReferenceSet
from engine.core.market import MINUTE_MS
from engine.core.money import to_money
from engine.core.profile import Account, Action, LimitSpec, Measure
from tests.support.desk import BTC, DAY, Bench, account, assert_replays, profile

MONEY = {Measure.DAILY_LOSS, Measure.TOTAL_LOSS}


def limit(measure: Measure, loss: int, scope: str) -> LimitSpec:
    threshold = to_money(-loss) if measure in MONEY else -loss * 100
    return LimitSpec(
        name=measure.value,
        measure=measure,
        threshold=threshold,
        action=Action.NO_ENTRIES,
        profile=scope,
        floor=-(10**15),
        ceiling=-1,
    )


def terms(losses: dict[Measure, int]) -> Account:
    own = tuple(limit(measure, loss, "alpha") for measure, loss in losses.items())
    return account(profile(stop=None, target=None, limits=own), limits=[limit(m, x + 3, "") for m, x in losses.items()])


STEPS = st.lists(
    st.tuples(st.integers(-60, 60), st.sampled_from([MINUTE_MS, MINUTE_MS, DAY // 3, 3 * DAY])), max_size=25
)
LOSSES = st.dictionaries(st.sampled_from(list(Measure)), st.integers(1, 30), min_size=1)


def walk(losses: dict[Measure, int], steps: list[tuple[int, int]], crashes: set[int]) -> list[Fact]:
    bench = Bench(terms(losses), symbols=(BTC,))
    bench.enter(protected=False)
    bench.time()
    price = 10_000
    for number, (ticks, ms) in enumerate(steps):
        price += ticks
        bench.now += ms
        if number in crashes:
            bench.restart()
            bench.time()
        bench.price(price)
        bench.time()
    assert_replays(bench)
    kinds = LimitCrossed | ReferenceSet | HoldSet | HoldLifted
    return [fact for fact in bench.facts if isinstance(fact, kinds)]


@given(LOSSES, STEPS, st.sets(st.integers(0, 24)))
@settings(max_examples=150)
def test_crashes_change_no_reference_and_no_crossing(
    losses: dict[Measure, int], steps: list[tuple[int, int]], crashes: set[int]
) -> None:
    assert walk(losses, steps, crashes) == walk(losses, steps, set())


@given(LOSSES, STEPS)
@settings(max_examples=150)
def test_levels_only_rise_between_clears(losses: dict[Measure, int], steps: list[tuple[int, int]]) -> None:
    levels: dict[str, str] = {}
    rank = {"": 0, "cleared": 0, "warned": 1, "breached": 2}
    for fact in walk(losses, steps, set()):
        if isinstance(fact, LimitCrossed):
            before = levels.get(fact.key, "")
            assert rank[fact.level] > rank[before] if fact.level != "cleared" else rank[before] > 0
            levels[fact.key] = fact.level
