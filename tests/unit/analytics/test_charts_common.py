"""What holds for every picture: size, header, legible text on the paper, both themes, sentences for nothing."""

import time
from itertools import product

import numpy as np
import pytest

from engine.analytics.charts import requests as ask
from engine.analytics.charts.render import render
from engine.analytics.charts.theme import palette
from engine.analytics.series import EquitySeries
from tests.unit.analytics.pixels import decoded, near, pixel_size, sheet, texts, words
from tests.unit.analytics.samples import SIX, START, candles, series, walk

PAPER = ask.Look(mode="PAPER", zone="Europe/Berlin")
LIGHT = ask.Look(mode="BACKTEST", zone="Asia/Tokyo", dark=False)


def requests(look: ask.Look, name: str) -> ask.ChartRequest:
    month, trades = walk(31 * 24, step=3_600_000), SIX
    known: dict[str, ask.ChartRequest] = {
        "equity": ask.EquityChart(look=look, series=month),
        "drawdown": ask.DrawdownChart(look=look, series=month),
        "distribution": ask.DistributionChart(look=look, trades=trades),
        "pnl": ask.PnlChart(look=look, trades=trades),
        "calendar": ask.CalendarChart(look=look, trades=trades, year=2025, month=5),
        "candles": ask.CandleChart(
            look=look,
            symbol="BTCUSDT",
            timeframe="1h",
            candles=candles(300),
            decimals=2,
            levels=(ask.Level(label="SL", price=1.0, kind="stop"), ask.Level(label="TP", price=101.0, kind="target")),
            trades=(ask.TradeMark(long=True, entry_ms=START + 250 * 3_600_000, entry=100.0),),
            indicators=("ema50", "bbands20", "rsi14", "macd", "stoch"),
        ),
        "attribution": ask.AttributionChart(look=look, trades=trades),
        "exposure": ask.ExposureChart(look=look, series=month),
        "monthly": ask.MonthlyChart(look=look, series=month),
    }
    return known[name]


NAMES = ("equity", "drawdown", "distribution", "pnl", "calendar", "candles", "attribution", "exposure", "monthly")


@pytest.mark.parametrize(("name", "look"), list(product(NAMES, (PAPER, LIGHT))))
def test_every_picture_names_its_mode_and_is_as_large_and_as_dark_as_promised(name: str, look: ask.Look) -> None:
    found = render(requests(look, name))
    assert isinstance(found, ask.Picture)
    assert (found.width, found.height) == (1080, 1280)
    assert look.mode in found.caption
    image = decoded(found)
    assert near(image, palette(dark=look.dark).paper).mean() > 0.3
    assert len(np.unique(image @ (65536, 256, 1))) > 20


@pytest.mark.parametrize("name", NAMES)
def test_every_text_is_at_least_24_pixels_high_and_lies_on_the_paper(name: str) -> None:
    for text in texts(sheet(requests(PAPER, name))):
        assert pixel_size(text) >= 24 - 1e-6, text.get_text()
        box = text.get_window_extent()
        assert box.x0 >= 0, text.get_text()
        assert box.y0 >= 0, text.get_text()
        assert box.x1 <= 1080, text.get_text()
        assert box.y1 <= 1280, text.get_text()


@pytest.mark.parametrize("name", NAMES)
def test_texts_of_a_picture_do_not_lie_on_each_other(name: str) -> None:
    found = [(text.get_text(), text.get_window_extent()) for text in texts(sheet(requests(LIGHT, name)))]
    for place, (first, box) in enumerate(found):
        for second, other in found[place + 1 :]:
            wide = min(box.x1, other.x1) - max(box.x0, other.x0)
            high = min(box.y1, other.y1) - max(box.y0, other.y0)
            assert wide <= 2 or high <= 4, f"{first!r} lies on {second!r}"


@pytest.mark.parametrize("name", [name for name in NAMES if name != "candles"])
def test_every_picture_names_its_unit_and_its_time_zone(name: str) -> None:
    seen = words(sheet(requests(PAPER, name)))
    assert "USDT" in seen
    assert "Europe/Berlin" in seen


def test_the_same_request_gives_the_same_bytes() -> None:
    assert render(requests(PAPER, "equity")) == render(requests(PAPER, "equity"))


def test_a_dollar_sign_in_a_name_is_shown_and_not_read_as_a_formula() -> None:
    look = ask.Look(mode="PAPER", currency="$a$")
    assert "$a$" in words(sheet(ask.PnlChart(look=look, trades=SIX)))


def test_a_long_title_is_cut_before_the_mode() -> None:
    look = ask.Look(mode="PAPER · a rather long name of a desk")
    drawn = sheet(ask.CandleChart(look=look, symbol="X" * 60, timeframe="1h", candles=candles(10), decimals=2))
    title = next(text for text in texts(drawn) if text.get_text().startswith("XXX"))
    mode = next(text for text in texts(drawn) if text.get_text().startswith("PAPER"))
    assert title.get_text().endswith("…")
    assert title.get_window_extent().x1 < mode.get_window_extent().x0


@pytest.mark.parametrize(
    "request_",
    [
        ask.EquityChart(look=PAPER, series=EquitySeries()),
        ask.EquityChart(look=PAPER, series=series(10_000)),
        ask.DrawdownChart(look=PAPER, series=EquitySeries()),
        ask.DistributionChart(look=PAPER, trades=()),
        ask.PnlChart(look=PAPER, trades=()),
        ask.CalendarChart(look=PAPER, trades=SIX, year=2025, month=6),
        ask.CalendarChart(look=PAPER, trades=SIX, year=2025, month=13),
        ask.CandleChart(look=PAPER, symbol="BTCUSDT", timeframe="1h", candles=candles(1), decimals=2),
        ask.AttributionChart(look=PAPER, trades=()),
        ask.AttributionChart(look=PAPER, trades=SIX, dimension="moon"),
        ask.ExposureChart(look=PAPER, series=series(1, 2)),
        ask.MonthlyChart(look=PAPER, series=EquitySeries()),
    ],
)
def test_nothing_to_draw_is_a_plain_sentence(request_: ask.ChartRequest) -> None:
    found = render(request_)
    assert isinstance(found, ask.NoPicture)
    assert found.reason.endswith(".")
    assert "\n" not in found.reason


@pytest.mark.parametrize(
    "request_",
    [
        ask.EquityChart(look=PAPER, series=series(10_000, 10_000)),
        ask.DrawdownChart(look=PAPER, series=series(10_000, 10_000)),
        ask.DistributionChart(look=PAPER, trades=SIX[:1]),
        ask.DistributionChart(look=PAPER, trades=SIX[-1:]),
        ask.PnlChart(look=PAPER, trades=SIX[:1]),
        ask.CalendarChart(look=PAPER, trades=SIX[-1:], year=2025, month=5),
        ask.CandleChart(look=PAPER, symbol="BTCUSDT", timeframe="1h", candles=candles(2), decimals=2),
        ask.AttributionChart(look=PAPER, trades=SIX[-1:], dimension="side"),
        ask.MonthlyChart(look=PAPER, series=series(10_000, 10_000)),
    ],
)
def test_one_trade_or_a_flat_line_still_gives_a_picture(request_: ask.ChartRequest) -> None:
    assert isinstance(render(request_), ask.Picture)


@pytest.mark.parametrize("kind", [ask.EquityChart, ask.DrawdownChart, ask.ExposureChart, ask.MonthlyChart])
def test_a_year_of_minutes_is_drawn_quickly(kind: type[ask.EquityChart]) -> None:
    year = walk(525_600)
    render(ask.EquityChart(look=PAPER, series=series(1, 2)))
    started = time.process_time()
    assert isinstance(render(kind(look=PAPER, series=year)), ask.Picture)
    assert time.process_time() - started < 1.5
