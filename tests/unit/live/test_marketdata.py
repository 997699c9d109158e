"""Live candles: closed bars of every wanted timeframe, each once, with values only where they are warm."""

from dataclasses import replace

import numpy as np
import pytest

from engine.candles import Bar, Columns
from engine.core.events import BarClosed, DataHealed, DataTroubled, TurnoverReported
from engine.core.market import DAY_MS, HOUR_MS, MINUTE_MS
from engine.core.strategy import LOOK_BACK
from engine.indicators import compute
from engine.marketdata import KEPT_BARS, LiveCandles, Stretch, Told, nearest_tick
from engine.plan import Need
from engine.resample import resample
from tests.support.desk import BTC, instrument
from tests.support.series import START_MS, walk, without

QUARTER = 15 * MINUTE_MS
NAMES = ("rsi14", "atr14")
NEEDS = (Need(BTC, MINUTE_MS, NAMES), Need(BTC, QUARTER, NAMES))
SERIES = walk(8_000)


def candles(*needs: Need) -> LiveCandles:
    return LiveCandles(needs or NEEDS, {BTC: instrument()}, base_ms=MINUTE_MS)


def bars(columns: Columns, first: int, end: int) -> list[Bar]:
    return [columns.bar(row) for row in range(first, end)]


def fed(live: LiveCandles, given: list[Bar]) -> list[Told]:
    return [told for bar in given for told in live.on_bar(bar)]


def closed(told: list[Told], timeframe: int) -> list[BarClosed]:
    return [one for one in told if isinstance(one, BarClosed) and one.timeframe == timeframe]


@pytest.mark.parametrize("seeded", [900, 901, 907, 914])
def test_a_seed_that_ends_inside_a_coarse_bar_neither_skips_nor_repeats_it(seeded: int) -> None:
    live = candles()
    live.seed([SERIES.rows(0, seeded)])
    told = fed(live, bars(SERIES, seeded, 1_000))
    first = -(-(seeded + 1) // 15) * 15
    assert [one.close_ms for one in closed(told, QUARTER)] == [
        START_MS + minute * MINUTE_MS for minute in range(first, 1_000, 15)
    ]
    assert [one.close_ms for one in closed(told, MINUTE_MS)] == [
        START_MS + minute * MINUTE_MS for minute in range(seeded + 1, 1_001)
    ]


@pytest.mark.parametrize("seeded", [7_900, 7_907])
def test_live_values_are_those_of_the_whole_history(seeded: int) -> None:
    live = candles()
    live.seed([SERIES.rows(0, seeded)])
    last = closed(fed(live, bars(SERIES, seeded, 7_990)), QUARTER)[-1]
    whole = resample(SERIES.rows(0, 7_990), timeframe_ms=QUARTER)
    values = compute(whole, NAMES)
    for name in NAMES:
        assert last.inputs.get(name) == pytest.approx(values.at(name, len(whole) - 1), rel=1e-8)
    assert last.inputs.get("close") == whole.close[-1]
    assert last.inputs.get("close", 1) == whole.close[-2]
    assert last.close == nearest_tick(float(whole.close[-1]), instrument())


def test_without_history_values_are_absent_until_warm() -> None:
    told = closed(fed(candles(), bars(SERIES, 0, 500)), MINUTE_MS)
    assert len(told) == 500
    warm = [one.inputs.get("rsi14") is not None for one in told]
    assert warm == [False] * warm.index(True) + [True] * (500 - warm.index(True))
    assert 14 <= warm.index(True) < 500


def test_a_bar_that_comes_twice_is_told_once() -> None:
    live = candles()
    live.seed([SERIES.rows(0, 900)])
    bar = SERIES.bar(900)
    assert closed(live.on_bar(bar), MINUTE_MS)
    assert live.on_bar(bar) == []
    assert live.on_bar(bar._replace(close=bar.open)) == []
    assert live.on_bar(SERIES.bar(890)) == []


def test_a_gap_is_trouble_until_the_next_bar_and_values_begin_anew() -> None:
    live = candles(NEEDS[0])
    live.seed([SERIES.rows(0, 900)])
    told = live.on_bar(SERIES.bar(905))
    assert isinstance(told[0], DataTroubled)
    assert "missing" in told[0].why
    after = live.on_bar(SERIES.bar(906))
    assert after[0] == DataHealed(BTC, SERIES.bar(906).close_ms)
    assert closed(after, MINUTE_MS)[0].inputs.get("rsi14") is None
    assert not [one for one in live.on_bar(SERIES.bar(907)) if isinstance(one, DataHealed)]


def test_a_bad_bar_is_trouble_and_the_good_one_after_it_heals() -> None:
    live = candles(NEEDS[0])
    live.seed([SERIES.rows(0, 900)])
    told = live.on_bar(SERIES.bar(900)._replace(low=-1.0))
    assert [type(one) for one in told] == [DataTroubled]
    assert isinstance(live.on_bar(SERIES.bar(900))[0], DataHealed)


def test_a_coarse_bar_with_a_hole_is_never_told_and_the_next_whole_one_is() -> None:
    live = candles(NEEDS[1])
    live.seed([SERIES.rows(0, 900)])
    told = fed(live, [*bars(SERIES, 900, 905), *bars(SERIES, 906, 931)])
    assert [one.close_ms for one in closed(told, QUARTER)] == [START_MS + 930 * MINUTE_MS]
    assert len([one for one in told if isinstance(one, DataTroubled)]) == 2


def test_the_first_bar_behind_a_gap_still_counts_for_its_coarse_bar() -> None:
    live = candles(NEEDS[1])
    live.seed([SERIES.rows(0, 900)])
    told = fed(live, [*bars(SERIES, 900, 903), *bars(SERIES, 915, 930)])
    assert [one.close_ms for one in closed(told, QUARTER)] == [START_MS + 930 * MINUTE_MS]


def test_history_with_a_gap_is_used_from_the_gap_on() -> None:
    live = candles()
    live.seed([without(SERIES.rows(0, 900), 300, 301)])
    found = live.columns(BTC, MINUTE_MS, KEPT_BARS)
    assert found is not None
    assert (int(found.time[0]), len(found)) == (int(SERIES.time[302]), 598)
    assert closed(fed(live, bars(SERIES, 900, 915)), QUARTER)


@pytest.mark.parametrize("rows", [1, 3, 16])
def test_a_history_shorter_than_a_coarse_bar_is_taken(rows: int) -> None:
    live = candles()
    late = SERIES.rows(7, 7 + rows)
    live.seed([late])
    assert closed(fed(live, bars(SERIES, 7 + rows, 60)), QUARTER)[-1].close_ms == START_MS + 60 * MINUTE_MS


def test_turnover_is_that_of_the_last_day() -> None:
    flat = walk(2_000)
    live = candles(NEEDS[0])
    live.seed([flat.rows(0, 1_999)])
    told = [one for one in live.on_bar(flat.bar(1_999)) if isinstance(one, TurnoverReported)]
    day = flat.rows(2_000 - DAY_MS // MINUTE_MS, 2_000)
    assert [one.turnover for one in told] == [int(np.sum(day.volume * day.close))]


def test_charts_get_the_newest_closed_candles_of_any_timeframe_that_can_be_built() -> None:
    live = candles()
    live.seed([SERIES.rows(0, 900)])
    hours = live.columns(BTC, HOUR_MS, 5)
    assert hours is not None
    assert list(hours.close) == list(resample(SERIES.rows(0, 900), timeframe_ms=HOUR_MS).close[-5:])
    assert live.columns(BTC, MINUTE_MS + 1, 5) is None
    assert live.columns("NONEUSDT", MINUTE_MS, 5) is None


def test_charts_get_nothing_while_there_are_no_candles() -> None:
    live = candles()
    assert live.columns(BTC, MINUTE_MS, 5) is None
    assert live.columns(BTC, HOUR_MS, 5) is None
    live.seed([SERIES.rows(0, 0)])
    assert live.columns(BTC, HOUR_MS, 5) is None


def test_history_asked_for_warms_every_value_of_every_profile() -> None:
    live = candles()
    needed = live.history_ms()
    whole = walk(needed // MINUTE_MS + 15)
    live.seed([whole.rows(0, needed // MINUTE_MS)])
    told = fed(live, bars(whole, needed // MINUTE_MS, len(whole)))
    for timeframe in (MINUTE_MS, QUARTER):
        assert all(closed(told, timeframe)[0].inputs.get(name) is not None for name in NAMES)


def test_a_timeframe_that_cannot_be_built_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="1m candles cannot be built from 5m ones"):
        LiveCandles([replace(NEEDS[0])], {BTC: instrument()}, base_ms=5 * MINUTE_MS)


def test_each_symbol_wants_its_own_history_and_the_usual_length_comes_first() -> None:
    symbols = {BTC: instrument(), "ETHUSDT": instrument("ETHUSDT"), "XRPUSDT": instrument("XRPUSDT")}
    wants = [Need(BTC, QUARTER, ("sma50",)), *(Need(symbol, MINUTE_MS, ("sma20",)) for symbol in symbols)]
    live = LiveCandles(wants, symbols, base_ms=MINUTE_MS)
    assert live.histories() == (
        Stretch(MINUTE_MS, (40 + LOOK_BACK + 1) * MINUTE_MS, ("ETHUSDT", "XRPUSDT")),
        Stretch(MINUTE_MS, (100 + LOOK_BACK) * QUARTER + MINUTE_MS, (BTC,)),
    )
    assert live.history_ms() == live.history_ms(BTC)
