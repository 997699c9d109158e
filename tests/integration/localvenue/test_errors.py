"""What is refused, and in which words."""

from typing import Any

import pytest

from tests.integration.localvenue.rig import Rig, run

TABLE: list[tuple[dict[str, Any], int, str]] = [
    ({"category": "spot"}, 10001, "category"),
    ({"symbol": "NOPEUSDT"}, 10001, "symbol invalid"),
    ({"side": "buy"}, 10001, "side invalid"),
    ({"orderType": "Stop"}, 10001, "orderType invalid"),
    ({"qty": ""}, 10001, "Qty invalid"),
    ({"qty": "0.0001"}, 10001, "Qty invalid"),
    ({"qty": "1e-1"}, 10001, "Qty invalid"),
    ({"qty": 0.1}, 10001, "Qty invalid"),
    ({"qty": "0"}, 10001, "minimum limit"),
    ({"qty": "200.000"}, 10001, "maximum limit"),
    ({"qty": "90.000"}, 110007, "ab not enough for new order"),
    ({"orderType": "Limit"}, 10001, "price invalid"),
    ({"orderType": "Limit", "price": "60000.05"}, 10001, "price"),
    ({"positionIdx": 1}, 10001, "position idx not match position mode"),
    ({"orderLinkId": "x" * 37}, 10001, "longer than 36"),
    ({"orderLinkId": "x" * 46}, 10001, "order link id is longer than 45"),
    ({"orderLinkId": "a b"}, 10001, "orderLinkId"),
    ({"reduceOnly": True}, 110017, "current position is zero, cannot fix reduce-only order qty"),
    ({"reduceOnly": True, "stopLoss": "1000.0"}, 10001, "reduce-only"),
    ({"stopLoss": "990000.0"}, 10001, "should lower than base_price"),
    ({"tpslMode": "Full", "takeProfit": "99000.0", "tpOrderType": "Limit", "tpLimitPrice": "99000.0"}, 10001, "Full"),
    ({"timeInForce": "DAY", "orderType": "Limit", "price": "60000.0"}, 10001, "timeInForce"),
]


@pytest.mark.parametrize(("order", "code", "text"), TABLE, ids=[str(next(iter(row[0].items()))) for row in TABLE])
def test_a_bad_order_is_refused_in_bybits_words_and_leaves_nothing(order: dict[str, Any], code: int, text: str) -> None:
    async def scene(rig: Rig) -> None:
        reply = await rig.order(**order)
        assert reply["retCode"] == code, reply
        assert text in reply["retMsg"]
        assert reply["result"] == {}
        assert await rig.truth("orders") == []

    run(scene)


def test_small_notional_and_same_side_reductions_are_refused() -> None:
    async def scene(rig: Rig) -> None:
        await rig.sim("instruments/BTCUSDT", minNotionalValue="500")
        assert (await rig.order(qty="0.001"))["retCode"] == 110094
        await rig.order()
        await rig.filled("0.100")
        reply = await rig.order(reduceOnly=True)
        assert (reply["retCode"], reply["retMsg"]) == (110017, "reduce-only order has same side with current position")

    run(scene)


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/v5/position/set-leverage", {"buyLeverage": "10", "sellLeverage": "10"}, 110043),
        ("/v5/position/set-leverage", {"buyLeverage": "101", "sellLeverage": "101"}, 110013),
        ("/v5/position/set-leverage", {"buyLeverage": "5", "sellLeverage": "6"}, 10001),
        ("/v5/position/set-leverage", {"buyLeverage": "5"}, 10001),
        ("/v5/position/switch-mode", {"mode": 0}, 110025),
        ("/v5/position/switch-mode", {"mode": 1}, 10001),
        ("/v5/order/cancel", {"orderLinkId": "nobody"}, 110001),
        ("/v5/order/cancel", {}, 10001),
        ("/v5/order/amend", {"orderLinkId": "nobody", "qty": "1"}, 110001),
        ("/v5/position/trading-stop", {"tpslMode": "Half", "stopLoss": "1.0"}, 10001),
        ("/v5/order/create-batch", {"request": []}, 10001),
        ("/v5/order/cancel-all", {"symbol": ""}, 10001),
        ("/v5/order/cancel-all", {"symbol": "NOPEUSDT"}, 10001),
        ("/v5/order/cancel-all", {"orderFilter": "Everything"}, 10001),
    ],
)
def test_other_refusals_have_their_codes(path: str, body: dict[str, Any], code: int) -> None:
    async def scene(rig: Rig) -> None:
        reply = await rig.post(path, **({"category": "linear", "symbol": "BTCUSDT"} | body))
        assert reply["retCode"] == code, reply

    run(scene)


def test_what_is_not_json_or_not_there_is_answered_in_order() -> None:
    async def scene(rig: Rig) -> None:
        for text in ("{", "[1]", '"x"'):
            headers = rig.headers(text)
            async with rig.http.post(f"{rig.venue.url}/v5/order/create", data=text, headers=headers) as response:
                assert (await response.json())["retCode"] == 10001
        async with rig.http.get(f"{rig.venue.url}/v5/nothing/here") as response:
            assert (response.status, (await response.json())["retCode"]) == (404, 10017)
        async with rig.http.get(f"{rig.venue.url}/elsewhere") as response:
            assert (response.status, list(await response.json())) == (404, ["error"])

    run(scene)


def test_delisting_stops_entries_and_lets_positions_out() -> None:
    async def scene(rig: Rig) -> None:
        await rig.order()
        await rig.filled("0.100")
        await rig.sim("instruments/BTCUSDT", status="Delivering", deliveryTime=str(rig.venue.core.now_ms() + 90_000))
        entry = await rig.order()
        assert (entry["retCode"], entry["retMsg"]) == (30228, "No new positions during delisting.")
        assert (await rig.order(side="Sell", qty="0.040", reduceOnly=True))["retCode"] == 0
        await rig.filled("0.060")
        await rig.sim("clock", advance_s=120)
        await rig.filled("0")
        fill = (await rig.list("/v5/execution/list"))[0]
        assert (fill["execType"], fill["createType"]) == ("Delivery", "CreateBySettle")
        assert (await rig.order())["retCode"] == 110074
        assert [row["status"] for row in await rig.list("/v5/market/instruments-info", symbol="BTCUSDT")] == ["Closed"]
        assert "BTCUSDT" not in [r["symbol"] for r in await rig.list("/v5/market/instruments-info", status="Trading")]
        assert (await rig.order(symbol="ETHUSDT", qty="1.00"))["retCode"] == 0

    run(scene)
