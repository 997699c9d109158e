"""Secrets leave no trace in text."""

import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.redaction import HIDDEN, Redactor

_TOKEN = "123456789:" + "Aa0_-" * 7


@pytest.mark.parametrize("text", [_TOKEN, _TOKEN.replace(":", "%3A"), f"bot{_TOKEN}/getMe"])
def test_a_bot_token_is_hidden_without_being_registered(text: str) -> None:
    assert "Aa0_-" not in Redactor().redact(f"POST https://host/{text} failed")


def test_ordinary_numbers_and_times_stay_readable() -> None:
    text = "fill 123456789:0.5 at 2026-01-01T00:00:00Z id 12345678:short"
    assert Redactor(["another"]).redact(text) == text


@given(st.text(min_size=4), st.text(), st.text())
def test_a_registered_secret_is_hidden_in_every_form(secret: str, before: str, after: str) -> None:
    redactor = Redactor([secret])
    for form in (secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)):
        assert form not in redactor.redact(f"{form}") or form in HIDDEN
        assert HIDDEN in redactor.redact(f"{before}{form}{after}")


def test_a_longer_secret_is_hidden_whole() -> None:
    assert Redactor(["open", "open-sesame"]).redact("say open-sesame") == f"say {HIDDEN}"


def test_a_secret_learnt_later_is_hidden_from_then_on() -> None:
    redactor = Redactor()
    assert redactor.redact("key=sesame") == "key=sesame"
    redactor.add("sesame")
    assert redactor.redact("key=sesame") == f"key={HIDDEN}"


def test_a_value_of_a_few_letters_does_not_blank_out_text() -> None:
    assert Redactor(["", "abc"]).redact("abcde") == "abcde"
