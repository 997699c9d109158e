"""Candles: marks and levels where they belong, indicators by the words a user types."""

import numpy as np
import pytest
import talib

from engine.analytics.charts import requests as ask
from engine.analytics.charts.candlesticks import View
from engine.analytics.charts.indicators import Indicator, Lines, UnknownIndicator, compute, names, parse
from engine.analytics.charts.marks import spread
from engine.analytics.charts.render import render
from engine.analytics.charts.theme import LIGHT
from engine.analytics.series import Values
from tests.unit.analytics.pixels import near, pixels, sheet, words
from tests.unit.analytics.samples import HOUR, START, candles

LOOK = ask.Look(mode="PAPER", dark=False)
FOUND = candles(300)


def chart(**changes: object) -> ask.CandleChart:
    fixed = {"look": LOOK, "symbol": "BTCUSDT", "timeframe": "1h", "candles": FOUND, "decimals": 2, "shown": 100}
    return ask.CandleChart(**(fixed | changes))  # type: ignore[arg-type] # fields of the request


def lines(word: str) -> Lines:
    parsed = parse(word)
    assert isinstance(parsed, Indicator), parsed
    found = compute(parsed, FOUND)
    assert isinstance(found, Lines), found
    return found


def test_rising_candles_are_hollow_and_falling_ones_filled() -> None:
    image = pixels(chart(shown=20))[300:1000, 44:920]
    rising = int((FOUND.close[-20:] >= FOUND.open[-20:]).sum())
    assert 0 < rising < 20
    outline, filled = near(image, LIGHT.up), near(image, LIGHT.down)
    # A filled body is a long run of its colour in a row, an outline two short ones.
    widest_up = max(longest(row) for row in outline[::2] if row.any())
    widths_down = sorted(longest(row) for row in filled if row.any())
    assert widths_down[len(widths_down) // 2] > 15
    assert np.median([longest(row) for row in outline if row.any()]) < 8 <= widest_up


def longest(row: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int:
    best = now = 0
    for hit in row:
        now = now + 1 if hit else 0
        best = max(best, now)
    return best


def test_entries_are_marked_in_the_column_of_their_candle() -> None:
    place = 250
    price = float(FOUND.low[place])
    entry = ask.TradeMark(long=True, entry_ms=START + place * HOUR + 1800_000, entry=price)
    plain, marked = pixels(chart()), pixels(chart(trades=(entry,)))
    accent = near(marked[360:], LIGHT.accent) & ~near(plain[360:], LIGHT.accent)
    columns = np.flatnonzero(accent.any(axis=0))
    # 100 candles at x = 0 … 99 on axes from -1 to 100.6, drawn from pixel 44 to pixel 930.
    assert columns.mean() == pytest.approx(44 + 886 * (place - 200 + 1) / 101.6, abs=3)


def test_an_exit_is_hollow_and_joined_to_its_entry() -> None:
    mark = ask.TradeMark(
        long=True, entry_ms=START + 220 * HOUR, entry=float(FOUND.low[220]),
        exit_ms=START + 280 * HOUR, exit=float(FOUND.high[280]),
    )  # fmt: skip
    plain, marked = pixels(chart()), pixels(chart(trades=(mark,)))
    joined = near(marked[360:], LIGHT.ink) & ~near(plain[360:], LIGHT.ink)
    columns = np.flatnonzero(joined.any(axis=0))
    assert columns.max() - columns.min() > 886 * 60 / 101.6
    filled = np.flatnonzero((near(marked[360:], LIGHT.accent) & ~near(plain[360:], LIGHT.accent)).any(axis=0))
    assert filled.max() < columns.min() + 30
    assert "filled = entry, hollow = exit" in words(sheet(chart(trades=(mark,))))


def test_levels_carry_their_price_and_those_out_of_sight_an_arrow() -> None:
    last = float(FOUND.close[-1])
    wanted = (
        ask.Level(label="SL", price=last * 0.5, kind="stop"),
        ask.Level(label="TP", price=last * 1.001, kind="target"),
        ask.Level(label="TP2", price=last * 3, kind="target"),
    )
    seen = words(sheet(chart(levels=wanted)))
    assert f"SL {last * 0.5:.2f} ↓" in seen
    assert f"TP {last * 1.001:.2f}" in seen
    assert f"TP2 {last * 3:.2f} ↑" in seen
    image, plain = pixels(chart(levels=wanted[1:2])), pixels(chart())
    line = (near(image, LIGHT.up) & ~near(plain, LIGHT.up)).sum(axis=1)
    assert (line > 200).any()


def test_labels_of_near_levels_are_moved_apart() -> None:
    places = spread([10.0, 10.1, 10.2], low=0, high=10.5, room=1)
    assert np.diff(places).min() >= 1 - 1e-9
    assert max(places) <= 10.5
    assert spread([5.0], low=0, high=10, room=1) == [5.0]


def test_missing_candles_are_named() -> None:
    keep = np.r_[0:250, 260:300]
    columns = {name: getattr(FOUND, name)[keep] for name in ("times_ms", "open", "high", "low", "close", "volume")}
    assert "gap 10 h 00 m" in words(sheet(chart(candles=ask.Candles(**columns))))


def test_a_moment_belongs_to_the_candle_that_holds_it() -> None:
    view = View.of(FOUND, shown=100)
    first = int(view.candles.times_ms[0])
    assert view.place(first + HOUR - 1) == 0
    assert view.place(first + HOUR) == 1
    assert view.place(first - 2 * HOUR) == -2
    assert view.place(first + 102 * HOUR) == 102


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("ema50", talib.EMA(FOUND.close, 50)),
        ("RSI14", talib.RSI(FOUND.close, 14)),
        ("atr_14", talib.ATR(FOUND.high, FOUND.low, FOUND.close, 14)),
        ("bbands20,2", talib.BBANDS(FOUND.close, 20, 2, 2)[2]),
        ("bb20", talib.BBANDS(FOUND.close, 20, 2, 2)[2]),
        ("macd12,26,9", talib.MACD(FOUND.close, 12, 26, 9)[0]),
    ],
)
def test_words_give_the_values_of_talib(word: str, expected: Values) -> None:
    np.testing.assert_allclose(lines(word).columns[0][1], expected, rtol=1e-9)


@pytest.mark.parametrize(
    "word", ["ema50", "supertrend", "bbands20", "vwap", "kc20", "donchian", "psar", "ichimoku", "t3"]
)
def test_indicators_in_units_of_price_lie_over_the_candles(word: str) -> None:
    found = lines(word)
    assert found.overlay
    for name, values in found.columns:
        known = values[np.isfinite(values)]
        assert known.min() > FOUND.low.min() / 2, name
        assert len(values) == 300


@pytest.mark.parametrize("word", ["rsi14", "macd", "stoch", "atr", "adx14", "obv", "mfi", "cci20", "linregangle"])
def test_other_indicators_get_a_panel(word: str) -> None:
    assert not lines(word).overlay


@pytest.mark.parametrize(
    ("word", "match"), [("suprtrend", "supertrend"), ("emaa", "ema"), ("bollingr20", "bollinger"), ("makd", "macd")]
)
def test_an_unknown_word_lists_what_comes_close(word: str, match: str) -> None:
    found = parse(word)
    assert isinstance(found, UnknownIndicator)
    assert match in found.matches
    answer = render(chart(indicators=(word,)))
    assert isinstance(answer, ask.NoPicture)
    assert match in answer.reason


@pytest.mark.parametrize(
    "word", ["", "50", "__class__", "ema0", "ema50,3", "ema99999", "rsi14.5", "os.system", "🙂", "ema-5"]
)
def test_nonsense_is_a_sentence_and_never_an_error(word: str) -> None:
    assert isinstance(parse(word), UnknownIndicator)


def test_an_indicator_longer_than_the_history_says_so() -> None:
    answer = render(chart(indicators=("ema500",)))
    assert isinstance(answer, ask.NoPicture)
    assert "more candles" in answer.reason


def test_too_many_panels_are_refused() -> None:
    answer = render(chart(indicators=("rsi14", "macd", "stoch", "cci20")))
    assert isinstance(answer, ask.NoPicture)
    assert "at most" in answer.reason


def test_every_indicator_of_the_library_is_drawn_or_explained() -> None:
    long = candles(600, seed=7)
    drawn = 0
    for name in names():
        parsed = parse(name)
        assert isinstance(parsed, Indicator), name
        found = compute(parsed, long)
        assert isinstance(found, Lines | UnknownIndicator), name
        drawn += isinstance(found, Lines)
    assert drawn > 150


@pytest.mark.parametrize("times", [[0, 0], [1, 0]])
def test_candles_that_do_not_ascend_are_refused(times: list[int]) -> None:
    two = np.ones(2)
    with pytest.raises(ValueError, match="ascend"):
        ask.Candles(times_ms=np.array(times, dtype=np.int64), open=two, high=two, low=two, close=two, volume=two)


def test_candles_with_a_missing_number_are_refused() -> None:
    one = np.ones(1)
    with pytest.raises(ValueError, match="close holds a value that is not finite"):
        ask.Candles(times_ms=np.array([1]), open=one, high=one, low=one, close=np.array([np.nan]), volume=one)
