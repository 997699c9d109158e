"""Finds what Telegram marks by itself: commands, mentions, hashtags, cashtags, addresses."""

import re
from collections.abc import Iterator

from bot.localchat.entity import Entity, in_order, utf16_length

_TOP_LEVEL = r"(?:com|org|net|io|me|dev|app|co|info|ru|uk|de|fr|eu|gg|ai|xyz|link|finance|exchange)"
_PATTERNS = (
    ("email", re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*\.[a-zA-Z]{2,8}\b")),
    (
        "url",
        re.compile(
            rf"(?<![\w@./])(?:(?:https?|ftp)://[^\s<>\"«»]+"
            rf"|(?:[a-zA-Z0-9-]+\.)+{_TOP_LEVEL}\b(?::\d+)?(?:[/?#][^\s<>\"«»]*)?)"
        ),
    ),
    ("bot_command", re.compile(r"(?<![\w/<>])/[a-zA-Z0-9_]{1,64}(?:@[a-zA-Z0-9_]{3,32})?(?![\w/<>])")),
    ("mention", re.compile(r"(?<![\w@./])@[a-zA-Z][a-zA-Z0-9_]{2,31}(?!\w)")),
    ("hashtag", re.compile(r"(?<![\w#])#(?=\w*[^\W\d])\w{1,256}")),
    ("cashtag", re.compile(r"(?<![\w$])\$[A-Z]{1,8}(?!\w)")),
)


def detect(text: str, entities: list[Entity]) -> list[Entity]:
    """Return the entities joined by those Telegram finds itself; nothing is found in code, links and other finds."""
    taken = [(entity.offset, entity.end) for entity in entities if entity.kind in {"code", "pre", "text_link"}]
    taken += [(entity.offset, entity.end) for entity in entities if entity.kind in {"text_mention", "date_time"}]
    found: list[Entity] = []
    for entity in _candidates(text):
        if not any(entity.offset < end and begin < entity.end for begin, end in taken):
            found.append(entity)
            taken.append((entity.offset, entity.end))
    return in_order([*entities, *found])


def _candidates(text: str) -> Iterator[Entity]:
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            covered = match.group().rstrip(".,:;!?)'") if kind == "url" else match.group()
            if covered:
                yield Entity(kind=kind, offset=utf16_length(text[: match.start()]), length=utf16_length(covered))
