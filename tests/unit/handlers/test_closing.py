"""Closing: preview, confirmation, result; twice never acts twice; nothing about prices refuses it."""

import asyncio
from decimal import Decimal

from engine.core.commands import CloseAll, ClosePosition, Filter, Pause, Scope
from engine.core.snapshot import OrderResult
from engine.journal import JournalUnavailable
from handlers.ports import Expired, Foreign, TooSoon
from tests.unit.handlers.session import CHAT
from tests.unit.handlers.world import World, walk
from tests.unit.views import examples as ex

FILLED = OrderResult(
    link_id="a",
    symbol="SOLUSDT",
    status="filled",
    quantity=Decimal("1.0"),
    filled=Decimal("1.0"),
    average=Decimal("143.40"),
    why="",
)


@walk()
async def test_the_first_tap_on_close_all_pauses_and_the_second_closes(world: World) -> None:
    world.desk.results = (FILLED,)
    await world.type("/menu")
    panel = world.telegram.last
    await world.press("CLOSE ALL")
    assert [type(command) for command in world.desk.commands] == [Pause]
    assert "paused already" in world.screen
    await world.press("Close 2 · PAPER")
    assert isinstance(world.desk.commands[1], CloseAll)
    assert "Closing…" in world.screen
    world.desk.over.set()
    await world.jobs.idle()
    assert "Closed: 1 of 1 order filled" in world.screen
    assert "RUNNING" in world.telegram.messages[panel.message_id].text


@walk()
async def test_pressing_confirm_twice_closes_once(world: World) -> None:
    await world.type("/closeall")
    preview = world.telegram.last
    keyboard = preview.keyboard
    await world.press("Close 2", preview)
    preview.keyboard = keyboard
    await world.press("Close 2", preview)
    assert [type(command) for command in world.desk.commands] == [Pause, CloseAll]
    assert world.telegram.answers()[-1] == "Already used. See the result, or /menu."


@walk()
async def test_closeall_now_closes_without_asking_unless_it_came_late(world: World) -> None:
    await world.type("/panic now")
    assert [type(command) for command in world.desk.commands] == [CloseAll]
    world.desk.commands.clear()
    await world.type("/closeall now", age_s=90)
    assert [type(command) for command in world.desk.commands] == [Pause]
    assert "came late" in world.screen


@walk()
async def test_filters_and_profiles_reach_the_command_and_the_pause(world: World) -> None:
    await world.type("/closeall LOSERS cft")
    assert isinstance(world.desk.commands[0], Pause)
    assert world.desk.commands[0].scope == Scope("profile", "cft")
    await world.press("Close 1")
    command = world.desk.commands[1]
    assert isinstance(command, CloseAll)
    assert (command.which, command.profile) == (Filter.LOSERS, "cft")


@walk()
async def test_a_mistyped_closeall_neither_pauses_nor_closes(world: World) -> None:
    for text in ("loosers", "longs shorts", "nwo"):
        await world.type(f"/closeall {text}")
        assert f"Understood: {text}" in world.screen
    assert world.desk.commands == []


@walk(ex.FLAT)
async def test_close_all_with_nothing_open_pauses_and_asks_nothing(world: World) -> None:
    await world.type("/closeall")
    assert [type(command) for command in world.desk.commands] == [Pause]
    assert world.confirm.asked == {}


@walk()
async def test_close_takes_a_percentage_and_what_is_there_at_the_press(world: World) -> None:
    await world.type("/close btc 50%")
    assert "BUY 0.008" in world.screen
    # Between preview and press price and size moved: a close is never refused for that.
    moved = ex.position("BTCUSDT", long=False, quantity=Decimal("0.009"), unrealised=Decimal(-900))
    world.desk.state = ex.snapshot(mode="paper", positions=(moved,))
    await world.press("Close BTCUSDT 50% · PAPER")
    command = world.desk.commands[0]
    assert isinstance(command, ClosePosition)
    assert (command.symbol, command.percent) == ("BTCUSDT", 50)


@walk()
async def test_close_with_bad_arguments_says_how_it_is_written(world: World) -> None:
    for text in ("", "sol 0", "sol 101", "sol half", "sol 5 5"):
        await world.type(f"/close {text}".strip())
        assert "Usage: <code>/close SYMBOL [percent] [now]</code>" in world.screen
    await world.type("/close eth")
    assert "No open position on ETHUSDT" in world.screen
    await world.type("/close <b>")
    assert "&lt;b&gt; is not a symbol" in world.screen
    assert world.desk.commands == []


@walk()
async def test_cancel_uses_the_confirmation_up_and_says_entries_stay_paused(world: World) -> None:
    await world.type("/closeall")
    await world.press("Cancel")
    assert "Cancelled" in world.screen
    assert "stay paused" in world.screen
    assert world.confirm.asked == {}
    assert world.labels() == []


@walk()
async def test_an_unanswered_preview_is_shown_expired_and_loses_its_buttons(world: World) -> None:
    await world.type("/close sol")
    world.expire.set()
    await world.jobs.idle()
    assert "<b>Expired.</b>" in world.screen
    assert world.labels() == []


@walk()
async def test_too_soon_foreign_and_expired_presses_are_told_apart_and_do_nothing(world: World) -> None:
    await world.type("/close sol")
    for claim, words in ((TooSoon(), "Too quick"), (Foreign(), "somebody else"), (Expired(), "Expired")):
        world.confirm.next_claim = claim
        await world.send_data("ok:nonce0", world.telegram.last)
        assert words in (world.telegram.answers()[-1] or "")
    assert world.desk.commands == []


@walk()
async def test_a_forged_press_of_the_other_kind_does_nothing(world: World) -> None:
    await world.type("/close sol")
    await world.send_data("ad:nonce0", world.telegram.last)
    assert world.desk.commands == []


@walk()
async def test_a_press_on_a_message_too_old_to_be_seen_does_nothing(world: World) -> None:
    await world.type("/close sol")
    await world.send_data("ok:nonce0")
    assert world.desk.commands == []


@walk()
async def test_without_a_database_the_preview_names_the_way_that_needs_none(world: World) -> None:
    world.confirm.away = JournalUnavailable("disk full")
    await world.type("/close sol")
    assert "/close SYMBOL now" in world.screen
    assert world.labels() == []
    await world.type("/close sol now")
    assert isinstance(world.desk.commands[0], ClosePosition)


@walk()
async def test_the_card_closes_all_or_half(world: World) -> None:
    await world.type("/position sol")
    card = world.telegram.last
    keyboard = card.keyboard
    await world.press("Close half", card)
    assert "Close 50% of SOLUSDT" in world.screen
    card.keyboard = keyboard
    await world.press("Close 1.0", card)
    assert "Close SOLUSDT LONG" in world.screen
    assert set(world.confirm.bound.values()) == {card.message_id}
    assert {chat for _, chat, _ in world.confirm.asked.values()} == {CHAT.id}


@walk()
async def test_a_broken_wait_for_the_result_is_told(world: World) -> None:
    world.desk.results = (FILLED,)

    async def broken(*_: object) -> tuple[OrderResult, ...]:
        raise ConnectionError

    world.desk.settled = broken  # type: ignore[method-assign]  # the one fault this fake cannot be asked for
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    await world.type("/closeall now")
    await world.jobs.idle()
    assert "outcome could not be read" in world.screen
