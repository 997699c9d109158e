"""How Telegram stores a text: trimmed, cleaned, its styles in order, with what it finds by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.localchat.clean import check_ranges, clean
from bot.localchat.detect import detect
from bot.localchat.entity import Entity, utf16_length
from bot.localchat.errors import ApiError
from bot.localchat.html import parse_html


def _bold(offset: int, length: int) -> Entity:
    return Entity(kind="bold", offset=offset, length=length)


def test_ends_are_trimmed_and_control_characters_become_spaces() -> None:
    assert clean(" \n a\tb\r\n\u200e\u202ec \n ", [])[0] == "a b\n\u200ec"


def test_a_styled_blank_at_the_start_stays_and_trimmed_styles_shrink() -> None:
    text, entities = clean("  x  ", [_bold(1, 4)])
    assert (text, entities) == (" x", [_bold(0, 2)])


def test_touching_styles_merge_and_code_takes_no_style() -> None:
    text, entities = parse_html("<b>a</b><b>b<code>c</code>d</b>")
    shown = [(e.kind, e.offset, e.length) for e in clean(text, entities)[1]]
    assert shown == [("bold", 0, 2), ("code", 2, 1), ("bold", 3, 1)]


def test_at_most_a_hundred_entities_are_kept() -> None:
    text = "a-" * 150
    entities = [_bold(2 * index, 1) for index in range(150)]
    assert len(clean(text, entities)[1]) == 100


@pytest.mark.parametrize(
    ("entity", "words"),
    [
        (_bold(-1, 1), "receive an entity with incorrect offset -1"),
        (_bold(0, -1), "receive an entity with incorrect length -1"),
        (_bold(9, 1), "entity begins after the end of the text at UTF-16 offset 9"),
        (_bold(2, 9), "entity beginning at UTF-16 offset 2 ends after the end of the text at UTF-16 offset 11"),
        (_bold(1, 1), "entity begins in a middle of a UTF-16 symbol at byte offset 4"),
        (_bold(0, 1), "entity beginning at UTF-16 offset 0 ends in a middle of a UTF-16 symbol at byte offset 4"),
    ],
)
def test_entities_outside_the_text_are_refused(entity: Entity, words: str) -> None:
    with pytest.raises(ApiError) as caught:
        check_ranges("👍 b", [entity])
    assert caught.value.description == f"Bad Request: {words}"


def test_commands_mentions_and_addresses_are_found_but_not_in_code() -> None:
    text, entities = parse_html("/panic@desk_bot #tag $BTC @ada_1 https://e.org/x. a@b.de <code>/no</code> 1/2")
    shown = [e.kind for e in detect(text, entities)]
    assert shown == ["bot_command", "hashtag", "cashtag", "mention", "url", "email", "code"]


@given(
    st.text(max_size=30),
    st.lists(
        st.tuples(st.sampled_from(["bold", "italic", "code", "blockquote"]), st.integers(0, 40), st.integers(1, 9))
    ),
)
def test_cleaned_entities_lie_within_the_text_and_cleaning_again_changes_nothing(
    text: str, ranges: list[tuple[str, int, int]]
) -> None:
    size = utf16_length(text)
    entities = [Entity(kind=kind, offset=o, length=n) for kind, o, n in ranges if o + n <= size]
    try:
        check_ranges(text, entities)
    except ApiError:
        return
    text, entities = clean(text, entities)
    assert all(0 <= entity.offset < entity.end <= utf16_length(text) for entity in entities)
    assert clean(text, entities) == (text, entities)
