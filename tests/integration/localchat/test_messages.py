"""Sending, editing, deleting, forwarding and pinning, with Telegram's refusals."""

import pytest
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError

from tests.integration.localchat.room import ADA, STRANGER, Room, in_room, keyboard

NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"text": "x"}, "chat_id is empty"),
        ({"chat_id": 5, "text": "x"}, "chat not found"),
        ({"chat_id": "@nobody", "text": "x"}, "chat not found"),
        ({"chat_id": ADA}, "message text is empty"),
        ({"chat_id": ADA, "text": " \n\t"}, "text must be non-empty"),
        ({"chat_id": ADA, "text": "<b> </b>", "parse_mode": "HTML"}, "text must be non-empty"),
        ({"chat_id": ADA, "text": "x" * 4097}, "message is too long"),
        ({"chat_id": ADA, "text": "é" * 16385}, "text is too long"),
        ({"chat_id": ADA, "text": "x", "parse_mode": "bbcode"}, "unsupported parse_mode"),
        ({"chat_id": ADA, "text": "x\ud800"}, "text must be encoded in UTF-8"),
        ({"chat_id": ADA, "text": "<b>x", "parse_mode": "html"},
         'can\'t parse entities: Can\'t find end tag corresponding to start tag "b"'),
        ({"chat_id": ADA, "text": "x", "reply_parameters": {"message_id": 77}}, "message to be replied not found"),
        ({"chat_id": ADA, "text": "x", "reply_markup": "{"}, "can't parse reply keyboard markup JSON object"),
        ({"chat_id": ADA, "text": "x", "reply_markup": keyboard("a" * 65)}, "BUTTON_DATA_INVALID"),
        ({"chat_id": ADA, "text": "x", "entities": [{"type": "bold", "offset": 0, "length": 5}]},
         "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 5"),
    ],
)  # fmt: skip
def test_a_message_telegram_would_refuse_is_refused_in_its_words(params: dict[str, object], words: str) -> None:
    async def story(room: Room) -> None:
        assert await room.refusal("sendMessage", **params) == f"Bad Request: {words}"
        assert await room.transcript() == []

    in_room(story)


def test_limits_count_code_points_after_parsing() -> None:
    async def story(room: Room) -> None:
        await room.sent("<b>" + "👍" * 4096 + "</b>", parse_mode="HTML")
        (message,) = await room.transcript()
        assert message["entities"] == [{"type": "bold", "offset": 0, "length": 8192}]

    in_room(story)


def test_an_edit_replaces_text_and_keyboard_and_a_same_one_is_refused() -> None:
    async def story(room: Room) -> None:
        number = await room.sent("one", reply_markup=keyboard("Go"))
        where = {"chat_id": ADA, "message_id": number}
        assert await room.refusal("editMessageText", **where, text="one ", reply_markup=keyboard("Go")) == NOT_MODIFIED
        edited = await room.api("editMessageText", **where, text="two")
        assert edited["result"]["edit_date"] == room.clock.now
        (message,) = await room.transcript()
        assert (message["text"], message["buttons"], message["edited"]) == ("two", [], True)
        with pytest.raises(TelegramBadRequest, match="message is not modified"):
            await room.bot.edit_message_text("two", chat_id=ADA, message_id=number)

    in_room(story)


def test_messages_that_cannot_be_edited_are_refused() -> None:
    async def story(room: Room) -> None:
        theirs = (await room.write("mine"))["message_id"]
        with_keys = await room.sent("x", reply_markup={"keyboard": [["a"]]})
        removed = await room.sent("x", reply_markup={"remove_keyboard": True})
        forwarded = (await room.api("forwardMessage", chat_id=ADA, from_chat_id=ADA, message_id=theirs))["result"]
        for number in (theirs, with_keys, removed, forwarded["message_id"]):
            words = await room.refusal("editMessageText", chat_id=ADA, message_id=number, text="y")
            assert words == "Bad Request: message can't be edited"
        edits = {"message_id": 99, "text": "y", "chat_id": ADA}
        assert await room.refusal("editMessageText", **edits) == "Bad Request: message to edit not found"
        del edits["message_id"]
        assert await room.refusal("editMessageText", **edits) == "Bad Request: message identifier is not specified"
        words = await room.refusal("editMessageCaption", chat_id=ADA, message_id=with_keys, caption="y")
        assert words == "Bad Request: message can't be edited"
        plain = await room.sent("x")
        words = await room.refusal("editMessageCaption", chat_id=ADA, message_id=plain, caption="y")
        assert words == "Bad Request: there is no caption in the message to edit"

    in_room(story)


def test_deleting_works_for_48_hours_and_batches_skip_what_is_missing() -> None:
    async def story(room: Room) -> None:
        old = await room.sent("old")
        room.clock.now += 48 * 3600
        fresh = [await room.sent("a"), (await room.write("b"))["message_id"]]
        words = await room.refusal("deleteMessage", chat_id=ADA, message_id=old)
        assert words.startswith("Bad Request: message can't be deleted")
        assert await room.refusal("deleteMessage", chat_id=ADA, message_id=99) == (
            "Bad Request: message to delete not found"
        )
        await room.api("deleteMessages", chat_id=ADA, message_ids=[*fresh, 98, old])
        assert [message["deleted"] for message in await room.transcript()] == [False, True, True]

    in_room(story)


def test_a_pin_shows_and_sends_the_service_message() -> None:
    async def story(room: Room) -> None:
        number = await room.sent("panel")
        assert await room.bot.pin_chat_message(ADA, number, disable_notification=True)
        (update,) = await room.updates()
        assert update["message"]["pinned_message"]["message_id"] == number
        assert [message["pinned"] for message in await room.transcript()] == [True]
        assert (await room.bot.get_chat(ADA)).pinned_message is not None
        assert await room.bot.unpin_chat_message(ADA)
        assert [message["pinned"] for message in await room.transcript()] == [False]
        assert await room.refusal("pinChatMessage", chat_id=ADA, message_id=99) == (
            "Bad Request: message to pin not found"
        )

    in_room(story)


def test_protected_messages_are_neither_forwarded_nor_copied() -> None:
    async def story(room: Room) -> None:
        number = await room.sent("secret", protect_content=True)
        source = {"chat_id": ADA, "from_chat_id": ADA, "message_id": number}
        assert await room.refusal("forwardMessage", **source) == "Bad Request: message can't be forwarded"
        assert await room.refusal("copyMessage", **source) == "Bad Request: message can't be copied"
        plain = await room.sent("plain")
        copied = (await room.api("copyMessage", **{**source, "message_id": plain}))["result"]
        assert (await room.transcript())[-1]["message_id"] == copied["message_id"]

    in_room(story)


def test_a_reply_carries_what_it_answers() -> None:
    async def story(room: Room) -> None:
        asked = (await room.write("question"))["message_id"]
        sent = await room.bot.send_message(ADA, "answer", reply_to_message_id=asked)
        assert sent.reply_to_message is not None and sent.reply_to_message.text == "question"
        lenient = {"message_id": 99, "allow_sending_without_reply": True}
        await room.sent("alone", reply_parameters=lenient)
        assert [message["reply_to"] for message in await room.transcript()] == [None, asked, None]

    in_room(story)


def test_chat_actions_reach_the_page_only_if_telegram_knows_them() -> None:
    async def story(room: Room) -> None:
        for action in ("", "dancing"):
            words = await room.refusal("sendChatAction", chat_id=ADA, action=action)
            assert words == "Bad Request: wrong parameter action in request"
        assert await room.bot.send_chat_action(ADA, "upload_photo")

    in_room(story)


def test_a_reaction_is_one_emoji_on_an_existing_message() -> None:
    async def story(room: Room) -> None:
        number = (await room.write("hi"))["message_id"]
        thumb = {"type": "emoji", "emoji": "👍"}
        where = {"chat_id": ADA, "message_id": number}
        assert (await room.api("setMessageReaction", **where, reaction=[thumb]))["result"] is True
        assert not (await room.api("setMessageReaction", **where, reaction=[thumb, thumb]))["ok"]
        words = await room.refusal("setMessageReaction", chat_id=ADA, message_id=99, reaction=[thumb])
        assert words == "Bad Request: message to react not found"

    in_room(story)


def test_a_bot_cannot_write_to_those_who_blocked_left_or_never_met_it() -> None:
    async def story(room: Room) -> None:
        await room.sim(f"users/{ADA}/block", {"blocked": True})
        with pytest.raises(TelegramForbiddenError, match="bot was blocked by the user"):
            await room.bot.send_message(ADA, "x")
        await room.write("/start")
        await room.sent("welcome back")
        kinds = [next(name for name in update if name != "update_id") for update in await room.updates()]
        assert kinds == ["my_chat_member", "my_chat_member", "message"]
        await room.sim("users", {"id": 7, "name": "New", "started": False})
        await room.sim("users", {"id": 8, "name": "Gone", "active": False})
        start = "Forbidden: bot can't initiate conversation with a user"
        assert await room.refusal("sendMessage", chat_id=7, text="x") == start
        assert await room.refusal("sendMessage", chat_id=8, text="x") == "Forbidden: user is deactivated"
        words = await room.refusal("sendMessage", chat_id=room.bot.id, text="x")
        assert words == "Forbidden: the bot can't send messages to the bot"

    in_room(story)


def test_in_a_group_the_bot_hears_commands_and_replies_until_it_leaves() -> None:
    async def story(room: Room) -> None:
        group = -100_500
        await room.sim("chats", {"id": group, "title": "Desk", "members": [ADA, STRANGER]})
        number = await room.sent("hello", chat_id=group)
        heard = [
            await room.write("just talk", chat_id=group),
            await room.write("/status@other_bot", chat_id=group),
            await room.write("/status@pocketdesk_bot", chat_id=group),
            await room.write("yes", chat_id=group, reply_to=number),
        ]
        assert [entry["update_id"] is not None for entry in heard] == [False, False, True, True]
        assert await room.bot.get_chat_member_count(group) == 3
        assert (await room.bot.get_chat_member(group, ADA)).status == "creator"
        assert await room.bot.leave_chat(group)
        words = await room.refusal("sendMessage", chat_id=group, text="x")
        assert words == "Forbidden: bot is not a member of the supergroup chat"

    in_room(story)
