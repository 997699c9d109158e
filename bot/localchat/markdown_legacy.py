"""Telegram's first Markdown: marked text in, plain text with entities out; marks do not nest."""

from bot.localchat.entity import Entity, utf16_length
from bot.localchat.errors import bad_request
from bot.localchat.links import checked_url, mentioned_user

_STYLES = {"_": "italic", "*": "bold", "`": "code"}
_SPACES = frozenset(" \t\r\n\0\v")


def parse_legacy_markdown(source: str) -> tuple[str, list[Entity]]:
    """Return the plain text and its entities; a mark without its end raises Telegram's 400."""
    text: list[str] = []
    entities: list[Entity] = []
    at = offset = 0
    while at < len(source):
        char = source[at]
        if char == "\\" and source[at + 1 : at + 2] in {"_", "*", "`", "["}:
            at, char = at + 1, source[at + 1]
        elif char in "_*`[":
            covered, entity, at = _marked(source, at, offset=offset)
            text.append(covered)
            offset += utf16_length(covered)
            entities += entity
            continue
        text.append(char)
        offset += utf16_length(char)
        at += 1
    return "".join(text), entities


def _marked(source: str, begin: int, *, offset: int) -> tuple[str, list[Entity], int]:
    mark = source[begin]
    fence = source.startswith("```", begin)
    start, language = _after_fence(source, begin + 3) if fence else (begin + 1, "")
    end_mark = "```" if fence else "]" if mark == "[" else mark
    end = source.find(end_mark, start)
    if end < 0:
        byte_offset = len(source[:begin].encode("utf-8", "surrogatepass"))
        raise bad_request(f"can't parse entities: Can't find end of the entity starting at byte offset {byte_offset}")
    covered = source[start:end]
    at = end + len(end_mark)
    kind, argument = ("pre", language) if fence else (_STYLES.get(mark, "text_link"), "")
    if mark == "[":
        target = covered
        if source.startswith("(", at):
            close = source.find(")", at)
            close = len(source) if close < 0 else close
            target, at = source[at + 1 : close], min(close + 1, len(source))
        kind, argument = _link(target)
    length = utf16_length(covered)
    found = [Entity(kind=kind, offset=offset, length=length, argument=argument)] if kind and length else []
    return covered, found, at


def _link(target: str) -> tuple[str, str]:
    user = mentioned_user(target)
    if user is not None:
        return "text_mention", user
    url = checked_url(target)
    return ("text_link", url) if url else ("", "")


def _after_fence(source: str, start: int) -> tuple[int, str]:
    end = start
    while end < len(source) and source[end] not in _SPACES and source[end] != "`":
        end += 1
    language = ""
    if end != start and end < len(source) and source[end] != "`":
        language, start = source[start:end], end
    first, second = source[start : start + 1], source[start + 1 : start + 2]
    if first and first in "\r\n":
        start += 2 if second and second in "\r\n" and second != first else 1
    return start, language
