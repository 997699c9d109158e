"""Turns the file arguments of a call into stored media, within Telegram's limits for photos and documents."""

import mimetypes
import re
import secrets
from dataclasses import dataclass
from pathlib import PurePosixPath

from bot.localchat.entity import Entity
from bot.localchat.errors import JsonObject, bad_request
from bot.localchat.images import image_size, scaled_size
from bot.localchat.methods.call import Call
from bot.localchat.model import Media, StoredFile, plain
from bot.localchat.params import Params, Upload, dumped
from bot.localchat.text import caption_text

MAX_PHOTO_BYTES = 10 * 1024 * 1024
MAX_SIDES = 10_000
MAX_RATIO = 20
_SIDES = (90, 320, 800, 1280, 2560)
_EXTENSIONS = {"", ".jpg", ".jpeg", ".gif", ".png", ".tif", ".tiff", ".bmp"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaItem:
    """One piece of media with its caption."""

    media: Media
    text: str
    entities: tuple[Entity, ...]


def media_argument(call: Call, name: str) -> Media:
    """Return the media of a plain argument such as `photo`: an upload of that name, attach://part, or a file id."""
    upload = call.params.files.get(name)
    if upload is not None:
        return _stored(call, name, upload)
    source = call.params.text(name)
    if not source:
        raise bad_request(f"there is no {name} in the request")
    return _referenced(call, name, source)


def media_item(call: Call, content: JsonObject) -> MediaItem:
    """Return the media and caption of an InputMedia object."""
    kind = content.get("type")
    if not isinstance(kind, str) or kind not in {"photo", "document"}:
        raise bad_request("can't parse InputMedia: unsupported InputMedia type specified")
    source = content.get("media")
    if not isinstance(source, str) or not source:
        raise bad_request("can't parse InputMedia: media not found")
    media = _referenced(call, kind, source)
    values = {name: str(content[name]) for name in ("caption", "parse_mode") if content.get(name)}
    if content.get("caption_entities"):
        values["caption_entities"] = dumped(content["caption_entities"])
    text, entities = caption_text(Params(values=values))
    return MediaItem(media=media, text=text, entities=tuple(entities))


def _referenced(call: Call, kind: str, source: str) -> Media:
    if source.startswith("attach://"):
        upload = call.params.files.get(source.removeprefix("attach://"))
        if upload is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        return _stored(call, kind, upload)
    if re.match(r"https?://", source, re.IGNORECASE):
        raise bad_request("failed to get HTTP URL content")
    known = call.bot.files.get(source)
    if known is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    family = tuple(stored for stored in call.bot.files.values() if stored.blob == known.blob)
    if kind == "photo":
        sizes = tuple(stored for stored in family if stored.scaled)
        if not known.scaled:
            raise bad_request("can't use file of type Document as Photo")
        return Media(kind="photo", files=sizes)
    if known.scaled:
        raise bad_request("can't use file of type Photo as Document")
    return Media(kind="document", files=(known,))


def _stored(call: Call, kind: str, upload: Upload) -> Media:
    if not upload.content:
        raise bad_request("file must be non-empty")
    if kind == "photo":
        sizes = _photo_sizes(upload)
        blob = call.core.world.blobs.put(upload.content)
        files = tuple(_file(upload, blob=blob, side=side, size=size) for side, size in sizes)
    else:
        files = (_file(upload, blob=call.core.world.blobs.put(upload.content), side=0, size=(0, 0)),)
    for stored in files:
        call.core.world.commit("file", bot=call.bot.id, f=plain(stored))
    return Media(kind=kind, files=files)


def _photo_sizes(upload: Upload) -> list[tuple[int, tuple[int, int]]]:
    if PurePosixPath(upload.name).suffix.lower() not in _EXTENSIONS:
        raise bad_request("photo has unsupported extension. Use one of .jpg, .jpeg, .gif, .png, .tif or .bmp")
    size_bytes = len(upload.content)
    if size_bytes > MAX_PHOTO_BYTES:
        raise bad_request(
            f"file of size {size_bytes} bytes is too big for a photo; the maximum size is {MAX_PHOTO_BYTES} bytes"
        )
    size = image_size(upload.content)
    if size is None:
        raise bad_request("IMAGE_PROCESS_FAILED")
    if sum(size) > MAX_SIDES or max(size) > MAX_RATIO * min(size):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    sides = [side for side in _SIDES if side < max(size)]
    sides += [side for side in _SIDES if side >= max(size)][:1]
    return [(side, scaled_size(size, side)) for side in sides]


def _file(upload: Upload, *, blob: str, side: int, size: tuple[int, int]) -> StoredFile:
    guessed = mimetypes.guess_type(upload.name)[0] or upload.mime or "application/octet-stream"
    return StoredFile(
        file_id=("AgACAgI" if side else "BQACAgI") + secrets.token_urlsafe(48),
        unique_id=("AQAD" if side else "AgAD") + f"{blob[:11]}{side or ''}",
        blob=blob,
        name=upload.name,
        mime="image/jpeg" if side else guessed,
        size=len(upload.content),
        scaled=side,
        width=size[0],
        height=size[1],
    )
