"""The band around the mean, asked every quarter of an hour; and the registry that builds strategies by name."""

from dataclasses import replace

import pytest

from engine.core.effects import Effect
from engine.core.events import ProtectionReported
from engine.core.market import MINUTE_MS
from engine.core.profile import Profile
from engine.core.strategy import Decision
from engine.presets import MA_CROSS, PROFILES, account
from engine.strategies.ma_cross import QUARTER_MS, MaCross
from engine.strategies.registry import FACTORIES, build
from engine.strategies.rules8 import Rules8
from tests.support.desk import T0, XRP, Bench, Values, placed


def decided(close: float | None, mean: float | None = 1_000.0, at_ms: int = T0) -> Decision:
    """Decide with a threshold that floats hold exactly."""
    values = Values(at_ms, {"close": close, "meanprev60": mean})
    return MaCross(threshold=0.25).decide(values, None, ())


@pytest.mark.parametrize(
    ("close", "side"), [(1_250.0, None), (1_250.01, True), (750.0, None), (749.99, False), (1_000.0, None)]
)
def test_a_close_beyond_the_threshold_is_a_signal_and_one_at_it_is_not(close: float, side: bool | None) -> None:
    assert getattr(decided(close), "long", None) is side


@pytest.mark.parametrize(
    ("mean", "close", "side"),
    [
        (1_000.0, 1_001.0, None),
        (1_000.0, 1_001.01, True),
        (1_000.0, 999.0, None),
        (1_000.0, 998.99, False),
        (2.0, 2.002, None),
        (2.0, 2.0021, True),
        (2.0, 1.998, None),
        (2.0, 1.9979, False),
    ],
)
def test_a_thousandth_is_the_usual_threshold_to_the_tick(mean: float, close: float, side: bool | None) -> None:
    decision = MaCross().decide(Values(T0, {"close": close, "meanprev60": mean}), None, ())
    assert getattr(decision, "long", None) is side


@pytest.mark.parametrize("minute", range(15))
def test_only_the_quarters_of_the_hour_are_asked(minute: int) -> None:
    assert (decided(2_000.0, at_ms=T0 + minute * MINUTE_MS) is not None) == (minute == 0)
    assert T0 % QUARTER_MS == 0


def test_without_a_mean_or_a_close_there_is_no_signal() -> None:
    assert decided(None) is None
    assert decided(2_000.0, None) is None


def test_the_window_and_the_threshold_are_parameters() -> None:
    strategy = MaCross(window=30, threshold=0.5)
    assert strategy.needs == ("meanprev30",)
    assert strategy.decide(Values(T0, {"close": 1_400.0, "meanprev30": 1_000.0}), None, ()) is None
    assert (strategy.reverses, strategy.rules) == (True, ())


def bench() -> Bench:
    made = Bench(account([replace(MA_CROSS, turnover_floor=0)]), symbols=(XRP,))
    made.trader.workspace.strategies = {"ma_cross": MaCross()}
    return made


def closed(desk: Bench, close: float) -> list[Effect]:
    """The quarter that comes next closes at a price; the mean is 1.00."""
    desk.time(QUARTER_MS)
    desk.price(round(close * 100), XRP)
    return desk.bar(close=round(close * 100), symbol=XRP, values={"close": close, "meanprev60": 1.0})


def test_a_position_is_held_inside_the_band_and_on_its_own_side_and_turned_on_the_other() -> None:
    desk = bench()
    (entry,) = placed(closed(desk, 1.01))
    assert (entry.buy, entry.stop, entry.target) == (True, 98, 105)
    desk.fill(entry)
    desk.step(ProtectionReported(XRP, 98, 105, desk.now))
    assert placed(closed(desk, 1.02)) == placed(closed(desk, 1.00)) == placed(closed(desk, 0.999)) == []
    (leaving,) = placed(closed(desk, 0.99))
    assert (leaving.buy, leaving.reduce_only, leaving.reason) == (False, True, "opposite signal")
    (reverse,) = placed(desk.fill(leaving))
    assert (reverse.buy, reverse.reduce_only, reverse.stop, reverse.target) == (False, False, 101, 96)


def test_five_dollars_are_bought_and_raised_by_one_step_where_they_round_below_the_minimum() -> None:
    # 5 USDT: at 1.00 exactly 50 steps of 0.1; at 1.01 49 steps are 4.949, so 50.
    (entry,) = placed(closed(bench(), 1.01))
    assert entry.qty == 50
    desk = bench()
    desk.time(QUARTER_MS)
    desk.price(100, XRP)
    (entry,) = placed(desk.bar(close=100, symbol=XRP, values={"close": 1.0, "meanprev60": 2.0}))
    assert entry.qty == 50


def test_strategies_are_built_by_name() -> None:
    assert build("rules8", {"rsi": 7}) == Rules8(rsi=7)
    assert build("ma_cross", {}) == MaCross()


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("ma_kross", {}, "there are: rules8, ma_cross"),
        ("ma_cross", {"windw": 5}, "did you mean 'window'"),
        ("ma_cross", {"zzz": 5}, "it has: window, threshold"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(name: str, parameters: dict[str, int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        build(name, parameters)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_every_shipped_profile_can_be_built_and_its_limits_bind(profile: Profile) -> None:
    assert profile.strategy in FACTORIES
    assert all(spec.profile == profile.name and spec.floor <= spec.threshold <= spec.ceiling for spec in profile.limits)


def test_the_shipped_account_has_its_own_limits_with_an_earlier_warning() -> None:
    specs = {spec.name: (spec.threshold, spec.warn_ppm) for spec in account().limits}
    assert specs == {
        "daily_equity": (-100_000, 600_000),
        "weekly_equity": (-150_000, 600_000),
        "peak_drawdown": (-250_000, 600_000),
        "guard_loss": (-150_000, 600_000),
    }
    assert MA_CROSS.turnover_floor == 1_000_000
