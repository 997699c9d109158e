"""Telegram's two Markdowns: what they become and how they fail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.localchat.entity import utf16_length
from bot.localchat.errors import ApiError
from bot.localchat.markdown import parse_markdown
from bot.localchat.markdown_legacy import parse_legacy_markdown


def _described(parsed: tuple[str, list]) -> tuple[str, list[str]]:
    text, entities = parsed
    return text, [f"{e.kind} {e.offset}+{e.length} {e.argument}".rstrip() for e in entities]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("1.5", "Character '.' is reserved and must be escaped with the preceding '\\'"),
        ("a-b", "Character '-' is reserved and must be escaped with the preceding '\\'"),
        ("a > b", "Character '>' is reserved and must be escaped with the preceding '\\'"),
        ("€*x", "Can't find end of Bold entity at byte offset 3"),
        ("_x", "Can't find end of Italic entity at byte offset 0"),
        ("__x_", "Can't find end of Italic entity at byte offset 3"),
        ("`x", "Can't find end of Code entity at byte offset 0"),
        ("```py x", "Can't find end of PreCode entity at byte offset 0"),
        ("||x", "Can't find end of Spoiler entity at byte offset 0"),
        ("[x](http://e.org", "Can't find end of a URL at byte offset 4"),
        ("![x]", "The entity must contain a tg://emoji or tg://time URL"),
        (">a *b\nc*", "Can't find end of Bold entity at byte offset 3"),
    ],
)
def test_broken_markdown_fails_in_telegrams_words(source: str, words: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse_markdown(source)
    assert caught.value.description == f"Bad Request: can't parse entities: {words}"


@pytest.mark.parametrize(
    ("source", "text", "kinds"),
    [
        ("*a* _b_ __c__ ~d~ ||e||", "a b c d e",
         ["bold 0+1", "italic 2+1", "underline 4+1", "strikethrough 6+1", "spoiler 8+1"]),
        ("*a _b_*", "a b", ["bold 0+3", "italic 2+1"]),
        ("_a __b___", "a b", ["italic 0+3", "underline 2+1"]),
        ("`1.5-2`", "1.5-2", ["code 0+5"]),
        ("```py\nx.y```", "x.y", ["pre 0+3 py"]),
        ("[x](http://e.org/\\))", "x", ["text_link 0+1 http://e.org/)"]),
        ("![👍](tg://emoji?id=5)", "👍", ["custom_emoji 0+2 5"]),
        ("![now](tg://time?unix=5&format=r)", "now", ["date_time 0+3 5"]),
        (">a\n>b\nc", "a\nb\nc", ["blockquote 0+4"]),
        (">a\n>b||", "a\nb", ["expandable_blockquote 0+3"]),
        ("\\*1\\.5\\*", "*1.5*", []),
    ],
)  # fmt: skip
def test_markdown_becomes_text_and_entities(source: str, text: str, kinds: list[str]) -> None:
    assert _described(parse_markdown(source)) == (text, kinds)


@pytest.mark.parametrize(
    ("source", "text", "kinds"),
    [
        ("*a* _b_ `c` 1.5", "a b c 1.5", ["bold 0+1", "italic 2+1", "code 4+1"]),
        ("```py\nx```", "x", ["pre 0+1 py"]),
        ("[x](e.org)", "x", ["text_link 0+1 http://e.org/"]),
        ("a\\_b", "a_b", []),
    ],
)
def test_legacy_markdown_becomes_text_and_entities(source: str, text: str, kinds: list[str]) -> None:
    assert _described(parse_legacy_markdown(source)) == (text, kinds)


def test_a_legacy_mark_without_its_end_fails_in_telegrams_words() -> None:
    with pytest.raises(ApiError, match="Can't find end of the entity starting at byte offset 3"):
        parse_legacy_markdown("€_a")


_MARKED = st.lists(st.sampled_from([*"_*[]()~`>|!\\\n\rab👍.", "```", "||", "__", "![", "](tg://emoji?id=1)"]))


@given(_MARKED.map("".join), st.sampled_from([parse_markdown, parse_legacy_markdown]))
def test_any_markdown_gives_entities_within_the_text_or_telegrams_error(source: str, parse: object) -> None:
    assert callable(parse)
    try:
        text, entities = parse(source)
    except ApiError as error:
        assert error.description.startswith("Bad Request: can't parse entities: ")
        return
    assert all(0 <= entity.offset < entity.end <= utf16_length(text) for entity in entities)
