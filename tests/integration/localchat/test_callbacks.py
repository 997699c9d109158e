"""Buttons: pressing, answering in time, forging."""

import pytest
from aiogram.exceptions import TelegramBadRequest

from tests.integration.localchat.room import ADA, STRANGER, Room, in_room, keyboard

TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


def test_a_press_carries_the_whole_message_and_its_answer_is_seen() -> None:
    async def story(room: Room) -> None:
        number = await room.sent("Close?", reply_markup=keyboard("Close all", "Cancel"))
        pressed = await room.press(number, "Close")
        (update,) = await room.bot.get_updates()
        query = update.callback_query
        assert query is not None and query.id == pressed["callback_query_id"]
        assert (query.data, query.from_user.id) == ("close all", ADA)
        assert query.message is not None and query.message.text == "Close?"
        assert await room.sim(f"callbacks/{query.id}") == {"answered": False, "text": "", "alert": False}
        assert await query.answer("Closed", show_alert=True).as_(room.bot)
        assert await room.sim(f"callbacks/{query.id}") == {"answered": True, "text": "Closed", "alert": True}
        with pytest.raises(TelegramBadRequest, match=TOO_OLD):
            await query.answer("again").as_(room.bot)

    in_room(story)


def test_an_answer_after_the_window_or_to_an_unknown_press_is_refused() -> None:
    async def story(room: Room) -> None:
        number = await room.sent("x", reply_markup=keyboard("A"))
        late = (await room.press(number, "A"))["callback_query_id"]
        room.clock.now += 15.1
        assert await room.refusal("answerCallbackQuery", callback_query_id=late) == f"Bad Request: {TOO_OLD}"
        assert await room.refusal("answerCallbackQuery", callback_query_id="5") == f"Bad Request: {TOO_OLD}"
        in_time = (await room.press(number, "A"))["callback_query_id"]
        room.clock.now += 14.9
        assert (await room.api("answerCallbackQuery", callback_query_id=in_time))["ok"]

    in_room(story)


def test_the_answer_window_is_configurable() -> None:
    async def story(room: Room) -> None:
        number = await room.sent("x", reply_markup=keyboard("A"))
        pressed = (await room.press(number, "A"))["callback_query_id"]
        room.clock.now += 2
        assert not (await room.api("answerCallbackQuery", callback_query_id=pressed))["ok"]

    in_room(story, answer_window_s=1.0)


def test_an_exact_label_wins_over_data_and_prefix() -> None:
    async def story(room: Room) -> None:
        rows = [[("Stop now", "a"), ("Stop", "b")], [("c", "Go"), ("Go", "d")]]
        buttons = [[{"text": text, "callback_data": data} for text, data in row] for row in rows]
        number = await room.sent("x", reply_markup={"inline_keyboard": buttons})
        for wanted in ("Stop", "Stop n", "Go", "a"):
            await room.press(number, wanted)
        data = [update["callback_query"]["data"] for update in await room.updates()]
        assert data == ["b", "a", "d", "a"]

    in_room(story)


def test_a_forged_press_sends_data_that_stands_on_no_button() -> None:
    async def story(room: Room) -> None:
        number = await room.sent("x", reply_markup=keyboard("A"))
        await room.press(number, "golive:yes", forge=True)
        (update,) = await room.updates()
        assert update["callback_query"]["data"] == "golive:yes"

    in_room(story)


def test_presses_that_cannot_happen_are_refused_with_the_reason() -> None:
    async def story(room: Room) -> None:
        links = {
            "inline_keyboard": [[{"text": "Open", "url": "https://e.org"}, {"text": "Id", "copy_text": {"text": "7"}}]]
        }
        number = await room.sent("x", reply_markup=links)

        async def refused(button: str, *, user: int = ADA, message_id: int = number, status: int = 404) -> str:
            body = {"message_id": message_id, "button": button}
            answer = await room.sim(f"users/{user}/presses", body, status=status)
            return str(answer["error"])

        assert "url button" in await refused("Open", status=400)
        assert "copy_text button" in await refused("Id", status=400)
        assert "its buttons: 'Open', 'Id'" in await refused("Nothing")
        assert "no message 99" in await refused("Open", message_id=99)
        assert f"no message {number} in chat {STRANGER}" in await refused("Open", user=STRANGER)
        assert "no user 5" in await refused("Open", user=5)
        assert await room.updates() == []

    in_room(story)
