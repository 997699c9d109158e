"""A whole desk on the local venue when the exchange acts: forced closes, funding, clocks, outages, listings."""

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest

from engine.core.alerts import ExitAlert, LiquidationAlert, SystemAlert
from engine.core.commands import CloseAll, Done
from engine.core.events import FundingPaid, VenueState
from engine.core.facts import ExtremesSeen, HoldSet, PositionAdopted, ReferenceSet, SignalRecorded, TradeClosed
from engine.core.market import HOUR_MS, Status
from engine.core.money import to_money
from engine.core.profile import HoldLevel
from engine.exchanges.bybit import account, adapter
from tests.integration.bybit.desk_stage import DeskStage
from tests.integration.bybit.test_desk import close, play, reborn, titles
from tests.support.desk import BTC, ETH

CREATE = "/v5/order/create"
INSTRUMENTS = "/v5/market/instruments-info"


def hurry(patch: pytest.MonkeyPatch) -> None:
    """Let the adapter look after itself more often than every 5 and 60 s."""
    patch.setattr(adapter, "_KEEP_S", 0.05)
    patch.setattr(adapter, "_RETRY_S", 0.2)
    patch.setattr(account, "_LAG_S", 0.1)


async def refusal(stage: DeskStage, symbol: str = ETH) -> str:
    """Return which check refuses an entry now."""
    known = len(stage.recorded(SignalRecorded))
    stage.signal(symbol)
    await stage.until(lambda: len(stage.recorded(SignalRecorded)) > known)
    return str(stage.recorded(SignalRecorded)[-1].check)


async def close_all(stage: DeskStage) -> None:
    command = CloseAll(command_id="all", by="ann", wall_ms=stage.clock.wall_ms())
    assert isinstance(await stage.desk.command(command), Done)
    await stage.until(lambda: not stage.positions)


@pytest.mark.parametrize("part", [None, Decimal("0.4")], ids=["liquidation", "adl of a part"])
def test_what_the_exchange_takes_away_is_booked_as_that_holds_the_account_and_alarms(part: Decimal | None) -> None:
    async def story(stage: DeskStage) -> None:
        await stage.enter()
        held = (await stage.theirs())["size"]
        if part is None:
            await stage.owner("liquidate", symbol=BTC)
            await stage.until(lambda: BTC not in stage.positions)
        else:
            before = stage.positions[BTC].qty
            await stage.owner("adl", symbol=BTC, qty=str((held * part).quantize(Decimal("0.001"))))
            await stage.until(lambda: stage.positions[BTC].qty < before)
        cause = "liquidation" if part is None else "adl"
        await stage.until(lambda: [alert.cause for alert in stage.told(LiquidationAlert)] == [cause])
        assert [alert.reason for alert in stage.told(ExitAlert)] == ([] if part else ["liquidation"])
        assert stage.trader.workspace.hold_level() is HoldLevel.REDUCE_ONLY
        assert await refusal(stage) == await refusal(stage, BTC) == "hold"
        await stage.agrees()
        await close_all(stage)
        assert (await stage.theirs())["size"] == 0
        await stage.agrees()

    play(story)


@pytest.mark.parametrize("long", [True, False])
def test_funding_is_booked_from_the_exchanges_number_and_is_no_trade(long: bool) -> None:
    async def story(stage: DeskStage) -> None:
        await stage.enter(long=long)
        qty, fills = stage.positions[BTC].qty, len(await stage.truth("executions"))
        await stage.sim("clock", advance_s=60)
        await stage.until(lambda: bool(stage.recorded(FundingPaid)))
        (paid,) = stage.recorded(FundingPaid)
        (row,) = (await stage.truth("executions"))[fills:]
        assert row["execType"] == "Funding"
        assert paid.amount == to_money(row["execFee"])
        assert (paid.amount > 0) is ((Decimal(row["feeRate"]) > 0) is long)
        assert (stage.positions[BTC].qty, stage.positions[BTC].funding) == (qty, paid.amount)
        assert not stage.recorded(TradeClosed)
        await stage.agrees()

    # Half a minute before a settlement.
    now_ms = 20_000 * 24 * HOUR_MS + 8 * HOUR_MS - 30_000
    play(story, start_ms=now_ms)


@pytest.mark.parametrize("skew_ms", [-6_000, -1_100, -900, -400, 400, 900, 1_100, 6_000])
def test_a_clock_that_is_wrong_is_told_ends_entries_above_a_second_and_never_stops_an_exit(
    skew_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch)

    async def story(stage: DeskStage) -> None:
        await stage.enter()
        await stage.sim("clock", skew_ms=skew_ms)
        offset = stage.connection.time.signing
        await stage.until(lambda: abs(offset.ms - skew_ms) < 100)
        grave, told = abs(skew_ms) > 1_000, abs(skew_ms) > 500
        if grave:
            await stage.until(lambda: stage.trader.workspace.venue is VenueState.DEGRADED)
            assert await refusal(stage) == "hold"
        else:
            await stage.enter(ETH)
        words = f"this machine's clock is {abs(skew_ms) / 1000:.1f} s {'behind' if skew_ms > 0 else 'ahead'}"
        await asyncio.sleep(0.3)  # a few more looks at the clock
        assert sum(alert.detail.startswith(words) for alert in stage.told(SystemAlert)) == told
        await close_all(stage)
        assert {row["retCode"] for row in await stage.requests(CREATE)} <= {0, 10002}
        await stage.sim("clock", skew_ms=0)
        await stage.until(lambda: stage.trader.workspace.venue is VenueState.UP)
        await stage.agrees()

    play(story)


EMPTY = json.dumps({"retCode": 0, "retMsg": "OK", "result": {"list": [], "nextPageCursor": ""}, "retExtInfo": {}})
WINDOWS: dict[str, list[dict[str, Any]]] = {
    "503": [{"path": "*", "kind": "status", "status": 503}],
    "10016": [{"path": "*", "kind": "ret_code", "code": 10016}],
    "html": [{"path": "*", "kind": "html"}],
    "everything empty": [{"path": "*", "kind": "status", "status": 200, "body": EMPTY}],
    "no positions": [{"path": "/v5/position/list", "kind": "status", "status": 200, "body": EMPTY}],
}


@pytest.mark.parametrize("window", WINDOWS)
def test_an_outage_of_whatever_kind_concludes_nothing_and_is_told_once_each_way(
    window: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch)

    def state(stage: DeskStage) -> list[Any]:
        # Prices go on: what they are worth is a fact of the market, not of the exchange's answers.
        market = SignalRecorded | ExtremesSeen | ReferenceSet
        return [fact for fact in stage.journal.facts if not isinstance(fact, market)]

    async def story(stage: DeskStage) -> None:
        await stage.enter()
        await asyncio.sleep(1.0)  # the comparison that was on its way
        before, told = state(stage), len(stage.journal.alerts)
        for fault in WINDOWS[window]:
            await stage.sim("faults", times=1_000_000, **fault)
        await stage.until(lambda: stage.trader.workspace.venue is not VenueState.UP)
        assert await refusal(stage) == "hold"
        await asyncio.sleep(1.0)  # as long as it likes
        await stage.clear_faults()
        await stage.until(lambda: stage.trader.workspace.venue is VenueState.UP)
        await stage.until(lambda: stage.trader.workspace.compared)
        assert state(stage) == before
        assert [alert.topic for alert in stage.journal.alerts[told:]] == ["exchange", "exchange"]
        await stage.agrees()
        await stage.enter(ETH)

    play(story)


async def vanish(stage: DeskStage, symbol: str = BTC) -> None:
    """Let the exchange list everything but a symbol."""
    async with stage.http.get(f"{stage.venue.url}{INSTRUMENTS}?category=linear") as got:
        listed = await got.json()
    listed["result"]["list"] = [row for row in listed["result"]["list"] if row["symbol"] != symbol]
    body = json.dumps(listed)
    await stage.sim("faults", path=INSTRUMENTS, kind="status", status=200, body=body, times=1_000)


def test_a_symbol_that_vanishes_with_a_position_is_told_and_the_others_trade_on() -> None:
    async def story(stage: DeskStage) -> None:
        await stage.enter()
        await vanish(stage)
        await stage.feed.refresh()
        await stage.until(lambda: f"{BTC} is closed" in titles(stage))
        assert stage.trader.workspace.instrument(BTC).status is Status.CLOSED
        await stage.enter(ETH)
        again = await reborn(stage)
        assert set(again.positions) == {BTC, ETH}
        assert not again.recorded(HoldSet)
        await close(again, ETH)
        await again.until(lambda: ETH not in again.positions)
        assert BTC in again.positions
        assert not again.recorded(PositionAdopted)
        await again.stop()

    play(story)


def test_a_symbol_that_vanished_before_the_start_is_told_and_the_others_trade() -> None:
    async def story(stage: DeskStage) -> None:
        await vanish(stage)
        await stage.fall_silent()
        again = DeskStage(stage.venue, stage.http, stage.journal)
        await again.start()
        assert BTC not in again.connection.instruments
        await again.enter(ETH)
        assert any(BTC in finding.what for finding in again.exchange.findings)
        assert set(again.positions) == {ETH}
        await again.stop()

    play(story)


def test_a_symbol_that_vanishes_after_its_position_takes_no_entry_and_the_others_trade_on() -> None:
    async def story(stage: DeskStage) -> None:
        await stage.enter()
        await close(stage)
        await vanish(stage)
        await stage.feed.refresh()
        await stage.until(lambda: f"{BTC} is closed" in titles(stage))
        assert await refusal(stage, BTC) in {"cooldown", "listed"}
        await stage.enter(ETH)
        trade = stage.recorded(TradeClosed)[0].trade
        assert trade.symbol == BTC
        await stage.agrees()

    play(story)
