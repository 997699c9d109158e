"""Flood limits and ordered faults, as a bot meets them."""

import asyncio

import aiohttp
import pytest
from aiogram.exceptions import ClientDecodeError, TelegramNetworkError, TelegramRetryAfter, TelegramServerError

from tests.integration.localchat.room import ADA, Room, in_room, keyboard


def test_bursts_are_held_back_and_then_refused_with_the_seconds_to_wait() -> None:
    held: list[float] = []

    async def note(seconds: float) -> None:
        held.append(seconds)

    async def story(room: Room) -> None:
        number = await room.sent("1")
        for index in range(11):
            await room.api("editMessageText", chat_id=ADA, message_id=number, text=f"edit {index}")
        await room.sent("13")
        with pytest.raises(TelegramRetryAfter) as caught:
            await room.bot.send_message(ADA, "14")
        assert caught.value.retry_after == 9
        url = f"{room.chat.url}/bot{room.chat.bot_token}/sendMessage"
        async with room.http.post(url, json={"chat_id": ADA, "text": "15"}) as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "9")
            assert (await response.json())["description"] == "Too Many Requests: retry after 9"
        assert held == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
        room.clock.now += 9
        await room.sent("in time")
        assert len(held) == 8

    in_room(story, rate_limits=True, sleep=note)


def test_answers_and_chat_actions_are_free() -> None:
    async def story(room: Room) -> None:
        number = await room.sent("x", reply_markup=keyboard("A"))
        for _ in range(20):
            pressed = (await room.press(number, "A"))["callback_query_id"]
            assert (await room.api("answerCallbackQuery", callback_query_id=pressed))["ok"]
            assert (await room.api("sendChatAction", chat_id=ADA, action="typing"))["ok"]
        assert room.clock.slept == []

    in_room(story, rate_limits=True)


def test_an_ordered_429_is_told_once_and_counted_down() -> None:
    async def story(room: Room) -> None:
        await room.sim("faults", {"method": "sendMessage", "times": 2, "status": 429, "retry_after": 3})
        for left in (1, 0):
            with pytest.raises(TelegramRetryAfter) as caught:
                await room.bot.send_message(ADA, "x")
            assert caught.value.retry_after == 3
            assert len(await room.sim("faults")) == left
        await room.bot.send_message(ADA, "now")
        assert [message["text"] for message in await room.transcript()] == ["now"]

    in_room(story)


@pytest.mark.parametrize(("drop", "arrived"), [("before", []), ("after", ["x"])])
def test_a_lost_answer_leaves_the_message_and_a_lost_request_does_not(drop: str, arrived: list[str]) -> None:
    async def story(room: Room) -> None:
        await room.sim("faults", {"method": "*", "drop": drop})
        with pytest.raises(TelegramNetworkError):
            await room.bot.send_message(ADA, "x")
        assert [message["text"] for message in await room.transcript()] == arrived
        (call,) = await room.sim("calls")
        assert (call["method"], call["status"], call["response"]) == ("sendMessage", None, None)

    in_room(story)


def test_odd_bodies_reach_the_bot_as_they_are() -> None:
    async def story(room: Room) -> None:
        await room.sim("faults", {"method": "sendMessage", "status": 502, "body": "<html>Bad Gateway</html>"})
        with pytest.raises(ClientDecodeError):
            await room.bot.send_message(ADA, "x")
        await room.sim("faults", {"method": "sendMessage", "status": 500, "body": '{"ok":false,"error_code":500}'})
        with pytest.raises(TypeError):
            await room.bot.send_message(ADA, "x")
        await room.sim("faults", {"method": "sendMessage", "status": 500})
        with pytest.raises(TelegramServerError, match="Internal Server Error"):
            await room.bot.send_message(ADA, "x")
        assert await room.transcript() == []

    in_room(story)


def test_a_delayed_call_is_performed_late() -> None:
    async def story(room: Room) -> None:
        await room.sim("faults", {"method": "sendMessage", "delay_ms": 50})
        loop = asyncio.get_running_loop()
        begin = loop.time()
        await room.sent("late")
        assert loop.time() - begin >= 0.05

    in_room(story)


def test_faults_can_be_taken_back_and_wrong_ones_are_refused() -> None:
    async def story(room: Room) -> None:
        await room.sim("faults", {"method": "*", "status": 500})
        assert await room.sim("faults", method="DELETE") == []
        await room.sent("works")
        for wrong in ({"times": 0}, {"drop": "both"}, {"status": "500"}, {"unknown": 1}, {"status": 42}):
            assert "error" in await room.sim("faults", wrong, status=400)

    in_room(story)


def test_a_call_log_holds_parameters_and_sizes() -> None:
    async def story(room: Room) -> None:
        await room.sent("[1]", reply_markup=keyboard("A"))
        form = aiohttp.FormData({"chat_id": str(ADA)})
        form.add_field("document", b"12345", filename="a.txt")
        async with room.http.post(f"{room.chat.url}/bot{room.chat.bot_token}/sendDocument", data=form):
            pass
        first, second = await room.sim("calls")
        assert first["params"] == {"chat_id": str(ADA), "text": "[1]", "reply_markup": keyboard("A")}
        assert second["params"]["document"] == {"file_name": "a.txt", "bytes": 5}
        assert [call["n"] for call in await room.sim(f"calls?after={first['n']}")] == [second["n"]]

    in_room(story)
