"""Texts of the outbox: nothing is left out, nothing is too long, [Seen] comes and goes."""

from zoneinfo import ZoneInfo

import pytest
from aiogram.types import InlineKeyboardMarkup

from bot.outbox_compose import TEXT_KIND, Composer, Seen, plain_parts, title_of, with_seen, without_seen
from engine.core.codec import CodecError, encode
from keyboards.alerts import alert_keyboard
from storage.outbox import OutboxRow
from storage.priority import Priority
from tests.unit.bot.alerts import ENTRY, LIMIT

COMPOSER = Composer(ZoneInfo("UTC"))


def _row(kind: str, payload: dict[str, object], *, critical: bool = False) -> OutboxRow:
    return OutboxRow(
        id=7,
        chat_id=1,
        kind=kind,
        payload=payload,
        priority=Priority.CRITICAL if critical else Priority.ALERT,
        thread=None,
        critical=critical,
        created_ms=0,
        attempts=0,
        retry_at_ms=0,
    )


@pytest.mark.parametrize("number", [1, 4, 60, 61, 500])
def test_a_digest_shows_every_event_in_messages_that_fit(number: int) -> None:
    titles = [f"<b>event {index}</b> · LIVE · {'x' * 60}" for index in range(number)]
    pages = list(COMPOSER.digest(titles))
    assert sum(page.titles for page in pages) == number
    assert all(len(page.text) <= 4_096 for page in pages)
    shown = "\n".join(page.text for page in pages)
    assert all(shown.count(f"• {title}\n") + shown.endswith(title) >= 1 for title in titles[:-1])
    assert titles[-1] in shown


def test_a_critical_alert_carries_seen_for_its_own_number() -> None:
    payload = {"alert": encode(LIMIT), "of": 5}
    composed = COMPOSER.compose(_row("LimitAlert", payload, critical=True))
    assert composed.keyboard is not None
    assert composed.keyboard.inline_keyboard[-1][0].callback_data == Seen(upto=5).pack()
    assert without_seen(composed.keyboard) == alert_keyboard(LIMIT)


def test_seen_alone_leaves_no_empty_keyboard_behind() -> None:
    assert without_seen(with_seen(None, 3)) is None
    assert without_seen(None) is None
    assert isinstance(with_seen(None, 3), InlineKeyboardMarkup)


def test_entries_and_exits_keep_a_message_of_their_own_after_an_outage() -> None:
    entry = COMPOSER.compose(_row("EntryAlert", {"alert": encode(ENTRY)}))
    assert (entry.alone, entry.silent, entry.merge) == (True, False, "")
    assert entry.title == title_of(entry.text) != entry.text


@pytest.mark.parametrize("payload", [{}, {"alert": {"type": "Nonsense"}}, {"alert": {"type": "EntryAlert"}}])
def test_an_alert_that_cannot_be_read_is_an_error_and_not_a_message(payload: dict[str, object]) -> None:
    with pytest.raises(CodecError):
        COMPOSER.compose(_row("EntryAlert", payload))


def test_a_text_goes_out_as_it_is() -> None:
    assert COMPOSER.compose(_row(TEXT_KIND, {"html": "<b>Thu</b>\nrest"})).title == "<b>Thu</b>"


def test_markup_that_telegram_refuses_becomes_plain_text_in_parts_that_fit() -> None:
    assert plain_parts("<b>a &lt; b</b> &amp; c") == ["a < b & c"]
    assert [len(part) for part in plain_parts("x" * 9_000)] == [4_000, 4_000, 1_000]
