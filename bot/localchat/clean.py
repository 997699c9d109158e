"""Brings a text and its entities into the form Telegram stores: cleaned, trimmed, without overlaps of styles."""

from bot.localchat.entity import PREFORMATTED, SPLITTABLE, Entity, in_order, utf16_length
from bot.localchat.errors import bad_request

MAX_ENTITIES = 100
_DROPPED = frozenset((0x0D, *range(0x2028, 0x202F), *range(0xD800, 0xE000)))
_BLANK = frozenset(" \n\t\r\v\f\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2800\u3000")


def check_ranges(text: str, entities: list[Entity]) -> None:
    """Refuse, in Telegram's words, entities that lie outside the text or cut a character in two."""
    starts, size, position = {0}, 0, 0
    byte_at = {0: 0}
    for char in text:
        size += 2 if char > "\uffff" else 1
        position += len(char.encode("utf-8", "surrogatepass"))
        starts.add(size)
        byte_at[size] = position
    for entity in in_order(entities):
        if not 0 <= entity.offset <= 1_000_000:
            raise bad_request(f"Receive an entity with incorrect offset {entity.offset}")
        if not 0 <= entity.length <= 1_000_000:
            raise bad_request(f"Receive an entity with incorrect length {entity.length}")
        if entity.length:
            _check_range(entity, size=size, starts=starts, byte_at=byte_at)


def _check_range(entity: Entity, *, size: int, starts: set[int], byte_at: dict[int, int]) -> None:
    if entity.offset >= size:
        raise bad_request(f"Entity begins after the end of the text at UTF-16 offset {entity.offset}")
    if entity.end > size:
        raise bad_request(
            f"Entity beginning at UTF-16 offset {entity.offset} "
            f"ends after the end of the text at UTF-16 offset {entity.end}"
        )
    if entity.offset not in starts:
        raise bad_request(f"Entity begins in a middle of a UTF-16 symbol at byte offset {byte_at[entity.offset + 1]}")
    if entity.end not in starts:
        raise bad_request(
            f"Entity beginning at UTF-16 offset {entity.offset} "
            f"ends in a middle of a UTF-16 symbol at byte offset {byte_at[entity.end + 1]}"
        )


def clean(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Return text and entities as Telegram keeps them: control characters, blanks at the ends, styles, at most 100."""
    text, entities = _without_controls(text, entities)
    text, entities = _trimmed(text, entities)
    return text, in_order(_merged(entities))[:MAX_ENTITIES]


def _without_controls(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    kept: list[str] = []
    moved = [0]
    for char in text:
        code = ord(char)
        new = "" if code in _DROPPED else " " if code < 32 and char != "\n" else char
        kept.append(new)
        moved += [moved[-1] + utf16_length(new)] * utf16_length(char)
    return "".join(kept), [_placed(entity, begin=moved[entity.offset], end=moved[entity.end]) for entity in entities]


def _placed(entity: Entity, *, begin: int, end: int) -> Entity:
    return Entity(
        kind=entity.kind, offset=begin, length=max(0, end - begin), argument=entity.argument, detail=entity.detail
    )


def _trimmed(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    end = len(text)
    while end and text[end - 1] in _BLANK:
        end -= 1
    text = text[:end]
    first = min((entity.offset for entity in entities), default=len(text))
    begin = 0
    while begin < min(first, len(text)) and text[begin] in " \n":
        begin += 1
    text = text[begin:]
    size = utf16_length(text)
    placed = [
        _placed(entity, begin=min(entity.offset - begin, size), end=min(entity.end - begin, size))
        for entity in entities
    ]
    return text, [entity for entity in placed if entity.length]


def _merged(entities: list[Entity]) -> list[Entity]:
    fixed = [entity for entity in entities if entity.kind not in SPLITTABLE]
    solid = _solid(fixed)
    walls = [entity for entity in solid if entity.kind in PREFORMATTED]
    for kind in SPLITTABLE:
        spans = _union([(entity.offset, entity.end) for entity in entities if entity.kind == kind])
        for wall in walls:
            spans = [part for span in spans for part in _minus(span, (wall.offset, wall.end))]
        solid += [Entity(kind=kind, offset=begin, length=end - begin) for begin, end in spans]
    return solid


def _solid(entities: list[Entity]) -> list[Entity]:
    kept: list[Entity] = []
    for entity in in_order(entities):
        rivals = [other for other in kept if entity.offset < other.end and other.offset < entity.end]
        if all("quote" in other.kind and "quote" not in entity.kind for other in rivals) or (
            "quote" in entity.kind and all("quote" not in other.kind for other in rivals)
        ):
            kept.append(entity)
    return kept


def _union(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((begin, end))
    return joined


def _minus(span: tuple[int, int], wall: tuple[int, int]) -> list[tuple[int, int]]:
    if span[1] <= wall[0] or wall[1] <= span[0]:
        return [span]
    parts = [(span[0], min(span[1], wall[0])), (max(span[0], wall[1]), span[1])]
    return [(begin, end) for begin, end in parts if begin < end]
