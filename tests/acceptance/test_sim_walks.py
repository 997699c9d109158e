"""A person's acts through the control API: each acts once, what must not act is refused with its text."""

from itertools import cycle

import pytest

from tests.acceptance.support.demo import ADMIN, OWNER, STRANGER, VIEWER, Demo, Json, Sim, until

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module", autouse=True)
def ageing(demo: Demo) -> Json:
    """A preview that nobody answers; it grows old while the other tests run."""
    return demo.sim.ask("/limit week -14", "Tighten limit week", ADMIN)


def audited(demo: Demo, action: str) -> int:
    return int(demo.rows("select count(*) from audit where action = ? and answer = 'done'", action)[0][0])


def closing_orders(demo: Demo, symbol: str) -> int:
    return int(demo.rows("select count(*) from orders where symbol = ? and purpose != 'entry'", symbol)[0][0])


def open_symbols(sim: Sim) -> list[str]:
    rows = sim.ask("/positions", "Positions ·")["buttons"]
    return [button["text"] for row in rows for button in row if button["text"].endswith("USDT")]


def last_id(sim: Sim, user: int = OWNER) -> int:
    return max((message["message_id"] for message in sim.transcript(user)), default=0)


def test_the_panel_is_pinned_and_every_button_of_it_opens_something(demo: Demo) -> None:
    sim = demo.sim
    panel = sim.panel()
    assert "PAPER · main ·" in panel["text"]
    screens = {
        "Positions": "Positions ·",
        "Today": "so far",
        "Risk": "Risk ·",
        "Strategies": "Strategies ·",
        "Charts": "Charts",
        "More": "More screens",
    }
    for label, title in screens.items():
        since = last_id(sim)
        sim.press(panel, label)
        sim.wait(title, after=since)
    assert len(sim.pinned()) == 1


def test_reading_commands_answer_with_their_screens(demo: Demo) -> None:
    screens = {
        "/status": "Holds",
        "/balance": "Equity",
        "/trades": "newest first",
        "/daily 7": "Total",
        "/performance 7d": "Win rate",
        "/analytics 7d": "Max drawdown",
        "/limits": "account day",
        "/strategies": "cft",
        "/rules cft": "cft",
        "/why btc": "Last signals",
        "/health": "Health:",
        "/version": "pocketdesk",
        "/help close": "/close SYMBOL",
    }
    # By two readers in turn, because a chat takes one message a second.
    for reader, (command, expected) in zip(cycle((VIEWER, ADMIN)), screens.items(), strict=False):
        demo.sim.ask(command, expected, reader)


def test_charts_are_pictures(demo: Demo) -> None:
    sim = demo.sim
    for command, name in (("/chart equity", "equity"), ("/chart btc 1h ema50 supertrend", "BTCUSDT-1h")):
        media = sim.ask(command, "· PAPER ·")["media"]
        assert media["type"] == "photo"
        assert media["name"].startswith(name)
        assert media["width"] >= 900


def test_pausing_and_resuming_by_command_hold_and_lift(demo: Demo) -> None:
    sim = demo.sim
    sim.ask("/pause cft 4h", "Entries paused")
    assert "profile cft: no entries until" in sim.ask("/status", "Holds")["text"]
    sim.ask("/resume cft", "Resumed")
    sim.ask("/status", "Holds: none")


def test_a_limit_is_tightened_after_one_and_loosened_after_two_confirmations(demo: Demo) -> None:
    sim = demo.sim
    preview = sim.ask("/limit day -9", "Tighten limit day")
    assert "−10% → −9%" in preview["text"]
    sim.confirm(preview, "Tighten to −9%")
    sim.wait_for(preview, "Done: limit daily_equity")
    preview = sim.ask("/limit day -10", "Loosening needs two confirmations")
    sim.confirm(preview, "Loosen to −10%")
    second = sim.wait("Second confirmation", after=preview["message_id"] - 1)
    assert audited(demo, "limit") == 1
    sim.confirm(second, "Loosen to −10%")
    sim.wait_for(second, "Done: limit daily_equity")
    assert audited(demo, "limit") == 2


def test_a_double_tap_closes_once(demo: Demo) -> None:
    sim = demo.sim
    symbol = open_symbols(sim)[0]
    before = closing_orders(demo, symbol)
    preview = sim.ask(f"/close {symbol} 50", "Close 50% of")
    sim.confirm(preview, f"Close {symbol} 50%")
    again = sim.press(preview, preview["buttons"][0][0]["data"], forge=True)
    assert sim.notice(again)["text"].startswith("Already used")
    sim.wait_for(preview, "1 of 1 order filled")
    assert closing_orders(demo, symbol) == before + 1


def test_an_update_delivered_twice_acts_once(demo: Demo) -> None:
    sim = demo.sim
    before = audited(demo, "pause")
    said = sim.say("/pause ma_cross")
    sim.wait("Entries paused", after=said["message_id"])
    sim.call("redeliver", {"update_id": said["update_id"]})
    sim.wait("This arrived twice. The first one: done.", after=said["message_id"])
    until(lambda: audited(demo, "pause") == before + 1, "audit line of the pause")
    sim.ask("/resume ma_cross", "Resumed")


def test_a_forged_confirmation_does_nothing(demo: Demo) -> None:
    sim = demo.sim
    preview = sim.ask("/limit day -8", "Tighten limit day")
    data = preview["buttons"][0][0]["data"]
    other = sim.ask("/version", "pocketdesk", ADMIN)
    foreign = sim.notice(sim.press(other, data, ADMIN, forge=True))
    assert (foreign["text"], foreign["alert"]) == ("This confirmation belongs to somebody else.", True)
    elsewhere = sim.ask("/version", "pocketdesk")
    assert "somebody else" in sim.notice(sim.press(elsewhere, data, forge=True))["text"]
    invented = sim.notice(sim.press(elsewhere, data[:-4] + "AAAA", forge=True))
    assert invented["text"] == "Expired. Nothing was sent."
    sim.confirm(preview, "Cancel")
    sim.wait_for(preview, "Cancelled")
    assert "Already used" in sim.notice(sim.press(preview, data, forge=True))["text"]


def test_a_press_before_anybody_could_have_read_does_nothing(demo: Demo) -> None:
    sim = demo.sim

    def hasty() -> bool:
        preview = sim.ask("/limit peak -24", "Tighten limit peak", ADMIN)
        notice = sim.notice(sim.press(preview, preview["buttons"][0][0]["data"], ADMIN, forge=True))
        sim.confirm(preview, "Cancel", ADMIN)
        return "Too quick to have been read" in notice["text"]

    # On a busy machine a press may not be hasty enough.
    until(hasty, "refusal of a hasty press")
    assert "limit −25%" in sim.ask("/limits", "account peak", ADMIN)["text"]


def test_what_somebody_else_wrote_is_not_obeyed(demo: Demo) -> None:
    sim = demo.sim
    sim.ask("/pause", "forwarded messages are not accepted", forward=True)
    sim.ask("/pause", "messages through another bot are not accepted", ADMIN, via_bot=True)
    sim.ask("/status", "Holds: none")


def test_a_late_command_adds_no_risk_and_asks_again_before_it_reduces_any(demo: Demo) -> None:
    sim = demo.sim
    old = sim.transcript()[-1]["date"] - 120
    sim.ask("/pause ma_cross", "Entries paused")
    sim.ask("/resume ma_cross", "asked more than a minute ago", date=old)
    sim.ask("/status", "profile ma_cross: no entries")
    sim.ask("/resume ma_cross", "Resumed")
    asked = sim.ask("/pause cft", "[Pause profile cft]", date=old)
    sim.ask("/status", "Holds: none")
    sim.confirm(asked, "Cancel")


def test_a_viewer_reads_and_a_stranger_gets_one_line(demo: Demo) -> None:
    sim = demo.sim
    sim.panel(VIEWER)
    sim.ask("/positions", "Positions ·", VIEWER)
    sim.ask("/closeall", "This needs the role admin; yours is viewer.", VIEWER)
    panel = sim.pinned(VIEWER)[-1]
    refused = sim.notice(sim.press(panel, "CLOSE ALL", VIEWER))
    assert "needs the role admin" in refused["text"]
    sim.ask("/start", "private trading desk", STRANGER)
    sim.say("/menu", STRANGER)
    sim.ask("/status", "Holds: none")
    assert len([m for m in sim.transcript(STRANGER) if m["from_bot"]]) == 1


def test_rubbish_is_answered_with_usage(demo: Demo) -> None:
    expected = {
        "hello": "only understand commands",
        "/clsoe": "Did you mean",
        "/close": "Usage: /close SYMBOL",
        "/close nonsense": "is not a symbol of this desk",
        "/limit day much": "much is not a number",
        "/limit nonsense -3": "There is no limit nonsense",
        "/backtest cft btc": "Usage: /backtest PROFILE SYMBOL PERIOD",
        "/chart btc 7x": "7x",
        "/pause nonsense": "neither a profile nor a symbol",
    }
    for writer, (text, answer) in zip(cycle((OWNER, ADMIN)), expected.items(), strict=False):
        demo.sim.ask(text, answer, writer)


def test_a_backtest_ends_in_a_card_and_another_in_its_cancelling(demo: Demo) -> None:
    sim = demo.sim
    running = sim.ask("/backtest cft btc 3d", "Trading goes on meanwhile")
    card = sim.wait_for(running, "Drawdown", timeout_s=60)
    picture = sim.tap(card, "Equity", "Equity · BACKTEST")
    assert picture["media"]["type"] == "photo"
    long = sim.ask("/backtest cft eth 300d", "Trading goes on meanwhile")
    sim.press(long, "Cancel")
    sim.wait_for(long, "cancelled")


def test_an_expired_confirmation_says_so_and_does_nothing(demo: Demo, ageing: Json) -> None:
    sim = demo.sim
    expired = sim.wait_for(ageing, "Expired", ADMIN, timeout_s=40)
    assert expired["buttons"] == []
    late = sim.notice(sim.press(ageing, ageing["buttons"][0][0]["data"], ADMIN, forge=True))
    assert (late["text"], late["alert"]) == ("Expired. Nothing was sent.", True)
    assert "limit −15%" in sim.ask("/limits", "account week", ADMIN)["text"]
