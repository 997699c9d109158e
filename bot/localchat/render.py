"""Writes messages: as the Bot API's Message for bots, and as the transcript of the control API for the page."""

from bot.localchat.errors import JsonObject
from bot.localchat.model import Group, Media, Message, StoredFile, User
from bot.localchat.world import Bot, World

ANONYMOUS_ADMIN = 1087968824
CHANNEL_IDENTITY = 136817688


def chat_json(world: World, chat_id: int) -> JsonObject:
    """Return the Bot API's Chat of a person or a group."""
    group = world.groups.get(chat_id)
    if group is not None:
        forum: JsonObject = {"is_forum": True} if group.forum else {}
        return {"id": group.id, "title": group.title, "type": group.kind, **forum}
    user = world.users[chat_id]
    person = user.as_json()
    return {"id": chat_id, "first_name": user.name, "username": person["username"], "type": "private"}


def sender_json(world: World, bot: Bot, user_id: int) -> JsonObject:
    """Return the Bot API's User of a message's sender."""
    if user_id == bot.id:
        return bot.as_json()
    if user_id == ANONYMOUS_ADMIN:
        return {"id": user_id, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
    if user_id == CHANNEL_IDENTITY:
        return {"id": user_id, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}
    return world.users[user_id].as_json()


def message_json(world: World, bot: Bot, message: Message, *, with_reply: bool = True) -> JsonObject:
    """Return the Bot API's Message."""
    result: JsonObject = {
        "message_id": message.message_id,
        "from": sender_json(world, bot, message.sender),
        "chat": chat_json(world, message.chat_id),
        "date": message.date,
    }
    if message.edited:
        result["edit_date"] = message.edited
    if message.thread_id:
        result |= {"message_thread_id": message.thread_id, "is_topic_message": True}
    if message.protected:
        result["has_protected_content"] = True
    if message.album:
        result["media_group_id"] = message.album
    result |= message.extra
    replied = bot.message(message.chat_id, message.reply_to) if message.reply_to and with_reply else None
    if replied is not None:
        result["reply_to_message"] = message_json(world, bot, replied, with_reply=False)
    result |= _content_json(message)
    pinned = bot.message(message.chat_id, message.extra.get("pinned_message", 0))
    if pinned is not None:
        result["pinned_message"] = message_json(world, bot, pinned, with_reply=False)
    if message.keyboard is not None:
        result["reply_markup"] = {"inline_keyboard": message.keyboard}
    return result


def _content_json(message: Message) -> JsonObject:
    entities = [entity.as_json() for entity in message.entities]
    if message.media is None:
        if "pinned_message" in message.extra:
            return {}
        return {"text": message.text, "entities": entities} if entities else {"text": message.text}
    result = media_json(message.media)
    if message.text:
        result["caption"] = message.text
    if entities:
        result["caption_entities"] = entities
    return result


def media_json(media: Media) -> JsonObject:
    """Return the photo or document field of a Message."""
    if media.kind == "photo":
        return {"photo": [photo_size_json(stored) for stored in media.files]}
    document = file_json(media.best)
    document |= {"file_name": media.best.name, "mime_type": media.best.mime}
    return {"document": document}


def photo_size_json(stored: StoredFile) -> JsonObject:
    """Return the Bot API's PhotoSize."""
    return {**file_json(stored), "width": stored.width, "height": stored.height}


def file_json(stored: StoredFile) -> JsonObject:
    """Return the fields that every file has; a scaled photo's size in bytes is known only once it is fetched."""
    result: JsonObject = {"file_id": stored.file_id, "file_unique_id": stored.unique_id}
    if not stored.scaled:
        result["file_size"] = stored.size
    return result


def transcript_json(message: Message) -> JsonObject:
    """Return a message in the control API's transcript format."""
    return {
        "message_id": message.message_id,
        "date": message.date,
        "edited": bool(message.edited),
        "from_bot": message.outgoing,
        "text": message.text,
        "entities": [entity.as_json() for entity in message.entities],
        "buttons": [[_button_json(button) for button in row] for row in message.keyboard or []],
        "media": _media_entry(message.media),
        "reply_to": message.reply_to or None,
        "pinned": message.pinned,
        "silent": message.silent,
        "deleted": message.deleted,
        "reply_keyboard": message.reply_keyboard,
        "from_id": message.sender,
        "edit_date": message.edited or None,
        "album": message.album or None,
        "forwarded": "forward_origin" in message.extra,
        "protected": message.protected,
        "thread_id": message.thread_id or None,
    }


def is_shown(message: Message) -> bool:
    """Return whether a message belongs into the transcript: service messages do not."""
    return "pinned_message" not in message.extra


def _button_json(button: JsonObject) -> JsonObject:
    result: JsonObject = {
        "text": button["text"],
        "data": button.get("callback_data"),
        "url": button.get("url"),
        "style": button.get("style"),
    }
    if "copy_text" in button:
        result["copy"] = button["copy_text"]["text"]
    if "disabled" in button:
        result["disabled"] = True
    return result


def _media_entry(media: Media | None) -> JsonObject | None:
    if media is None:
        return None
    best = media.best
    return {
        "type": media.kind,
        "url": f"/sim/files/{best.file_id}",
        "width": best.width or None,
        "height": best.height or None,
        "bytes": best.size,
        "name": best.name,
    }


def chat_entry(chat: User | Group) -> JsonObject:
    """Return a chat for the list of the control API's state."""
    if isinstance(chat, User):
        return {"id": chat.id, "type": "private", "title": chat.name}
    return {"id": chat.id, "type": chat.kind, "title": chat.title, "members": list(chat.members)}
