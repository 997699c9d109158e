"""Entries wait until they are durable, exits never wait, and every request that left has an outcome."""

import asyncio
import math
from collections.abc import Awaitable, Callable

import pytest

from engine.core.effects import CancelOrder, PlaceOrder, QueryAccount, QueryOrder, SetProtection
from engine.core.events import OrderOutcomeUnknown, OrderRejected, OrderUnsent, ProtectionRefused
from engine.core.orders import Purpose
from engine.exchanges.base import EXPIRED, Rejected, Unknown
from engine.journal import JournalUnavailable
from tests.support.desk import BTC
from tests.support.virtual import run
from tests.unit.live.stage import Office, ticket

ENTRY = PlaceOrder(ticket())
EXIT = PlaceOrder(ticket("x", Purpose.EXIT))
CANCEL = CancelOrder("a", BTC)


@pytest.fixture(params=range(5))
def play(request: pytest.FixtureRequest) -> Callable[[Callable[[Office], Awaitable[None]]], None]:
    def play_(work: Callable[[Office], Awaitable[None]]) -> None:
        async def main() -> None:
            await work(Office())

        run(main(), request.param)

    return play_


type Play = Callable[[Callable[[Office], Awaitable[None]]], None]


def test_an_entry_is_sent_only_once_its_intent_is_durable(play: Play) -> None:
    async def work(o: Office) -> None:
        durable = o.promise()
        o.courier.carry(ENTRY, durable)
        await asyncio.sleep(5)
        assert not o.exchange.calls
        durable.set_result(1)
        await o.courier.idle.wait()
        assert o.exchange.calls == [("place", "a")]
        assert o.kinds() == ["OrderSent", "OrderAccepted"]

    play(work)


def test_an_exit_leaves_at_once_although_the_journal_hangs(play: Play) -> None:
    async def work(o: Office) -> None:
        o.courier.carry(EXIT, o.promise())
        await o.courier.idle.wait()
        assert asyncio.get_running_loop().time() == 0
        assert o.exchange.calls == [("place", "x")]

    play(work)


@pytest.mark.parametrize("missing", [True, False])
def test_an_entry_whose_intent_is_not_recorded_is_never_sent(play: Play, missing: bool) -> None:
    async def work(o: Office) -> None:
        durable = None if missing else o.promise()
        o.courier.carry(ENTRY, durable)
        if durable is not None:
            durable.set_exception(JournalUnavailable("database is locked"))
        await o.courier.idle.wait()
        assert not o.exchange.calls
        (event,) = o.heard
        assert isinstance(event, OrderUnsent)
        assert ("not recorded" if missing else "database is locked") in event.why

    play(work)


@pytest.mark.parametrize(("waited_s", "sent"), [(9.5, True), (10.5, False)])
def test_an_entry_older_than_ten_seconds_expires(play: Play, waited_s: float, sent: bool) -> None:
    async def work(o: Office) -> None:
        durable = o.promise()
        o.courier.carry(ENTRY, durable)
        await asyncio.sleep(waited_s)
        durable.set_result(1)
        await o.courier.idle.wait()
        assert (("place", "a") in o.exchange.calls) is sent
        assert o.kinds() == (["OrderSent", "OrderAccepted"] if sent else ["OrderUnsent"])

    play(work)


def test_the_ten_seconds_begin_when_the_reason_came_in_and_bind_the_exchange_too(play: Play) -> None:
    async def work(o: Office) -> None:
        durable = o.promise()
        durable.set_result(1)
        await asyncio.sleep(7)
        o.courier.carry(ENTRY, durable, 2.0)
        o.courier.carry(EXIT, durable, 2.0)
        await o.courier.idle.wait()
        assert sorted(o.exchange.untils) == [12.0, math.inf]
        o.courier.carry(PlaceOrder(ticket("late")), durable, -4.0)
        await o.courier.idle.wait()
        assert ("place", "late") not in o.exchange.calls
        assert o.kinds()[-1] == "OrderUnsent"

    play(work)


def test_an_entry_that_the_exchange_could_not_send_in_time_was_never_sent(play: Play) -> None:
    async def work(o: Office) -> None:
        o.exchange.outcome = Rejected(EXPIRED, "expired")
        durable = o.promise()
        durable.set_result(1)
        o.courier.carry(ENTRY, durable)
        await o.courier.idle.wait()
        assert o.kinds() == ["OrderSent", "OrderUnsent"]

    play(work)


def test_the_cancel_of_a_waiting_entry_never_sends_it(play: Play) -> None:
    async def work(o: Office) -> None:
        durable = o.promise()
        o.courier.carry(ENTRY, durable)
        o.courier.carry(CANCEL, None)
        durable.set_result(1)
        await o.courier.idle.wait()
        assert not o.exchange.calls
        assert o.kinds() == ["OrderUnsent"]

    play(work)


def test_the_cancel_of_an_order_on_its_way_follows_it_instead_of_overtaking(play: Play) -> None:
    async def work(o: Office) -> None:
        o.exchange.gate.clear()
        durable = o.promise()
        durable.set_result(1)
        o.courier.carry(ENTRY, durable)
        await asyncio.sleep(1)
        o.courier.carry(CANCEL, None)
        await asyncio.sleep(1)
        assert o.exchange.calls == [("place", "a")]
        o.exchange.gate.set()
        await o.courier.idle.wait()
        assert o.exchange.calls == [("place", "a"), ("cancel", "a")]

    play(work)


def test_an_unknown_outcome_and_a_refusal_are_reported_as_what_they_are(play: Play) -> None:
    async def work(o: Office) -> None:
        o.exchange.outcome = Unknown("timed out")
        o.courier.carry(EXIT, None)
        await o.courier.idle.wait()
        o.exchange.outcome = Rejected("110007", "no margin")
        o.courier.carry(EXIT, None)
        o.courier.carry(SetProtection(BTC, 1, 2), None)
        await o.courier.idle.wait()
        found = [event for event in o.heard if not event.__class__.__name__.endswith("Sent")]
        assert [type(event) for event in found[:1]] == [OrderOutcomeUnknown]
        assert {type(event) for event in found[1:]} == {OrderRejected, ProtectionRefused}

    play(work)


def test_the_account_is_asked_for_by_one_question_at_a_time_until_it_is_answered(play: Play) -> None:
    async def work(o: Office) -> None:
        o.exchange.failures = 3
        for _ in range(5):
            o.courier.carry(QueryAccount("test"), None)
        await o.courier.idle.wait()
        assert o.exchange.times == [0, 2, 4, 6]
        assert o.exchange.since == [7] * 4
        assert o.kinds() == ["AccountReported"]

    play(work)


def test_a_reason_that_comes_up_while_the_answer_is_on_its_way_is_asked_about_again(play: Play) -> None:
    async def work(o: Office) -> None:
        o.exchange.gate.clear()
        o.courier.carry(QueryAccount("first"), None)
        await asyncio.sleep(1)
        o.courier.carry(QueryAccount("second"), None)
        o.exchange.gate.set()
        await o.courier.idle.wait()
        assert o.kinds() == ["AccountReported"] * 2

    play(work)


def test_an_answer_that_raises_the_same_question_is_not_asked_without_a_pause(play: Play) -> None:
    async def work(o: Office) -> None:
        for _ in range(4):
            o.courier.carry(QueryAccount("again"), None)
            await o.courier.idle.wait()
        assert o.exchange.times == [0, 1, 2, 3]

    play(work)


def test_a_question_about_an_order_that_fails_concludes_nothing(play: Play) -> None:
    async def work(o: Office) -> None:
        o.exchange.failures = 1
        o.courier.carry(QueryOrder("a", BTC, 1), None)
        await o.courier.idle.wait()
        assert not o.heard
        o.courier.carry(QueryOrder("a", BTC, 1), None)
        await o.courier.idle.wait()
        assert o.kinds() == ["OrderNotFound"]

    play(work)


def test_nothing_is_sent_after_close(play: Play) -> None:
    async def work(o: Office) -> None:
        durable = o.promise()
        o.courier.carry(ENTRY, durable)
        closing = asyncio.create_task(o.courier.close())
        await asyncio.sleep(0.5)
        durable.set_result(1)
        o.courier.carry(EXIT, None)
        o.courier.carry(QueryAccount("late"), None)
        await closing
        await asyncio.sleep(5)
        assert not o.exchange.calls
        assert not o.heard

    play(work)


def test_a_request_on_its_way_may_end_before_close_does(play: Play) -> None:
    async def work(o: Office) -> None:
        o.exchange.gate.clear()
        o.courier.carry(EXIT, None)
        closing = asyncio.create_task(o.courier.close())
        await asyncio.sleep(1)
        o.exchange.gate.set()
        await closing
        assert o.kinds() == ["OrderSent", "OrderAccepted"]

    play(work)


def test_close_waits_two_seconds_at_most(play: Play) -> None:
    async def work(o: Office) -> None:
        o.exchange.gate.clear()
        o.courier.carry(EXIT, None)
        await asyncio.sleep(0.1)
        await o.courier.close()
        assert asyncio.get_running_loop().time() == pytest.approx(2.1)
        assert o.courier.idle.is_set()

    play(work)
