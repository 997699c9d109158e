"""When a backtest may skip bars: only where nothing but marks and extremes can change."""

from collections.abc import Callable

import pytest

from engine.core import events as e
from engine.core.commands import CloseAll
from engine.core.market import HOUR_MS
from engine.core.money import to_money
from engine.core.profile import Action, LimitSpec, Measure, Protection
from engine.core.protection import grid
from engine.core.quiet import TOP, Quiet, quiet, slept
from tests.support.desk import BTC, DAY, ETH, T0, Bench, account, profile

MIDNIGHT = T0 - T0 % DAY + DAY


def desk(*limits: LimitSpec, long: bool = True, own: tuple[LimitSpec, ...] = (), **rules: int) -> Bench:
    bench = Bench(account(profile(protection=Protection(**rules), limits=own), limits=limits))
    bench.enter(long=long)
    bench.time(0)
    return bench


def limit(measure: Measure, threshold: int, action: Action = Action.NO_ENTRIES, **more: object) -> LimitSpec:
    fields: dict[str, object] = {"name": measure.value, "floor": -(10**15), "ceiling": -1}
    return LimitSpec(measure=measure, threshold=threshold, action=action, **(fields | more))


FAR = limit(Measure.PEAK_EQUITY, -1_000_000)


def test_a_quiet_position_sleeps_until_midnight() -> None:
    assert quiet(desk().ws) == Quiet(0, TOP, MIDNIGHT)
    assert quiet(desk(long=False).ws) == Quiet(0, TOP, MIDNIGHT)


def test_where_there_are_limits_it_sleeps_below_a_new_peak() -> None:
    # The fee of 0.825 is 5.5 ticks of 15 coins away from the start's equity, which is the peak.
    band = quiet(desk(FAR).ws)
    assert band is not None
    assert band.high == 10_005
    band = quiet(desk(FAR, long=False).ws)
    assert band is not None
    assert band.low == 9_994


def test_the_band_ends_before_breakeven_wakes() -> None:
    assert quiet(desk(breakeven_profit=to_money("0.3")).ws) == Quiet(0, 10_002, MIDNIGHT)
    assert quiet(desk(breakeven_profit=to_money("0.3"), long=False).ws) == Quiet(9_998, TOP, MIDNIGHT)


def test_the_slot_that_was_slept_through_is_not_asked_again() -> None:
    bench = desk()
    slept(bench.ws, T0 + HOUR_MS)
    assert bench.ws.grid == grid(T0 + HOUR_MS)


def test_age_rules_bound_the_sleep() -> None:
    bench = desk(max_age_ms=HOUR_MS)
    opened = bench.ws.positions[BTC].opened_ms
    assert quiet(bench.ws).until_ms == opened + HOUR_MS
    assert quiet(desk(losing_after_ms=2 * HOUR_MS).ws).until_ms == opened + 2 * HOUR_MS
    bench.now += HOUR_MS
    bench.ws.now_ms = bench.now
    assert quiet(bench.ws) is None


@pytest.mark.parametrize("long", [True, False])
def test_the_band_ends_before_a_limit_warns(long: bool) -> None:
    # A warning at 8 USDT lost, 0.825 of it paid as fee: 7.175 are 47.8 ticks of 15 coins.
    band = quiet(desk(limit(Measure.TOTAL_LOSS, to_money(-10)), long=long).ws)
    assert band is not None
    edge, away = (band.low, 10_000 - 48) if long else (band.high, 10_000 + 47)
    assert abs(edge - away) <= 1
    own = limit(Measure.TOTAL_LOSS, to_money(-10), profile="alpha")
    assert quiet(desk(long=long, own=(own,)).ws) == band


def closing() -> Bench:
    bench = desk()
    bench.ask(CloseAll(command_id="c", by="a", wall_ms=T0))
    ticket = next(order.ticket for order in bench.state.book.open())
    bench.step(e.OrderRejected(ticket.link_id, "1", "no", bench.now))
    return bench


def external() -> Bench:
    bench = Bench()
    bench.step(e.Executed("x", "", "", BTC, True, 10_000, 10, 0, e.ExecKind.MANUAL, bench.now))
    return bench


AWAKE: list[Callable[[], Bench]] = [
    Bench,
    lambda: desk(trail_from_ppm=1_000),
    lambda: (b := desk(), b.enter(symbol=ETH))[0],
    lambda: (b := desk(), b.order(symbol=ETH))[0],
    lambda: (b := desk(), b.step(e.ProtectionReported(BTC, 0, 0, b.now)))[0],
    closing,
    external,
    lambda: (b := desk(FAR), b.state.references.clear())[0],
]


@pytest.mark.parametrize("case", AWAKE)
def test_where_anything_could_happen_every_bar_is_looked_at(case: Callable[[], Bench]) -> None:
    assert quiet(case().ws) is None


def test_a_limit_that_warns_keeps_the_desk_awake_whatever_the_others_say() -> None:
    bench = desk(limit(Measure.TOTAL_LOSS, to_money(-10)), limit(Measure.WEEKLY_EQUITY, -150_000))
    assert quiet(bench.ws) is not None
    bench.state.levels["total_loss"] = "warned"
    assert quiet(bench.ws) is None


def test_a_limit_that_is_over_for_its_period_lets_the_desk_sleep() -> None:
    bench = desk(limit(Measure.DAILY_EQUITY, -1_000), limit(Measure.DAILY_BALANCE, -50_000))
    band = quiet(bench.ws)
    assert band is not None
    assert band.low > 9_000
    bench.state.levels["daily_equity"] = "breached"
    # Only the loss of everything is left, which no price of a long reaches.
    assert quiet(bench.ws) == Quiet(0, band.high, band.until_ms)
