"""Who may use the control API and the page, and what they show."""

import asyncio

import aiohttp
import pytest

from bot.localchat import LocalChat, LocalChatConfig
from tests.integration.localchat.room import ADA, Room, in_room, keyboard


def test_the_state_names_bot_people_chats_and_desk() -> None:
    async def story(room: Room) -> None:
        room.chat.set_desk({"mode": "PAPER", "ready": True})
        state = await room.sim("state")
        assert state["bot"] == {"id": room.bot.id, "username": "pocketdesk_bot", "token": room.chat.bot_token}
        assert [(user["name"], user["role"]) for user in state["users"]] == [
            ("Ada", "owner"), ("Ben", "admin"), ("Vera", "viewer"), ("Stranger", "none"),
        ]  # fmt: skip
        assert state["desk"] == {"mode": "PAPER", "ready": True}
        assert [chat["id"] for chat in state["chats"]] == [1001, 1002, 1003, 1004]

    in_room(story)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Host": "localhost"}, 200),
    ],
)
def test_foreign_hosts_and_origins_are_refused_on_every_path(headers: dict[str, str], status: int) -> None:
    async def story(room: Room) -> None:
        for path in ("/sim/state", f"/bot{room.chat.bot_token}/getMe", "/"):
            async with room.http.get(room.chat.url + path, headers=headers) as response:
                assert response.status == status
                assert "Access-Control-Allow-Origin" not in response.headers
        if status == 403:
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await room.http.ws_connect(f"{room.chat.url}/sim/live", headers=headers)

    in_room(story)


def test_the_pages_own_origin_may_call() -> None:
    async def story(room: Room) -> None:
        async with room.http.get(f"{room.chat.url}/sim/state", headers={"Origin": room.chat.url}) as response:
            assert response.status == 200

    in_room(story)


@pytest.mark.parametrize(
    ("path", "body", "kind", "status"),
    [
        ("users/1001/messages", '{"text": "x"}', "text/plain", 415),
        ("users/1001/messages", "text=x", "application/x-www-form-urlencoded", 415),
        ("users/1001/messages", "{", "application/json", 400),
        ("users/1001/messages", "[]", "application/json", 400),
        ("users/1001/messages", "{}", "application/json", 400),
        ("users/1001/messages", '{"text": ""}', "application/json", 400),
        ("users/1001/messages", '{"text": 5}', "application/json", 400),
        ("users/1001/messages", '{"text": "x", "nothing": 1}', "application/json", 400),
        ("users/9/messages", '{"text": "x"}', "application/json", 404),
        ("users/x/messages", '{"text": "x"}', "application/json", 400),
        ("nothing", "{}", "application/json", 404),
        ("state", "{}", "application/json", 405),
        ("bots", '{"username": "a b"}', "application/json", 400),
    ],
)
def test_wrong_control_calls_are_refused_with_a_reason(path: str, body: str, kind: str, status: int) -> None:
    async def story(room: Room) -> None:
        headers = {"Content-Type": kind}
        async with room.http.post(f"{room.chat.url}/sim/{path}", data=body, headers=headers) as response:
            content = await response.json()
            assert response.status == status
            assert content["error"]
        assert await room.updates() == []

    in_room(story)


def test_the_page_is_served_under_a_strict_policy() -> None:
    async def story(room: Room) -> None:
        async with room.http.get(f"{room.chat.url}/") as response:
            policy = response.headers["Content-Security-Policy"]
            assert (response.status, response.content_type) == (200, "text/html")
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Referrer-Policy"] == "no-referrer"
        for part in (
            "default-src 'none'",
            "connect-src 'self'",
            "img-src 'self' blob: data:",
            "frame-ancestors 'none'",
        ):
            assert part in policy
        assert "script-src 'sha256-" in policy and "style-src 'sha256-" in policy and "unsafe" not in policy

    in_room(story)


def test_a_watching_page_hears_everything_that_changes() -> None:
    async def story(room: Room) -> None:
        number = await room.sent("one", reply_markup=keyboard("A"))
        async with room.http.ws_connect(f"{room.chat.url}/sim/live") as page:
            state = await page.receive_json()
            assert state["type"] == "state" and state["bot"]["token"] == room.chat.bot_token
            assert [message["text"] for message in state["chats"][str(ADA)]] == ["one"]
            await room.api("editMessageText", chat_id=ADA, message_id=number, text="two")
            await room.api("pinChatMessage", chat_id=ADA, message_id=number)
            await room.api("sendChatAction", chat_id=ADA, action="typing")
            await room.api("setMyCommands", commands=[{"command": "menu", "description": "the desk"}])
            room.chat.set_desk({"mode": "DEMO"})
            await room.api("deleteMessage", chat_id=ADA, message_id=number)
            told = [await page.receive_json() for _ in range(6)]
        assert [news["type"] for news in told] == ["message", "message", "action", "commands", "desk", "message"]
        first, second, action, commands, desk, last = told
        assert (first["chat_id"], first["message"]["text"], first["message"]["edited"]) == (ADA, "two", True)
        assert second["message"]["pinned"] and last["message"]["deleted"]
        assert action == {"type": "action", "chat_id": ADA, "action": "typing"}
        assert commands == {"type": "commands", "commands": [{"command": "menu", "description": "the desk"}]}
        assert desk == {"type": "desk", "desk": {"mode": "DEMO"}}

    in_room(story)


def test_a_watching_page_hears_the_answer_to_a_press() -> None:
    async def story(room: Room) -> None:
        number = await room.sent("x", reply_markup=keyboard("A"))
        async with room.http.ws_connect(f"{room.chat.url}/sim/live") as page:
            await page.receive_json()
            pressed = (await room.press(number, "A"))["callback_query_id"]
            await room.api("answerCallbackQuery", callback_query_id=pressed, text="ok", show_alert=True)
            news = await page.receive_json()
        expected = {"type": "answer", "callback_query_id": pressed, "user_id": ADA, "text": "ok", "alert": True}
        assert news == {**expected, "chat_id": ADA}

    in_room(story)


def test_only_expose_binds_beyond_loopback() -> None:
    with pytest.raises(ValueError, match="expose"):
        LocalChatConfig(host="0.0.0.0")  # noqa: S104 - refused on purpose


def test_an_exposed_server_asks_for_its_key_except_from_bots() -> None:
    async def story(room: Room) -> None:
        assert len(room.chat.key) >= 24
        state = f"{room.chat.url}/sim/state"
        async with room.http.get(state) as response:
            assert response.status == 401
        for wrong in ("", "x", room.chat.key[:-1]):
            async with room.http.get(state, headers={"Authorization": f"Bearer {wrong}"}) as response:
                assert response.status == 401
        async with room.http.get(state, headers={"Authorization": f"Bearer {room.chat.key}"}) as response:
            assert response.status == 200
        assert (await room.bot.get_me()).is_bot
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
            async with browser.get(room.chat.page_url) as response:
                assert (response.status, response.url.path, response.url.query_string) == (200, "/", "")
            async with browser.get(state) as response:
                assert response.status == 200

    in_room(story, expose=True)


def test_a_taken_port_is_an_error_and_nothing_stays_open() -> None:
    async def main() -> None:
        first = LocalChat(LocalChatConfig())
        await first.start()
        second = LocalChat(LocalChatConfig(port=int(first.url.rpartition(":")[2])))
        with pytest.raises(OSError, match="address"):
            await second.start()
        await first.stop()
        await first.stop()

    asyncio.run(main())
