"""A person's first five minutes with the desk, on the page in a phone-sized browser, tap by tap."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.acceptance.support.demo import PATIENCE_S, Demo, until
from tests.acceptance.support.page import ChatPage

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture(scope="module")
def page(demo: Demo) -> Iterator[ChatPage]:
    """The page, opened by Ada, in one browser for the module, with her first message sent."""
    with ChatPage(demo.sim.url, timeout_s=PATIENCE_S) as opened:
        opened.send("/start")
        opened.wait_for_message("If all stop")
        yield opened
        assert opened.errors == []


@pytest.fixture
def chat(page: ChatPage, demo: Demo) -> ChatPage:
    """Ada's chat with a desk that trades."""
    page.switch_user("Ada")
    demo.sim.ask("/resume", "Resumed")
    return page


def confirm(page: ChatPage, label: str, preview: str) -> None:
    """Press the confirming button of a preview, a moment after it appeared, as a person does."""
    # The desk does not take a press of the first 0.7 s.
    page.button(label, preview)
    page.page.wait_for_timeout(800)
    page.press(label, preview)


def first_symbol(page: ChatPage) -> str:
    """The first position's button of the newest list of positions."""
    return next(label for row in page.buttons("Positions · PAPER") for label in row if label.endswith("USDT"))


def test_start_opens_a_panel_that_is_pinned(chat: ChatPage) -> None:
    assert "PAPER · main · RUNNING" in chat.wait_for_message("If all stop")
    assert "RUNNING" in chat.pinned_text()
    assert chat.buttons("If all stop")[0] == ["Pause", "CLOSE ALL"]


def test_a_position_is_opened_from_the_list_and_charted(chat: ChatPage) -> None:
    chat.press("Positions", "If all stop")
    chat.wait_for_message("Positions · PAPER")
    symbol = first_symbol(chat)
    chat.press(symbol, "Positions · PAPER")
    assert chat.wait_for_message("if stopped").startswith(symbol)
    before = chat.photos_count()
    chat.press("Chart", "if stopped")
    until(lambda: chat.photos_count() > before, "picture in the chat")


def test_pausing_and_resuming_by_button_shows_in_the_panel(chat: ChatPage) -> None:
    chat.press("Pause", "If all stop")
    chat.wait_for_message("Entries paused for the whole account")
    panel = chat.page.locator('#rows [data-from="bot"]').filter(has_text="If all stop").last
    expect(panel).to_contain_text("PAUSED", timeout=PATIENCE_S * 1000)
    chat.press("Resume", "Exits, stops and limits go on")
    chat.wait_for_message("Resumed: the whole account, by Ada")
    expect(panel).to_contain_text("RUNNING", timeout=PATIENCE_S * 1000)


def test_a_limit_is_tightened_by_buttons_and_loosened_by_typing(chat: ChatPage) -> None:
    chat.send("/limits")
    chat.press("week", "account week")
    chat.press("− tighter", "Name for typing")
    chat.press("Set", "Trying")
    confirm(chat, "Tighten to", "Tighten limit week")
    chat.wait_for_message("Done: limit")
    chat.send("/limit week -15")
    confirm(chat, "Loosen to −15%", "Loosening needs two confirmations")
    confirm(chat, "Loosen to −15%", "Second confirmation")
    chat.wait_for_message("→ −15%")
    chat.send("/limits")
    assert "limit −15%" in chat.wait_for_message("account week")


def test_one_position_is_closed_after_a_preview(chat: ChatPage, demo: Demo) -> None:
    chat.send("/positions")
    chat.wait_for_message("Positions · PAPER")
    symbol = first_symbol(chat)
    chat.send(f"/close {symbol}")
    assert f"Close {symbol}" in chat.wait_for_message("market, reduce-only")
    confirm(chat, f"Close {symbol}", "market, reduce-only")
    assert symbol in chat.wait_for_message("1 of 1 order filled")
    assert symbol not in demo.sim.ask("/positions", "Positions ·")["text"]


def test_a_viewer_reads_but_may_not_act_and_an_admin_may(chat: ChatPage) -> None:
    chat.switch_user("Vera")
    chat.send("/menu")
    chat.press("Pause", "If all stop")
    assert "yours is viewer" in chat.wait_for_toast("needs the role admin")
    chat.page.keyboard.press("Escape")
    chat.send("/positions")
    chat.wait_for_message("Positions · PAPER")
    chat.switch_user("Ben")
    chat.send("/pause ma_cross")
    chat.wait_for_message("by Ben")
    chat.send("/resume ma_cross")
    chat.wait_for_message("Resumed")


def test_a_stranger_gets_one_polite_line_at_most(chat: ChatPage, demo: Demo) -> None:
    chat.switch_user("Stranger")
    chat.send("/start")
    chat.wait_for_message("This is a private trading desk")
    chat.send("/positions")
    # Whatever the desk would answer to the stranger would stand before its later answer to Ada.
    demo.sim.ask("/version", "pocketdesk")
    assert len([m for m in demo.sim.transcript(1004) if m["from_bot"]]) == 1


def test_rubbish_is_answered_with_what_to_type(chat: ChatPage) -> None:
    chat.send("what is going on?")
    chat.wait_for_message("I only understand commands and buttons")
    chat.send("/close")
    assert "Example: /close sol 50" in chat.wait_for_message("Usage: /close SYMBOL")


def test_a_backtest_shows_progress_and_a_card_and_can_be_cancelled(chat: ChatPage) -> None:
    chat.send("/backtest cft btc 300d")
    chat.wait_for_message("Trading goes on meanwhile")
    chat.press("Cancel", "Trading goes on meanwhile")
    chat.wait_for_message("cancelled")
    chat.send("/backtest cft eth 5d")
    card = chat.wait_for_message("BACKTEST, not the account's money", timeout_s=60)
    assert "Drawdown" in card
    before = chat.photos_count()
    chat.press("Drawdown", "BACKTEST, not")
    until(lambda: chat.photos_count() > before, "picture of the backtest")


def test_closing_all_pauses_at_the_first_tap_and_closes_at_the_second(chat: ChatPage, demo: Demo) -> None:
    chat.press("CLOSE ALL", "If all stop")
    preview = chat.wait_for_message("Close all positions")
    assert "Entries of the whole account are paused already" in preview
    assert "whole account: no entries" in demo.sim.ask("/status", "Holds 1")["text"]
    confirm(chat, "Close ", "Close all positions")
    chat.wait_for_message("Still open: 0")
    assert demo.sim.positions() == 0
