"""Long histories come in coarse candles where there are such, and what is not warm yet says until when."""

import pytest

from engine.candles import Bar, Columns
from engine.core.events import BarClosed, DataTroubled
from engine.core.feed_events import Warming
from engine.core.market import DAY_MS, HOUR_MS, MINUTE_MS
from engine.core.strategy import LOOK_BACK
from engine.indicators import compute
from engine.marketdata import KEPT_BARS, LiveCandles, Stretch, Told
from engine.plan import Need, place
from engine.resample import resample
from tests.support.desk import BTC, ETH, instrument
from tests.support.series import START_MS, walk

FOUR = 4 * HOUR_MS
WEEK = KEPT_BARS * MINUTE_MS
# Fifty candles of four hours: twice that are more than a week of minutes.
NAMES = ("sma50", "volmeanprev20")
SERIES = walk(20 * 1_440)


def candles(*needs: Need) -> LiveCandles:
    symbols = {BTC: instrument(), ETH: instrument(ETH)}
    return LiveCandles(needs or (Need(BTC, FOUR, NAMES),), symbols, base_ms=MINUTE_MS)


def fed(live: LiveCandles, given: list[Bar]) -> list[Told]:
    return [told for bar in given for told in live.on_bar(bar)]


def bars(columns: Columns, first: int, end: int) -> list[Bar]:
    return [columns.bar(row) for row in range(first, end)]


def closed(told: list[Told], timeframe: int) -> list[BarClosed]:
    return [one for one in told if isinstance(one, BarClosed) and one.timeframe == timeframe]


def seeded(live: LiveCandles, minutes: int) -> LiveCandles:
    """Seed as a start does, from an exchange that keeps four-hour candles, up to a minute of the series."""
    end = START_MS + minutes * MINUTE_MS
    for stretch in live.histories((FOUR, DAY_MS), (BTC,)):
        whole = resample(SERIES.rows(0, minutes), timeframe_ms=stretch.timeframe)
        live.seed([whole.slice(start_ms=end - stretch.length_ms, end_ms=end)])
    return live


def test_only_what_a_week_of_minutes_does_not_reach_is_wanted_in_coarse_candles() -> None:
    live = candles(Need(BTC, FOUR, NAMES), Need(ETH, HOUR_MS, ("sma20",)), Need(ETH, MINUTE_MS, ("sma50",)))
    assert live.histories((FOUR, HOUR_MS)) == (
        Stretch(MINUTE_MS, WEEK + MINUTE_MS, (BTC,)),
        Stretch(MINUTE_MS, (40 + LOOK_BACK) * HOUR_MS + MINUTE_MS, (ETH,)),
        Stretch(FOUR, (100 + LOOK_BACK) * FOUR, (BTC,)),
    )
    assert live.histories((HOUR_MS,), (BTC,)) == (Stretch(MINUTE_MS, (100 + LOOK_BACK) * FOUR + MINUTE_MS, (BTC,)),)
    assert live.histories((FOUR,), (ETH,)) == (Stretch(MINUTE_MS, (40 + LOOK_BACK) * HOUR_MS + MINUTE_MS, (ETH,)),)


def test_a_candle_longer_than_a_week_still_gets_the_minutes_of_the_running_one() -> None:
    fortnight = 14 * DAY_MS
    live = candles(Need(BTC, fortnight, ("sma20",)))
    assert live.histories((fortnight,))[0] == Stretch(MINUTE_MS, fortnight + MINUTE_MS, (BTC,))


@pytest.mark.parametrize("minutes", [19 * 1_440, 19 * 1_440 + 1, 19 * 1_440 + 239])
def test_values_on_coarse_history_are_those_of_all_its_minutes(minutes: int) -> None:
    live = seeded(candles(), minutes)
    told = fed(live, bars(SERIES, minutes, minutes + 240))
    assert not [one for one in told if isinstance(one, Warming)]
    (bar,) = closed(told, FOUR)
    end = -(-(minutes + 1) // 240) * 240
    whole = resample(SERIES.rows(0, end), timeframe_ms=FOUR)
    assert bar.close_ms == START_MS + end * MINUTE_MS
    for name in NAMES:
        expected = compute(whole, NAMES).at(name, len(whole) - 1)
        assert bar.inputs.get(name) == pytest.approx(expected, rel=1e-12)


def test_a_chart_reaches_as_far_back_as_the_coarse_history() -> None:
    live = seeded(candles(), 19 * 1_440)
    chart = live.columns(BTC, FOUR, 90)
    assert chart is not None
    assert len(chart) == 90
    assert chart.gaps() == ()
    assert int(chart.time[-1]) == START_MS + 19 * DAY_MS - FOUR


def test_coarse_candles_behind_a_hole_are_not_joined_to_what_came_after_it() -> None:
    live = candles()
    live.seed([SERIES.rows(1_440 * 2, 1_440 * 3)])
    live.seed([resample(SERIES.rows(0, 1_440), timeframe_ms=FOUR)])
    chart = live.columns(BTC, FOUR, 90)
    assert chart is not None
    assert len(chart) == 6


def test_what_is_not_warm_says_until_when_once_at_every_bar_and_when_it_is_over() -> None:
    live = candles()
    live.seed([SERIES.rows(0, 48 * 240)])
    until = START_MS + 50 * FOUR
    assert live.warming() == [Warming(BTC, FOUR, until)]
    told = [one for one in fed(live, bars(SERIES, 48 * 240, 51 * 240)) if isinstance(one, Warming)]
    assert told == [Warming(BTC, FOUR, until), Warming(BTC, FOUR, 0)]
    assert live.warming() == []


def test_a_decision_waits_for_the_values_it_reads_elsewhere_and_for_nothing_that_is_not_followed() -> None:
    name = f"{BTC}/4h:sma50"
    foreign = {name: place(name, ETH)}
    wants = (Need(ETH, MINUTE_MS, ("close",), True, foreign), Need(BTC, FOUR, ("sma50",), decides=False))  # type: ignore[arg-type]  # it is one
    live = candles(*wants)
    live.seed([SERIES.rows(0, 48 * 240)])
    assert live.warming() == [Warming(ETH, MINUTE_MS, START_MS + 50 * FOUR)]
    alone = LiveCandles(wants[:1], {ETH: instrument(ETH)}, base_ms=MINUTE_MS)
    assert alone.warming() == []


def test_symbols_that_come_later_are_kept_and_decided_on_like_the_others() -> None:
    live = LiveCandles((Need(ETH, MINUTE_MS, ("close",)),), {ETH: instrument(ETH)}, base_ms=MINUTE_MS)
    need = Need(BTC, FOUR, ("sma20",))
    live.extend([need], {BTC: instrument()})
    live.extend([need], {BTC: instrument()})
    assert live.histories((), (BTC,)) == (Stretch(MINUTE_MS, (40 + LOOK_BACK) * FOUR + MINUTE_MS, (BTC,)),)
    live.seed([SERIES.rows(0, 40 * 240)])
    told = fed(live, bars(SERIES, 40 * 240, 41 * 240))
    (bar,) = closed(told, FOUR)
    assert bar.inputs.get("sma20") is not None


def test_a_symbol_that_is_followed_already_gets_more_candles_without_losing_a_bar() -> None:
    minutes = 41 * 240 + 100
    live = LiveCandles((Need(BTC, MINUTE_MS, ("sma20",)),), {BTC: instrument()}, base_ms=MINUTE_MS)
    live.seed([SERIES.rows(minutes - 60, minutes)])
    live.extend([Need(BTC, MINUTE_MS, ("sma20", "atr14")), Need(BTC, FOUR, ("sma20",))], {BTC: instrument()})
    meanwhile = fed(live, bars(SERIES, minutes, minutes + 3))
    assert (len(closed(meanwhile, MINUTE_MS)), closed(meanwhile, FOUR)) == (3, [])
    live.seed([SERIES.rows(0, minutes + 1)])
    told = fed(live, bars(SERIES, minutes + 3, 42 * 240))
    assert not [one for one in told if isinstance(one, DataTroubled)]
    coarse = closed(told, FOUR)
    whole = resample(SERIES.rows(0, 42 * 240), timeframe_ms=FOUR)
    assert [one.close_ms for one in coarse] == [START_MS + 42 * FOUR]
    assert coarse[0].inputs.get("sma20") == pytest.approx(compute(whole, ["sma20"]).at("sma20", 41))
    kept = live.columns(BTC, MINUTE_MS, 2_000)
    assert kept is not None
    assert (len(kept), kept.gaps()) == (2_000, ())
