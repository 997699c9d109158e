"""Trades, days and periods."""

from dataclasses import replace

from keyboards.base import BACK, ON
from tests.unit.handlers.world import World, walk
from tests.unit.views import examples as ex

MANY = tuple(replace(ex.trade(), position_id=f"t{number}", exit_ms=ex.NOW_MS - number * 1000) for number in range(20))


@walk()
async def test_pages_of_trades_do_not_shift_when_a_new_trade_arrives(world: World) -> None:
    world.store.queries.rows = MANY
    await world.type("/trades")
    assert "20 trades" in world.screen
    assert "page 1/4" in world.screen
    newest = replace(ex.trade("BTCUSDT"), exit_ms=ex.NOW_MS + 60_000)
    world.store.queries.rows = (newest, *MANY)
    await world.press(ON)
    assert "page 2/4" in world.screen
    assert "BTCUSDT" not in world.screen
    await world.press(BACK)
    assert "BTCUSDT" not in world.screen
    world.desk.state = replace(world.desk.state, market_ms=ex.NOW_MS + 120_000)
    await world.press("Newest")
    assert "BTCUSDT" in world.screen


@walk()
async def test_trades_takes_how_many_and_refuses_nonsense(world: World) -> None:
    world.store.queries.rows = MANY
    await world.type("/trades 8")
    assert "8 trades" in world.screen
    await world.press(ON)
    assert world.screen.count("SOLUSDT") == 2
    for text in ("0", "-1", "many", "5 5"):
        await world.type(f"/trades {text}")
        assert "Usage: <code>/trades [number]</code>" in world.screen


@walk()
async def test_daily_shows_today_and_walks_back_and_forth(world: World) -> None:
    await world.type("/daily")
    assert "Thu 19 Nov UTC · PAPER · main" in world.screen
    await world.press(f"{BACK} Day")
    assert "Wed 18 Nov UTC" in world.screen
    assert "none closed" in world.screen
    await world.press(f"Day {ON}")
    assert "so far" in world.screen


@walk()
async def test_daily_with_a_number_lists_days_and_has_bounds(world: World) -> None:
    await world.type("/daily 3")
    assert "Last 3 days" in world.screen
    await world.type("/daily 32")
    assert "from 1 to 31" in world.screen


@walk()
async def test_performance_and_analytics_answer_at_once_and_report_later(world: World) -> None:
    for command, title in (("/performance 7d", "<b>Performance</b>"), ("/analytics", "<b>Analytics</b>")):
        await world.type(command)
        message = world.telegram.last
        assert "Computing" in message.text
        await world.jobs.idle()
        assert title in world.telegram.messages[message.message_id].text
    await world.press("all")
    await world.jobs.idle()
    assert "· all ·" in world.labels()
    await world.press("Performance")
    await world.jobs.idle()
    assert "<b>Performance</b>" in world.screen


@walk()
async def test_periods_are_lengths_words_or_two_dates(world: World) -> None:
    for period in ("today", "4w", "all", "2026-11-01:2026-11-19"):
        await world.type(f"/performance {period}")
        await world.jobs.idle()
        assert "<b>Performance</b>" in world.screen
    for period in ("yesterday", "2026-11-19:2026-11-01", "2026-13-01:2026-14-01", "0d"):
        await world.type(f"/performance {period}")
        assert "is not a period" in world.screen
    await world.type("/analytics 7d 8d")
    assert "Usage" in world.screen


@walk()
async def test_positions_page_by_symbol_and_cards_open_from_them(world: World) -> None:
    names = ("ADA", "BTC", "DOGE", "DOT", "ETH", "LINK", "LTC", "SOL")
    world.desk.state = ex.snapshot(mode="paper", positions=tuple(ex.position(f"{name}USDT") for name in names))
    await world.type("/positions")
    await world.press(ON)
    assert "SOLUSDT" in world.screen
    left = tuple(position for position in world.desk.state.positions if position.symbol != "ADAUSDT")
    world.desk.state = replace(world.desk.state, positions=left)
    await world.press("Refresh")
    assert "LTCUSDT" in world.labels()
    await world.press("SOLUSDT")
    assert "<b>SOLUSDT LONG 10x</b>" in world.screen
    await world.type("/position xrp")
    assert "No open position on XRPUSDT" in world.screen
    await world.type("/position")
    assert "Usage" in world.screen
    await world.type("/balance")
    assert "Wallet" in world.screen
