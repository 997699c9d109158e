"""How far back a strategy may read: as far on the first bar after a start as in a backtest, and never ahead."""

import pytest

from engine.core.events import BarClosed
from engine.core.market import MINUTE_MS
from engine.core.strategy import LOOK_BACK
from engine.flow import FlowInputs, Pressure
from engine.indicators import compute
from engine.marketdata import LiveCandles
from engine.plan import Foreign, Need, Place, Row, foreign, readable
from engine.resample import resample
from tests.support.desk import BTC, instrument
from tests.support.series import walk

QUARTER = 15 * MINUTE_MS
NAMES = ("sma3", "rsi14", "macd12_26_9.signal")


@pytest.mark.parametrize("timeframe", [MINUTE_MS, QUARTER])
@pytest.mark.parametrize("names", [NAMES, (), ("emacrosses5_9",)])
def test_the_first_bar_after_a_start_shows_as_much_of_the_past_as_a_backtest(
    timeframe: int, names: tuple[str, ...]
) -> None:
    history = walk(20_000, seed=5)
    whole = resample(history, timeframe_ms=timeframe) if timeframe != MINUTE_MS else history
    known = compute(whole, names)
    live = LiveCandles([Need(BTC, timeframe, names)], {BTC: instrument(BTC)}, base_ms=MINUTE_MS)
    begin = len(history) - 2 * timeframe // MINUTE_MS
    live.seed([history.rows(begin - live.history_ms() // MINUTE_MS, begin)])
    told = [event for row in range(begin, len(history)) for event in live.on_bar(history.bar(row))]
    row = next(event.inputs for event in told if isinstance(event, BarClosed))
    last = next(at for at, time in enumerate(whole.time) if time + timeframe == row.close_ms)
    for back in (0, 1, LOOK_BACK):
        assert row.get("close", back) == float(whole.close[last - back])
        for name in names:
            assert row.get(name, back) == pytest.approx(known.at(name, last - back), rel=1e-8, abs=1e-9), (name, back)


@pytest.mark.parametrize("back", [-1, LOOK_BACK + 1])
@pytest.mark.parametrize("name", ["close", "15m:close"])
def test_neither_bars_to_come_nor_bars_a_live_desk_does_not_keep_can_be_read(name: str, back: int) -> None:
    candles = walk(3_000)
    quarters = resample(candles, timeframe_ms=QUARTER)
    there: dict[str, Foreign] = {
        "15m:close": foreign(Place(BTC, QUARTER, "close"), quarters, compute(quarters, ["close"]))
    }
    row = Row(readable(candles, compute(candles, ())), 2_000, int(candles.time[2_000]) + MINUTE_MS, there)
    assert row.get(name, LOOK_BACK) is not None
    with pytest.raises(ValueError, match=rf"{name} {back} bars back: 0 \(the newest closed bar\) to 100"):
        row.get(name, back)


@pytest.mark.parametrize("back", [-1, LOOK_BACK + 1])
def test_nor_can_they_be_read_at_an_update_of_the_book(back: int) -> None:
    quarters = resample(walk(3_000), timeframe_ms=QUARTER)
    there = foreign(Place(BTC, QUARTER, "close"), quarters, compute(quarters, ["close"]))
    inputs = FlowInputs(int(quarters.time[150]), Pressure(), {"15m:close": there})
    assert inputs.get("15m:close", LOOK_BACK) is not None
    with pytest.raises(ValueError, match=f"15m:close {back} bars back"):
        inputs.get("15m:close", back)
