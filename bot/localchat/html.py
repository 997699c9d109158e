"""Telegram's HTML: text with tags in, plain text with entities out, failures in Telegram's words."""

import re
from dataclasses import dataclass

from bot.localchat.entity import Entity, in_order, utf16_length
from bot.localchat.errors import ApiError, bad_request
from bot.localchat.links import checked_url, date_format_is_valid, mentioned_user

_STYLE = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "span": "spoiler",
    "tg-spoiler": "spoiler",
}
_TAGS = frozenset((*_STYLE, "a", "pre", "code", "blockquote", "tg-emoji", "tg-time"))
# NUL ends Telegram's C string, so it counts as a space; the reader appends one as a sentinel.
_SPACES = frozenset(" \t\r\n\0\v")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]+)|#([0-9]+)|([a-zA-Z]+));?")
_ATTRIBUTE = {
    ("a", "href"): "",
    ("code", "class"): "language-",
    ("span", "class"): "tg-",
    ("tg-emoji", "emoji-id"): "",
    ("tg-time", "unix"): "",
    ("blockquote", "expandable"): "",
}
_HALF = (
    "Text contains invalid Unicode characters after decoding HTML entities, check for unmatched surrogate code units"
)
_NAME_TOKEN = re.compile(r"[A-Za-z0-9.-]*")


@dataclass(slots=True, kw_only=True)
class _Open:
    tag: str
    argument: str
    detail: str
    offset: int
    text_start: int


class _Reader:
    def __init__(self, source: str) -> None:
        self.source = source + "\0"
        self.at = 0
        self.text: list[str] = []
        self.offset = 0
        self.points = 0
        self.open: list[_Open] = []
        self.entities: list[Entity] = []

    def fail(self, words: str, *, at: int) -> ApiError:
        byte_offset = len(self.source[:at].encode("utf-8", "surrogatepass"))
        return _cannot_parse(f"{words} at byte offset {byte_offset}")

    def char(self) -> str:
        return self.source[self.at]

    def at_end(self) -> bool:
        return self.at >= len(self.source) - 1

    def skip_spaces(self) -> None:
        while not self.at_end() and self.char() in _SPACES:
            self.at += 1

    def until(self, stops: str) -> str:
        begin = self.at
        while self.char() not in _SPACES and self.char() not in stops:
            self.at += 1
        return self.source[begin : self.at]

    def emit(self, text: str) -> None:
        self.text.append(text)
        self.offset += utf16_length(text)
        self.points += len(text)

    def run(self) -> tuple[str, list[Entity]]:
        while not self.at_end():
            char = self.char()
            reference = _reference(self.source, self.at) if char == "&" else None
            if reference is not None:
                self.emit(reference[0])
                self.at = reference[1]
            elif char != "<":
                self.emit(char)
                self.at += 1
            elif self.source[self.at + 1] == "/":
                self.end_tag()
            else:
                self.start_tag()
        if self.open:
            raise _cannot_parse(f'Can\'t find end tag corresponding to start tag "{self.open[-1].tag}"')
        return "".join(self.text), in_order(self.entities)

    def start_tag(self) -> None:
        begin = self.at
        self.at += 1
        tag = self.until(">").lower()
        if self.at_end():
            raise self.fail("Unclosed start tag", at=begin)
        if tag not in _TAGS:
            raise self.fail(f'Unsupported start tag "{tag}"', at=begin)
        opened = _Open(tag=tag, argument="", detail="", offset=self.offset, text_start=self.points)
        while self.char() != ">":
            self.skip_spaces()
            if self.char() == ">":
                break
            self.attribute(opened, begin=begin)
        self.at += 1
        if tag == "span" and opened.argument != "spoiler":
            raise self.fail('Tag "span" must have class "tg-spoiler"', at=begin)
        self.open.append(opened)

    def attribute(self, opened: _Open, *, begin: int) -> None:
        name = self.until("=>")
        if not name:
            raise self.fail(f'Empty attribute name in the tag "{opened.tag}"', at=begin)
        self.skip_spaces()
        if self.at_end():
            raise self.fail(f'Unclosed start tag "{opened.tag}"', at=begin)
        value = "1"
        if self.char() == "=":
            self.at += 1
            self.skip_spaces()
            if self.at_end():
                raise self.fail(f'Unclosed start tag "{opened.tag}"', at=begin)
            value = self.literal() if self.char() in "'\"" else self.name_token()
            if self.at_end():
                raise self.fail("Unclosed start tag", at=begin)
        self.remember(opened, name=name, value=value)

    def name_token(self) -> str:
        begin = self.at
        match = _NAME_TOKEN.match(self.source, begin)
        value = match.group() if match else ""
        self.at += len(value)
        if self.char() not in _SPACES and self.char() != ">":
            raise self.fail("Unexpected end of name token", at=begin)
        return value.lower()

    def literal(self) -> str:
        quote = self.char()
        self.at += 1
        value: list[str] = []
        while not self.at_end() and self.char() != quote:
            reference = _reference(self.source, self.at) if self.char() == "&" else None
            part, self.at = reference if reference is not None else (self.char(), self.at + 1)
            value.append(part)
        if not self.at_end():
            self.at += 1
        return "".join(value)

    def remember(self, opened: _Open, *, name: str, value: str) -> None:
        if (opened.tag, name) == ("tg-time", "format"):
            opened.detail = value
            return
        prefix = _ATTRIBUTE.get((opened.tag, name))
        if prefix is not None and value.startswith(prefix):
            opened.argument = value[len(prefix) :]

    def end_tag(self) -> None:
        begin = self.at
        if not self.open:
            raise self.fail("Unexpected end tag", at=begin)
        self.at += 2
        tag = self.until(">").lower()
        self.skip_spaces()
        if self.char() != ">":
            raise self.fail("Unclosed end tag", at=begin)
        self.at += 1
        opened = self.open.pop()
        if tag and tag != opened.tag:
            byte_offset = len(self.source[:begin].encode("utf-8", "surrogatepass"))
            raise _cannot_parse(
                f'Unmatched end tag at byte offset {byte_offset}, expected "</{opened.tag}>", found "</{tag}>"'
            )
        if self.offset > opened.offset:
            self.close(opened)

    def close(self, opened: _Open) -> None:
        bare_link = opened.tag == "a" and not opened.argument
        kind, argument = _meaning(opened, covered="".join(self.text)[opened.text_start :] if bare_link else "")
        if not kind:
            return
        length = self.offset - opened.offset
        if opened.tag in {"pre", "code"} and self.joined(opened, length=length):
            return
        self.entities.append(
            Entity(kind=kind, offset=opened.offset, length=length, argument=argument, detail=opened.detail)
        )

    def joined(self, opened: _Open, *, length: int) -> bool:
        last = self.entities[-1] if self.entities else None
        if last is None or (last.offset, last.length) != (opened.offset, length):
            return False
        outer_pre = opened.tag == "pre" and last.kind == "code" and last.argument
        outer_code = opened.tag == "code" and last.kind == "pre" and opened.argument
        if not outer_pre and not outer_code:
            return False
        language = last.argument if outer_pre else opened.argument
        self.entities[-1] = Entity(kind="pre", offset=opened.offset, length=length, argument=language)
        return True


def _reference(source: str, at: int) -> tuple[str, int] | None:
    match = _REFERENCE.match(source, at)
    if match is None:
        return None
    hexadecimal, decimal, name = match.groups()
    if name is not None:
        return (_NAMED[name], match.end()) if name in _NAMED else None
    digits, base = (hexadecimal, 16) if hexadecimal else (decimal, 10)
    code = int(digits, base) if len(digits) <= 10 else 0x110000
    if 0xD800 <= code <= 0xDFFF:
        raise _cannot_parse(_HALF)
    if code == 0 or code >= 0x10FFFF:
        return None
    return chr(code), match.end()


def _meaning(opened: _Open, *, covered: str) -> tuple[str, str]:
    if opened.tag in _STYLE:
        return _STYLE[opened.tag], ""
    if opened.tag == "a":
        return _link(opened.argument or covered)
    if opened.tag == "blockquote":
        return ("expandable_blockquote" if opened.argument else "blockquote"), ""
    if opened.tag == "tg-emoji":
        return ("custom_emoji", opened.argument) if opened.argument.isdecimal() else ("", "")
    if opened.tag == "tg-time":
        return _moment(opened)
    return opened.tag, opened.argument


def _moment(opened: _Open) -> tuple[str, str]:
    if not date_format_is_valid(opened.detail):
        raise _cannot_parse("Invalid date format used")
    return ("date_time", opened.argument) if opened.argument.isdecimal() else ("", "")


def _link(target: str) -> tuple[str, str]:
    user = mentioned_user(target)
    if user is not None:
        return "text_mention", user
    url = checked_url(target)
    return ("text_link", url) if url else ("", "")


def _cannot_parse(words: str) -> ApiError:
    return bad_request(f"can't parse entities: {words}")


def parse_html(source: str) -> tuple[str, list[Entity]]:
    """Return the plain text and its entities; a malformed tag raises Telegram's 400 with its byte offset."""
    text, entities = _Reader(source).run()
    plain = [
        Entity(kind="code", offset=entity.offset, length=entity.length) if entity.kind == "code" else entity
        for entity in entities
    ]
    return text, plain
