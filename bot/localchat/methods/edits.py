"""Editing messages the bot has sent."""

from typing import Any

from bot.localchat.errors import JsonObject, bad_request
from bot.localchat.markup import Markup, read_markup
from bot.localchat.methods.call import Call
from bot.localchat.methods.uploads import media_item
from bot.localchat.model import Message
from bot.localchat.render import message_json
from bot.localchat.text import caption_text, message_text

_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


def _markup(call: Call) -> Markup:
    markup = read_markup(call.params)
    if markup.reply is not None:
        raise bad_request("inline keyboard expected")
    return markup


async def _editable(call: Call) -> Message:
    if call.params.text("inline_message_id") and not call.params.text("chat_id"):
        raise bad_request("invalid inline message identifier specified")
    chat_id = call.writable_chat()
    await call.pace(chat_id)
    message = call.message(missing="message to edit not found")
    foreign = not message.outgoing or "forward_origin" in message.extra or "via_bot" in message.extra
    if foreign or message.reply_keyboard is not None or "pinned_message" in message.extra:
        raise bad_request("message can't be edited")
    return message


def _changed(call: Call, message: Message, *, dated: bool = True, **values: Any) -> JsonObject:
    if all(getattr(message, name) == value for name, value in values.items()):
        raise bad_request(_NOT_MODIFIED)
    edited = max(call.core.now(), 1) if dated else message.edited
    stored = call.core.world.change(call.bot, message, edited=edited, **values)
    return message_json(call.core.world, call.bot, stored)


async def edit_message_text(call: Call) -> JsonObject:
    """Bot API editMessageText; without reply_markup the keyboard goes."""
    text, entities = message_text(call.params)
    markup = _markup(call)
    message = await _editable(call)
    if message.media is not None:
        raise bad_request("there is no text in the message to edit")
    return _changed(call, message, text=text, entities=tuple(entities), keyboard=markup.inline)


async def edit_message_caption(call: Call) -> JsonObject:
    """Bot API editMessageCaption; without reply_markup the keyboard goes."""
    text, entities = caption_text(call.params)
    markup = _markup(call)
    message = await _editable(call)
    if message.media is None:
        raise bad_request("there is no caption in the message to edit")
    return _changed(call, message, text=text, entities=tuple(entities), keyboard=markup.inline)


async def edit_message_media(call: Call) -> JsonObject:
    """Bot API editMessageMedia: replaces a photo or document, or turns a text into one."""
    content = call.params.structure("media", "can't parse InputMedia JSON object")
    if not isinstance(content, dict):
        raise bad_request("input media is not specified")
    markup = _markup(call)
    item = media_item(call, content)
    message = await _editable(call)
    if message.album and (message.media is None or message.media.kind != item.media.kind):
        raise bad_request("message content type can't be changed in an album")
    old = message.media
    same = old is not None and (old.kind, old.best.blob) == (item.media.kind, item.media.best.blob)
    media = old if same else item.media
    return _changed(call, message, media=media, text=item.text, entities=item.entities, keyboard=markup.inline)


async def edit_message_reply_markup(call: Call) -> JsonObject:
    """Bot API editMessageReplyMarkup; without reply_markup the keyboard goes."""
    markup = _markup(call)
    message = await _editable(call)
    return _changed(call, message, dated=False, keyboard=markup.inline)


METHODS = {
    "editMessageText": edit_message_text,
    "editMessageCaption": edit_message_caption,
    "editMessageMedia": edit_message_media,
    "editMessageReplyMarkup": edit_message_reply_markup,
}
