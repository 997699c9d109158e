"""The vendor's own HTTP client works against the venue without knowing that it is one."""

import asyncio
import contextlib
import importlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration.localvenue.rig import Rig, run


@contextlib.contextmanager
def client(rig: Rig) -> Iterator[Any]:
    """Make the vendor's client, pointed at the venue."""
    unified: Any = importlib.import_module("pybit.unified_trading")
    key, secret = rig.venue.credentials()
    session = unified.HTTP(api_key=key, api_secret=secret, retry_codes={-1}, max_retries=1)
    session.endpoint = rig.venue.url
    try:
        yield session
    finally:
        session.client.close()


def wait(is_so: Callable[[], bool]) -> None:
    """Wait in a worker thread until something is so."""
    for _ in range(200):
        if is_so():
            return
        time.sleep(0.02)
    raise TimeoutError("it did not become so")


def round_trip(session: Any) -> dict[str, Any]:
    """Place, query, protect, close, and read the result."""
    linear = {"category": "linear", "symbol": "BTCUSDT"}
    last = float(session.get_tickers(**linear)["result"]["list"][0]["lastPrice"])
    session.set_leverage(**linear, buyLeverage="5", sellLeverage="5")
    placed = session.place_order(**linear, side="Buy", orderType="Market", qty="0.010", orderLinkId="v-1")["result"]

    def position() -> dict[str, Any]:
        return dict(session.get_positions(**linear)["result"]["list"][0])

    wait(lambda: position()["size"] == "0.010")
    session.set_trading_stop(**linear, tpslMode="Full", positionIdx=0, stopLoss=f"{last * 0.95:.1f}")
    stops = session.get_open_orders(**linear)["result"]["list"]
    history = session.get_order_history(category="linear", orderId=placed["orderId"])["result"]["list"]
    session.place_order(**linear, side="Sell", orderType="Market", qty="0.010", reduceOnly=True)
    wait(lambda: position()["size"] == "0")
    closed = session.get_closed_pnl(category="linear")["result"]["list"]
    fills = session.get_executions(category="linear", limit=1)["result"]
    older = session.get_executions(category="linear", limit=1, cursor=fills["nextPageCursor"])["result"]["list"]
    return {"stops": stops, "history": history, "closed": closed, "fills": [*fills["list"], *older]}


def test_a_whole_round_trip() -> None:
    async def scene(rig: Rig) -> None:
        with client(rig) as session:
            seen = await asyncio.to_thread(round_trip, session)
        assert [row["stopOrderType"] for row in seen["stops"]] == ["StopLoss"]
        assert [(row["orderLinkId"], row["orderStatus"]) for row in seen["history"]] == [("v-1", "Filled")]
        assert [(row["side"], row["leverage"], row["closedSize"]) for row in seen["closed"]] == [("Sell", "5", "0.010")]
        assert [row["side"] for row in seen["fills"]] == ["Sell", "Buy"]

    run(scene, rate_limits=False)


def test_refusals_arrive_as_the_clients_own_errors() -> None:
    async def scene(rig: Rig) -> None:
        errors: Any = importlib.import_module("pybit.exceptions")
        order = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "95.000"}
        with client(rig) as session:
            with pytest.raises(errors.InvalidRequestError) as refused:
                await asyncio.to_thread(lambda: session.place_order(**order))
            assert refused.value.status_code == 110007
            await rig.sim("faults", path="/v5/order/create", kind="html", status=200)
            with pytest.raises(errors.FailedRequestError) as failed:
                await asyncio.to_thread(lambda: session.place_order(**order))
            assert failed.value.status_code == 409
            await rig.sim("faults", path="/v5/order/create", kind="status", status=403)
            with pytest.raises(errors.FailedRequestError) as banned:
                await asyncio.to_thread(lambda: session.place_order(**order))
            assert banned.value.status_code == 403

    run(scene)
