"""The way in: panel, menu, help, why, and what nobody understands."""

from aiogram.methods import DeleteMessage, PinChatMessage

from handlers.ports import Actor, Role
from tests.unit.handlers.session import CHAT
from tests.unit.handlers.world import World, walk
from tests.unit.views import examples as ex


@walk()
async def test_start_sends_and_pins_the_panel_and_remembers_where_it_is(world: World) -> None:
    await world.type("/start")
    panel = world.telegram.last
    assert "PAPER · main · RUNNING" in panel.text
    assert world.store.panels.found == {CHAT.id: panel.message_id}
    assert [call.message_id for call in world.telegram.calls if isinstance(call, PinChatMessage)] == [panel.message_id]


@walk()
async def test_a_new_panel_takes_the_old_one_away_and_a_deep_link_only_opens_it(world: World) -> None:
    await world.type("/menu")
    old = world.telegram.last.message_id
    await world.type("/start closeall_now")
    assert [call.message_id for call in world.telegram.calls if isinstance(call, DeleteMessage)] == [old]
    assert world.desk.commands == []


@walk()
async def test_a_chat_that_forbids_pinning_gets_its_panel_all_the_same(world: World) -> None:
    world.telegram.refusals["PinChatMessage"] = ["not enough rights to manage pinned messages in the chat"]
    await world.type("/menu")
    assert CHAT.id in world.store.panels.found


@walk()
async def test_refresh_redraws_the_panel_in_place_and_every_button_keeps_its_place(world: World) -> None:
    await world.type("/menu")
    panel, labels = world.telegram.last, world.labels()
    world.desk.state = ex.PAUSED
    await world.press("Refresh")
    assert world.telegram.last.message_id == panel.message_id
    assert "PAUSED" in world.screen
    assert world.labels() == labels


@walk()
async def test_an_unchanged_panel_is_no_error(world: World) -> None:
    await world.type("/menu")
    world.telegram.refusals["EditMessageText"] = ["message is not modified: specified new message content is the same"]
    await world.press("Refresh")
    assert len(world.telegram.messages) == 1


@walk()
async def test_a_panel_that_is_gone_is_sent_anew(world: World) -> None:
    await world.type("/menu")
    world.telegram.refusals["EditMessageText"] = ["message to edit not found"]
    await world.press("Refresh")
    assert len(world.telegram.messages) == 2


@walk()
async def test_screens_opened_from_the_panel_leave_the_panel_alone(world: World) -> None:
    await world.type("/menu")
    panel = world.telegram.last
    for label in ("Positions", "Today", "Risk", "Strategies", "Charts", "More"):
        await world.press(label, panel)
        assert world.telegram.last.message_id != panel.message_id
    assert "main · RUNNING" in world.telegram.messages[panel.message_id].text


@walk()
async def test_every_screen_of_more_opens_in_place(world: World) -> None:
    await world.type("/menu")
    await world.press("More")
    more = world.telegram.last
    expected_of = {"Status": "Holds", "Balance": "Wallet", "Health": "Health", "Version": "Version", "Help": "/menu"}
    for label, expected in expected_of.items():
        await world.press(label, more)
        assert expected in world.telegram.messages[more.message_id].text


@walk()
async def test_help_knows_commands_topics_and_what_a_viewer_may_not_do(world: World) -> None:
    await world.type("/help close")
    assert "SYMBOL [percent]" in world.screen
    await world.type("/help control")
    assert "/pause" in world.screen
    await world.type("/help clsoe")
    assert "/close" in world.screen
    world.actor = Actor(user_id=7, name="Vera", role=Role.VIEWER)
    await world.type("/help")
    assert "/closeall" not in world.screen
    await world.press("State")
    assert "/health" in world.screen


@walk()
async def test_why_finds_a_symbol_whatever_its_spelling_and_suggests_close_ones(world: World) -> None:
    for spelling in ("sol", "SOLUSDT", "sol/usdt", "Sol-USDT"):
        await world.type(f"/why {spelling}")
        assert "<b>SOLUSDT</b>" in world.screen
    await world.type("/why slo")
    assert "Did you mean <code>SOLUSDT</code>" in world.screen
    await world.type("/why")
    assert "Usage: <code>/why SYMBOL</code>" in world.screen


@walk()
async def test_unknown_commands_texts_and_buttons_are_answered_and_do_nothing(world: World) -> None:
    await world.type("/positons")
    assert "/positions" in world.screen
    await world.type("hello <b>")
    assert "/menu" in world.screen
    await world.send_data("x:y")
    await world.send_data("o:nowhere:0")
    assert world.telegram.answers()[-2:] == ["This button is out of date. /menu"] * 2
    assert world.desk.commands == []


@walk()
async def test_health_and_version_name_app_python_and_mode(world: World) -> None:
    for command in ("/health", "/version"):
        await world.type(command)
        assert all(words in world.screen for words in ("pocketdesk", "Python", "PAPER"))
