"""Turns the text arguments of a call into the text and entities of a message, within Telegram's limits."""

from typing import Any

from bot.localchat.clean import check_ranges, clean
from bot.localchat.detect import detect
from bot.localchat.entity import AUTOMATIC, KINDS, Entity
from bot.localchat.errors import ApiError, JsonObject, bad_request
from bot.localchat.html import parse_html
from bot.localchat.links import checked_url, mentioned_user
from bot.localchat.markdown import parse_markdown
from bot.localchat.markdown_legacy import parse_legacy_markdown
from bot.localchat.params import Params

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_RAW_BYTES = 32768
_PARSERS = {"html": parse_html, "markdown": parse_legacy_markdown, "markdownv2": parse_markdown}


def message_text(params: Params) -> tuple[str, list[Entity]]:
    """Return a message's text and entities from text, parse_mode and entities."""
    if not params.text("text"):
        raise bad_request("message text is empty")
    text, entities = formatted(params, source="text", entities="entities")
    if not text:
        raise bad_request("text must be non-empty")
    if len(text) > MAX_TEXT:
        raise bad_request("message is too long")
    return text, entities


def caption_text(params: Params) -> tuple[str, list[Entity]]:
    """Return a caption and its entities from caption, parse_mode and caption_entities; "" where there is none."""
    text, entities = formatted(params, source="caption", entities="caption_entities")
    if len(text) > MAX_CAPTION:
        raise bad_request("message caption is too long")
    return text, entities


def formatted(params: Params, *, source: str, entities: str) -> tuple[str, list[Entity]]:
    """Return the cleaned text of an argument and its entities, with those Telegram finds by itself."""
    raw = params.text(source)
    if any("\ud800" <= char <= "\udfff" for char in raw):
        raise bad_request(f"{source} must be encoded in UTF-8")
    if len(raw.encode("utf-8", "surrogatepass")) > MAX_RAW_BYTES:
        raise bad_request("text is too long")
    mode = params.text("parse_mode").lower()
    if mode and mode != "none":
        if mode not in _PARSERS:
            raise bad_request("unsupported parse_mode")
        text, found = _PARSERS[mode](raw)
    else:
        content = params.structure(entities, "can't parse entities JSON object")
        text, found = raw, _explicit(content)
        check_ranges(text, found)
    text, found = clean(text, found)
    return text, detect(text, found)


def _explicit(content: Any) -> list[Entity]:
    if content is None:
        return []
    if not isinstance(content, list):
        raise bad_request("expected an Array of MessageEntity")
    found = [_entity(item) for item in content]
    return [entity for entity in found if entity is not None]


def _broken(words: str) -> ApiError:
    return bad_request(f"can't parse MessageEntity: {words}")


def _entity(item: Any) -> Entity | None:
    if not isinstance(item, dict):
        raise bad_request("expected an Object")
    kind = item.get("type")
    if not isinstance(kind, str):
        raise _broken('Can\'t find field "type"')
    numbers = [item.get("offset"), item.get("length")]
    for name, value in zip(("offset", "length"), numbers, strict=True):
        if isinstance(value, bool) or not isinstance(value, int):
            raise _broken(f'Field "{name}" must be of type Number')
    offset, length = int(item["offset"]), int(item["length"])
    if kind not in KINDS:
        raise _broken("Unsupported type specified")
    argument, detail = _argument(kind, item)
    # Telegram finds mentions, commands and addresses itself and ignores those it is told.
    numeric = kind in {"text_mention", "custom_emoji", "date_time"}
    if (kind == "text_link" and not argument) or (numeric and not argument.isdecimal()) or kind in AUTOMATIC:
        return None
    return Entity(kind=kind, offset=offset, length=length, argument=argument, detail=detail)


def _argument(kind: str, item: JsonObject) -> tuple[str, str]:
    if kind == "text_link":
        target = str(item.get("url", ""))
        return ("" if mentioned_user(target) else checked_url(target)), ""
    if kind == "text_mention":
        user = item.get("user")
        return (str(user.get("id", "")) if isinstance(user, dict) else ""), ""
    if kind == "pre":
        return str(item.get("language", "")), ""
    if kind == "custom_emoji":
        return str(item.get("custom_emoji_id", "")), ""
    if kind == "date_time":
        return str(item.get("unix_time", "")), str(item.get("date_time_format", ""))
    return "", ""
