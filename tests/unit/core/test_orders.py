"""The life of an order: one table, late messages change nothing, fills always count."""

import pytest

from engine.core.orders import LINGERING, OVER, TRANSITIONS, OrderBook, OrderStatus, Purpose, Ticket, Word

S, W = OrderStatus, Word
RANK = {S.CREATED: 0, S.SUBMITTED: 1, S.UNKNOWN: 2, S.ACKNOWLEDGED: 3, S.PARTIALLY_FILLED: 4} | dict.fromkeys(OVER, 5)


def ticket(link_id: str = "a", *, qty: int = 10, position_id: str = "p", purpose: Purpose = Purpose.ENTRY) -> Ticket:
    return Ticket(
        link_id=link_id,
        position_id=position_id,
        profile="alpha",
        symbol="BTCUSDT",
        buy=True,
        qty=qty,
        purpose=purpose,
        expected=100,
        reason="go",
        decided_ms=1,
    )


def book(*words: Word, qty: int = 10) -> OrderBook:
    made = OrderBook()
    made.add(ticket(qty=qty))
    for word in words:
        made.hear("a", word, at_ms=2)
    return made


def test_no_word_moves_a_status_backwards() -> None:
    assert all(RANK[after] > RANK[before] for (before, _), after in TRANSITIONS.items())
    assert not any(before in OVER for before, _ in TRANSITIONS)


def test_the_same_decision_twice_is_one_order() -> None:
    made = book(W.SENT)
    assert not made.add(ticket())
    assert made.orders["a"].status is S.SUBMITTED


@pytest.mark.parametrize("word", list(Word))
def test_nothing_heard_of_an_unknown_order_changes_anything(word: Word) -> None:
    made = OrderBook()
    assert not made.hear("nobody", word, at_ms=1)
    assert made.orders == {}


def test_silence_is_ended_by_evidence_only() -> None:
    made = book(W.SENT, W.SILENCE)
    assert not made.hear("a", W.SENT, at_ms=3)
    assert not made.hear("a", W.SILENCE, at_ms=3)
    assert made.orders["a"].status is S.UNKNOWN
    assert made.orders["a"].open_qty == 10
    assert made.hear("a", W.ACCEPTED, at_ms=4, order_id="77")
    assert (made.orders["a"].status, made.orders["a"].order_id, made.orders["a"].heard_ms) == (S.ACKNOWLEDGED, "77", 4)


def test_an_order_reserves_what_is_not_filled_until_it_is_over() -> None:
    made = book(W.SENT)
    made.fill("a", qty=4, value=400, at_ms=2)
    order = made.orders["a"]
    assert (order.status, order.open_qty, order.cost) == (S.PARTIALLY_FILLED, 6, 400)
    made.hear("a", W.ENDED, at_ms=3)
    assert (order.status, order.open_qty, order.over) == (S.CANCELLED, 0, True)


def test_a_fill_during_silence_is_evidence() -> None:
    made = book(W.SENT, W.SILENCE)
    made.fill("a", qty=4, value=400, at_ms=2)
    assert made.orders["a"].status is S.PARTIALLY_FILLED
    assert not made.hear("a", W.ACCEPTED, at_ms=3)


def test_an_acknowledgement_never_hides_a_fill() -> None:
    made = book(W.SENT)
    made.orders["a"].filled = 3
    made.hear("a", W.ACCEPTED, at_ms=3)
    assert made.orders["a"].status is S.PARTIALLY_FILLED


def test_a_fill_after_the_end_counts_and_does_not_reopen_the_order() -> None:
    made = book(W.SENT, W.ENDED)
    made.fill("a", qty=4, value=400, at_ms=3)
    assert (made.orders["a"].filled, made.orders["a"].status) == (4, S.CANCELLED)
    made.fill("a", qty=6, value=600, at_ms=3)
    assert made.orders["a"].status is S.FILLED


def test_an_end_with_missing_fills_keeps_the_reservation_until_they_are_in() -> None:
    made = book(W.ACCEPTED)
    assert not made.end("a", filled=4, at_ms=2)
    order = made.orders["a"]
    assert (order.final, order.open_qty, order.over) == (4, 10, False)
    made.fill("a", qty=3, value=300, at_ms=3)
    assert (order.status, order.over) == (S.PARTIALLY_FILLED, False)
    made.fill("a", qty=1, value=100, at_ms=3)
    assert (order.status, order.over) == (S.CANCELLED, True)


def test_an_end_with_all_fills_known_ends_at_once() -> None:
    made = book(W.ACCEPTED)
    assert made.end("a", filled=0, at_ms=2)
    assert made.end("a", filled=0, at_ms=2)
    assert made.end("nobody", filled=3, at_ms=2)
    assert made.orders["a"].status is S.CANCELLED


def test_open_orders_are_found_by_symbol() -> None:
    made = book(W.SENT)
    assert [order.ticket.link_id for order in made.open()] == ["a"]
    assert [order.ticket.link_id for order in made.open("BTCUSDT")] == ["a"]
    assert list(made.open("ETHUSDT")) == []
    made.hear("a", W.REJECTED, at_ms=2)
    assert list(made.open()) == []


def test_a_flat_position_takes_its_finished_orders_along() -> None:
    made = book(W.ENDED)
    made.add(ticket("b"))
    made.add(ticket("c", position_id="other"))
    made.forget("p")
    assert list(made.orders) == ["b", "c"]


def test_only_the_newest_finished_orders_linger() -> None:
    made = OrderBook()
    for number in range(LINGERING + 2):
        made.add(ticket(f"{number}", position_id=f"p{number}"))
        made.hear(f"{number}", W.REJECTED, at_ms=1)
    made.add(ticket("working", position_id="w"))
    made.tidy({"p0"})
    assert list(made.orders) == ["0", *(str(n) for n in range(2, LINGERING + 2)), "working"]


def test_an_exit_may_only_reduce() -> None:
    assert ticket(purpose=Purpose.EXIT).reduce_only
    assert not ticket().reduce_only
