"""Sending, forwarding, copying and deleting messages, reactions and chat actions."""

from dataclasses import replace
from typing import Any

from bot.localchat.errors import JsonObject, bad_request
from bot.localchat.markup import read_markup
from bot.localchat.methods.call import Call
from bot.localchat.model import Message
from bot.localchat.render import message_json, sender_json
from bot.localchat.text import caption_text, message_text

DELETE_WINDOW_S = 48 * 3600
MAX_BATCH = 100
_REACTIONS = ("emoji", "custom_emoji")
_ACTIONS = frozenset(
    (
        "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document",
        "choose_sticker", "find_location", "record_video_note", "upload_video_note", "record_audio", "upload_audio",
    )
)  # fmt: skip


def sent(call: Call, message: Message) -> JsonObject:
    """Store a message the bot sends and return it as the Bot API's Message."""
    stored = call.core.world.put_message(call.bot, message)
    return message_json(call.core.world, call.bot, stored)


async def send_message(call: Call) -> JsonObject:
    """Bot API sendMessage."""
    text, entities = message_text(call.params)
    read_markup(call.params)
    chat_id = call.writable_chat()
    await call.pace(chat_id)
    return sent(call, replace(call.draft(chat_id), text=text, entities=tuple(entities)))


async def forward_message(call: Call) -> JsonObject:
    """Bot API forwardMessage."""
    chat_id = call.writable_chat()
    await call.pace(chat_id)
    source = call.message(missing="message to forward not found", chat="from_chat_id")
    if source.protected or not _has_content(source):
        raise bad_request("message can't be forwarded")
    return sent(call, _forwarded(call, source, chat_id))


def _has_content(source: Message) -> bool:
    return bool(source.text) or source.media is not None


def _forwarded(call: Call, source: Message, chat_id: int) -> Message:
    sender = sender_json(call.core.world, call.bot, source.sender)
    origin = source.extra.get("forward_origin") or {"type": "user", "sender_user": sender, "date": source.date}
    plain = replace(call.draft(chat_id), reply_to=0, keyboard=None, reply_keyboard=None)
    content = replace(plain, text=source.text, entities=source.entities, media=source.media)
    return replace(content, extra={"forward_origin": origin})


async def copy_message(call: Call) -> JsonObject:
    """Bot API copyMessage; a caption argument replaces the caption of media."""
    chat_id = call.writable_chat()
    caption = caption_text(call.params) if "caption" in call.params.values else None
    read_markup(call.params)
    await call.pace(chat_id)
    source = call.message(missing="message to copy not found", chat="from_chat_id")
    if source.protected or not _has_content(source):
        raise bad_request("message can't be copied")
    copied = replace(call.draft(chat_id), text=source.text, entities=source.entities, media=source.media)
    if caption is not None and source.media is not None:
        copied = replace(copied, text=caption[0], entities=tuple(caption[1]))
    return {"message_id": sent(call, copied)["message_id"]}


def message_ids(call: Call) -> list[int]:
    """Return the message_ids argument: 1 to 100 positive numbers."""
    content = call.params.structure("message_ids", "can't parse message identifiers JSON array")
    if not isinstance(content, list):
        raise bad_request(
            "message identifiers are not specified" if content is None else "expected an Array of Integer"
        )
    if not content:
        raise bad_request("message identifiers are not specified")
    if len(content) > MAX_BATCH:
        raise bad_request("too many message identifiers specified")
    return [_identifier(value) for value in content]


def _identifier(value: Any) -> int:
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise bad_request("invalid message identifier specified")
    return value


async def _batch(call: Call, *, missing: str, forward: bool) -> list[JsonObject]:
    chat_id = call.writable_chat()
    source_id = call.known_chat("from_chat_id")
    wanted = message_ids(call)
    await call.pace(chat_id, cost=len(wanted))
    sources = [call.bot.message(source_id, number) for number in wanted]
    found = [source for source in sources if source is not None and not source.protected and _has_content(source)]
    if not found:
        raise bad_request(missing)
    results = []
    for source in found:
        copied = _forwarded(call, source, chat_id)
        if not forward:
            copied = replace(copied, extra={})
        results.append({"message_id": sent(call, copied)["message_id"]})
    return results


async def forward_messages(call: Call) -> list[JsonObject]:
    """Bot API forwardMessages; messages that cannot be forwarded are skipped."""
    return await _batch(call, missing="there are no messages to forward", forward=True)


async def copy_messages(call: Call) -> list[JsonObject]:
    """Bot API copyMessages; messages that cannot be copied are skipped."""
    return await _batch(call, missing="there are no messages to copy", forward=False)


def _undeletable(call: Call, message: Message) -> str:
    group = call.core.world.groups.get(message.chat_id)
    if group is not None and not message.outgoing and call.bot.id not in group.admins:
        return "message can't be deleted"
    return "" if call.core.clock() - message.date < DELETE_WINDOW_S else "message can't be deleted for everyone"


async def delete_message(call: Call) -> bool:
    """Bot API deleteMessage: any message younger than 48 hours."""
    message = call.message(missing="message to delete not found")
    refusal = _undeletable(call, message)
    if refusal:
        raise bad_request(refusal)
    call.core.world.change(call.bot, message, deleted=True, pinned=False)
    return True


async def delete_messages(call: Call) -> bool:
    """Bot API deleteMessages; missing and too old ones are skipped."""
    chat_id = call.known_chat()
    for number in message_ids(call):
        message = call.bot.message(chat_id, number)
        if message is not None and not _undeletable(call, message):
            call.core.world.change(call.bot, message, deleted=True, pinned=False)
    return True


async def send_chat_action(call: Call) -> bool:
    """Bot API sendChatAction."""
    chat_id = call.writable_chat()
    action = call.params.text("action").lower()
    if action not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    call.core.tell(call.bot, {"type": "action", "chat_id": chat_id, "action": action})
    return True


async def send_message_draft(call: Call) -> bool:
    """Bot API sendMessageDraft: checked like a message and shown as typing, never stored."""
    chat_id = call.writable_chat()
    if chat_id not in call.core.world.users:
        raise bad_request("method is available only in private chats")
    if call.params.integer("draft_id") == 0:
        raise bad_request("draft_id must be non-zero")
    if call.params.text("text"):
        message_text(call.params)
    call.core.tell(call.bot, {"type": "action", "chat_id": chat_id, "action": "typing"})
    return True


async def set_message_reaction(call: Call) -> bool:
    """Bot API setMessageReaction: at most one emoji per message."""
    message = call.message(missing="message to react not found")
    content = call.params.structure("reaction", "can't parse reaction types JSON object")
    if content is not None and not isinstance(content, list):
        raise bad_request("expected an Array of ReactionType")
    if content and len(content) > 1:
        raise bad_request("too many reactions specified")
    for item in content or []:
        if not isinstance(item, dict) or item.get("type") not in _REACTIONS:
            raise bad_request("invalid reaction type specified")
    call.core.tell(call.bot, {"type": "reaction", "chat_id": message.chat_id, "message_id": message.message_id})
    return True


METHODS = {
    "sendMessage": send_message,
    "forwardMessage": forward_message,
    "forwardMessages": forward_messages,
    "copyMessage": copy_message,
    "copyMessages": copy_messages,
    "deleteMessage": delete_message,
    "deleteMessages": delete_messages,
    "sendChatAction": send_chat_action,
    "sendMessageDraft": send_message_draft,
    "setMessageReaction": set_message_reaction,
}
