"""Lists: scopes, windows, pages that lose nothing, and what the venue stops showing."""

from typing import Any

from tests.integration.localvenue.rig import START_MS, Rig, run

DAY_S = 86_400
FREE = {"rate_limits": False}


async def pages(rig: Rig, path: str, name: str, **params: Any) -> list[str]:
    """Return the names of all rows, page after page."""
    found: list[str] = []
    cursor = ""
    for _ in range(100):
        body = await rig.get(path, category="linear", cursor=cursor, **params)
        assert body["retCode"] == 0, body
        found += [row[name] for row in body["result"]["list"]]
        cursor = body["result"]["nextPageCursor"]
        if not cursor:
            return found
    raise AssertionError("the pages do not end")


def test_pages_of_every_list_add_up_to_the_truth() -> None:
    async def scene(rig: Rig) -> None:
        last = await rig.last()
        for number in range(7):
            await rig.order(orderType="Limit", price=f"{last - 100 - number:.1f}", qty="0.010")
            await rig.order(side="Sell" if number % 2 else "Buy", qty="0.010")
            await rig.price(f"{last + number / 10:.1f}")
        truth = await rig.truth("orders")
        opened = [row["orderId"] for row in truth if row["orderStatus"] == "New"]
        over = [row["orderId"] for row in truth if row["orderStatus"] == "Filled"]
        fills = [row["execId"] for row in await rig.truth("executions")]
        assert sorted(await pages(rig, "/v5/order/realtime", "orderId", symbol="BTCUSDT", limit=2)) == sorted(opened)
        assert sorted(await pages(rig, "/v5/order/history", "orderId", limit=3)) == sorted(over)
        assert sorted(await pages(rig, "/v5/execution/list", "execId", limit=4)) == sorted(fills)
        closing = {row["orderId"] for row in await rig.truth("executions") if row["closedSize"]}
        assert set(await pages(rig, "/v5/position/closed-pnl", "orderId", limit=1)) == closing

    run(scene, **FREE)


def test_positions_are_listed_by_symbol_even_when_flat_and_by_coin_only_when_open() -> None:
    async def scene(rig: Rig) -> None:
        flat = await rig.position("ETHUSDT")
        assert (flat["size"], flat["side"], flat["unrealisedPnl"], flat["seq"]) == ("0", "", "", -1)
        assert await rig.list("/v5/position/list", settleCoin="USDT") == []
        for symbol, qty in (("BTCUSDT", "0.010"), ("ETHUSDT", "0.10"), ("SOLUSDT", "1.0")):
            await rig.order(symbol=symbol, qty=qty)
            await rig.filled(qty, symbol)
        names = await pages(rig, "/v5/position/list", "symbol", settleCoin="USDT", limit=1)
        assert names == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
        assert (await rig.get("/v5/position/list", category="linear"))["retCode"] == 10001

    run(scene, **FREE)


def test_orders_cancelled_without_a_fill_fade_from_the_history_after_a_day() -> None:
    async def scene(rig: Rig) -> None:
        await rig.order(orderType="Limit", price=f"{await rig.last() - 900:.1f}", orderLinkId="gone")
        await rig.post("/v5/order/cancel", category="linear", symbol="BTCUSDT", orderLinkId="gone")
        assert len(await rig.list("/v5/order/history", orderLinkId="gone")) == 1
        await rig.sim("clock", advance_s=DAY_S + 60)
        assert await rig.list("/v5/order/history", orderLinkId="gone") == []
        assert (await rig.order(orderLinkId="gone"))["retCode"] == 110072

    run(scene, symbols=("BTCUSDT",))


def test_windows_slide_over_the_past() -> None:
    async def scene(rig: Rig) -> None:
        await rig.order()
        await rig.filled("0.100")
        await rig.sim("clock", advance_s=7 * DAY_S + 1)
        assert [r for r in await rig.list("/v5/execution/list") if r["execType"] == "Trade"] == []
        past = await rig.list("/v5/execution/list", startTime=START_MS, execType="Trade")
        assert len(past) == 1
        too_long = await rig.get("/v5/execution/list", category="linear", startTime=1, endTime=START_MS)
        assert too_long["retCode"] == 10001
        old = await rig.get("/v5/position/closed-pnl", category="linear", startTime=START_MS - 740 * DAY_S * 1000)
        assert "2 years" in old["retMsg"]

    run(scene, symbols=("BTCUSDT",))


def test_realtime_finds_a_finished_order_by_id_until_the_venue_restarts() -> None:
    async def scene(rig: Rig) -> None:
        await rig.order(orderLinkId="done")
        await rig.filled("0.100")
        row = (await rig.list("/v5/order/realtime", orderLinkId="done"))[0]
        assert row["orderStatus"] == "Filled"
        assert await rig.list("/v5/order/realtime", settleCoin="USDT") == []
        closed = await rig.list("/v5/order/realtime", settleCoin="USDT", openOnly=1)
        assert [row["orderLinkId"] for row in closed] == ["done"]
        assert (await rig.get("/v5/order/realtime", category="linear"))["retCode"] == 10001

    run(scene)
