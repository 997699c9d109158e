"""The control API: market, clock, instruments, the owner's hand, and strictness."""

from decimal import Decimal
from typing import Any

import pytest

from tests.integration.localvenue.rig import START_MS, Rig, eventually, private, run


async def control(rig: Rig, path: str, body: Any, **kwargs: Any) -> tuple[int, dict[str, Any]]:
    async with rig.http.post(f"{rig.venue.url}/sim/{path}", json=body, **kwargs) as response:
        return response.status, await response.json()


def test_the_state_names_market_and_accounts() -> None:
    async def scene(rig: Rig) -> None:
        state = await rig.look("state")
        key, secret = rig.venue.credentials()
        assert (state["time"], state["speed"], state["symbols"][0]) == (START_MS, 1.0, "BTCUSDT")
        assert {"key": key, "secret": secret, "mode": "live", "name": "main"}.items() <= state["accounts"][0].items()

    run(scene)


def test_the_owners_trade_reaches_streams_and_truth_as_a_web_order() -> None:
    async def scene(rig: Rig) -> None:
        key = rig.venue.credentials()[0]
        async with private(rig, "order", "execution", "position") as stream:
            await rig.sim(f"accounts/{key}/trades", symbol="BTCUSDT", side="Sell", qty="0.2")
            row = await stream.row("execution")
            assert (row["orderLinkId"], row["createType"], row["side"]) == ("", "CreateByUser", "Sell")
            assert (await stream.row("position"))["side"] == "Sell"
            await rig.sim(f"accounts/{key}/trades", symbol="BTCUSDT", side="Buy", qty="0.5")
            assert (await stream.row("execution", side="Buy"))["createType"] == "CreateByClosing"
        held = await rig.truth("positions")
        assert [(row["side"], row["size"]) for row in held] == [("Buy", "0.300")]

    run(scene)


@pytest.mark.parametrize(("deed", "kind", "size"), [("liquidate", "BustTrade", "0"), ("adl", "AdlTrade", "0.060")])
def test_forced_closings_carry_their_own_types(deed: str, kind: str, size: str) -> None:
    async def scene(rig: Rig) -> None:
        await rig.order(stopLoss=f"{await rig.last() - 300:.1f}")
        await rig.filled("0.100")
        body = {"symbol": "BTCUSDT"} | ({"qty": "0.04"} if deed == "adl" else {})
        await rig.sim(f"accounts/{rig.venue.credentials()[0]}/{deed}", **body)
        await rig.filled(size)
        assert (await rig.list("/v5/execution/list"))[0]["execType"] == kind

    run(scene)


def test_a_price_set_by_hand_stays_and_the_market_goes_on_from_there() -> None:
    async def scene(rig: Rig) -> None:
        before = await rig.last()
        await rig.price(f"{before * 2:.1f}")
        await rig.sim("clock", advance_s=600)
        assert await rig.last() == pytest.approx(before * 2, rel=0.03)
        rows = await rig.list("/v5/market/kline", symbol="BTCUSDT", interval="5", limit=4)
        assert float(rows[-1][4]) == pytest.approx(before, rel=0.03)
        assert float(rows[0][4]) == pytest.approx(before * 2, rel=0.03)

    run(scene)


def test_a_running_market_moves_by_itself_at_its_speed_and_pauses() -> None:
    async def scene(rig: Rig) -> None:
        await rig.sim("clock", speed=600)
        await rig.sim("resume")

        async def is_later() -> bool:
            return bool((await rig.look("state"))["time"] > START_MS + 120_000)

        await eventually(is_later)
        at = (await rig.sim("pause"))["time"]
        assert (await rig.look("state"))["time"] == at
        assert len(await rig.list("/v5/market/recent-trade", symbol="BTCUSDT")) > 10

    run(scene)


def test_a_finer_tick_keeps_orders_positions_and_results() -> None:
    async def scene(rig: Rig) -> None:
        last = await rig.last()
        await rig.order(stopLoss=f"{last - 300:.1f}")
        before = await rig.filled("0.100")
        await rig.order(orderType="Limit", price=f"{last - 500:.1f}", orderLinkId="rest")
        await rig.sim("instruments/BTCUSDT", tickSize="0.01", qtyStep="0.0001")
        after = await rig.position()
        same = ("avgPrice", "stopLoss", "positionIM", "size")
        assert [Decimal(after[name]) for name in same] == [Decimal(before[name]) for name in same]
        assert (await rig.list("/v5/market/instruments-info", symbol="BTCUSDT"))[0]["priceFilter"]["tickSize"] == "0.01"
        assert (await rig.order(orderType="Limit", price=f"{last - 400.05:.2f}", qty="0.0011"))["retCode"] == 0
        await rig.price(f"{last - 300.01:.2f}")
        await rig.filled("0")
        account = rig.venue.core.accounts[rig.venue.credentials()[0]]
        assert account.book.settings.cash == account.sim.wallet

    run(scene)


def test_a_coarser_grid_that_an_order_does_not_fit_is_refused() -> None:
    async def scene(rig: Rig) -> None:
        await rig.order(orderType="Limit", price=f"{int(await rig.last()) - 500}.3")
        status, body = await control(rig, "instruments/BTCUSDT", {"tickSize": "0.5"})
        assert (status, "cancel it first" in body["error"]) == (400, True)

    run(scene)


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        ("prices", {"symbol": "NOPE", "last": "1"}, "no symbol"),
        ("prices", {"symbol": "BTCUSDT"}, "last"),
        ("prices", {"symbol": "BTCUSDT", "last": "1.05"}, "multiple"),
        ("prices", {"symbol": "BTCUSDT", "last": "-5"}, "above 0"),
        ("clock", {"speed": 0}, "speed"),
        ("clock", {"advance_s": -1}, "advance_s"),
        ("clock", {"skew_ms": "1"}, "skew_ms"),
        ("clock", {"warp": 1}, "unknown field"),
        ("instruments/BTCUSDT", {"status": "Sleeping"}, "Sleeping"),
        ("instruments/BTCUSDT", {"minOrderQty": "1000"}, "in order"),
        ("faults", {"path": "*", "kind": "boom"}, "kind"),
        ("accounts/nobody/trades", {}, "no account"),
    ],
)
def test_control_calls_that_make_no_sense_say_what_is_wrong(path: str, body: dict[str, Any], text: str) -> None:
    async def scene(rig: Rig) -> None:
        status, answer = await control(rig, path, body)
        assert status in {400, 404}
        assert text in answer["error"]

    run(scene)


@pytest.mark.parametrize(
    ("deed", "body", "text"),
    [
        ("trades", {"symbol": "BTCUSDT", "side": "Up", "qty": "1"}, "side"),
        ("trades", {"symbol": "BTCUSDT", "side": "Buy", "qty": "0.00001"}, "multiple"),
        ("deposits", {}, "amount"),
        ("withdrawals", {"amount": "99999999"}, "insufficient"),
        ("liquidate", {"symbol": "BTCUSDT"}, "no position"),
        ("adl", {"symbol": "BTCUSDT", "qty": "1"}, "no position"),
    ],
)
def test_what_an_owner_cannot_do_is_refused(deed: str, body: dict[str, Any], text: str) -> None:
    async def scene(rig: Rig) -> None:
        status, answer = await control(rig, f"accounts/{rig.venue.credentials()[0]}/{deed}", body)
        assert status == 400
        assert text in answer["error"]

    run(scene)


def test_bodies_must_be_json() -> None:
    async def scene(rig: Rig) -> None:
        async with rig.http.post(f"{rig.venue.url}/sim/pause", data="{}") as response:
            assert response.status == 415
        async with rig.http.post(
            f"{rig.venue.url}/sim/prices", data="{", headers={"Content-Type": "application/json"}
        ) as response:
            assert response.status == 400

    run(scene)


def test_an_exposed_venue_asks_for_its_key_under_sim_only() -> None:
    async def scene(rig: Rig) -> None:
        async with rig.http.get(f"{rig.venue.url}/sim/state") as response:
            assert response.status == 401
        headers = {"Authorization": f"Bearer {rig.venue.key}"}
        async with rig.http.get(f"{rig.venue.url}/sim/state", headers=headers) as response:
            assert response.status == 200
        assert (await rig.get("/v5/market/time"))["retCode"] == 0

    run(scene, expose=True)
