"""What happens to an account from outside while a whole desk trades it on the local venue."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from engine.core.alerts import SystemAlert
from engine.core.commands import CloseAll, ClosePosition, Done, Resume
from engine.core.facts import HoldSet, LimitCrossed, SignalRecorded, TradeClosed, TransferBooked
from engine.core.money import to_money
from engine.core.portfolio import EXTERNAL
from engine.core.profile import HoldLevel
from engine.exchanges.bybit import caller
from engine.exchanges.bybit.codes import Action
from engine.exchanges.bybit.endpoints import Endpoint
from engine.limiter import Lane
from tests.integration.bybit.desk_stage import DeskStage, desk_stage
from tests.support.desk import BTC, ETH

CREATE = "/v5/order/create"
XRP = "XRPUSDT"
SWITCH_MODE = Endpoint("POST", "/v5/position/switch-mode", "leverage")
type Story = Callable[[DeskStage], Awaitable[None]]


def play(story: Story, **settings: Any) -> None:
    async def main() -> None:
        async with desk_stage(**settings) as stage:
            await story(stage)

    asyncio.run(main())


async def close(stage: DeskStage, symbol: str = BTC) -> None:
    command = ClosePosition(command_id=f"c{symbol}", by="ann", wall_ms=stage.clock.wall_ms(), symbol=symbol)
    assert isinstance(await stage.desk.command(command), Done)
    await stage.until(lambda: symbol not in stage.positions)


def titles(stage: DeskStage) -> list[str]:
    return [alert.title for alert in stage.told(SystemAlert)]


@pytest.mark.parametrize(
    "order",
    [
        {"orderType": "Limit", "price": "50000", "orderLinkId": "by-hand"},
        {"orderType": "Limit", "price": "50000"},
        {"orderType": "Market", "triggerPrice": "1000", "triggerDirection": 2},
    ],
)
def test_another_programs_working_order_holds_the_desk_until_an_admin_resumes(order: dict[str, Any]) -> None:
    async def story(stage: DeskStage) -> None:
        await stage.enter()
        await stage.work_an_order(**order)
        await stage.until(lambda: "Foreign order" in titles(stage))
        assert stage.trader.workspace.hold_level() is HoldLevel.REDUCE_ONLY
        stage.signal(ETH)
        await stage.until(lambda: stage.recorded(SignalRecorded)[-1].check == "hold")
        await close(stage)
        await stage.desk.command(Resume(command_id="r", by="ann", wall_ms=stage.clock.wall_ms()))
        await stage.enter(ETH)
        assert titles(stage).count("Foreign order") == 1

    play(story)


def test_the_exchanges_own_stops_are_nobodys_foreign_orders() -> None:
    async def story(stage: DeskStage) -> None:
        await stage.enter()
        report = await stage.exchange.account(0)
        stage.desk.put(report)
        await stage.enter(ETH)
        assert not stage.recorded(HoldSet)

    play(story)


def test_a_deposit_and_a_withdrawal_are_named_by_the_log_and_are_no_result() -> None:
    async def story(stage: DeskStage) -> None:
        await stage.enter()
        before = stage.state.portfolio.wallet
        await stage.owner("deposits", amount="5000")
        await stage.until(lambda: stage.state.portfolio.wallet == before + to_money(5_000))
        await stage.owner("withdrawals", amount="12000")
        await stage.until(lambda: stage.state.portfolio.wallet == before - to_money(7_000))
        assert [fact.kind for fact in stage.recorded(TransferBooked)] == ["TRANSFER_IN", "TRANSFER_OUT"]
        assert {"Deposit of 5,000.00 USDT", "Withdrawal of 12,000.00 USDT"} <= set(titles(stage))
        assert not stage.recorded(LimitCrossed)
        await close(stage)
        assert stage.state.unexplained == 0

    play(story)


@pytest.mark.parametrize(
    "grid",
    [
        {"tickSize": "0.01"},
        {"qtyStep": "0.0001"},
        {"tickSize": "0.05", "qtyStep": "0.0005"},
    ],
)
@pytest.mark.parametrize("restarted", [False, True])
def test_a_new_grid_with_an_open_position_keeps_books_stop_and_close_right(
    grid: dict[str, str], restarted: bool
) -> None:
    async def story(stage: DeskStage) -> None:
        position = await stage.enter()
        before = (position.cost, position.fees)
        held = await stage.theirs()
        await stage.sim(f"instruments/{BTC}", **grid)
        if restarted:
            stage = await reborn(stage)
        else:
            await stage.feed.refresh()
        instrument = stage.connection.instruments[BTC]
        await stage.until(lambda: stage.trader.workspace.instrument(BTC) == instrument)
        stage.desk.put(await stage.exchange.account(0))
        position = stage.positions[BTC]
        assert (position.cost, position.fees) == before
        assert instrument.quantity(position.size) == held["size"]
        assert instrument.price(position.stop) == held["stopLoss"] == (await stage.theirs())["stopLoss"]
        await stage.until(lambda: BTC in stage.trader.workspace.marks)
        await close(stage)
        assert (await stage.theirs())["size"] == 0
        trade = stage.recorded(TradeClosed)[-1].trade
        assert trade.quantity == held["size"]
        report = await stage.exchange.account(0)
        assert report.wallet == stage.state.portfolio.wallet
        if restarted:
            await stage.stop()

    play(story)


async def reborn(stage: DeskStage) -> DeskStage:
    """Another process on the same journal."""
    await stage.fall_silent()
    again = DeskStage(stage.venue, stage.http, stage.journal)
    await again.start()
    return again


@pytest.mark.parametrize("restarted", [False, True])
def test_what_the_owner_opens_on_a_symbol_nobody_trades_is_shown_priced_and_can_be_closed(restarted: bool) -> None:
    async def story(stage: DeskStage) -> None:
        await stage.enter()
        await stage.owner("trades", symbol=XRP, side="Buy", qty="10")
        await stage.until(lambda: XRP in stage.positions)
        if restarted:
            stage = await reborn(stage)
        ws = stage.trader.workspace
        assert ws.positions[XRP].profile == EXTERNAL
        # Without its price no loss limit would be measured.
        await stage.until(lambda: XRP in ws.marks)
        assert ws.measurable
        await close(stage, XRP)
        assert (await stage.theirs(XRP))["size"] == 0
        assert not [title for title in titles(stage) if "nknown" in title]
        report = await stage.exchange.account(0)
        assert report.wallet == stage.state.portfolio.wallet
        if restarted:
            await stage.stop()

    play(story, symbols=(BTC, ETH, XRP))


@pytest.mark.parametrize("restarted", [False, True])
def test_a_coarser_quantity_step_leaves_the_books_as_they_are_and_orders_are_whole_lots(restarted: bool) -> None:
    async def story(stage: DeskStage) -> None:
        position = await stage.enter(ETH)
        held = await stage.theirs(ETH)
        coarse = held["size"]
        await stage.sim(f"instruments/{ETH}", qtyStep=str(coarse), minOrderQty=str(coarse))
        if restarted:
            stage = await reborn(stage)
            position = stage.positions[ETH]
        else:
            await stage.feed.refresh()
        instrument = stage.connection.instruments[ETH]
        assert instrument.lot > 1
        await stage.until(lambda: stage.trader.workspace.instrument(ETH) == instrument)
        assert instrument.quantity(position.size) == held["size"]
        await stage.until(lambda: ETH in stage.trader.workspace.marks)
        await close(stage, ETH)
        assert (await stage.theirs(ETH))["size"] == 0
        if restarted:
            await stage.stop()

    play(story)


def test_a_delisting_is_told_ends_entries_on_its_symbol_and_settles_the_position() -> None:
    async def story(stage: DeskStage) -> None:
        await stage.enter()
        due = stage.venue.core.now_ms() + 3_600_000
        await stage.sim(f"instruments/{BTC}", deliveryTime=str(due))
        await stage.feed.refresh()
        await stage.until(lambda: any("is to be delisted" in title for title in titles(stage)))
        await stage.sim(f"instruments/{BTC}", status="Delivering")
        await stage.feed.refresh()
        await stage.enter(ETH)
        await stage.sim(f"instruments/{BTC}", status="Closed")
        await stage.feed.refresh()
        await stage.until(lambda: BTC not in stage.positions)
        assert stage.recorded(TradeClosed)[-1].trade.reason == "delivery"
        await close(stage, ETH)
        report = await stage.exchange.account(0)
        assert report.wallet == stage.state.portfolio.wallet

    play(story)


@pytest.mark.parametrize("status", ["Delivering", "Closed"])
def test_a_desk_starts_and_trades_the_others_when_a_symbol_has_ended_meanwhile(status: str) -> None:
    async def story(stage: DeskStage) -> None:
        await stage.enter()
        await stage.fall_silent()
        await stage.sim(f"instruments/{BTC}", status=status)
        again = DeskStage(stage.venue, stage.http, stage.journal)
        again.feed = type(again.feed)(again.connection, (ETH,))
        await again.start()
        await again.enter(ETH)
        if status == "Closed":
            await again.until(lambda: BTC not in again.positions)
            assert again.recorded(TradeClosed)[-1].trade.reason == "delivery"
        await again.stop()

    play(story)


def test_closes_wait_for_the_end_of_a_silence_and_leave_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller, "BAN_S", 3.0)

    async def story(stage: DeskStage) -> None:
        await stage.enter()
        before = len(await stage.requests(CREATE))
        await stage.sim("faults", path="/v5/position/list", kind="status", status=403, times=1)
        await stage.until(lambda: stage.connection.limiter.silent_s > 0)
        silent = stage.connection.limiter.silent_s
        began = stage.clock.monotonic()
        await close(stage)
        took = stage.clock.monotonic() - began
        assert silent <= took + 0.05 < silent + 1.0
        assert len(await stage.requests(CREATE)) == before + 1

    play(story)


@pytest.mark.parametrize(("wrong", "hold"), [(True, 1), (False, 0)])
def test_an_account_in_hedge_mode_starts_reduce_only_says_so_and_still_closes(wrong: bool, hold: int) -> None:
    async def story(stage: DeskStage) -> None:
        await stage.enter()
        if wrong:
            body = {"category": "linear", "symbol": ETH, "mode": 3}
            said = await stage.connection.caller.ask(Action.LEVERAGE, SWITCH_MODE, body, Lane.ENTRY)
            assert said.reply.answer.code == 0
        again = await reborn(stage)
        assert [fact.hold.hold_id for fact in again.recorded(HoldSet)] == ["start"] * hold
        told = [alert.detail for alert in again.told(SystemAlert) if alert.title == "Started reduce-only"]
        assert all("hedge mode is on for ETHUSDT: switch to one-way mode" in words for words in told)
        assert len(told) == hold
        again.signal(ETH)
        await again.until(lambda: again.recorded(SignalRecorded)[-1].symbol == ETH)
        assert (again.recorded(SignalRecorded)[-1].check == "hold") is wrong
        await again.until(lambda: wrong or ETH in again.positions)
        command = CloseAll(command_id="all", by="ann", wall_ms=again.clock.wall_ms())
        assert isinstance(await again.desk.command(command), Done)
        await again.until(lambda: not again.positions)
        await again.stop()

    play(story)
