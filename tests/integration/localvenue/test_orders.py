"""Orders from acknowledgement to fill: what rests, what takes, what is cancelled, what is refused."""

from decimal import Decimal

import pytest

from tests.integration.localvenue.rig import Rig, eventually, private, run


async def closed_order(rig: Rig, order_id: str) -> dict[str, str]:
    """Wait until an order is over and return its row of the history."""

    async def is_over() -> bool:
        return bool(await rig.list("/v5/order/history", orderId=order_id))

    await eventually(is_over)
    return dict((await rig.list("/v5/order/history", orderId=order_id))[0])


def test_a_market_order_is_acknowledged_first_and_filled_after() -> None:
    async def scene(rig: Rig) -> None:
        async with private(rig, "order", "execution", "position", "wallet") as stream:
            reply = await rig.order(orderLinkId="m-1")
            assert reply["retCode"] == 0
            assert set(reply["result"]) == {"orderId", "orderLinkId"}
            row = await stream.row("order", orderStatus="Filled", orderLinkId="m-1")
            fill = await stream.row("execution", orderLinkId="m-1")
            assert (row["cumExecQty"], row["leavesQty"], row["closedPnl"]) == ("0.100", "0.000", "0")
            assert (fill["execType"], fill["isMaker"], fill["leavesQty"]) == ("Trade", False, "0.000")
            assert Decimal(fill["execFee"]) == Decimal(fill["execValue"]) * Decimal("0.00055")
            assert (await stream.row("position", size="0.100"))["entryPrice"] == fill["execPrice"]
        assert (await rig.position())["side"] == "Buy"

    run(scene)


def test_a_large_market_order_walks_the_book_and_pays_worse_prices() -> None:
    async def scene(rig: Rig) -> None:
        await rig.sim(f"accounts/{rig.venue.credentials()[0]}/deposits", amount="9000000")
        await rig.order(qty="90.000")
        await rig.filled("90.000")
        fills = await rig.list("/v5/execution/list")
        book = (await rig.get("/v5/market/orderbook", category="linear", symbol="BTCUSDT", limit=50))["result"]["a"]
        assert len(fills) > 1
        for fill, (price, size) in zip(reversed(fills), book, strict=False):
            assert Decimal(fill["execPrice"]) == Decimal(price)
            assert Decimal(fill["execQty"]) <= Decimal(size)

    run(scene)


def test_a_limit_order_rests_and_fills_as_maker_when_traded_through() -> None:
    async def scene(rig: Rig) -> None:
        last = await rig.last()
        await rig.order(orderType="Limit", price=f"{last - 500:.1f}", orderLinkId="rest")
        open_rows = await rig.list("/v5/order/realtime", symbol="BTCUSDT")
        assert [(row["orderLinkId"], row["orderStatus"]) for row in open_rows] == [("rest", "New")]
        await rig.price(f"{last - 500:.1f}")
        assert await rig.list("/v5/execution/list", orderLinkId="rest") == []
        await rig.price(f"{last - 500.1:.1f}")
        fills = await rig.list("/v5/execution/list", orderLinkId="rest")
        assert {fill["isMaker"] for fill in fills} == {True}
        assert {fill["execPrice"] for fill in fills} == {f"{last - 500:.1f}"}
        assert {fill["feeRate"] for fill in fills} == {"0.0002"}

    run(scene)


def test_post_only_fill_or_kill_and_immediate_orders_end_as_their_names_say() -> None:
    async def scene(rig: Rig) -> None:
        last = await rig.last()
        crossing, far = f"{last + 5:.1f}", f"{last - 400:.1f}"
        cases = [
            ({"timeInForce": "PostOnly", "price": crossing}, "EC_PostOnlyWillTakeLiquidity"),
            ({"timeInForce": "FOK", "price": far}, "EC_CancelForNoFullFill"),
            ({"timeInForce": "IOC", "price": far}, "EC_NoImmediateQtyToFill"),
        ]
        for order, reason in cases:
            reply = await rig.order(orderType="Limit", **order)
            row = await closed_order(rig, reply["result"]["orderId"])
            assert (row["orderStatus"], row["rejectReason"], row["cumExecQty"]) == ("Cancelled", reason, "0.000")
        reply = await rig.order(orderType="Limit", timeInForce="FOK", price=crossing)
        assert (await closed_order(rig, reply["result"]["orderId"]))["orderStatus"] == "Filled"

    run(scene)


def test_a_used_order_link_id_is_refused_even_after_the_order_is_over() -> None:
    async def scene(rig: Rig) -> None:
        assert (await rig.order(orderLinkId="once"))["retCode"] == 0
        await rig.filled("0.100")
        again = await rig.order(orderLinkId="once")
        assert (again["retCode"], again["retMsg"]) == (110072, "OrderLinkedID is duplicate")
        assert len(await rig.truth("executions")) == 1

    run(scene)


def test_an_order_can_be_amended_and_keeps_its_id() -> None:
    async def scene(rig: Rig) -> None:
        last = await rig.last()
        order_id = (await rig.order(orderType="Limit", price=f"{last - 900:.1f}", orderLinkId="a"))["result"]["orderId"]
        body = {"category": "linear", "symbol": "BTCUSDT", "orderLinkId": "a"}
        assert (await rig.post("/v5/order/amend", **body, price=f"{last - 800:.1f}", qty="0.200"))["retCode"] == 0
        row = (await rig.list("/v5/order/realtime", symbol="BTCUSDT"))[0]
        assert (row["orderId"], row["price"], row["qty"]) == (order_id, f"{last - 800:.1f}", "0.200")
        same = await rig.post("/v5/order/amend", **body, price=f"{last - 800:.1f}")
        assert (same["retCode"], same["retMsg"]) == (10001, "order not modified")
        too_big = await rig.post("/v5/order/amend", **body, qty="90.000")
        assert too_big["retCode"] == 110007
        assert (await rig.list("/v5/order/realtime", symbol="BTCUSDT"))[0]["qty"] == "0.200"

    run(scene)


def test_cancelling_twice_says_that_it_is_too_late() -> None:
    async def scene(rig: Rig) -> None:
        await rig.order(orderType="Limit", price=f"{await rig.last() - 900:.1f}", orderLinkId="c")
        body = {"category": "linear", "symbol": "BTCUSDT", "orderLinkId": "c"}
        assert (await rig.post("/v5/order/cancel", **body))["retCode"] == 0
        again = await rig.post("/v5/order/cancel", **body)
        assert (again["retCode"], again["retMsg"]) == (110001, "order not exists or too late to cancel")
        rows = await rig.list("/v5/order/realtime", symbol="BTCUSDT", openOnly=1)
        assert [(row["orderStatus"], row["cancelType"]) for row in rows] == [("Cancelled", "CancelByUser")]

    run(scene)


def test_cancel_all_without_a_filter_takes_stops_and_targets_too() -> None:
    async def scene(rig: Rig) -> None:
        last = await rig.last()
        await rig.order(stopLoss=f"{last - 1000:.1f}", takeProfit=f"{last + 1000:.1f}")
        await rig.filled("0.100")
        await rig.order(orderType="Limit", price=f"{last - 500:.1f}")
        await rig.order(triggerPrice=f"{last + 300:.1f}", triggerDirection=1)
        body = {"category": "linear", "symbol": "BTCUSDT"}
        counts = []
        for extra in ({"orderFilter": "Order"}, {"orderFilter": "StopOrder", "stopOrderType": "Stop"}, {}):
            reply = await rig.post("/v5/order/cancel-all", **body, **extra)
            assert reply["result"]["success"] == "1"
            counts.append(len(reply["result"]["list"]))
        assert counts == [1, 1, 2]
        position = await rig.position()
        assert (position["stopLoss"], position["takeProfit"]) == ("", "")

    run(scene)


def test_a_batch_answers_each_order_on_its_own() -> None:
    async def scene(rig: Rig) -> None:
        last = await rig.last()
        orders = [
            {"symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.001", "price": f"{last - 900:.1f}"},
            {"symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.0001", "price": "1"},
        ]
        reply = await rig.post("/v5/order/create-batch", category="linear", request=orders)
        assert reply["retCode"] == 0
        assert [entry["code"] for entry in reply["retExtInfo"]["list"]] == [0, 10001]
        assert [bool(row["orderId"]) for row in reply["result"]["list"]] == [True, False]
        names = [{"symbol": "BTCUSDT", "orderId": row["orderId"] or "x"} for row in reply["result"]["list"]]
        cancelled = await rig.post("/v5/order/cancel-batch", category="linear", request=names)
        assert [entry["code"] for entry in cancelled["retExtInfo"]["list"]] == [0, 110001]

    run(scene)


@pytest.mark.parametrize("side", ["Buy", "Sell"])
def test_a_reversal_closes_and_opens_in_one_order(side: str) -> None:
    async def scene(rig: Rig) -> None:
        other = "Sell" if side == "Buy" else "Buy"
        await rig.order(side=side, qty="0.100")
        await rig.filled("0.100")
        await rig.order(side=other, qty="0.250")
        position = await rig.filled("0.150")
        assert position["side"] == other
        closed = await rig.list("/v5/position/closed-pnl")
        assert [(row["side"], row["closedSize"], row["qty"]) for row in closed] == [(other, "0.100", "0.250")]

    run(scene)


def test_quantity_zero_closes_the_whole_position() -> None:
    async def scene(rig: Rig) -> None:
        await rig.order(qty="0.123")
        await rig.filled("0.123")
        reply = await rig.order(side="Sell", qty="0", reduceOnly=True, closeOnTrigger=True)
        assert reply["retCode"] == 0
        await rig.filled("0")
        again = await rig.order(side="Sell", qty="0", reduceOnly=True, closeOnTrigger=True)
        assert (again["retCode"], again["retMsg"]) == (
            110017,
            "current position is zero, cannot fix reduce-only order qty",
        )

    run(scene)


def test_a_quantity_below_the_smallest_order_is_refused_and_the_position_closed_by_quantity_zero() -> None:
    async def scene(rig: Rig) -> None:
        await rig.order(qty="0.005")
        await rig.filled("0.005")
        await rig.sim("instruments/BTCUSDT", minOrderQty="0.006")
        reply = await rig.order(side="Sell", qty="0.005", reduceOnly=True)
        assert (reply["retCode"], reply["retMsg"]) == (10001, "The number of contracts exceeds minimum limit allowed")
        assert (await rig.order(side="Sell", qty="0", reduceOnly=True, closeOnTrigger=True))["retCode"] == 0
        await rig.filled("0")

    run(scene)


def test_a_reduce_only_order_never_opens_the_other_side() -> None:
    async def scene(rig: Rig) -> None:
        await rig.order(qty="0.100")
        await rig.filled("0.100")
        await rig.order(side="Sell", qty="5.000", reduceOnly=True)
        assert (await rig.filled("0"))["side"] == ""

    run(scene)
