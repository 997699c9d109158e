"""Orders of a whole desk on the local venue when answers, news and stops are lost or somebody else trades."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from itertools import groupby
from typing import Any

import pytest

from engine.core.alerts import DifferenceAlert, ExitAlert, ProtectionAlert, SystemAlert
from engine.core.commands import ClosePosition, Done
from engine.core.effects import QueryAccount
from engine.core.events import ExecKind, Executed, OrderOutcomeUnknown, OrderRejected
from engine.core.facts import PositionAdopted, SignalRecorded, TradeClosed
from engine.core.orders import OrderStatus
from engine.exchanges.bybit.codes import Action
from engine.exchanges.bybit.endpoints import TRADING_STOP
from engine.limiter import Lane
from tests.integration.bybit.desk_stage import DeskStage
from tests.integration.bybit.test_desk import close, play, titles
from tests.support.desk import BTC, ETH

CREATE, STOP = "/v5/order/create", TRADING_STOP.path
LONG_S = 3_600.0


def orders_of_ours(rows: list[dict[str, Any]]) -> list[str]:
    return [row["orderLinkId"] for row in rows if row["orderLinkId"]]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "lost_reply"},
        {"kind": "silence", "performed": True},
        {"kind": "status", "status": 503, "performed": True},
        {"kind": "ret_code", "code": 10016, "performed": True},
    ],
    ids=lambda fault: fault["kind"],
)
def test_an_order_whose_answer_is_lost_is_one_request_one_order_and_one_position(fault: dict[str, Any]) -> None:
    async def story(stage: DeskStage) -> None:
        stage.compare_s = LONG_S
        await asyncio.sleep(1.0)  # the comparison that was on its way
        # No news either, so that nothing but asking tells what became of it.
        await stage.sim("faults", path="ws:private", kind="miss", times=50)
        await stage.sim("faults", path=CREATE, times=1, **fault)
        # Where this machine stands still the stream begins anew, and entries wait for a comparison, which may tell too.
        while not await stage.requests(CREATE):
            stage.signal()
            await asyncio.sleep(0.2)
        await stage.until(lambda: bool(stage.recorded(OrderOutcomeUnknown)) or BTC in stage.positions)
        stage.desk.courier.carry(QueryAccount("schedule"), None)
        await stage.until(lambda: BTC in stage.positions and stage.positions[BTC].held_stop != 0)
        assert not stage.recorded(OrderRejected)
        await stage.clear_faults()
        before = len(stage.recorded(SignalRecorded))
        stage.signal()
        await stage.until(lambda: len(stage.recorded(SignalRecorded)) > before)
        assert len(await stage.requests(CREATE)) == 1
        assert len(orders_of_ours(await stage.truth("orders"))) == 1
        await stage.agrees()

    play(story)


def test_an_order_that_nobody_knows_of_is_reserved_in_full_and_blocks_its_symbol_alone() -> None:
    async def story(stage: DeskStage) -> None:
        await stage.sim("faults", path=CREATE, kind="drop", times=1)
        stage.signal()
        book = stage.state.book
        await stage.until(lambda: any(order.status is OrderStatus.UNKNOWN for order in book.open(BTC)))
        (order,) = book.open(BTC)
        assert order.open_qty == order.ticket.qty
        stage.signal()
        await stage.until(lambda: len(stage.recorded(SignalRecorded)) == 2)
        refused = stage.recorded(SignalRecorded)[-1]
        assert (refused.check, refused.detail) == ("symbol", f"unresolved order on {BTC} (unknown)")
        stage.signal(ETH)
        await stage.until(lambda: ETH in stage.positions)
        assert len(await stage.requests(CREATE)) == 2
        assert [order.status for order in book.open(BTC)] == [OrderStatus.UNKNOWN]

    play(story)


@pytest.mark.parametrize("kind", ["drop", "silence", "miss"])
def test_fills_while_the_private_stream_is_away_are_in_the_books_once_when_it_is_back(kind: str) -> None:
    async def story(stage: DeskStage) -> None:
        await stage.enter()
        await stage.enter(ETH, long=False)
        stage.compare_s = LONG_S if kind != "miss" else stage.compare_s
        await asyncio.sleep(1.6)  # the comparison that was on its way, and the pause before it
        await stage.sim("faults", path="ws:private", kind=kind, times=4 if kind == "drop" else 50)
        half = (await stage.theirs())["size"] / 2
        await stage.owner("trades", symbol=BTC, side="Sell", qty=str(half.quantize(Decimal("0.001"))))
        await stage.owner("trades", symbol=ETH, side="Buy", qty=str((await stage.theirs(ETH))["size"]))
        if kind == "silence":
            await stage.until(lambda: any("connection degraded" in title for title in titles(stage)))
        await stage.clear_faults()
        await stage.until(lambda: ETH not in stage.positions)
        await stage.agrees()
        assert not stage.recorded(PositionAdopted)
        assert not stage.told(DifferenceAlert)
        booked = stage.recorded(Executed)
        assert len({fact.exec_id for fact in booked}) == len(booked)
        # One order may be filled at several levels of the book.
        kinds = [kind for kind, _ in groupby(booked, key=lambda fact: fact.kind)]
        assert kinds == [ExecKind.ORDER, ExecKind.MANUAL]

    play(story)


def test_a_message_that_breaks_its_listener_is_made_up_for_by_asking() -> None:
    async def story(stage: DeskStage) -> None:
        take, broken = stage.exchange._events.take, []

        def breaking(payload: dict[str, Any]) -> None:
            if payload["topic"].startswith("execution") and not broken:
                broken.append(payload)
                raise ZeroDivisionError
            take(payload)

        object.__setattr__(stage.exchange._stream._ears, "on_message", breaking)
        await stage.enter()
        assert broken
        await stage.agrees()
        await close(stage)

    play(story)


async def remove_the_stop(stage: DeskStage) -> None:
    """As another program with the same key does."""
    body = {"category": "linear", "symbol": BTC, "tpslMode": "Full", "positionIdx": 0, "stopLoss": "0"}
    said = await stage.connection.caller.ask(Action.PROTECT, TRADING_STOP, body, Lane.PROTECTION)
    assert said.reply.answer.code == 0


def test_a_stop_that_vanished_is_back_within_five_seconds_though_one_answer_is_lost() -> None:
    async def story(stage: DeskStage) -> None:
        await stage.enter()
        stop = (await stage.theirs())["stopLoss"]
        await remove_the_stop(stage)
        await stage.sim("faults", path=STOP, kind="drop", times=1)
        began = stage.clock.monotonic()
        while (await stage.theirs())["stopLoss"] != stop:
            assert stage.clock.monotonic() - began < 5.0
            await asyncio.sleep(0.05)
        assert not stage.told(ProtectionAlert)

    play(story)


def test_a_position_whose_stop_the_exchange_refuses_is_closed_within_the_five_seconds() -> None:
    async def story(stage: DeskStage) -> None:
        await stage.enter()
        await remove_the_stop(stage)
        await stage.sim("faults", path=STOP, kind="ret_code", code=10001, text="StopLoss refused", times=1_000)
        began = stage.clock.monotonic()
        await stage.until(lambda: BTC not in stage.positions)
        assert stage.clock.monotonic() - began < 5.0 + 1.0
        assert stage.recorded(TradeClosed)[0].trade.reason == "no stop"
        assert (await stage.theirs())["size"] == 0
        assert len(stage.told(ProtectionAlert)) == 1

    play(story)


def test_after_a_close_nothing_is_left_that_could_trade() -> None:
    async def story(stage: DeskStage) -> None:
        await stage.enter()
        resting = [row for row in await stage.truth("orders") if row["orderStatus"] in {"New", "Untriggered"}]
        assert {row["stopOrderType"] for row in resting} == {"StopLoss", "TakeProfit"}
        assert all(row["reduceOnly"] for row in resting)
        await close(stage)
        over = [row["orderStatus"] for row in await stage.truth("orders")]
        assert not {"New", "Untriggered", "PartiallyFilled", "Triggered"} & set(over)
        assert [row["reduceOnly"] for row in await stage.truth("orders") if row["orderLinkId"]] == [False, True]

    play(story)


@pytest.mark.parametrize(
    ("order", "after"),
    [
        ({"orderType": "Limit", "price": "50000"}, "Cancelled"),
        ({"orderType": "Market", "triggerPrice": "1000", "triggerDirection": 2}, "Deactivated"),
    ],
    ids=["limit", "conditional"],
)
def test_a_working_order_of_ours_that_no_decision_stands_behind_is_cancelled(order: dict[str, Any], after: str) -> None:
    async def story(stage: DeskStage) -> None:
        await stage.work_an_order(orderLinkId="pd00-alph-e0-stray", **order)
        await stage.until(lambda: f"Stray order on {BTC}" in titles(stage))
        await asyncio.sleep(0.5)  # one more round trip
        assert [row["orderStatus"] for row in await stage.truth("orders")] == [after]
        assert not stage.positions

    play(story)


@pytest.mark.parametrize("percent", [100, 60])
def test_a_remainder_below_the_smallest_order_is_closed_to_nothing(percent: int) -> None:
    async def story(stage: DeskStage) -> None:
        await stage.enter()
        if percent < 100:
            ask = {"command_id": "part", "by": "ann", "wall_ms": stage.clock.wall_ms(), "symbol": BTC}
            assert isinstance(await stage.desk.command(ClosePosition(**ask, percent=percent)), Done)
            await stage.until(lambda: not list(stage.state.book.open()))
        held = (await stage.theirs())["size"]
        assert held > 0
        await stage.sim(f"instruments/{BTC}", minOrderQty=str(held + Decimal("0.001")))
        await stage.feed.refresh()
        instrument = stage.connection.instruments[BTC]
        await stage.until(lambda: stage.trader.workspace.instrument(BTC) == instrument)
        await close(stage)
        assert (await stage.theirs())["size"] == 0
        await stage.agrees()

    play(story)


async def by_hand(stage: DeskStage, factor: str) -> None:
    size = (await stage.theirs())["size"]
    qty = (size * abs(Decimal(factor))).quantize(Decimal("0.001"))
    await stage.owner("trades", symbol=BTC, side="Sell" if factor[0] == "-" else "Buy", qty=str(qty))


type Deed = Callable[[DeskStage], Awaitable[None]]


@pytest.mark.parametrize(
    ("factor", "profile", "exits"),
    [("-1", None, 1), ("1", "alpha", 0), ("-0.5", "alpha", 0), ("-2", "external", 1)],
    ids=["close", "increase", "halve", "flip"],
)
def test_what_the_owner_does_by_hand_is_taken_over_told_once_and_answered_by_no_order(
    factor: str, profile: str | None, exits: int
) -> None:
    async def story(stage: DeskStage) -> None:
        await stage.enter()
        sent = len(await stage.requests(CREATE))
        before = stage.positions[BTC].qty
        await by_hand(stage, factor)
        await stage.until(lambda: BTC not in stage.positions or stage.positions[BTC].qty != before)
        await asyncio.sleep(1.2)  # two more comparisons
        await stage.agrees()
        held = stage.positions.get(BTC)
        assert (held.profile if held else None) == profile
        assert len(stage.told(ExitAlert)) == exits
        by_hand_told = [alert for alert in stage.told(SystemAlert) if "by hand" in alert.title]
        assert len(by_hand_told) == (held is not None)
        assert not stage.told(DifferenceAlert)
        assert len(await stage.requests(CREATE)) == sent
        if exits:
            stage.signal()
            await stage.until(lambda: len(stage.recorded(SignalRecorded)) == 2)
            assert stage.recorded(SignalRecorded)[-1].check in {"cooldown", "symbol"}

    play(story)
