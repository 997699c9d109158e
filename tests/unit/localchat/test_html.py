"""Telegram's HTML: what it becomes and how it fails."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.localchat.entity import utf16_length, utf16_slice
from bot.localchat.errors import ApiError
from bot.localchat.html import parse_html

FAILURES = [
    ("a<x", "Unclosed start tag at byte offset 1"),
    ("€<x>", 'Unsupported start tag "x" at byte offset 3'),
    ("price < 5", 'Unsupported start tag "" at byte offset 6'),
    ('<a href="x', "Unclosed start tag at byte offset 0"),
    ("<b id = ", 'Unclosed start tag "b" at byte offset 0'),
    ("<b =1>x</b>", 'Empty attribute name in the tag "b" at byte offset 0'),
    ("<b id=x_y>x</b>", "Unexpected end of name token at byte offset 6"),
    ("x</b>", "Unexpected end tag at byte offset 1"),
    ("<b>x</b ", "Unclosed end tag at byte offset 4"),
    ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
    ("<b>x<i>y</i>", 'Can\'t find end tag corresponding to start tag "b"'),
    ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ('<tg-time unix="5" format="rt">x</tg-time>', "Invalid date format used"),
]


@pytest.mark.parametrize(("source", "words"), FAILURES)
def test_broken_html_fails_in_telegrams_words(source: str, words: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse_html(source)
    assert (caught.value.code, caught.value.description) == (400, f"Bad Request: can't parse entities: {words}")


@pytest.mark.parametrize(
    ("source", "text", "kinds"),
    [
        ("<b>a</b><STRONG>b</strong>", "ab", ["bold 0+1", "bold 1+1"]),
        ("<i>👍 x</i >", "👍 x", ["italic 0+4"]),
        ("<u><s>a</s></u>", "a", ["underline 0+1", "strikethrough 0+1"]),
        ('<span class="tg-spoiler">a</span><tg-spoiler>b</tg-spoiler>', "ab", ["spoiler 0+1", "spoiler 1+1"]),
        ('<pre><code class="language-py">x</code></pre>', "x", ["pre 0+1 py"]),
        ("<pre>x</pre><code>y</code>", "xy", ["pre 0+1", "code 1+1"]),
        ("<blockquote expandable>q</blockquote>", "q", ["expandable_blockquote 0+1"]),
        ("<blockquote>q</>", "q", ["blockquote 0+1"]),
        ('<a href="example.org">x</a>', "x", ["text_link 0+1 http://example.org/"]),
        ('<a href="tg://user?id=42">x</a>', "x", ["text_mention 0+1 42"]),
        ('<a href="nowhere">x</a>', "x", []),
        ('<tg-time unix="1700000000" format="r">now</tg-time>', "now", ["date_time 0+3 1700000000"]),
        ('<tg-emoji emoji-id="5">👍</tg-emoji>', "👍", ["custom_emoji 0+2 5"]),
        ("<b></b>x", "x", []),
        ("a & b &lt;&gt;&amp;&quot;&#65;&#x42; &nbsp;&apos;", 'a & b <>&"AB &nbsp;&apos;', []),
    ],
)
def test_html_becomes_text_and_entities(source: str, text: str, kinds: list[str]) -> None:
    parsed, entities = parse_html(source)
    assert parsed == text
    assert [f"{e.kind} {e.offset}+{e.length} {e.argument}".rstrip() for e in entities] == kinds


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_escaped_text_comes_back_unchanged_and_without_entities(text: str) -> None:
    assert parse_html(html.escape(text, quote=False)) == (text, [])


_PIECES = st.sampled_from(
    ["<b>", "</b>", "<i>", "</i>", "</>", "<a href=", "'", '"', ">", "<", "&lt", "&#x1F44D;", "👍", "é", " ", "=", "x",
     "<pre>", "</pre>", '<code class="language-x">', "</code>", "<blockquote expandable>", "<tg-time unix=5>", "\0"]
)  # fmt: skip


@given(st.lists(_PIECES).map("".join))
def test_any_html_gives_entities_within_the_text_or_telegrams_error(source: str) -> None:
    try:
        text, entities = parse_html(source)
    except ApiError as error:
        assert error.description.startswith("Bad Request: can't parse entities: ")
        return
    size = utf16_length(text)
    for entity in entities:
        assert entity.length > 0
        assert 0 <= entity.offset < entity.end <= size
        assert utf16_length(utf16_slice(text, offset=entity.offset, length=entity.length)) == entity.length
        assert "\ufffd" not in utf16_slice(text, offset=entity.offset, length=entity.length)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.sampled_from(["b", "i", "u", "s", "code"]))
def test_a_tag_covers_exactly_the_text_between_its_ends(text: str, tag: str) -> None:
    parsed, (entity,) = parse_html(f"👍<{tag}>{html.escape(text)}</{tag}>.")
    assert utf16_slice(parsed, offset=entity.offset, length=entity.length) == text
