"""Order entry by WebSocket: its own envelope, the same rules."""

from typing import Any

import pytest

from tests.integration.localvenue.rig import DEMO, Rig, Stream, auth_args, connected, run

ORDER = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.100"}


async def send(rig: Rig, stream: Stream, op: str, body: dict[str, Any], /, **message: Any) -> dict[str, Any]:
    stamp = str(rig.venue.core.config.clock.wall_ms())
    header = {"X-BAPI-TIMESTAMP": stamp, "X-BAPI-RECV-WINDOW": "5000"}
    return await stream.ask(**({"op": op, "header": header, "args": [body]} | message))


def test_orders_are_placed_amended_and_cancelled() -> None:
    async def scene(rig: Rig) -> None:
        async with connected(rig, rig.venue.trade_url) as stream:
            reply = await stream.ask(op="auth", args=auth_args(rig))
            assert (reply["retCode"], reply["op"]) == (0, "auth")
            assert (await stream.ask(op="auth", args=auth_args(rig)))["retCode"] == 20001
            assert (await stream.ask(op="ping"))["op"] == "pong"
            price = f"{await rig.last() - 500:.1f}"
            limit = ORDER | {"orderType": "Limit", "price": price, "orderLinkId": "w-1"}
            placed = await send(rig, stream, "order.create", limit, reqId="r-1")
            assert (placed["reqId"], placed["retCode"], placed["op"]) == ("r-1", 0, "order.create")
            assert placed["data"]["orderLinkId"] == "w-1"
            assert placed["header"]["X-Bapi-Limit-Status"] == "9"
            named = {"category": "linear", "symbol": "BTCUSDT", "orderId": placed["data"]["orderId"]}
            assert (await send(rig, stream, "order.amend", named | {"qty": "0.200"}))["retCode"] == 0
            assert (await send(rig, stream, "order.cancel", named))["retCode"] == 0
            assert (await send(rig, stream, "order.cancel", named))["retCode"] == 110001
            await send(rig, stream, "order.create", ORDER)
            await rig.filled("0.100")

    run(scene)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"op": "order.dance"}, 10404),
        ({"reqId": "x" * 37}, 10001),
        ({"reqId": 5}, 10001),
        ({"header": None}, 10001),
        ({"header": {"X-BAPI-TIMESTAMP": "1"}}, 10002),
        ({"args": []}, 10001),
    ],
)
def test_malformed_operations_are_refused(message: dict[str, Any], code: int) -> None:
    async def scene(rig: Rig) -> None:
        async with connected(rig, rig.venue.trade_url) as stream:
            await stream.ask(op="auth", args=auth_args(rig))
            assert (await send(rig, stream, "order.create", ORDER, **message))["retCode"] == code
            assert await rig.truth("orders") == []

    run(scene)


def test_a_request_id_is_good_for_one_request() -> None:
    async def scene(rig: Rig) -> None:
        async with connected(rig, rig.venue.trade_url) as stream:
            await stream.ask(op="auth", args=auth_args(rig))
            codes = [(await send(rig, stream, "order.create", ORDER, reqId="one"))["retCode"] for _ in range(2)]
            assert codes == [0, 20006]
            assert len(await rig.truth("orders")) == 1

    run(scene)


def test_without_auth_and_for_demo_accounts_nothing_is_placed() -> None:
    async def scene(rig: Rig) -> None:
        async with connected(rig, rig.venue.trade_url) as stream:
            assert (await send(rig, stream, "order.create", ORDER))["retCode"] == 10004
            assert (await stream.ask(op="auth", args=auth_args(rig)))["retCode"] == 10032
            assert (await send(rig, stream, "order.create", ORDER))["retCode"] == 10004

    run(scene, accounts=(DEMO,))
