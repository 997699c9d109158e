"""Values of other timeframes and symbols: of the last bar that is over, never of an older one; live as in history."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from engine.backtest.market import lanes
from engine.candles import Columns
from engine.core.events import BarClosed
from engine.core.market import DAY_MS, HOUR_MS, MINUTE_MS
from engine.core.profile import Account
from engine.core.strategy import Decision, Held, Inputs
from engine.marketdata import LiveCandles
from engine.plan import Need, Place, aligned, check_needs, foreign, needs, place, symbols
from engine.resample import resample
from tests.support.series import START_MS, walk, without
from tests.unit.backtest.runs import dice_profile, instrument

QUARTER = 15 * MINUTE_MS
BTC, ETH = "BTCUSDT", "ETHUSDT"
NAMES = ("close", "15m:close", "BTCUSDT/1h:close", "BTCUSDT/1h:sma3")


@dataclass(frozen=True)
class Reader:
    """Reads and never decides; `seen` keeps what it read by close time."""

    needs: tuple[str, ...] = NAMES
    rules: tuple[str, ...] = ()
    reverses: bool = False
    seen: dict[int, tuple[float | None, ...]] = field(default_factory=dict)

    def decide(self, inputs: Inputs, held: Held | None, off: Collection[str]) -> Decision:
        """Read everything."""
        self.seen[inputs.close_ms] = read(inputs)
        return None

    def candidates(self, columns: Mapping[str, Any]) -> None:
        """Every bar."""


def read(inputs: Inputs) -> tuple[float | None, ...]:
    return (*(inputs.get(name) for name in NAMES), inputs.get("15m:close", 1), inputs.get("BTCUSDT/1h:close", 2))


ACCOUNT = Account(profiles=(dice_profile(ETH),))
STRATEGIES = {"dice": Reader()}
RULES = {symbol: instrument(symbol) for symbol in (BTC, ETH)}


def expected(data: Mapping[str, Columns], close_ms: int) -> tuple[float | None, ...]:
    """The plain reading: look every bar up by the time at which it must have closed."""

    def at(symbol: str, timeframe: int, back: int = 0) -> float | None:
        coarse = resample(data[symbol], timeframe_ms=timeframe)
        wanted = close_ms // timeframe * timeframe - (back + 1) * timeframe
        rows = np.flatnonzero(coarse.time == wanted)
        return float(coarse.close[rows[0]]) if len(rows) else None

    last = [at(BTC, HOUR_MS, back) for back in range(3)]
    mean = None if None in last else sum(value or 0.0 for value in last) / 3
    own = at(ETH, MINUTE_MS)
    return own, at(ETH, QUARTER), last[0], mean, at(ETH, QUARTER, 1), None if None in last else last[2]


def history(data: Mapping[str, Columns]) -> dict[int, tuple[float | None, ...]]:
    span = START_MS, START_MS + DAY_MS
    (lane,) = lanes(ACCOUNT, STRATEGIES, data, RULES, span=span, every=True)
    (frame,) = lane.frames
    found = {}
    for row in range(lane.end):
        close_ms = int(lane.time[row]) + lane.step
        frame.row.at(frame.row_at[row], close_ms)
        found[close_ms] = read(frame.row)
    return found


def live(data: Mapping[str, Columns], order: tuple[str, ...]) -> dict[int, tuple[float | None, ...]]:
    candles = LiveCandles(needs(ACCOUNT, STRATEGIES), RULES, base_ms=MINUTE_MS)
    found = {}
    for minute in range(600):
        told = []
        for symbol in order:
            row = int(np.searchsorted(data[symbol].time, START_MS + minute * MINUTE_MS))
            if row < len(data[symbol]) and data[symbol].time[row] == START_MS + minute * MINUTE_MS:
                told += candles.on_bar(data[symbol].bar(row))
        told += candles.release()
        closed = [event for event in told if isinstance(event, BarClosed)]
        assert len(closed) <= 1
        found.update({event.close_ms: read(event.inputs) for event in closed})
    return found


def rounded(values: tuple[float | None, ...]) -> tuple[float | None, ...]:
    return tuple(None if value is None else round(value, 9) for value in values)


WHOLE = {BTC: walk(600, seed=1), ETH: walk(600, seed=2, symbol=ETH)}
HOLED = {BTC: without(WHOLE[BTC], 130, 299), ETH: WHOLE[ETH]}
LATE = {BTC: WHOLE[BTC].rows(100, 600), ETH: WHOLE[ETH]}
ENDED = {BTC: WHOLE[BTC].rows(0, 400), ETH: WHOLE[ETH]}


@pytest.mark.parametrize("data", [WHOLE, HOLED, LATE, ENDED], ids=["whole", "holed", "late", "ended"])
@pytest.mark.parametrize("order", [(BTC, ETH), (ETH, BTC)], ids=["btc first", "eth first"])
def test_live_and_history_read_the_last_bar_that_is_over(data: Mapping[str, Columns], order: tuple[str, ...]) -> None:
    past, now = history(data), live(data, order)
    assert past.keys() == now.keys()
    for close_ms, values in past.items():
        assert rounded(now[close_ms]) == rounded(values) == rounded(expected(data, close_ms)), close_ms


def test_a_bar_missing_at_this_instant_is_absent_and_not_its_elder() -> None:
    past = history(HOLED)
    assert past[START_MS + 180 * MINUTE_MS][2] is None
    assert past[START_MS + 240 * MINUTE_MS][2] is not None


def test_a_decision_waits_for_the_bar_that_closes_with_it_and_for_no_other() -> None:
    candles = LiveCandles(needs(ACCOUNT, STRATEGIES), RULES, base_ms=MINUTE_MS)
    for minute in range(59):
        candles.on_bar(WHOLE[BTC].bar(minute))
        candles.on_bar(WHOLE[ETH].bar(minute))
        candles.release()
    assert [e for e in candles.on_bar(WHOLE[ETH].bar(59)) if isinstance(e, BarClosed)] == []
    assert candles.waiting
    assert candles.on_bar(WHOLE[ETH].bar(59)) == []
    (event,) = [e for e in candles.on_bar(WHOLE[BTC].bar(59)) if isinstance(e, BarClosed)]
    assert (event.symbol, event.inputs.get("BTCUSDT/1h:close")) == (ETH, WHOLE[BTC].close[59])
    assert not candles.waiting
    assert [e.symbol for e in candles.on_bar(WHOLE[ETH].bar(60)) if isinstance(e, BarClosed)] == [ETH]


def test_a_decision_that_waits_is_made_before_the_symbols_next_bar() -> None:
    candles = LiveCandles(needs(ACCOUNT, STRATEGIES), RULES, base_ms=MINUTE_MS)
    assert [e for e in candles.on_bar(WHOLE[ETH].bar(0)) if isinstance(e, BarClosed)] == []
    told = [e for e in candles.on_bar(WHOLE[ETH].bar(1)) if isinstance(e, BarClosed)]
    assert [e.close_ms for e in told] == [START_MS + MINUTE_MS]
    assert told[0].inputs.get("close") == WHOLE[ETH].close[0]
    assert candles.release(BTC) == []
    assert len([e for e in candles.release(ETH) if isinstance(e, BarClosed)]) == 1


def test_what_is_only_read_is_needed_and_not_decided_on() -> None:
    own, quarter, hour = needs(ACCOUNT, STRATEGIES)
    assert (own.symbol, own.decides, own.names) == (ETH, True, ("close", "atr14"))
    assert own.foreign["BTCUSDT/1h:sma3"] == Place(BTC, HOUR_MS, "sma3")
    assert (quarter.symbol, quarter.timeframe, quarter.names, quarter.decides) == (ETH, QUARTER, ("close",), False)
    assert hour == Need(BTC, HOUR_MS, ("close", "sma3"), decides=False)
    assert symbols(ACCOUNT, STRATEGIES) == (ETH, BTC)


def test_names_say_where_a_value_comes_from() -> None:
    assert place("rsi14", ETH) is None
    assert place("4h:bb20_2.upper", ETH) == Place(ETH, 4 * HOUR_MS, "bb20_2.upper")
    with pytest.raises(ValueError, match="unknown timeframe '7m'"):
        place("7m:close", ETH)


@pytest.mark.parametrize("name", ["sma1", "BTCUSDT/1d:smaa50"])
def test_a_value_that_nobody_can_compute_is_refused(name: str) -> None:
    check_needs(Reader())
    with pytest.raises(ValueError, match=r"sma1|smaa50"):
        check_needs(Reader(needs=(name,)))


def test_without_any_candles_everything_foreign_is_absent() -> None:
    nothing = foreign(Place(BTC, HOUR_MS, "close"), None, None)
    assert nothing.at(START_MS, 0) is None
    assert np.isnan(aligned(nothing, np.array([START_MS, START_MS + HOUR_MS]))).all()
