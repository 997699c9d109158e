"""Closing: reduce-only, one working close per position, tried again until it is flat."""

import pytest

from engine.core import events as e
from engine.core.commands import ClosePosition
from engine.core.effects import QueryAccount, QueryOrder
from engine.core.orders import OrderStatus, Ticket
from engine.core.strategy import Exit
from tests.support.desk import BTC, T0, Bench, assert_replays, placed


def closing(bench: Bench | None = None) -> tuple[Bench, Ticket]:
    bench = bench or Bench()
    bench.enter()
    bench.time(60_000)
    return bench, placed(bench.bar(Exit("over")))[0]


def by_hand(bench: Bench, percent: int, name: str) -> list[Ticket]:
    return placed(bench.step(ClosePosition(command_id=name, by="ann", wall_ms=T0, symbol=BTC, percent=percent)))


def test_a_close_counts_on_the_bid_or_ask_else_the_last_price_else_nothing() -> None:
    bench, ticket = closing()
    assert ticket.expected == 10_000
    for long, expected in ((True, 9_998), (False, 10_003)):
        bench = Bench()
        bench.enter(long=long)
        bench.price(bid=9_998, ask=10_003)
        assert by_hand(bench, 100, "a")[0].expected == expected
    bench = Bench()
    bench.enter()
    bench.restart()
    assert by_hand(bench, 100, "a")[0].expected == 0


def test_a_second_reason_never_sends_a_second_close() -> None:
    bench, _ = closing()
    assert by_hand(bench, 100, "a") == []
    assert placed(bench.time(10_000)) == []


def test_an_unknown_close_is_queried_at_once_and_sent_again_after_two_seconds_under_a_new_attempt() -> None:
    bench, first = closing()
    effects = bench.step(e.OrderOutcomeUnknown(first.link_id, "timeout", bench.now))
    assert [effect.link_id for effect in effects if isinstance(effect, QueryOrder)] == [first.link_id]
    assert placed(bench.time(1_999)) == []
    effects = bench.time(1)
    second = placed(effects)[0]
    assert second.link_id != first.link_id
    assert (second.attempt, second.reduce_only, second.qty, second.whole) == (1, True, 150, True)
    assert [effect.link_id for effect in effects if isinstance(effect, QueryOrder)] == [first.link_id]
    assert placed(bench.time(5_000)) == []


def test_a_close_that_is_found_again_is_not_repeated() -> None:
    bench, first = closing()
    bench.step(e.OrderOutcomeUnknown(first.link_id, "timeout", bench.now))
    bench.step(e.OrderAccepted(first.link_id, "7", bench.now))
    assert placed(bench.time(60_000)) == []


def test_a_rejected_close_compares_the_account_and_is_tried_again() -> None:
    bench, first = closing()
    effects = bench.step(e.OrderRejected(first.link_id, "110017", "reduce-only", bench.now))
    assert [effect.why for effect in effects if isinstance(effect, QueryAccount)] == ["close of BTCUSDT refused"]
    assert placed(bench.time(1_999)) == []
    assert [ticket.attempt for ticket in placed(bench.time(1))] == [1]


def test_a_partly_filled_close_that_ended_sends_the_rest() -> None:
    bench, first = closing()
    bench.fill(first, qty=100)
    bench.step(e.OrderEnded(first.link_id, 100, "cancelled", bench.now))
    assert [ticket.qty for ticket in placed(bench.time(2_000))] == [50]


def test_the_will_to_close_survives_a_restart() -> None:
    bench, first = closing()
    bench.step(e.OrderSent(first.link_id, bench.now))
    effects = bench.restart()
    assert bench.state.book.orders[first.link_id].status is OrderStatus.UNKNOWN
    assert [effect.link_id for effect in effects if isinstance(effect, QueryOrder)] == [first.link_id]
    assert placed(bench.time(60_000)) == []
    bench.step(e.OrderNotFound(first.link_id, True, bench.now))
    assert [(ticket.reason, ticket.attempt) for ticket in placed(bench.time(2_000))] == [("over", 1)]
    assert_replays(bench)


def test_a_restart_waits_two_seconds_for_the_answer_before_it_sends_again() -> None:
    bench, _ = closing()
    bench.restart()
    assert placed(bench.time(60_000)) == []
    assert placed(bench.time(1_999)) == []
    assert [ticket.attempt for ticket in placed(bench.time(1))] == [1]


@pytest.mark.parametrize(("percent", "qty"), [(100, 150), (50, 75), (33, 49), (1, 1)])
def test_a_partial_close_rounds_its_share_down_to_a_step(percent: int, qty: int) -> None:
    bench = Bench()
    bench.enter()
    tickets = by_hand(bench, percent, "a")
    assert [(ticket.qty, ticket.whole) for ticket in tickets] == [(qty, percent == 100)]


def test_partial_closes_never_sum_to_more_than_the_position() -> None:
    bench = Bench()
    bench.enter()
    sent = [ticket.qty for number in range(4) for ticket in by_hand(bench, 40, f"{number}")]
    assert sent == [60, 60, 30]
    assert by_hand(bench, 100, "all") == []


def test_a_partial_close_that_fails_is_not_repeated_by_itself() -> None:
    bench = Bench()
    bench.enter()
    ticket = by_hand(bench, 50, "a")[0]
    bench.step(e.OrderRejected(ticket.link_id, "1", "no", bench.now))
    assert placed(bench.time(60_000)) == []


def test_an_external_position_can_be_closed() -> None:
    bench = Bench()
    bench.step(bench.execution(bench.order(symbol="ETHUSDT"), link_id="", symbol=BTC))
    bench.price()
    ticket = by_hand(bench, 100, "a")[0]
    assert "-ext-x0-" in ticket.link_id
    assert ticket.profile == "external"


def test_a_close_that_is_refused_again_and_again_is_sent_ever_more_rarely_but_never_given_up() -> None:
    bench = Bench()
    bench.enter()
    ticket: Ticket | None = by_hand(bench, 100, "c")[0]
    gaps, waited = [], 0
    for _ in range(400):
        if ticket is not None:
            bench.step(e.OrderRejected(ticket.link_id, "10005", "permission denied", bench.now))
            gaps.append(waited)
            waited = 0
        waited += 1_000
        ticket = next(iter(placed(bench.time(1_000))), None)
    assert gaps[1:11] == [2_000] * 5 + [4_000, 8_000, 16_000, 32_000, 32_000]
    assert set(gaps[11:]) == {32_000}
