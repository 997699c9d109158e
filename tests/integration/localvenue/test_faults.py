"""Every fault does what it is named after, and the truth stays with the venue."""

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.integration.localvenue.rig import Rig, connected, eventually, private, run

CREATE = "/v5/order/create"


async def orders(rig: Rig) -> list[str]:
    return [row["orderLinkId"] for row in await rig.truth("orders") if row["orderLinkId"]]


@pytest.mark.parametrize(("kind", "placed"), [("lost_reply", ["x"]), ("drop", [])])
def test_a_lost_reply_was_performed_and_a_drop_was_not(kind: str, placed: list[str]) -> None:
    async def scene(rig: Rig) -> None:
        await rig.sim("faults", path=CREATE, kind=kind)
        with pytest.raises(aiohttp.ClientError):
            await rig.order(orderLinkId="x")
        assert await orders(rig) == placed
        log = [row for row in await rig.look("requests") if row["path"] == CREATE]
        assert [(row["params"]["orderLinkId"], row["status"], row["retCode"]) for row in log[:1] if placed] == [
            ("x", None, None) for _ in placed
        ]
        assert (await rig.order(orderLinkId="y"))["retCode"] == 0

    run(scene)


@pytest.mark.parametrize("performed", [False, True])
@pytest.mark.parametrize("kind", ["status", "html", "ret_code"])
def test_an_error_answer_may_hide_an_order_that_exists(kind: str, performed: bool) -> None:
    async def scene(rig: Rig) -> None:
        extra: dict[str, Any] = {"code": 10000} if kind == "ret_code" else {"status": 502}
        await rig.sim("faults", path=CREATE, kind=kind, performed=performed, **extra)
        text = (
            '{"category":"linear","symbol":"BTCUSDT","side":"Buy","orderType":"Market","qty":"0.1","orderLinkId":"x"}'
        )
        async with rig.http.post(f"{rig.venue.url}{CREATE}", data=text, headers=rig.headers(text)) as response:
            assert response.status == (200 if kind == "ret_code" else 502)
            if kind == "ret_code":
                body = await response.json()
                assert (body["retCode"], body["retMsg"]) == (10000, "Server Timeout")
            if kind == "html":
                assert response.content_type == "text/html"
        assert await orders(rig) == (["x"] if performed else [])

    run(scene)


def test_a_storm_of_10006_has_its_headers_and_an_end() -> None:
    async def scene(rig: Rig) -> None:
        await rig.sim("faults", path="*", kind="ret_code", code=10006, times=3)
        codes = [(await rig.order())["retCode"] for _ in range(4)]
        assert codes == [10006, 10006, 10006, 0]
        assert await rig.look("faults") == []

    run(scene)


def test_delay_answers_late_and_silence_never() -> None:
    async def scene(rig: Rig) -> None:
        clock = rig.venue.core.config.clock
        await rig.sim("faults", path=CREATE, kind="delay", delay_ms=60)
        began = clock.monotonic()
        assert (await rig.order())["retCode"] == 0
        assert clock.monotonic() - began >= 0.06
        await rig.sim("faults", path=CREATE, kind="silence", performed=True)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(rig.order(orderLinkId="mute"), 0.15)
        assert await orders(rig) == ["mute"]

    run(scene)


def test_a_dropped_stream_is_cut_and_misses_what_happens_meanwhile() -> None:
    async def scene(rig: Rig) -> None:
        async with private(rig, "order") as stream:
            await rig.sim("faults", path="ws:private", kind="drop")
            message = await stream.ws.receive()
            assert message.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.ERROR}
        await rig.order(orderLinkId="unseen")
        async with private(rig, "order") as stream:
            await rig.order(orderLinkId="seen")
            assert (await stream.row("order"))["orderLinkId"] == "seen"

    run(scene)


def test_a_silent_stream_stays_open_and_says_nothing_until_the_fault_is_cleared() -> None:
    async def scene(rig: Rig) -> None:
        async with private(rig, "execution") as stream:
            await rig.sim("faults", path="ws:private", kind="silence")
            await rig.order(orderLinkId="quiet")
            await rig.filled("0.100")
            async with rig.http.delete(f"{rig.venue.url}/sim/faults"):
                pass
            await rig.order(orderLinkId="loud")
            assert (await stream.row("execution"))["orderLinkId"] == "loud"

    run(scene)


def test_a_stream_may_be_silent_about_one_topic_only() -> None:
    async def scene(rig: Rig) -> None:
        async with private(rig, "order", "execution") as stream:
            await rig.sim("faults", path="ws:private", kind="silence", topic="order")
            await rig.order()
            await stream.row("execution")
            assert {m["topic"] for m in stream.heard if "topic" in m} == {"execution"}
            assert (await stream.ask(op="ping"))["op"] == "pong"

    run(scene)


@pytest.mark.parametrize(
    ("kind", "seen"),
    [("duplicate", ["a", "a", "b", "c"]), ("miss", ["b", "c"]), ("reorder", ["b", "a", "c"])],
)
def test_messages_are_doubled_missed_or_swapped(kind: str, seen: list[str]) -> None:
    async def scene(rig: Rig) -> None:
        async with private(rig, "execution") as stream:
            await rig.sim("faults", path="ws:private", kind=kind, topic="execution")
            for number, name in enumerate("abc", start=1):
                await rig.order(orderLinkId=name)
                await rig.filled(f"0.{number}00")
            for _ in seen:
                await stream.until(lambda m: "topic" in m)
            assert [m["data"][0]["orderLinkId"] for m in stream.heard if "topic" in m] == seen

    run(scene)


def test_public_streams_have_faults_of_their_own() -> None:
    async def scene(rig: Rig) -> None:
        async with connected(rig, rig.venue.public_url) as stream, private(rig, "execution") as secret:
            await stream.ask(op="subscribe", args=["publicTrade.BTCUSDT"])
            await rig.sim("faults", path="ws:public", kind="miss", times=1)
            await rig.price("65000.0")
            await rig.price("65001.0")
            assert (await stream.row("publicTrade.BTCUSDT"))["p"] == "65001.0"
            await rig.order()
            assert (await secret.row("execution"))["execType"] == "Trade"

    run(scene)


def test_a_fault_of_one_account_leaves_the_log_of_the_requests_whole() -> None:
    async def scene(rig: Rig) -> None:
        await rig.sim("faults", path=CREATE, kind="status", status=503, key=rig.venue.credentials()[0])
        url = f"{rig.venue.url}{CREATE}"
        text = "{}"
        async with rig.http.post(url, data=text, headers=rig.headers(text)) as response:
            assert response.status == 503

        async def is_logged() -> bool:
            return bool([row for row in await rig.look("requests") if row["status"] == 503])

        await eventually(is_logged)
        rows = await rig.look("requests")
        assert await rig.look(f"requests?after={rows[-1]['n']}") == []
        assert all(rig.venue.credentials()[1] not in str(row) for row in rows)

    run(scene)
