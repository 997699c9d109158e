"""One styled range of a text, and UTF-16 arithmetic."""

from dataclasses import dataclass

from bot.localchat.errors import JsonObject

SPLITTABLE = ("bold", "italic", "underline", "strikethrough", "spoiler")
PREFORMATTED = ("pre", "code")
QUOTES = ("blockquote", "expandable_blockquote")
LINKS = ("text_link", "text_mention", "custom_emoji", "date_time")
AUTOMATIC = ("mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number")
KINDS = frozenset((*SPLITTABLE, *PREFORMATTED, *QUOTES, *LINKS, *AUTOMATIC))
# Telegram's order of entities that cover the same range: the outer one first.
PRIORITY = {kind: rank for rank, kind in enumerate((*QUOTES, *LINKS, *AUTOMATIC, *PREFORMATTED, *SPLITTABLE))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A range of a text: Bot API type, offset and length in UTF-16 code units, and the type's argument.

    `argument` is the link of a text_link, the language of a pre, the id of a custom_emoji or text_mention and the
    Unix time of a date_time, whose format is `detail`.
    """

    kind: str
    offset: int
    length: int
    argument: str = ""
    detail: str = ""

    @property
    def end(self) -> int:
        """Return the offset behind the last covered code unit."""
        return self.offset + self.length

    def as_json(self) -> JsonObject:
        """Return the Bot API's MessageEntity; a text_mention carries its user's id only."""
        result: JsonObject = {"offset": self.offset, "length": self.length, "type": self.kind}
        if self.kind == "text_link":
            result["url"] = self.argument
        elif self.kind == "pre" and self.argument:
            result["language"] = self.argument
        elif self.kind == "custom_emoji":
            result["custom_emoji_id"] = self.argument
        elif self.kind == "text_mention":
            result["user"] = {"id": int(self.argument), "is_bot": False, "first_name": ""}
        elif self.kind == "date_time":
            result["unix_time"] = int(self.argument)
            if self.detail:
                result["date_time_format"] = self.detail
        return result


def utf16_length(text: str) -> int:
    """Return the number of UTF-16 code units of a text."""
    return len(text) + sum(char > "\uffff" for char in text)


def utf16_slice(text: str, *, offset: int, length: int) -> str:
    """Return the part of a text that a range in UTF-16 code units covers."""
    raw = text.encode("utf-16-le", "surrogatepass")
    return raw[2 * offset : 2 * (offset + length)].decode("utf-16-le", "replace")


def in_order(entities: list[Entity]) -> list[Entity]:
    """Sort as Telegram does: by offset, the longer first, then by the rank of the type."""
    return sorted(entities, key=lambda entity: (entity.offset, -entity.length, PRIORITY[entity.kind]))
