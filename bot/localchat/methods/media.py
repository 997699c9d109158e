"""Sending photos, documents and albums; looking files up."""

import secrets
from collections.abc import Sequence
from dataclasses import replace

from bot.localchat.errors import JsonObject, bad_request
from bot.localchat.markup import read_markup
from bot.localchat.methods.call import Call
from bot.localchat.methods.messages import sent
from bot.localchat.methods.uploads import MediaItem, media_argument, media_item
from bot.localchat.render import file_json
from bot.localchat.text import caption_text

MAX_DOWNLOAD_BYTES = 20 * 1024 * 1024
MAX_ALBUM = 10


async def _send(call: Call, kind: str) -> JsonObject:
    text, entities = caption_text(call.params)
    read_markup(call.params)
    chat_id = call.writable_chat()
    media = media_argument(call, kind)
    await call.pace(chat_id)
    return sent(call, replace(call.draft(chat_id), media=media, text=text, entities=tuple(entities)))


async def send_photo(call: Call) -> JsonObject:
    """Bot API sendPhoto."""
    return await _send(call, "photo")


async def send_document(call: Call) -> JsonObject:
    """Bot API sendDocument."""
    return await _send(call, "document")


async def send_media_group(call: Call) -> list[JsonObject]:
    """Bot API sendMediaGroup: 2 to 10 photos or documents, not mixed, without buttons."""
    chat_id = call.writable_chat()
    content = call.params.structure("media", "can't parse media JSON object")
    if not isinstance(content, list) or not content:
        raise bad_request("there are no messages to send")
    if len(content) > MAX_ALBUM:
        raise bad_request("too many messages to send as an album")
    if any(not isinstance(item, dict) for item in content):
        raise bad_request("can't parse InputMedia: expected an Object")
    items = [media_item(call, item) for item in content]
    _check_album(items)
    await call.pace(chat_id, cost=len(items))
    album = str(10**16 + secrets.randbelow(9 * 10**15)) if len(items) > 1 else ""
    results = []
    for item in items:
        draft = replace(call.draft(chat_id), keyboard=None, reply_keyboard=None, album=album)
        results.append(sent(call, replace(draft, media=item.media, text=item.text, entities=item.entities)))
    return results


def _check_album(items: Sequence[MediaItem]) -> None:
    if len({item.media.kind for item in items}) > 1:
        raise bad_request("document can't be mixed with other media types")


async def get_file(call: Call) -> JsonObject:
    """Bot API getFile; the path works for as long as the server has the file."""
    file_id = call.params.text("file_id")
    if not file_id:
        raise bad_request("file_id not specified")
    stored = call.bot.files.get(file_id)
    if stored is None:
        raise bad_request("wrong file_id or the file is temporarily unavailable")
    if stored.size > MAX_DOWNLOAD_BYTES:
        raise bad_request("file is too big")
    folder = "photos" if stored.scaled else "documents"
    return {**file_json(stored), "file_path": f"{folder}/{stored.file_id}"}


METHODS = {
    "sendPhoto": send_photo,
    "sendDocument": send_document,
    "sendMediaGroup": send_media_group,
    "getFile": get_file,
}
