"""The wire: verbs, encodings, tokens, unknown methods, error envelopes."""

from random import Random

import aiohttp
import pytest

from bot.localchat.methods import NAMES
from tests.integration.localchat.room import ADA, Room, in_room


async def _get(room: Room, path: str) -> tuple[int, dict[str, object]]:
    async with room.http.get(f"{room.chat.url}{path}") as response:
        return response.status, await response.json()


def test_every_verb_and_encoding_reaches_a_method_in_any_case() -> None:
    async def story(room: Room) -> None:
        base = f"{room.chat.url}/bot{room.chat.bot_token}"
        form = aiohttp.FormData({"chat_id": str(ADA), "text": "c"}, default_to_multipart=True)
        sends = [
            room.http.get(f"{base}/sendmessage", params={"chat_id": ADA, "text": "a"}),
            room.http.post(f"{base}/SENDMESSAGE", data={"chat_id": ADA, "text": "b"}),
            room.http.put(f"{base}/sendMessage", data=form),
            room.http.post(
                f"{base}/test/sendMessage", json={"chat_id": ADA, "text": "d", "disable_notification": True}
            ),
            room.http.post(f"{base}/", json={"method": "sendMessage", "chat_id": ADA, "text": "e"}),
        ]
        for sending in sends:
            async with sending as response:
                assert response.status == 200, await response.text()
        shown = [(message["text"], message["silent"]) for message in await room.transcript()]
        assert shown == [("a", False), ("b", False), ("c", False), ("d", True), ("e", False)]

    in_room(story)


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/bot{token}/nothing", 404, "Not Found: method not found"),
        ("/bot{token}", 404, "Not Found"),
        ("/elsewhere", 404, "Not Found"),
        ("/bot0{token}/getMe", 401, "Unauthorized: invalid token specified"),
        ("/botnothing/getMe", 401, "Unauthorized: invalid token specified"),
        ("/bot{token}x/getMe", 401, "Unauthorized"),
    ],
)
def test_wrong_addresses_are_refused_as_telegram_does(path: str, status: int, words: str) -> None:
    async def story(room: Room) -> None:
        body = {"ok": False, "error_code": status, "description": words}
        assert await _get(room, path.format(token=room.chat.bot_token)) == (status, body)

    in_room(story)


def test_the_bot_is_one_for_private_chats_only() -> None:
    async def story(room: Room) -> None:
        me = await room.bot.get_me()
        assert me.is_bot and me.username == "pocketdesk_bot" and me.id == room.bot.id
        closed = (me.can_join_groups, me.supports_inline_queries, me.supports_guest_queries, me.can_connect_to_business)
        assert closed == (False, False, False, False)

    in_room(story)


def test_numbers_out_of_range_are_clamped_and_junk_reads_as_zero() -> None:
    async def story(room: Room) -> None:
        for index in range(3):
            await room.write(f"m{index}")
        assert len(await room.updates(limit=-5, offset="junk")) == 1

    in_room(story)


def test_the_token_is_in_no_log_of_calls() -> None:
    async def story(room: Room) -> None:
        await room.sent(f"my token is {room.chat.bot_token}")
        async with room.http.get(f"{room.chat.url}/sim/calls") as response:
            text = await response.text()
        assert room.chat.bot_token not in text and "[token]" in text

    in_room(story)


def test_a_logged_out_bot_is_refused_for_ten_minutes() -> None:
    async def story(room: Room) -> None:
        assert (await room.api("logOut"))["result"] is True
        assert await room.refusal("getMe") == "Logged out"
        room.clock.now += 600
        assert (await room.api("getMe"))["ok"]

    in_room(story)


JUNK = (
    "", "0", "-1", "1", "99999999999999999999", "abc", "[]", "{}", "[[]]", "[{}]", "null", '"x"', "NaN", "[1e400]",
    '{"type":["x"]}', '[{"type":["a"],"media":{}}]', '{"type":"web_app","web_app":5}', '{"message_id":1e400}',
    '{"inline_keyboard":[[null]]}', '{"inline_keyboard":[[{"text":5}]]}', '{"keyboard":[[null]]}', "[" * 3000,
    '[{"type":"bold","offset":0.5,"length":1}]', '[{"type":"text_mention","offset":0,"length":1,"user":{"id":"x"}}]',
    '[{"command":5}]', "<b>", "\ud800", '{"type":"chat","chat_id":"x"}', '[{"type":"emoji"}]',
)  # fmt: skip
FIELDS = (
    "text", "parse_mode", "entities", "reply_markup", "reply_parameters", "message_ids", "photo", "document", "media",
    "caption", "caption_entities", "callback_query_id", "commands", "scope", "language_code", "menu_button", "url",
    "action", "reaction", "user_id", "file_id", "name", "draft_id", "message_thread_id", "secret_token",
)  # fmt: skip


def test_no_junk_in_any_argument_of_any_method_is_an_internal_error() -> None:
    random = Random(7)

    async def story(room: Room) -> None:
        number = await room.sent("x")
        for method in sorted(set(NAMES.values()) - {"getUpdates", "logOut"}):
            for _ in range(25):
                params = {name: random.choice(JUNK) for name in FIELDS if random.random() < 0.4}
                params |= {"chat_id": ADA, "from_chat_id": ADA, "message_id": number}
                body = await room.api(method, **params)
                assert body["ok"] or body["error_code"] in {400, 403, 404, 429}, (method, params, body)

    in_room(story)
