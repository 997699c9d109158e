"""Orders over real HTTP: honest outcomes, one order whatever happens to the answer, never above the budget."""

import asyncio

import pytest

from engine.core.events import Event, InstrumentChanged, ProtectionReported, VenueChanged, VenueState
from engine.core.market import Status
from engine.core.orders import Purpose
from engine.exchanges.base import Accepted, Rejected, Unknown
from engine.limiter import Lane
from tests.integration.bybit.handmade import KEY, SECRET, SYMBOL, Answer, Asked, Desk, Handmade, play, ticket, together
from tests.unit.bybit import documented as doc

CREATE, BATCH, STOP = "/v5/order/create", "/v5/order/create-batch", "/v5/position/trading-stop"
EXIT = Purpose.EXIT
LATE = Rejected("expired", "expired: it could not be sent in time")


def test_an_order_is_signed_and_its_answer_is_its_id() -> None:
    async def story(desk: Desk) -> None:
        assert await desk.exchange.place(ticket()) == Accepted("o-pd00-a")
        (sent,) = desk.server.posts()
        assert sent.params["qty"] == "0.005"
        assert sent.params["orderLinkId"] == "pd00-a"

    play(story)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(drop=True),
        Answer(hang=True),
        Answer(text="<html>bad gateway</html>", status=502),
        Answer(text="<html>fine</html>"),
        Answer(text="[1]"),
        Answer(code=10000, message="Server Timeout"),
        Answer(code=10016, message="Server error"),
        Answer(status=503),
        Answer(text="moved", status=307, headers={"Location": "/v5/order/create"}),
    ],
    ids=["cut", "hang", "502", "html", "list", "10000", "10016", "503", "redirect"],
)
def test_an_answer_that_does_not_tell_leaves_the_order_unknown_and_sends_nothing_again(answer: Answer) -> None:
    async def story(desk: Desk) -> None:
        desk.server.scripted[CREATE].append(answer)
        assert isinstance(await desk.exchange.place(ticket()), Unknown)
        assert len(desk.server.posts()) == 1

    play(story, timeout_s=0.3)


@pytest.mark.parametrize(("code", "message"), [(110007, "ab not enough for new order"), (10001, "params error")])
def test_a_refusal_is_a_refusal_with_the_exchange_s_words(code: int, message: str) -> None:
    async def story(desk: Desk) -> None:
        desk.server.scripted[CREATE].append(Answer(code=code, message=message))
        assert await desk.exchange.place(ticket()) == Rejected(str(code), message)

    play(story)


def test_what_a_refusal_quotes_is_told_without_the_credentials() -> None:
    async def story(desk: Desk) -> None:
        desk.server.scripted[CREATE].append(
            Answer(code=10004, message=f"error sign! origin_string[1{KEY}5000{SECRET}]")
        )
        refused = await desk.exchange.place(ticket())
        assert isinstance(refused, Rejected)
        assert refused.reason == "error sign! origin_string[1[hidden]5000[hidden]]"

    play(story)


def test_an_id_that_is_taken_belongs_to_the_earlier_attempt() -> None:
    row = doc.ORDER | {"symbol": SYMBOL, "orderLinkId": "pd00-a", "orderId": "the-first", "cumExecQty": "0"}

    async def story(desk: Desk) -> None:
        desk.server.scripted[CREATE].append(Answer(code=110072, message="OrderLinkedID is duplicate"))
        desk.server.rules["/v5/order/realtime"] = lambda _: Answer({"list": [row]})
        assert await desk.exchange.place(ticket()) == Accepted("the-first")

    play(story)


@pytest.mark.parametrize("skew_ms", [-6_000, -1_100, -400, 400, 900, 6_000])
def test_requests_carry_the_exchange_s_time_whatever_this_machine_believes(skew_ms: int) -> None:
    def prepare(server: Handmade) -> None:
        server.skew_ms = skew_ms

    async def story(desk: Desk) -> None:
        assert isinstance(await desk.exchange.place(ticket("x", EXIT)), Accepted)
        assert abs(desk.server.posts()[0].stamp_ms - desk.server.now_ms()) < 300
        stopped = [e for e in desk.events if isinstance(e, VenueChanged) and e.state is VenueState.DEGRADED]
        assert bool(stopped) == (abs(skew_ms) > 1_000)

    play(story, prepare=prepare)


def test_a_refused_time_stamp_measures_the_clock_and_sends_the_same_order_again() -> None:
    async def story(desk: Desk) -> None:
        desk.server.skew_ms = 9_000
        desk.server.scripted[CREATE].append(Answer(code=10002, message="invalid request, please check your timestamp"))
        assert isinstance(await desk.exchange.place(ticket()), Accepted)
        first, second = desk.server.posts()
        assert first.params == second.params
        assert abs(second.stamp_ms - desk.server.now_ms()) < 300

    play(story)


@pytest.mark.parametrize("reset_in_ms", [-5_000, 300])
def test_a_used_up_limit_waits_for_its_reset_and_sends_the_same_order_again(reset_in_ms: int) -> None:
    async def story(desk: Desk) -> None:
        headers = {"X-Bapi-Limit-Reset-Timestamp": str(desk.server.now_ms() + reset_in_ms)}
        desk.server.scripted[CREATE].append(Answer(code=10006, message="Too many visits!", headers=headers))
        assert isinstance(await desk.exchange.place(ticket()), Accepted)
        first, second = desk.server.posts()
        assert first.params == second.params
        assert second.at_s - first.at_s >= max(reset_in_ms, 0) / 1000

    play(story)


def test_a_ban_silences_everything_and_is_told() -> None:
    async def story(desk: Desk) -> None:
        desk.server.scripted[CREATE].append(Answer(text="forbidden", status=403))
        assert isinstance(await desk.exchange.place(ticket()), Unknown)
        before = len(desk.server.asked)
        assert await desk.exchange.place(ticket("b")) == Rejected("silenced", "silent for 600 s more")
        assert isinstance(await desk.exchange.protect(SYMBOL, 1, 0), Rejected)
        assert len(desk.server.asked) == before
        assert [e.state for e in desk.events if isinstance(e, VenueChanged)] == [VenueState.DOWN]

    play(story)


def test_leverage_is_set_before_the_first_order_and_not_again() -> None:
    async def story(desk: Desk) -> None:
        desk.server.scripted["/v5/position/set-leverage"].append(Answer(code=110043, message="leverage not modified"))
        for name in ("a", "b"):
            assert isinstance(await desk.exchange.place(ticket(name)), Accepted)
        paths = [asked.path for asked in desk.server.asked]
        assert paths.count("/v5/position/set-leverage") == 1
        assert paths.index("/v5/position/set-leverage") < paths.index(CREATE)

    play(story)


@pytest.mark.parametrize("answer", [Answer(code=110013, message="cannot set leverage"), Answer(drop=True)])
def test_an_order_whose_leverage_is_not_set_is_not_sent(answer: Answer) -> None:
    async def story(desk: Desk) -> None:
        desk.server.scripted["/v5/position/set-leverage"].append(answer)
        assert isinstance(await desk.exchange.place(ticket()), Rejected)
        assert desk.server.posts() == []

    play(story)


def test_a_symbol_that_is_closed_stops_entries_on_it() -> None:
    async def story(desk: Desk) -> None:
        desk.server.scripted[CREATE].append(Answer(code=30228, message="No new positions during delisting."))
        assert isinstance(await desk.exchange.place(ticket()), Rejected)
        (changed,) = [e for e in desk.events if isinstance(e, InstrumentChanged)]
        assert (changed.instrument.symbol, changed.instrument.status) == (SYMBOL, Status.DELIVERING)

    play(story)


def test_cancelling_what_is_over_is_taken_and_what_never_was_is_refused() -> None:
    row = doc.ORDER | {"symbol": SYMBOL, "orderLinkId": "pd00-a", "orderId": "o", "orderStatus": "Filled"}

    def known(asked: Asked) -> Answer:
        return Answer({"list": [row | {"cumExecQty": "0.005"}] if asked.params["orderLinkId"] == "pd00-a" else []})

    async def story(desk: Desk) -> None:
        desk.server.rules["/v5/order/realtime"] = known
        desk.server.rules["/v5/order/cancel"] = lambda _: Answer(code=110001, message="order not exists")
        assert await desk.exchange.cancel("pd00-a", SYMBOL) == Accepted("o")
        assert isinstance(await desk.exchange.cancel("pd00-never", SYMBOL), Rejected)

    play(story)


def test_a_stop_that_is_set_already_is_success_and_evidence() -> None:
    async def story(desk: Desk) -> None:
        desk.server.scripted[STOP].append(Answer(code=34040, message="not modified"))
        assert isinstance(await desk.exchange.protect(SYMBOL, 650_000, 0), Accepted)
        assert [(e.stop, e.target) for e in desk.events if isinstance(e, ProtectionReported)] == [(650_000, 0)]
        desk.server.scripted[STOP].append(Answer(code=34040, message="not modified"))
        assert isinstance(await desk.exchange.protect(SYMBOL, 650_000, 0, 500), Accepted)
        assert [e.trail for e in desk.events if isinstance(e, ProtectionReported)] == [0, 500]
        desk.server.scripted[STOP].append(Answer(code=10001, message="StopLoss:1 set for Buy position"))
        assert isinstance(await desk.exchange.protect(SYMBOL, 1, 0), Rejected)
        desk.server.scripted[STOP].append(Answer(drop=True))
        assert isinstance(await desk.exchange.protect(SYMBOL, 1, 0), Unknown)

    play(story)


def _batch(asked: Asked) -> Answer:
    orders = asked.params["request"]
    rows = [{"symbol": SYMBOL, "orderId": f"b-{o['orderLinkId']}", "orderLinkId": o["orderLinkId"]} for o in orders]
    return Answer({"list": rows}, extra={"list": [{"code": 0, "msg": "OK"} for _ in orders]})


def test_thirty_exits_leave_through_both_doors_and_never_above_the_budget() -> None:
    async def story(desk: Desk) -> None:
        desk.server.rules[BATCH] = _batch
        outcomes = await together(*(desk.exchange.place(ticket(f"x{n}", EXIT)) for n in range(30)))
        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
        sent = [(asked.at_s, "single", 1) for asked in desk.server.posts()]
        sent += [(asked.at_s, "batch", len(asked.params["request"])) for asked in desk.server.posts(BATCH)]
        assert sum(orders for _, _, orders in sent) == 30
        for door in ("single", "batch"):
            rows = [(at, orders) for at, name, orders in sent if name == door]
            assert max(sum(o for t, o in rows if at <= t < at + 1) for at, _ in rows) <= 10
        ids = [a.params["orderLinkId"] for a in desk.server.posts()]
        ids += [o["orderLinkId"] for a in desk.server.posts(BATCH) for o in a.params["request"]]
        assert len(set(ids)) == 30

    play(story)


def test_each_order_of_a_batch_has_its_own_outcome() -> None:
    def mixed(asked: Asked) -> Answer:
        answer = _batch(asked)
        answer.extra["list"][1] = {"code": 110017, "msg": "current position is zero"}
        answer.extra["list"][2] = {"code": 10000, "msg": "Server Timeout"}
        return answer

    async def story(desk: Desk) -> None:
        desk.server.rules[BATCH] = mixed
        outcomes = await together(*(desk.exchange.place(ticket(f"x{n}", EXIT)) for n in range(13)))
        assert [type(outcome) for outcome in outcomes[10:]] == [Accepted, Rejected, Unknown]

    play(story)


def test_what_a_batch_was_above_the_limit_with_is_sent_again_and_nothing_else() -> None:
    def limited(asked: Asked) -> Answer:
        answer = _batch(asked)
        if len(asked.params["request"]) == 3:
            answer.extra["list"][2] = {"code": 10006, "msg": "Too many visits!"}
        return answer

    async def story(desk: Desk) -> None:
        desk.server.rules[BATCH] = limited
        outcomes = await together(*(desk.exchange.place(ticket(f"x{n}", EXIT)) for n in range(13)))
        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
        sent = [[o["orderLinkId"] for o in asked.params["request"]] for asked in desk.server.posts(BATCH)]
        assert sent == [["pd00-x10", "pd00-x11", "pd00-x12"], ["pd00-x12"]]

    play(story)


@pytest.mark.parametrize("answer", [Answer(drop=True), Answer(code=10001, message="?"), Answer({"list": []})])
def test_a_batch_whose_answer_does_not_tell_leaves_all_its_orders_unknown(answer: Answer) -> None:
    async def story(desk: Desk) -> None:
        desk.server.scripted[BATCH].append(answer)
        outcomes = await together(*(desk.exchange.place(ticket(f"x{n}", EXIT)) for n in range(12)))
        assert [isinstance(outcome, Unknown) for outcome in outcomes] == [False] * 10 + [True] * 2
        assert len(desk.server.posts(BATCH)) == 1

    play(story)


def test_entries_leave_room_for_exits() -> None:
    async def story(desk: Desk) -> None:
        entries = [asyncio.create_task(desk.exchange.place(ticket(f"e{n}"))) for n in range(20)]
        await desk.until(lambda: len(desk.server.posts()) >= 7)
        assert isinstance(await desk.exchange.place(ticket("x", EXIT)), Accepted)
        names = [asked.params["orderLinkId"] for asked in desk.server.posts()]
        assert names.index("pd00-x") <= 8
        await asyncio.gather(*entries)

    play(story)


def waits(desk: Desk, seconds: float) -> dict[str, str]:
    return {"X-Bapi-Limit-Reset-Timestamp": str(desk.server.now_ms() + int(seconds * 1_000))}


def test_an_entry_whose_time_is_over_while_it_waits_for_the_budget_is_not_sent_any_more() -> None:
    async def story(desk: Desk) -> None:
        desk.server.scripted[CREATE].append(Answer(code=10006, message="Too many visits!", headers=waits(desk, 0.4)))
        first = asyncio.create_task(desk.exchange.place(ticket("first")))
        await desk.until(lambda: not desk.connection.limiter.ready("create", Lane.ENTRY))
        now_s = desk.clock.monotonic()
        late, early = await together(
            desk.exchange.place(ticket("late"), now_s + 0.1), desk.exchange.place(ticket("early"), now_s + 5)
        )
        assert (late, isinstance(early, Accepted), isinstance(await first, Accepted)) == (LATE, True, True)
        assert "pd00-late" not in [asked.params["orderLinkId"] for asked in desk.server.posts()]

    play(story)


def test_an_entry_whose_time_is_over_while_its_leverage_waits_is_not_sent() -> None:
    async def story(desk: Desk) -> None:
        answer = Answer(code=10006, message="Too many visits!", headers=waits(desk, 0.3))
        desk.server.scripted["/v5/position/set-leverage"].append(answer)
        outcome = await desk.exchange.place(ticket(), desk.clock.monotonic() + 0.1)
        assert isinstance(outcome, Rejected)
        assert outcome.code == "expired"
        assert desk.server.posts() == []

    play(story)


def test_what_the_exchange_is_still_busy_with_stays_unknown_although_the_time_is_over() -> None:
    async def story(desk: Desk) -> None:
        def busy(_asked: Asked) -> Answer:
            desk.clock.ahead_s = 20.0
            return Answer(code=110079, message="The order is processing")

        desk.server.rules[CREATE] = busy
        assert isinstance(await desk.exchange.place(ticket(), desk.clock.monotonic() + 10), Unknown)
        assert len(desk.server.posts()) == 1

    play(story)


def test_a_key_that_is_refused_is_told_with_what_to_do() -> None:
    async def story(desk: Desk) -> None:
        desk.server.scripted[CREATE].append(Answer(code=10010, message="Unmatched IP"))
        assert isinstance(await desk.exchange.place(ticket()), Rejected)
        told: list[Event] = [e for e in desk.events if isinstance(e, VenueChanged)]
        assert "address" in str(told[-1])

    play(story)
