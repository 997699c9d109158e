"""Telegram's MarkdownV2: marked text in, plain text with entities out, failures in Telegram's words."""

from dataclasses import dataclass

from bot.localchat.entity import Entity, in_order, utf16_length
from bot.localchat.errors import ApiError, bad_request
from bot.localchat.links import checked_url, date_format_is_valid, internal_link, mentioned_user, positive_number

_RESERVED = frozenset("_*[]()~`>#+-=|{}.!\n")
_SPACES = frozenset(" \t\r\n\0\v")
_NAMES = {
    "bold": "Bold",
    "italic": "Italic",
    "underline": "Underline",
    "strikethrough": "Strikethrough",
    "spoiler": "Spoiler",
    "code": "Code",
    "pre": "Pre",
    "text_link": "TextUrl",
    "custom_emoji": "CustomEmoji",
}
_MARKS = {
    "bold": "*",
    "underline": "__",
    "strikethrough": "~",
    "spoiler": "||",
    "code": "`",
    "pre": "```",
    "text_link": "]",
    "custom_emoji": "]",
}
_DOUBLE = {"__": "underline", "||": "spoiler", "![": "custom_emoji"}
_SINGLE = {"_": "italic", "*": "bold", "~": "strikethrough", "[": "text_link", "`": "code"}
_QUOTES = ("blockquote", "expandable_blockquote")


@dataclass(slots=True, kw_only=True)
class _Open:
    kind: str
    argument: str
    offset: int
    points: int
    begin: int


class _Reader:
    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.text: list[str] = []
        self.offset = 0
        self.open: list[_Open] = []
        self.entities: list[Entity] = []
        self.line_start = True

    def byte(self, at: int) -> int:
        return len(self.source[:at].encode("utf-8", "surrogatepass"))

    def sees(self, mark: str) -> bool:
        return self.source.startswith(mark, self.at)

    def emit(self, text: str) -> None:
        for char in text:
            self.text.append(char)
            self.line_start = char in "\r\n"
        self.offset += utf16_length(text)

    def run(self) -> tuple[str, list[Entity]]:
        while self.at < len(self.source):
            self.step(self.source[self.at])
        if self.open and self.open[-1].kind in _QUOTES:
            self.finish(self.open.pop(), argument="")
        if self.open:
            raise self.unclosed(self.open[-1])
        return "".join(self.text), in_order(self.entities)

    def step(self, char: str) -> None:
        following = self.source[self.at + 1 : self.at + 2]
        if char == "\\" and following and 0 < ord(following) <= 126:
            self.emit(following)
            self.at += 2
            return
        inside = self.open[-1].kind if self.open else ""
        reserved = char == "`" if inside in {"code", "pre"} else char in _RESERVED
        if not reserved:
            self.emit(char)
            self.at += 1
        elif inside and self.closes(inside):
            self.close()
        elif char == "\n":
            self.newline()
        else:
            self.begin(char)

    def closes(self, kind: str) -> bool:
        if kind == "italic":
            return self.sees("_") and not self.sees("__")
        return kind in _MARKS and self.sees(_MARKS[kind])

    def newline(self) -> None:
        quoted = any(entity.kind in _QUOTES for entity in self.open)
        self.emit("\n")
        self.at += 1
        if not quoted:
            return
        if self.sees(">"):
            self.at += 1
            self.line_start = False
        else:
            self.end_quote()

    def end_quote(self) -> None:
        if self.open[-1].kind not in _QUOTES:
            raise self.unclosed(self.open[-1])
        self.finish(self.open.pop(), argument="")

    def begin(self, char: str) -> None:
        begin = self.at
        kind, argument = self.opening(char)
        if kind:
            self.open.append(
                _Open(kind=kind, argument=argument, offset=self.offset, points=len(self.text), begin=begin)
            )

    def opening(self, char: str) -> tuple[str, str]:
        if char == "`" and self.sees("```"):
            self.at += 3
            return "pre", self.language()
        pair = self.source[self.at : self.at + 2]
        if pair == "||" and self.ends_expandable():
            return "", ""
        if pair in _DOUBLE:
            self.at += 2
            return _DOUBLE[pair], ""
        if char == ">" and self.line_start and not any(entity.kind in _QUOTES for entity in self.open):
            self.at += 1
            return "blockquote", ""
        if char not in _SINGLE:
            raise _cannot_parse(f"Character '{char}' is reserved and must be escaped with the preceding '\\'")
        self.at += 1
        return _SINGLE[char], ""

    def ends_expandable(self) -> bool:
        if not self.open or self.open[-1].kind not in _QUOTES:
            return False
        rest = self.source[self.at + 2 :].removeprefix("\r")
        if rest and (not rest.startswith("\n") or rest.startswith("\n>")):
            return False
        self.open[-1].kind = "expandable_blockquote"
        self.at += 2
        return True

    def language(self) -> str:
        end = self.at
        while end < len(self.source) and self.source[end] not in _SPACES and self.source[end] != "`":
            end += 1
        language = ""
        if end != self.at and end < len(self.source) and self.source[end] != "`":
            language, self.at = self.source[self.at : end], end
        first, second = self.source[self.at : self.at + 1], self.source[self.at + 1 : self.at + 2]
        if first and first in "\r\n":
            self.at += 2 if second and second in "\r\n" and second != first else 1
        return language

    def close(self) -> None:
        opened = self.open.pop()
        self.at += 1 if opened.kind == "italic" else len(_MARKS[opened.kind])
        argument = opened.argument
        if opened.kind == "text_link":
            argument = self.target() if self.sees("(") else "".join(self.text[opened.points :])
        elif opened.kind == "custom_emoji":
            if not self.sees("("):
                raise _cannot_parse("The entity must contain a tg://emoji or tg://time URL")
            argument = self.target()
        self.finish(opened, argument=argument)

    def target(self) -> str:
        begin = self.at
        self.at += 1
        url: list[str] = []
        while self.at < len(self.source) and not self.sees(")"):
            following = self.source[self.at + 1 : self.at + 2]
            if self.sees("\\") and following and 0 < ord(following) <= 126:
                self.at += 1
            url.append(self.source[self.at])
            self.at += 1
        if not self.sees(")"):
            raise _cannot_parse(f"Can't find end of a URL at byte offset {self.byte(begin + 1)}")
        self.at += 1
        return "".join(url)

    def finish(self, opened: _Open, *, argument: str) -> None:
        length = self.offset - opened.offset
        kind, argument, detail = _meaning(opened.kind, argument)
        if length and kind:
            self.entities.append(
                Entity(kind=kind, offset=opened.offset, length=length, argument=argument, detail=detail)
            )

    def unclosed(self, opened: _Open) -> ApiError:
        name = "PreCode" if opened.kind == "pre" and opened.argument else _NAMES[opened.kind]
        return _cannot_parse(f"Can't find end of {name} entity at byte offset {self.byte(opened.begin)}")


def _meaning(kind: str, argument: str) -> tuple[str, str, str]:
    if kind == "text_link":
        user = mentioned_user(argument)
        if user is not None:
            return "text_mention", user, ""
        url = checked_url(argument)
        return ("text_link", url, "") if url else ("", "", "")
    if kind == "custom_emoji":
        return _special(argument)
    return kind, argument, ""


def _special(target: str) -> tuple[str, str, str]:
    name, arguments = internal_link(target) or ("", {})
    identifier = positive_number(arguments.get("id", ""))
    if name == "emoji" and identifier is not None:
        return "custom_emoji", identifier, ""
    moment = positive_number(arguments.get("unix", ""))
    if name == "time" and moment is not None:
        if not date_format_is_valid(arguments.get("format", "")):
            raise _cannot_parse("Invalid date format used")
        return "date_time", moment, arguments.get("format", "")
    raise _cannot_parse("Invalid tg://emoji or tg://time URL specified")


def _cannot_parse(words: str) -> ApiError:
    return bad_request(f"can't parse entities: {words}")


def parse_markdown(source: str) -> tuple[str, list[Entity]]:
    """Return the plain text and its entities; a broken mark raises Telegram's 400 with the byte offset in `source`."""
    return _Reader(source).run()
