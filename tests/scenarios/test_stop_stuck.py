"""A stop that was passed without closing: the desk looks, and closes at the market."""

import pytest

from engine.core.alerts import ProtectionAlert, SystemAlert
from engine.core.events import ExecKind
from engine.core.facts import TradeClosed
from engine.core.profile import HoldLevel
from engine.exchanges.sim import matching
from engine.exchanges.sim.model import Market
from tests.scenarios.rig import SEEDS, Rig, assert_sound, desk
from tests.support.desk import BTC, PRICE
from tests.support.virtual import run, until

CLOSED_S = 5.0 + 1.0
BELOW = PRICE * 99 // 100


@pytest.fixture(autouse=True)
def _stops_do_not_fill(monkeypatch: pytest.MonkeyPatch) -> None:
    exits = matching._exit_kind

    def without_stops(market: Market) -> ExecKind | None:
        kind = exits(market)
        return None if kind is ExecKind.STOP else kind

    # A stop that triggers and finds nobody to trade with, as a stop-limit in a gap.
    monkeypatch.setattr(matching, "_exit_kind", without_stops)


async def gap(rig: Rig) -> None:
    await rig.enter()
    rig.world.prices[BTC] = BELOW


@pytest.mark.parametrize("seed", SEEDS)
def test_a_position_left_behind_by_its_stop_is_closed_at_the_market_within_seconds(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            await gap(rig)
            took = await until(lambda: not rig.world.truth.positions(), timeout_s=CLOSED_S)
            assert took >= 4
            await rig.quiet()
            assert [fact.trade.reason for fact in rig.recorded(TradeClosed)] == ["stop passed"]
            assert [ticket.reduce_only for ticket in rig.world.requests] == [False, True]
            assert len(rig.told(ProtectionAlert)) == 1
            assert_sound(rig)

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_wick_through_the_stop_closes_nothing(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            for _ in range(5):
                if not rig.positions:
                    await rig.enter()
                rig.world.prices[BTC] = BELOW
                await rig.clock.sleep(4)
                rig.world.prices[BTC] = PRICE
                await rig.clock.sleep(2)
            assert len(rig.world.requests) == 1
            assert_sound(rig)

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_close_that_keeps_being_refused_halts_the_desk_and_goes_on_trying(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            await gap(rig)
            rig.faults.refuse_orders = 1_000
            await rig.clock.sleep(40)
            assert rig.trader.workspace.hold_level() is HoldLevel.HALTED
            assert any(alert.title == f"{BTC} cannot be closed" for alert in rig.told(SystemAlert))
            rig.faults.refuse_orders = 0
            await until(lambda: not rig.positions, timeout_s=40)
            await rig.quiet()
            assert rig.trader.workspace.hold_level() is HoldLevel.HALTED
            assert_sound(rig)

    run(main(), seed)
