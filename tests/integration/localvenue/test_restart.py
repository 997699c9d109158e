"""What a venue has told it still knows after a stop, and after a kill at any moment."""

import asyncio
import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.localvenue import LocalVenue, LocalVenueConfig
from tests.integration.localvenue.rig import Rig, open_rig, stored

ROOT = Path(__file__).resolve().parents[3]
TRUTHS = ("orders", "executions", "positions", "wallet")


async def truths(rig: Rig) -> dict[str, Any]:
    return {name: await rig.truth(name) for name in TRUTHS}


async def trade(rig: Rig) -> None:
    last = await rig.last()
    await rig.order(stopLoss=f"{last - 300:.1f}", takeProfit=f"{last + 300:.1f}", orderLinkId="entry")
    await rig.filled("0.100")
    await rig.order(orderType="Limit", price=f"{last - 200:.1f}", orderLinkId="rest")
    await rig.order(triggerPrice=f"{last + 100:.1f}", triggerDirection=1, orderLinkId="wait")
    await rig.price(f"{last + 50:.1f}")


def test_a_restart_keeps_keys_orders_positions_prices_and_money(tmp_path: Path) -> None:
    async def main() -> None:
        async with open_rig(**stored(tmp_path)) as rig:
            await trade(rig)
            keys, before, last = rig.venue.credentials(), await truths(rig), await rig.last()
        async with open_rig(**stored(tmp_path)) as rig:
            assert rig.venue.credentials() == keys
            assert await truths(rig) == before
            assert await rig.last() == pytest.approx(last, rel=0.001)
            assert await rig.list("/v5/order/realtime", settleCoin="USDT", openOnly=1) == []
            assert (await rig.order(orderLinkId="entry"))["retCode"] == 110072
            await rig.price(f"{last - 400:.1f}")
            assert "CreateByStopLoss" in {row["createType"] for row in await rig.list("/v5/execution/list")}

    asyncio.run(main())


def test_an_order_acknowledged_before_the_end_is_filled_after_the_restart(tmp_path: Path) -> None:
    async def main() -> None:
        async with open_rig(**stored(tmp_path, match_delay_s=60.0)) as rig:
            assert (await rig.order(orderLinkId="late"))["retCode"] == 0
            assert await rig.truth("executions") == []
        async with open_rig(**stored(tmp_path)) as rig:
            await rig.sim("clock", advance_s=60)
            await rig.filled("0.100")
            assert (await rig.list("/v5/execution/list"))[0]["orderLinkId"] == "late"

    asyncio.run(main())


def test_market_changes_survive(tmp_path: Path) -> None:
    async def main() -> None:
        async with open_rig(**stored(tmp_path)) as rig:
            await rig.price("50000.0")
            await rig.sim("instruments/ETHUSDT", status="Closed")
            await rig.sim("clock", advance_s=3600)
            time = (await rig.look("state"))["time"]
            candles = await rig.list("/v5/market/kline", symbol="BTCUSDT", interval="15", limit=8)
        async with open_rig(**stored(tmp_path)) as rig:
            assert (await rig.look("state"))["time"] == time
            again = await rig.list("/v5/market/kline", symbol="BTCUSDT", interval="15", limit=8)
            assert again[1:] == candles[1:]
            assert (await rig.order(symbol="ETHUSDT", qty="1.00"))["retCode"] == 110074

    asyncio.run(main())


def test_another_seed_is_refused_for_a_known_market(tmp_path: Path) -> None:
    async def main() -> None:
        async with open_rig(**stored(tmp_path, seed=3)):
            pass
        with pytest.raises(ValueError, match="seed 3"):
            await LocalVenue(LocalVenueConfig(state_dir=tmp_path, seed=4)).start()

    asyncio.run(main())


def test_secrets_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    async def main() -> None:
        async with open_rig(**stored(tmp_path)) as rig:
            await rig.order()

    asyncio.run(main())
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def start(folder: Path) -> tuple[subprocess.Popen[str], dict[str, str]]:
    """Start a venue in a process of its own; return it with what it printed."""
    code = (
        "import typer, bot.cli_venue as c; app = typer.Typer(); app.command()(c.venue); "
        f"app(['--port', '0', '--state', {str(folder)!r}, '--speed', '1'])"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = dict(process.stdout.readline().split(maxsplit=1) for _ in range(6))
    return process, {name: value.strip() for name, value in told.items()}


def talk(told: dict[str, str], method: str, path: str, **body: str) -> Any:
    """Make a control call and return its JSON."""
    place = told["REST"].removeprefix("http://")
    with contextlib.closing(http.client.HTTPConnection(place, timeout=10)) as connection:
        connection.request(method, f"/sim/{path}", json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        assert response.status == 200
        return json.load(response)


def test_a_killed_venue_knows_everything_it_has_told(tmp_path: Path) -> None:
    process, told = start(tmp_path)
    with process:
        for side in ("Buy", "Sell", "Buy"):
            talk(told, "POST", f"accounts/{told['key']}/trades", symbol="BTCUSDT", side=side, qty="0.05")
        before = {name: talk(told, "GET", f"accounts/{told['key']}/{name}") for name in ("orders", "executions")}
        process.send_signal(signal.SIGKILL)
    again, retold = start(tmp_path)
    with again:
        assert retold["secret"] == told["secret"]
        assert {name: talk(retold, "GET", f"accounts/{told['key']}/{name}") for name in before} == before
        second = subprocess.run(again.args, cwd=ROOT, capture_output=True, text=True, check=False)
        assert (second.returncode, "already" in second.stderr) == (1, True)
        again.send_signal(signal.SIGTERM)
    assert again.returncode == os.EX_OK
