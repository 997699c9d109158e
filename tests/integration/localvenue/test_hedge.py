"""Hedge mode: two slots a symbol, each with its own orders, stops and results."""

from tests.integration.localvenue.rig import Rig, eventually, run

SWITCH = {"category": "linear", "symbol": "BTCUSDT"}


async def sizes(rig: Rig) -> dict[int, tuple[str, str]]:
    rows = await rig.list("/v5/position/list", symbol="BTCUSDT")
    return {row["positionIdx"]: (row["side"], row["size"]) for row in rows}


def test_a_long_and_a_short_stand_side_by_side() -> None:
    async def scene(rig: Rig) -> None:
        assert (await rig.post("/v5/position/switch-mode", **SWITCH, mode=3))["retCode"] == 0
        assert (await rig.order())["retMsg"] == "position idx not match position mode"
        last = await rig.last()
        await rig.order(positionIdx=1, stopLoss=f"{last - 100:.1f}")
        await rig.order(positionIdx=2, side="Sell", qty="0.300", stopLoss=f"{last + 500:.1f}")

        async def are_open() -> bool:
            return await sizes(rig) == {1: ("Buy", "0.100"), 2: ("Sell", "0.300")}

        await eventually(are_open)
        await rig.price(f"{last - 101:.1f}")
        assert await sizes(rig) == {1: ("", "0"), 2: ("Sell", "0.300")}
        assert (await rig.order(positionIdx=2, qty="9.000"))["retCode"] == 0

        async def are_flat() -> bool:
            return await sizes(rig) == {1: ("", "0"), 2: ("", "0")}

        await eventually(are_flat)
        account = rig.venue.core.accounts[rig.venue.credentials()[0]]
        assert account.book.settings.cash == account.sim.wallet

    run(scene)


def test_the_mode_cannot_be_switched_with_something_open() -> None:
    async def scene(rig: Rig) -> None:
        await rig.order(orderType="Limit", price=f"{await rig.last() - 500:.1f}", orderLinkId="o")
        codes = [(await rig.post("/v5/position/switch-mode", **SWITCH, mode=3))["retCode"]]
        await rig.post("/v5/order/cancel", **SWITCH, orderLinkId="o")
        await rig.order()
        await rig.filled("0.100")
        codes.append((await rig.post("/v5/position/switch-mode", **SWITCH, mode=3))["retCode"])
        assert codes == [110028, 110024]
        coin = await rig.post("/v5/position/switch-mode", category="linear", coin="USDT", mode=3)
        assert coin["retCode"] == 0
        assert len(await rig.list("/v5/position/list", symbol="ETHUSDT")) == 2
        assert len(await rig.list("/v5/position/list", symbol="BTCUSDT")) == 1

    run(scene)
