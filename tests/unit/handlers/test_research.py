"""Backtests from chat."""

import asyncio

from engine.analytics.charts.requests import EquityChart, PnlChart
from handlers.ports import BacktestCancelled, BacktestFailed
from handlers.runs import Runs
from tests.unit.handlers.world import World, walk
from tests.unit.views import examples as ex


@walk()
async def test_a_backtest_ends_with_a_card_and_its_charts(world: World) -> None:
    world.research.outcome = ex.backtest(ex.TRADES)
    world.research.go.set()
    await world.type("/backtest CFT btc 7d")
    assert "0%" in world.screen
    await world.jobs.idle()
    card = world.telegram.last
    assert "2,016 bars" in card.text
    asked = world.research.asked[0]
    assert (asked["profile"], asked["symbol"]) == ("cft", "BTCUSDT")
    assert asked["until_ms"] - asked["since_ms"] == 7 * 24 * ex.HOUR_MS
    for label, kind in (("Equity", EquityChart), ("P&L", PnlChart)):
        await world.press(label, card)
        await world.jobs.idle()
        assert isinstance(world.charts.requests[-1], kind)
        assert world.charts.requests[-1].look.mode == "BACKTEST"


@walk()
async def test_progress_is_edited_at_most_every_two_seconds(world: World) -> None:
    world.research.shares = tuple(number / 1000 for number in range(1000))
    world.research.go.set()
    await world.type("/backtest cft btc 7d")
    await world.jobs.idle()
    edits = [call for call in world.telegram.calls if type(call).__name__ == "EditMessageText"]
    assert len(edits) <= 2


@walk()
async def test_cancel_stops_the_run_and_another_may_begin(world: World) -> None:
    world.research.outcome = BacktestCancelled()
    await world.type("/backtest cft btc 7d")
    first = world.telegram.last
    await world.type("/backtest cft sol 7d")
    assert "running already" in world.screen
    await world.press("Cancel", first)
    await world.jobs.idle()
    assert "cancelled" in world.telegram.messages[first.message_id].text
    await world.type("/backtest cft sol 7d")
    assert "0%" in world.screen


@walk()
async def test_a_failed_backtest_says_why(world: World) -> None:
    world.research.outcome = BacktestFailed("there are no candles of BTCUSDT before 2026-11-18.")
    world.research.go.set()
    await world.type("/backtest cft btc 7d")
    await world.jobs.idle()
    assert "no candles of BTCUSDT" in world.screen


@walk()
async def test_a_broken_backtest_is_told_and_does_not_block_the_next(world: World) -> None:
    async def broken(**_: object) -> BacktestCancelled:
        raise ConnectionError

    usual, world.research.backtest = world.research.backtest, broken  # type: ignore[method-assign]  # a fault beyond the fake
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    await world.type("/backtest cft btc 7d")
    await world.jobs.idle()
    assert "The backtest failed" in world.screen
    world.research.backtest = usual  # type: ignore[method-assign]  # back to the fake
    await world.type("/backtest cft btc 7d")
    assert "0%" in world.screen


@walk()
async def test_mistyped_backtests_are_explained(world: World) -> None:
    for text, words in (
        ("cft btc", "A profile, a symbol and a period are needed."),
        ("ctf btc 7d", "There is no profile ctf"),
        ("cft slo 7d", "Did you mean SOLUSDT?"),
        ("cft btc soon", "soon is not a period"),
    ):
        await world.type(f"/backtest {text}")
        assert words in world.screen
        assert "Example: <code>/backtest cft btc 7d</code>" in world.screen
    assert world.research.asked == []


@walk()
async def test_buttons_of_a_run_that_is_gone_say_so(world: World) -> None:
    await world.send_data("bt:9:stop")
    assert "is over" in world.screen
    await world.send_data("bt:9:equity")
    assert "no longer in memory" in world.screen
    await world.type("/menu")
    await world.press("More")
    await world.press("Backtest")
    assert "/backtest PROFILE SYMBOL PERIOD" in world.screen


def test_only_the_newest_results_are_kept() -> None:
    runs = Runs()
    for _ in range(12):
        begun = runs.begin()
        assert begun is not None
        runs.end(begun[0], ex.backtest(()))
    assert list(runs.results) == [str(number) for number in range(5, 13)]
