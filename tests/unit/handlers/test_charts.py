"""Pictures: what is asked of the chart worker, and how they change in place."""

import asyncio

from aiogram.methods import EditMessageMedia, SendDocument, SendPhoto

from engine.analytics.charts.requests import (
    CalendarChart,
    CandleChart,
    ChartFailed,
    DistributionChart,
    DrawdownChart,
    EquityChart,
    NoPicture,
    PnlChart,
)
from keyboards.base import BACK, ON
from tests.unit.handlers.world import World, walk


@walk()
async def test_every_kind_asks_for_its_own_chart(world: World) -> None:
    kinds = {
        "equity": EquityChart,
        "drawdown 7d": DrawdownChart,
        "distribution": DistributionChart,
        "pnl all": PnlChart,
        "calendar 2026-11": CalendarChart,
        "CALENDAR": CalendarChart,
    }
    for text, kind in kinds.items():
        await world.type(f"/chart {text}")
        await world.jobs.idle()
        assert isinstance(world.charts.requests[-1], kind)
        assert world.charts.requests[-1].look.mode == "PAPER"
    assert world.telegram.last.text == "Equity &lt;10,000&gt;"


@walk()
async def test_candles_carry_the_position_its_levels_and_the_indicators(world: World) -> None:
    await world.type("/chart sol 1h EMA50 supertrend10,3")
    await world.jobs.idle()
    request = world.charts.requests[0]
    assert isinstance(request, CandleChart)
    assert (request.symbol, request.timeframe, request.indicators) == ("SOLUSDT", "1h", ("ema50", "supertrend10,3"))
    assert [level.kind for level in request.levels] == ["entry", "stop", "target"]
    assert request.decimals == 2
    assert any(mark.exit_ms is None for mark in request.trades)
    assert "Indicators: ema50 supertrend10,3" in world.screen


@walk()
async def test_another_timeframe_or_look_changes_the_picture_in_place_and_keeps_the_indicators(world: World) -> None:
    await world.type("/chart sol ema50")
    await world.jobs.idle()
    message = world.telegram.last.message_id
    for label in ("4h", "Light"):
        await world.press(label)
        await world.jobs.idle()
    request = world.charts.requests[-1]
    assert (request.timeframe, request.look.dark, request.indicators) == ("4h", False, ("ema50",))
    assert world.telegram.last.message_id == message
    assert sum(isinstance(call, EditMessageMedia) for call in world.telegram.calls) == 2
    await world.press("As file")
    await world.jobs.idle()
    assert isinstance(world.telegram.calls[-1], SendDocument)


@walk()
async def test_the_calendar_walks_through_months_and_years(world: World) -> None:
    await world.type("/chart calendar 2026-01")
    await world.jobs.idle()
    await world.press(f"{BACK} 2025-12")
    await world.jobs.idle()
    request = world.charts.requests[-1]
    assert (request.year, request.month) == (2025, 12)
    assert f"2026-01 {ON}" in world.labels()


@walk()
async def test_the_menu_and_alert_buttons_open_new_pictures(world: World) -> None:
    await world.type("/chart")
    menu = world.telegram.last
    await world.press("Equity", menu)
    await world.jobs.idle()
    assert isinstance(world.telegram.calls[-1], SendPhoto)
    assert world.telegram.messages[menu.message_id] is menu


@walk()
async def test_nothing_to_draw_and_failures_are_sentences(world: World) -> None:
    for answer in (NoPicture("No trades yet."), ChartFailed("The picture could not be drawn: it took too long.")):
        world.charts.answer = answer
        await world.type("/chart pnl")
        await world.jobs.idle()
        assert world.screen == answer.reason
    world.desk.has_candles = False
    await world.type("/chart sol 1d")
    assert "no 1d candles of SOLUSDT" in world.screen


@walk()
async def test_mistyped_charts_are_explained(world: World) -> None:
    for text, words in (
        ("calendar november", "A month is written 2025-11."),
        ("equity forever", "A period is written"),
        ("sol 7h", "7h is not a timeframe"),
        ("slo", "Did you mean <code>SOLUSDT</code>"),
    ):
        await world.type(f"/chart {text}")
        assert words in world.screen
    for data in ("ch:GONEUSDT:1h:1:0:0", "ch:SOLUSDT:9h:1:0:0", "ch:calendar:x:1:0:0", "ch:equity:x:1:0:0"):
        await world.send_data(data)
    assert world.charts.requests == []


@walk()
async def test_a_broken_worker_is_told_to_the_reader(world: World) -> None:
    async def broken(_request: object) -> NoPicture:
        raise ConnectionError

    world.charts.render = broken  # type: ignore[method-assign]  # the one fault this fake cannot be asked for
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    await world.type("/chart pnl")
    await world.jobs.idle()
    assert "Drawing failed" in world.screen
