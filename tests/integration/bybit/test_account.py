"""The account over real HTTP and WebSocket: whole or not at all, events in, evidence about lost orders."""

import asyncio
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from engine.core.events import (
    ExecKind,
    Executed,
    OrderAccepted,
    OrderEnded,
    OrderNotFound,
    OrderRejected,
    OrderReport,
    ProtectionReported,
    StartTroubled,
    VenueChanged,
    VenueState,
    WalletReported,
)
from engine.core.market import DAY_MS
from engine.core.money import to_money
from engine.exchanges.base import Accepted, QueryFailedError, Unknown
from tests.integration.bybit.handmade import SYMBOL, Answer, Asked, Desk, Handmade, play, ticket
from tests.unit.bybit import documented as doc

REALTIME, HISTORY = "/v5/order/realtime", "/v5/order/history"
EXECUTIONS, POSITIONS = "/v5/execution/list", "/v5/position/list"
UP, DEGRADED, DOWN = VenueState.UP, VenueState.DEGRADED, VenueState.DOWN


def _position(size: str, side: str = "Buy") -> dict[str, Any]:
    return doc.POSITION | {"size": size, "side": side, "avgPrice": "28000", "stopLoss": "27000"}


def _fill(exec_id: str, at_ms: int, **changes: Any) -> dict[str, Any]:
    return doc.EXECUTION | {"execId": exec_id, "execTime": str(at_ms)} | changes


def test_the_account_is_read_whole() -> None:
    async def story(desk: Desk) -> None:
        now = desk.server.now_ms()
        order = doc.ORDER | {"symbol": SYMBOL, "orderLinkId": "pd00-a", "orderStatus": "Filled", "cumExecQty": "0.002"}
        stop = doc.ORDER | {"symbol": SYMBOL, "orderId": "s", "stopOrderType": "StopLoss"}
        desk.server.rules[REALTIME] = lambda _: Answer({"list": [order, stop]})
        desk.server.rules[POSITIONS] = lambda _: Answer({"list": [_position("0.002")]})
        desk.server.rules[EXECUTIONS] = lambda _: Answer({"list": [_fill("2", now), _fill("1", now)]})
        report = await desk.exchange.account(now - 1_000)
        assert [(o.link_id, o.filled) for o in report.orders] == [("pd00-a", 2)]
        assert [(p.qty, p.stop, p.entry_cost) for p in report.positions] == [(2, 270_000, to_money(56))]
        assert [e.exec_id for e in report.executions] == ["1", "2"]
        assert report.wallet == to_money("9684.46297164")
        assert abs(report.asked_ms - now) < 1_000

    play(story)


def test_every_page_of_every_window_is_read() -> None:
    windows: list[tuple[int, int]] = []

    def answer(asked: Asked) -> Answer:
        start, end = int(asked.params["startTime"]), int(asked.params["endTime"])
        page = int(asked.params.get("cursor", "0,1").split(",")[0])
        if not page:
            windows.append((start, end))
        rows = [_fill(f"{start}/{page}", end - page)]
        return Answer({"list": rows, "nextPageCursor": f"{page + 1}%2C1" if page < 2 else ""})

    async def story(desk: Desk) -> None:
        desk.server.rules[EXECUTIONS] = answer
        since = desk.server.now_ms() - 20 * DAY_MS
        report = await desk.exchange.account(since)
        assert len(windows) == 3
        assert windows[0][0] == since
        assert all(later[0] == sooner[1] + 1 for sooner, later in pairwise(windows))
        assert all(end - start < 7 * DAY_MS for start, end in windows)
        assert len(report.executions) == 9

    play(story)


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (POSITIONS, Answer(status=503)),
        (EXECUTIONS, Answer(text="<html>")),
        (REALTIME, Answer(code=10016)),
        ("/v5/account/wallet-balance", Answer({"list": []})),
        (POSITIONS, Answer({"list": [_position("0.0005")]})),
        (POSITIONS, Answer({"rows": []})),
        (EXECUTIONS, Answer({"list": [doc.EXECUTION | {"execPrice": "NaN"}]})),
    ],
)
def test_a_part_that_is_missing_or_bad_is_no_report(path: str, answer: Answer) -> None:
    async def story(desk: Desk) -> None:
        desk.server.rules[path] = lambda _: answer
        with pytest.raises(QueryFailedError):
            await desk.exchange.account(desk.server.now_ms())

    play(story)


def test_a_question_is_asked_again_after_a_lost_answer() -> None:
    async def story(desk: Desk) -> None:
        desk.server.scripted[POSITIONS].extend([Answer(drop=True), Answer(status=502)])
        assert (await desk.exchange.account(desk.server.now_ms())).positions == ()

    play(story)


def test_a_position_that_shows_before_its_executions_is_asked_for_again() -> None:
    async def story(desk: Desk) -> None:
        now = desk.server.now_ms()
        await desk.exchange.account(now)
        desk.server.rules[POSITIONS] = lambda _: Answer({"list": [_position("0.500")]})
        late = Answer({"list": [_fill("1", now + 1, side="Buy")]})
        desk.server.scripted[EXECUTIONS].append(Answer({"list": []}))
        desk.server.rules[EXECUTIONS] = lambda _: late
        report = await desk.exchange.account(now)
        assert [e.exec_id for e in report.executions] == ["1"]

    play(story)


def test_hedge_mode_starts_reduce_only_and_is_said_in_words() -> None:
    def prepare(server: Handmade) -> None:
        rows = [doc.FLAT_POSITION | {"positionIdx": 1}, doc.FLAT_POSITION]
        server.rules[POSITIONS] = lambda _: Answer({"list": rows})

    async def story(desk: Desk) -> None:
        (troubled,) = [e for e in desk.events if isinstance(e, StartTroubled)]
        assert "hedge mode is on for BTCUSDT: switch to one-way mode" in troubled.why

    play(story, prepare=prepare)


def test_the_leverage_found_at_the_start_needs_no_setting() -> None:
    def prepare(server: Handmade) -> None:
        server.rules[POSITIONS] = lambda _: Answer({"list": [doc.FLAT_POSITION | {"positionIdx": 0}]})

    async def story(desk: Desk) -> None:
        assert isinstance(await desk.exchange.place(ticket(leverage=10)), Accepted)
        assert desk.server.posts("/v5/position/set-leverage") == []

    play(story, prepare=prepare)


def test_an_exchange_that_is_down_at_the_start_is_told_and_tried_until_it_is_back() -> None:
    def prepare(server: Handmade) -> None:
        server.rules["/v5/account/info"] = lambda _: Answer(status=503)

    async def story(desk: Desk) -> None:
        states = [e.state for e in desk.events if isinstance(e, VenueChanged)]
        assert DOWN in states
        desk.server.rules["/v5/account/info"] = lambda _: Answer(doc.ACCOUNT_INFO)
        await desk.until(lambda: [e.state for e in desk.events if isinstance(e, VenueChanged)][-1] is UP)

    play(story, prepare=prepare)


def test_the_stream_s_messages_become_events_in_their_order() -> None:
    order = doc.ORDER | {"symbol": SYMBOL, "orderLinkId": "pd00-a", "orderId": "o"}
    fill = _fill("1", 1_746_270_400_353, orderLinkId="pd00-a", side="Buy")

    async def story(desk: Desk) -> None:
        server = desk.server
        await server.push({"topic": "order", "creationTime": 1_746_270_400_350, "data": [order, order]})
        await server.push({"topic": "execution", "data": [fill]})
        await server.push({"topic": "position", "data": [_position("0.500"), _position("0.500")]})
        await server.push({"topic": "order", "data": [order | {"orderStatus": "Filled", "cumExecQty": "0.5"}]})
        await server.push({"topic": "wallet", "creationTime": 1_746_270_400_360, "data": [doc.WALLET]})
        rejected = {"orderStatus": "Rejected", "orderLinkId": "pd00-b", "rejectReason": "EC_Others"}
        await server.push({"topic": "order", "data": [order | rejected]})
        await desk.until(lambda: isinstance(desk.events[-1], OrderRejected) if desk.events else False)
        kinds = [type(e) for e in desk.events]
        assert kinds == [OrderAccepted, Executed, ProtectionReported, OrderEnded, WalletReported, OrderRejected]
        executed, ended = desk.events[1], desk.events[3]
        assert isinstance(executed, Executed)
        assert isinstance(ended, OrderEnded)
        assert (executed.kind, executed.qty, executed.link_id) == (ExecKind.ORDER, 500, "pd00-a")
        assert (ended.filled, ended.why) == (500, "Filled")

    play(story)


def test_what_cannot_be_read_of_the_account_is_asked_for() -> None:
    async def story(desk: Desk) -> None:
        await desk.server.push({"topic": "execution", "data": [doc.EXECUTION | {"execQty": "x"}]})
        await desk.until(lambda: len(desk.events) == 2)
        assert [e.state for e in desk.events if isinstance(e, VenueChanged)] == [DEGRADED, UP]

    play(story)


def test_a_lost_stream_stops_entries_until_it_is_back() -> None:
    async def story(desk: Desk) -> None:
        await desk.server.sockets[-1].close()
        await desk.until(lambda: len(desk.events) == 2)
        assert [e.state for e in desk.events if isinstance(e, VenueChanged)] == [DEGRADED, UP]
        assert len(desk.server.sockets) == 2

    play(story)


def test_after_a_lost_stream_nothing_is_taken_for_told() -> None:
    async def story(desk: Desk) -> None:
        push = {"topic": "position", "data": [_position("0.500")]}
        await desk.server.push(push)
        await desk.until(lambda: len(desk.events) == 1)
        await desk.server.sockets[-1].close()
        await desk.until(lambda: len(desk.events) == 3)
        await desk.server.push(push)
        await desk.until(lambda: len(desk.events) == 4)
        assert [type(e) for e in desk.events] == [ProtectionReported, VenueChanged, VenueChanged, ProtectionReported]

    play(story)


def test_an_order_is_found_wherever_the_exchange_keeps_it() -> None:
    row = doc.ORDER | {"symbol": SYMBOL, "orderLinkId": "pd00-a", "orderId": "o", "orderStatus": "Cancelled"}
    want = OrderReport("pd00-a", "o", SYMBOL, False, False, 0)

    async def story(desk: Desk) -> None:
        now = desk.server.now_ms()
        desk.server.rules[HISTORY] = lambda _: Answer({"list": [row]})
        found = await desk.exchange.order("pd00-a", SYMBOL, now)
        assert isinstance(found, OrderReport)
        assert replace(found, what="") == want
        desk.server.rules[HISTORY] = lambda _: Answer({"list": []})
        desk.server.rules[EXECUTIONS] = lambda _: Answer({"list": [_fill("1", now, orderLinkId="pd00-a")]})
        found = await desk.exchange.order("pd00-a", SYMBOL, now)
        assert isinstance(found, OrderReport)
        assert (found.open, found.filled) == (True, 500)

    play(story)


async def _lost(desk: Desk) -> int:
    desk.server.scripted["/v5/order/create"].append(Answer(drop=True))
    assert isinstance(await desk.exchange.place(ticket()), Unknown)
    return desk.server.now_ms()


async def _asked(desk: Desk, sent_ms: int) -> bool:
    answer = await desk.exchange.order("pd00-a", SYMBOL, sent_ms)
    assert isinstance(answer, OrderNotFound)
    return answer.conclusive


def _later(desk: Desk, seconds: float) -> None:
    desk.clock.moved_ms += round(seconds * 1_000)
    desk.server.skew_ms += round(seconds * 1_000)


def test_not_found_is_believed_late_and_twice_and_not_before() -> None:
    async def story(desk: Desk) -> None:
        sent_ms = await _lost(desk)
        assert not await _asked(desk, sent_ms)
        _later(desk, 14)
        assert not await _asked(desk, sent_ms)
        _later(desk, 2)
        assert not await _asked(desk, sent_ms)
        assert not await _asked(desk, sent_ms)
        _later(desk, 2.1)
        assert await _asked(desk, sent_ms)
        assert len(desk.server.posts()) == 1

    play(story)


def test_a_position_that_nothing_explains_is_evidence_against_absence() -> None:
    async def story(desk: Desk) -> None:
        await desk.server.push({"topic": "position", "data": [_position("0.100")]})
        await desk.until(lambda: bool(desk.events))
        sent_ms = await _lost(desk)
        desk.server.rules[POSITIONS] = lambda _: Answer({"list": [_position("0.105")]})
        for _ in range(5):
            _later(desk, 10)
            assert not await _asked(desk, sent_ms)
        desk.server.rules[EXECUTIONS] = lambda _: Answer(
            {"list": [_fill("1", sent_ms + 1, side="Buy", execQty="0.005", orderLinkId="")]}
        )
        assert not await _asked(desk, sent_ms)
        _later(desk, 3)
        assert await _asked(desk, sent_ms)

    play(story)


def test_a_request_still_on_its_way_is_never_believed_absent() -> None:
    async def story(desk: Desk) -> None:
        desk.server.scripted["/v5/order/create"].append(Answer(hang=True))
        placing = asyncio.create_task(desk.exchange.place(ticket()))
        await desk.until(lambda: bool(desk.server.posts()))
        for _ in range(4):
            _later(desk, 60)
            assert not await _asked(desk, 0)
        assert isinstance(await placing, Unknown)

    play(story, timeout_s=1.0)


def test_a_failed_question_about_an_order_concludes_nothing() -> None:
    async def story(desk: Desk) -> None:
        sent_ms = await _lost(desk)
        _later(desk, 60)
        desk.server.rules[HISTORY] = lambda _: Answer(status=503)
        with pytest.raises(QueryFailedError):
            await desk.exchange.order("pd00-a", SYMBOL, sent_ms)

    play(story)
