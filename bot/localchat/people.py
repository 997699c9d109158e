"""What people do in the chats: write, edit, press buttons, block the bot, join groups."""

import secrets
from dataclasses import dataclass, replace

from bot.localchat.clean import clean
from bot.localchat.core import Core
from bot.localchat.detect import detect
from bot.localchat.entity import Entity
from bot.localchat.errors import JsonObject
from bot.localchat.markup import buttons_of
from bot.localchat.model import Media, Message, Press, StoredFile, plain
from bot.localchat.render import ANONYMOUS_ADMIN, CHANNEL_IDENTITY, chat_json, message_json, sender_json
from bot.localchat.world import Bot

# A white pixel: what a person sends when a picture with a caption is asked for.
_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415478da63f8ffff3f0005"
    "fe02fe331295140000000049454e44ae426082"
)


class SimError(Exception):
    """A control call that cannot be done; `status` is the HTTP status of the refusal."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """What a person writes. `chat_id` 0 means his chat with the bot; `sender_chat` the identity he writes as."""

    user_id: int
    text: str
    chat_id: int = 0
    forward: bool = False
    via_bot: bool = False
    sender_chat: int = 0
    date: int = 0
    reply_to: int = 0
    edit: int = 0
    photo: bool = False
    thread_id: int = 0


def write(core: Core, bot: Bot, writing: Writing) -> JsonObject:
    """Store what a person wrote and deliver it; update_id is None where the bot does not get it."""
    chat_id = _chat(core, bot, writing.user_id, writing.chat_id)
    if bot.settings.get(f"blocked:{chat_id}"):
        block(core, bot, user_id=writing.user_id, blocked=False)
    text, entities = clean(writing.text, [])
    if not text and not writing.photo:
        raise SimError("text is empty: write at least one visible character")
    if len(text) > 4096:
        raise SimError(f"text has {len(text)} characters, at most 4096 fit into a message")
    entities = detect(text, entities)
    if writing.edit:
        message = _edited(core, bot, writing, chat_id=chat_id, text=text, entities=entities)
    else:
        message = _new(core, bot, writing, chat_id=chat_id, text=text, entities=entities)
    core.world.put_message(bot, message)
    update_id = core.deliver_message(bot, message) if _is_meant_for(core, bot, message) else None
    return {"update_id": update_id, "message_id": message.message_id}


def _chat(core: Core, bot: Bot, user_id: int, chat_id: int) -> int:
    if user_id not in core.world.users:
        raise SimError(f"no user {user_id}: GET /sim/state lists the users", status=404)
    chat_id = chat_id or user_id
    group = core.world.groups.get(chat_id)
    if group is None and chat_id != user_id:
        raise SimError(f"no chat {chat_id} that user {user_id} could write to", status=404)
    if group is not None and user_id not in group.members:
        raise SimError(f"user {user_id} is not a member of chat {chat_id}")
    return chat_id


def _edited(core: Core, bot: Bot, writing: Writing, *, chat_id: int, text: str, entities: list[Entity]) -> Message:
    old = bot.message(chat_id, writing.edit)
    if old is None or old.outgoing or old.sender != writing.user_id:
        raise SimError(f"message {writing.edit} is not one of user {writing.user_id} in chat {chat_id}", status=404)
    return replace(old, text=text, entities=tuple(entities), edited=writing.date or core.now())


def _new(core: Core, bot: Bot, writing: Writing, *, chat_id: int, text: str, entities: list[Entity]) -> Message:
    if writing.reply_to and bot.message(chat_id, writing.reply_to) is None:
        raise SimError(f"no message {writing.reply_to} to reply to in chat {chat_id}", status=404)
    date = writing.date or core.now()
    return Message(
        chat_id=chat_id,
        message_id=core.world.next_message_id(bot, chat_id),
        date=date,
        sender=_identity(writing, chat_id),
        outgoing=False,
        text=text,
        entities=tuple(entities),
        media=_picture(core, bot) if writing.photo else None,
        reply_to=writing.reply_to,
        thread_id=writing.thread_id,
        extra=_provenance(core, bot, writing, chat_id=chat_id, date=date),
    )


def _identity(writing: Writing, chat_id: int) -> int:
    if not writing.sender_chat:
        return writing.user_id
    return ANONYMOUS_ADMIN if writing.sender_chat == chat_id else CHANNEL_IDENTITY


def _provenance(core: Core, bot: Bot, writing: Writing, *, chat_id: int, date: int) -> JsonObject:
    extra: JsonObject = {}
    if writing.forward:
        extra["forward_origin"] = {"type": "hidden_user", "sender_user_name": "Somebody", "date": date}
    if writing.via_bot:
        extra["via_bot"] = {"id": 93_372_553, "is_bot": True, "first_name": "Other bot", "username": "other_bot"}
    if writing.sender_chat:
        known = writing.sender_chat in core.world.groups or writing.sender_chat in core.world.users
        channel = {"id": writing.sender_chat, "type": "channel", "title": f"Channel {writing.sender_chat}"}
        extra["sender_chat"] = chat_json(core.world, writing.sender_chat) if known else channel
    return extra


def _picture(core: Core, bot: Bot) -> Media:
    stored = StoredFile(
        file_id="AgACAgI" + secrets.token_urlsafe(48),
        unique_id="AQAD" + secrets.token_urlsafe(8),
        blob=core.world.blobs.put(_PIXEL),
        name="photo.png",
        mime="image/jpeg",
        size=len(_PIXEL),
        scaled=90,
        width=1,
        height=1,
    )
    core.world.commit("file", bot=bot.id, f=plain(stored))
    return Media(kind="photo", files=(stored,))


def _is_meant_for(core: Core, bot: Bot, message: Message) -> bool:
    group = core.world.groups.get(message.chat_id)
    if group is None:
        return True
    if bot.id not in group.members or bot.settings.get(f"left:{group.id}"):
        return False
    if bot.id in group.admins:
        return True
    # Privacy mode, which bots have by default: commands for everybody or for this bot, and replies to it.
    replied = bot.message(message.chat_id, message.reply_to) if message.reply_to else None
    if replied is not None and replied.outgoing:
        return True
    first = message.text.partition(" ")[0].partition("\n")[0]
    addressed = first.partition("@")[2].lower()
    return first.startswith("/") and addressed in {"", bot.username.lower()}


def press(core: Core, bot: Bot, *, user_id: int, message_id: int, button: str, forge: bool, chat_id: int) -> JsonObject:
    """Press a button by its label, a prefix of it, or its data; returns update_id and callback_query_id."""
    chat_id = _chat(core, bot, user_id, chat_id)
    message = bot.message(chat_id, message_id)
    if message is None:
        raise SimError(f"no message {message_id} in chat {chat_id}", status=404)
    data = button if forge else _data_of(message, button)
    query = Press(
        id=str(secrets.randbits(62) + 2**62), user_id=user_id, chat_id=chat_id, message_id=message_id, at=core.clock()
    )
    core.world.commit("press", bot=bot.id, p=plain(query))
    content = {
        "id": query.id,
        "from": sender_json(core.world, bot, user_id),
        "message": message_json(core.world, bot, message),
        "chat_instance": str(abs(chat_id) * 7_919 + bot.id),
        "data": data,
    }
    return {"update_id": core.deliver(bot, "callback_query", content), "callback_query_id": query.id}


def _data_of(message: Message, wanted: str) -> str:
    buttons = buttons_of(message.keyboard or [])
    ranked = [item for item in buttons if item["text"] == wanted]
    ranked += [item for item in buttons if item.get("callback_data") == wanted]
    ranked += [item for item in buttons if item["text"].startswith(wanted)]
    found = ranked[0] if ranked else None
    if found is None or not wanted:
        labels = ", ".join(repr(item["text"]) for item in buttons) or "none"
        raise SimError(f"message {message.message_id} has no button {wanted!r}; its buttons: {labels}", status=404)
    if "callback_data" not in found:
        kind = next((name for name in found if name not in {"text", "style", "icon_custom_emoji_id"}), "no action")
        raise SimError(f"button {found['text']!r} sends nothing to the bot: it is a {kind} button")
    return str(found["callback_data"])


def block(core: Core, bot: Bot, *, user_id: int, blocked: bool) -> JsonObject:
    """Let a person block or unblock the bot; returns the update's id."""
    chat_id = _chat(core, bot, user_id, 0)
    core.world.commit("setting", bot=bot.id, name=f"blocked:{chat_id}", value=True if blocked else None)
    before, after = ("member", "kicked") if blocked else ("kicked", "member")
    change = {
        "chat": chat_json(core.world, chat_id),
        "from": sender_json(core.world, bot, user_id),
        "date": core.now(),
        "old_chat_member": _membership(bot, before),
        "new_chat_member": _membership(bot, after),
    }
    return {"update_id": core.deliver(bot, "my_chat_member", change)}


def _membership(bot: Bot, status: str) -> JsonObject:
    until: JsonObject = {"until_date": 0} if status == "kicked" else {}
    return {"status": status, "user": bot.as_json(), **until}


def announce_membership(core: Core, bot: Bot, *, chat_id: int, user_id: int, status: str) -> int | None:
    """Tell a bot that it was added to or removed from a group, and remember it."""
    value = {"left": "left", "kicked": "kicked"}.get(status)
    core.world.commit("setting", bot=bot.id, name=f"left:{chat_id}", value=value)
    change = {
        "chat": chat_json(core.world, chat_id),
        "from": sender_json(core.world, bot, user_id),
        "date": core.now(),
        "old_chat_member": _membership(bot, "left" if value is None else "member"),
        "new_chat_member": _membership(bot, status),
    }
    return core.deliver(bot, "my_chat_member", change)
