"""Conditional orders, stops, targets and trailing stops are the exchange's own orders, with names of their own."""

from typing import Any

import pytest

from tests.integration.localvenue.rig import Rig, private, run

STOP = {"category": "linear", "symbol": "BTCUSDT", "tpslMode": "Full", "positionIdx": 0}


async def waiting(rig: Rig) -> dict[str, dict[str, Any]]:
    """Return the orders that wait for a trigger, by their kind."""
    rows = await rig.list("/v5/order/realtime", symbol="BTCUSDT", orderFilter="StopOrder")
    return {row["stopOrderType"]: row for row in rows}


@pytest.mark.parametrize(("side", "way"), [("Buy", 1), ("Sell", -1)])
@pytest.mark.parametrize(
    ("move", "kind", "create"), [(-400, "StopLoss", "CreateByStopLoss"), (400, "TakeProfit", "CreateByTakeProfit")]
)
def test_an_entrys_stop_and_target_become_orders_that_close_it(
    side: str, way: int, move: int, kind: str, create: str
) -> None:
    async def scene(rig: Rig) -> None:
        last = await rig.last()
        stop, target = f"{last - 300 * way:.1f}", f"{last + 300 * way:.1f}"
        await rig.order(side=side, stopLoss=stop, takeProfit=target, orderLinkId="e")
        position = await rig.filled("0.100")
        assert (position["stopLoss"], position["takeProfit"]) == (stop, target)
        orders = await waiting(rig)
        assert {name: row["parentOrderLinkId"] for name, row in orders.items()} == {"StopLoss": "e", "TakeProfit": "e"}
        async with private(rig, "order", "execution") as stream:
            await rig.price(f"{last + move * way:.1f}")
            triggered = await stream.row("order", orderStatus="Triggered")
            fill = await stream.row("execution", execType="Trade")
            assert triggered["orderId"] == fill["orderId"] == orders[kind]["orderId"]
            assert (fill["createType"], fill["stopOrderType"], fill["orderLinkId"]) == (create, kind, "")
        await rig.filled("0")
        assert await waiting(rig) == {}
        rows = await rig.list("/v5/order/history", orderFilter="StopOrder")
        assert {row["cancelType"] for row in rows if row["stopOrderType"] != kind} == {"CancelByTpSlTsClear"}

    run(scene)


def test_a_changed_stop_keeps_its_order_and_zero_removes_it() -> None:
    async def scene(rig: Rig) -> None:
        last = await rig.last()
        await rig.order(stopLoss=f"{last - 300:.1f}")
        await rig.filled("0.100")
        before = (await waiting(rig))["StopLoss"]["orderId"]
        assert (await rig.post("/v5/position/trading-stop", **STOP, stopLoss=f"{last - 200:.1f}"))["retCode"] == 0
        after = (await waiting(rig))["StopLoss"]
        assert (after["orderId"], after["triggerPrice"]) == (before, f"{last - 200:.1f}")
        same = await rig.post("/v5/position/trading-stop", **STOP, stopLoss=f"{last - 200:.1f}")
        assert (same["retCode"], same["retMsg"]) == (34040, "not modified")
        assert (await rig.post("/v5/position/trading-stop", **STOP, stopLoss="0"))["retCode"] == 0
        assert await waiting(rig) == {}

    run(scene)


def test_a_stop_on_the_wrong_side_is_refused_with_scaled_prices() -> None:
    async def scene(rig: Rig) -> None:
        last = await rig.last()
        await rig.order()
        await rig.filled("0.100")
        reply = await rig.post("/v5/position/trading-stop", **STOP, stopLoss=f"{last + 10:.1f}")
        scaled, base = round((last + 10) * 10) * 10**7, round(last * 10) * 10**7
        text = f"StopLoss:{scaled} set for Buy position should lower than base_price:{base}??LastPrice"
        assert (reply["retCode"], reply["retMsg"]) == (10001, text)
        entry = await rig.order(takeProfit=f"{last - 10:.1f}")
        assert entry["retCode"] == 10001
        assert "should higher than base_price" in entry["retMsg"]

    run(scene)


def test_stops_without_a_position_are_refused() -> None:
    async def scene(rig: Rig) -> None:
        reply = await rig.post("/v5/position/trading-stop", **STOP, stopLoss="1")
        assert (reply["retCode"], reply["retMsg"]) == (10001, "can not set tp/sl/ts for zero position")

    run(scene)


def test_a_stop_follows_the_size_of_the_position() -> None:
    async def scene(rig: Rig) -> None:
        await rig.order(stopLoss=f"{await rig.last() - 300:.1f}")
        await rig.filled("0.100")
        await rig.order(qty="0.200")
        await rig.filled("0.300")
        assert (await waiting(rig))["StopLoss"]["qty"] == "0.300"
        await rig.order(side="Sell", qty="0.250", reduceOnly=True)
        await rig.filled("0.050")
        assert (await waiting(rig))["StopLoss"]["qty"] == "0.050"

    run(scene)


def test_a_trailing_stop_follows_the_best_price() -> None:
    async def scene(rig: Rig) -> None:
        last = await rig.last()
        await rig.order()
        await rig.filled("0.100")
        body = STOP | {"trailingStop": "100.0", "activePrice": f"{last + 50:.1f}"}
        assert (await rig.post("/v5/position/trading-stop", **body))["retCode"] == 0
        assert (await rig.position())["trailingStop"] == "100.0"
        await rig.price(f"{last - 200:.1f}")
        assert (await rig.position())["size"] == "0.100"
        for move in (60, 300, 201):
            await rig.price(f"{last + move:.1f}")
        assert (await rig.position())["size"] == "0.100"
        await rig.price(f"{last + 199:.1f}")
        await rig.filled("0")
        fill = (await rig.list("/v5/execution/list"))[0]
        assert (fill["createType"], fill["stopOrderType"]) == ("CreateByTrailingStop", "TrailingStop")

    run(scene)


def test_a_conditional_order_waits_fires_and_fills() -> None:
    async def scene(rig: Rig) -> None:
        last = await rig.last()
        body = {"triggerPrice": f"{last + 100:.1f}", "triggerDirection": 1, "orderLinkId": "up"}
        assert (await rig.order(**body))["retCode"] == 0
        row = (await waiting(rig))["Stop"]
        assert (row["orderStatus"], row["orderLinkId"], row["triggerDirection"]) == ("Untriggered", "up", 1)
        await rig.price(f"{last + 99:.1f}")
        assert (await rig.position())["size"] == "0"
        await rig.price(f"{last + 100:.1f}")
        await rig.filled("0.100")
        assert (await rig.list("/v5/order/history", orderLinkId="up"))[0]["orderStatus"] == "Filled"

    run(scene)


def test_a_mark_price_trigger_does_not_look_at_the_last_price() -> None:
    async def scene(rig: Rig) -> None:
        last = await rig.last()
        await rig.order(slTriggerBy="MarkPrice", stopLoss=f"{last - 100:.1f}")
        await rig.filled("0.100")
        await rig.sim("prices", symbol="BTCUSDT", last=f"{last - 200:.1f}", mark=f"{last:.1f}")
        assert (await rig.position())["size"] == "0.100"
        await rig.sim("prices", symbol="BTCUSDT", last=f"{last:.1f}", mark=f"{last - 101:.1f}")
        await rig.filled("0")

    run(scene)


@pytest.mark.parametrize(
    ("shift", "direction", "code"), [(-10, 1, 110092), (10, 2, 110093), (10, 0, 10001)], ids=["rise", "fall", "none"]
)
def test_triggers_on_the_wrong_side_are_refused(shift: int, direction: int, code: int) -> None:
    async def scene(rig: Rig) -> None:
        price = f"{await rig.last() + shift:.1f}"
        reply = await rig.order(triggerPrice=price, triggerDirection=direction)
        assert reply["retCode"] == code

    run(scene)


def test_an_eleventh_conditional_order_of_a_symbol_is_refused() -> None:
    async def scene(rig: Rig) -> None:
        price = f"{await rig.last() + 100:.1f}"
        codes = [(await rig.order(triggerPrice=price, triggerDirection=1))["retCode"] for _ in range(11)]
        assert codes == [0] * 10 + [110009]

    run(scene, rate_limits=False)


def test_partial_stop_and_target_are_a_pair_of_which_one_cancels_the_other() -> None:
    async def scene(rig: Rig) -> None:
        last = await rig.last()
        await rig.order(qty="0.300")
        await rig.filled("0.300")
        body = STOP | {"tpslMode": "Partial", "tpSize": "0.100", "slSize": "0.100"}
        prices = {"takeProfit": f"{last + 100:.1f}", "stopLoss": f"{last - 100:.1f}"}
        assert (await rig.post("/v5/position/trading-stop", **body, **prices))["retCode"] == 0
        assert set(await waiting(rig)) == {"PartialTakeProfit", "PartialStopLoss"}
        await rig.price(f"{last + 101:.1f}")
        await rig.filled("0.200")
        assert await waiting(rig) == {}
        rows = await rig.list("/v5/order/history", orderFilter="StopOrder")
        kinds = {row["stopOrderType"]: row["cancelType"] for row in rows}
        assert kinds["PartialStopLoss"] == "CancelByOCOSlCanceledByTpTriggered"

    run(scene)


def test_a_conditional_order_without_margin_is_cancelled_when_it_fires() -> None:
    async def scene(rig: Rig) -> None:
        last = await rig.last()
        await rig.order(triggerPrice=f"{last + 100:.1f}", triggerDirection=1, qty="50.000", orderLinkId="poor")
        await rig.price(f"{last + 100:.1f}")
        row = (await rig.list("/v5/order/history", orderLinkId="poor"))[0]
        assert (row["orderStatus"], row["cumExecQty"]) == ("Cancelled", "0.000")

    run(scene)
