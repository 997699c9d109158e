"""Names of indicators: what they mean, what they need, and what is refused."""

import pytest

from engine.indicators_names import parse, warmup_bars


@pytest.mark.parametrize(
    ("name", "bars"),
    [
        ("close", 1),
        ("sma200", 200),
        ("ema600", 7_200),
        ("rsi14", 421),
        ("atr14", 421),
        ("adx14", 421),
        ("bb20_2.width", 20),
        ("bb20_2.5.upper", 20),
        ("macd12_26_9.macd", 312),
        ("macd12_26_9.signal", 420),
        ("macd12_26_9.hist", 420),
        ("meanprev60", 61),
        ("volmeanprev20", 21),
        ("lowest10", 10),
        ("atrmean14", 15),
        ("bbrank20_2_540", 560),
        ("emacrosses240_600", 7_201),
    ],
)
def test_each_kind_waits_for_its_own_history(name: str, bars: int) -> None:
    assert parse(name).bars == bars


def test_together_they_wait_for_the_longest() -> None:
    assert warmup_bars(["sma200", "rsi14", "bb20_2.upper"]) == 421
    assert warmup_bars([]) == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("smaa50", "did you mean something like 'sma50'"),
        ("sma", "unknown indicator 'sma'"),
        ("sma50.value", "unknown indicator"),
        ("bb20_2", "unknown indicator"),
        ("bb20_2.top", "did you mean something like 'bb20_2"),
        ("macd12_26.macd", "unknown indicator"),
        ("SMA50", "unknown indicator"),
        ("sma1", "from 2 to 5000"),
        ("sma5001", "from 2 to 5000"),
        ("sma2.5", "whole numbers"),
        ("macd26_12_9.macd", "fast period must be below"),
        ("bb20_11.upper", "at most 10 standard deviations"),
        ("", "known are such as sma50"),
    ],
)
def test_a_wrong_name_is_refused_with_a_hint(name: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse(name)
