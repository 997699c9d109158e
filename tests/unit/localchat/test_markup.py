"""Keyboards: Telegram's limits and error texts."""

import json

import pytest

from bot.localchat.errors import ApiError
from bot.localchat.markup import Markup, read_markup
from bot.localchat.params import Params


def _read(markup: object) -> Markup:
    return read_markup(Params(values={"reply_markup": json.dumps(markup)}))


def _inline(*buttons: object) -> dict[str, object]:
    return {"inline_keyboard": [list(buttons)]}


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        (_inline({"text": "a"}),
         "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"),
        (_inline({"text": "a", "callback_data": ""}),
         "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"),
        (_inline({"text": " ", "callback_data": "x"}), "inline keyboard button text must be non-empty"),
        (_inline({"text": "a", "callback_data": "z" * 65}), "BUTTON_DATA_INVALID"),
        (_inline({"text": "a", "callback_data": "é" * 33}), "BUTTON_DATA_INVALID"),
        (_inline({"text": "a", "callback_data": "x", "style": "pink"}),
         "can't parse inline keyboard button: invalid button style specified"),
        (_inline({"text": "a", "copy_text": {"text": ""}}), "BUTTON_COPY_TEXT_INVALID"),
        (_inline({"text": "a", "url": "no link"}), "inline keyboard button URL 'no link' is invalid: Wrong HTTP URL"),
        (_inline({"text": "a", "url": "http://localhost:8000/"}),
         "inline keyboard button URL 'http://localhost:8000/' is invalid: Wrong HTTP URL"),
        ({"inline_keyboard": [{"text": "a"}]},
         'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays'),
        ({"inline_keyboard": 5}, 'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array'),
        (_inline(*[{"text": "a", "callback_data": "x"}] * 9), "reply markup is too long"),
        ({"inline_keyboard": [[{"text": "a", "callback_data": "x"}]] * 101}, "reply markup is too long"),
        ({"keyboard": [[{"text": ""}]]}, "keyboard button text must be non-empty"),
        ([1], "object expected as reply markup"),
    ],
)  # fmt: skip
def test_a_broken_keyboard_fails_in_telegrams_words(markup: object, words: str) -> None:
    with pytest.raises(ApiError) as caught:
        _read(markup)
    assert caught.value.description == f"Bad Request: {words}"


def test_the_first_kind_of_a_button_wins_and_the_others_are_ignored() -> None:
    read = _read(_inline({"text": "a", "callback_data": "x", "copy_text": {"text": "y"}, "style": "danger"}))
    assert read.inline == [[{"text": "a", "callback_data": "x", "style": "danger"}]]


def test_64_bytes_of_callback_data_pass() -> None:
    assert _read(_inline({"text": "a", "callback_data": "é" * 32})).inline is not None


def test_an_empty_inline_keyboard_is_no_keyboard() -> None:
    assert _read({"inline_keyboard": [[]]}) == Markup()


def test_a_reply_keyboard_keeps_labels_and_flags() -> None:
    read = _read({"keyboard": [["a", {"text": "b"}]], "resize_keyboard": True})
    assert read.reply == {"keyboard": [[{"text": "a"}, {"text": "b"}]], "resize_keyboard": True}
