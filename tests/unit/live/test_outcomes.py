"""What became of orders, for somebody who waits for it."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from engine.core import events as e
from engine.core.facts import Fact, OrderIntended
from engine.core.orders import Purpose
from engine.core.snapshot import OrderResult
from engine.outcomes import Outcomes
from tests.support.desk import BTC, T0, Bench
from tests.support.virtual import run
from tests.unit.live.stage import ticket

EXIT = ticket("x", Purpose.EXIT)


def executed(qty: int, price: int = 10_000, number: int = 1) -> e.Executed:
    return e.Executed(f"e{number}", "x", "o1", BTC, False, price, qty, 0, e.ExecKind.ORDER, T0)


def result(*facts: Fact, wait: Sequence[str] = ("x",)) -> tuple[Any, float]:
    async def main() -> tuple[Any, float]:
        outcomes = Outcomes(Bench().trader)
        outcomes.note([OrderIntended(EXIT, T0)])
        asyncio.get_running_loop().call_later(1, lambda: [outcomes.note([fact]) for fact in facts])
        found = await outcomes.of(wait, 5)
        return found, asyncio.get_running_loop().time()

    return run(main())


def only(*facts: Fact) -> tuple[OrderResult, float]:
    (found,), took = result(*facts)
    return found, took


def test_a_filled_order_is_told_with_its_average_price_as_soon_as_it_is_whole() -> None:
    found, took = only(executed(4, 10_000), executed(6, 10_100, 2))
    assert (found.status, found.filled, found.quantity) == ("filled", Decimal("1.0"), Decimal("1.0"))
    assert found.average == Decimal("100.6")
    assert took == 1


def test_a_rejected_order_is_told_with_the_reason() -> None:
    found, took = only(e.OrderRejected("x", "110017", "position is zero", T0))
    assert (found.status, found.why, found.filled, found.average) == ("rejected", "position is zero", 0, None)
    assert took == 1


def test_an_order_that_was_never_sent_is_told_as_rejected() -> None:
    found, _ = only(e.OrderUnsent("x", "expired", T0))
    assert (found.status, found.why) == ("rejected", "expired")


def test_a_partly_filled_and_cancelled_order_is_told_with_what_was_filled() -> None:
    found, _ = only(executed(4), e.OrderEnded("x", 4, "EC_NoImmediateQtyToFill", T0))
    assert (found.status, found.filled, found.why) == ("cancelled", Decimal("0.4"), "EC_NoImmediateQtyToFill")


def test_an_order_the_exchange_never_had_is_told_as_cancelled() -> None:
    found, _ = only(e.OrderNotFound("x", True, T0))
    assert (found.status, found.why) == ("cancelled", "the exchange never had it")


def test_a_search_that_was_not_conclusive_ends_nothing() -> None:
    found, took = only(e.OrderNotFound("x", False, T0))
    assert took == 5
    assert found.status == "submitted"


def test_an_ended_order_is_waited_for_until_its_fills_are_here() -> None:
    found, took = only(e.OrderEnded("x", 10, "Filled", T0))
    assert took == 5
    assert found.filled == 0
    found, took = only(e.OrderEnded("x", 10, "Filled", T0), executed(10))
    assert took == 1
    assert (found.status, found.filled) == ("filled", Decimal("1.0"))


def test_waiting_ends_with_the_time_and_tells_how_far_the_order_is() -> None:
    found, took = only(executed(4))
    assert took == 5
    assert (found.filled, found.why) == (Decimal("0.4"), "")


def test_unknown_ids_are_left_out_and_not_waited_for() -> None:
    assert result(wait=["nobody"]) == ((), 0)
