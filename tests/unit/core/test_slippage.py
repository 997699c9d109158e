"""Fills far from what was expected: one record and one message an order, with numbers and the direction."""

from decimal import Decimal

import pytest

from engine.core import events as e
from engine.core.alerts import SlippageAlert, is_critical
from engine.core.commands import ClosePosition
from engine.core.effects import Effect
from engine.core.events import ExecKind
from engine.core.facts import SlippageSeen
from engine.core.profile import Protection
from engine.core.strategy import Away
from tests.support.desk import BTC, DAY, ETH, T0, Bench, account, assert_replays, facts, placed, profile, told


def slipped(effects: list[Effect]) -> list[tuple[str, int, int]]:
    """Return what slipped: what, ppm, limit; every record has its message."""
    found = facts(effects, SlippageSeen)
    assert [fact.what for fact in found] == [alert.what for alert in told(effects, SlippageAlert)]
    return [(fact.what, fact.ppm, fact.limit_ppm) for fact in found]


def fill_entry(price: int, *, long: bool = True, stop: Away | None = None) -> tuple[Bench, list[Effect]]:
    bench = Bench(account(profile(stop=stop, target=None)))
    return bench, bench.fill(bench.order(long=long), price)


@pytest.mark.parametrize(
    ("stop", "long", "price", "expected"),
    [
        (5_000, True, 10_010, []),
        (5_000, True, 10_011, [("entry", 1_100, 1_000)]),
        (5_000, True, 9_989, [("entry", -1_100, 1_000)]),
        (5_000, False, 9_989, [("entry", 1_100, 1_000)]),
        (50_000, True, 10_050, []),
        (50_000, True, 10_051, [("entry", 5_100, 5_000)]),
        (None, True, 10_050, []),
        (None, False, 10_051, [("entry", -5_100, 5_000)]),
    ],
)
def test_an_entry_is_told_beyond_a_fifth_of_its_stop_or_half_a_percent(
    stop: int | None, long: bool, price: int, expected: list[tuple[str, int, int]]
) -> None:
    bench, effects = fill_entry(price, long=long, stop=Away(stop) if stop else None)
    assert slipped(effects) == expected
    assert_replays(bench)


def test_the_message_has_the_numbers_belongs_to_its_position_and_is_not_critical() -> None:
    bench, effects = fill_entry(10_060)
    alert = told(effects, SlippageAlert)[0]
    position = bench.ws.positions[BTC]
    assert (alert.position_id, alert.symbol, alert.profile, alert.long) == (position.position_id, BTC, "alpha", True)
    assert (alert.expected, alert.price, alert.quantity) == (Decimal("100.00"), Decimal("100.60"), Decimal("15.0"))
    assert (alert.percent, alert.limit_percent, alert.cost) == (Decimal("0.6"), Decimal("0.5"), Decimal("9.00"))
    assert not is_critical(alert)
    fact = facts(effects, SlippageSeen)[0]
    assert (fact.expected, fact.price, fact.link_id) == (Decimal("100.00"), Decimal("100.60"), position.position_id)


def test_an_order_is_judged_by_its_average_when_it_is_over_and_told_once() -> None:
    bench = Bench(account(profile(stop=None, target=None)))
    ticket = bench.order()
    assert slipped(bench.fill(ticket, 10_500, 10)) == []
    assert slipped(bench.fill(ticket, 10_000, 40)) == []
    ended = bench.step(e.OrderEnded(ticket.link_id, 50, "cancelled", bench.now))
    assert slipped(ended) == [("entry", 10_000, 5_000)]
    assert slipped(bench.fill(ticket, 10_500, 10)) == []
    assert_replays(bench)


def test_an_exit_is_told_beyond_half_a_percent_of_the_price_it_was_decided_at() -> None:
    bench = Bench()
    bench.enter()
    for price, expected in ((9_950, []), (9_949, [("exit", 5_100, 5_000)])):
        bench.enter(symbol=ETH)
        bench.price(10_000, ETH)
        bench.ask(ClosePosition(command_id=f"c{price}", by="ann", wall_ms=T0, symbol=ETH))
        ticket = placed(bench.effects)[-1]
        effects = bench.fill(ticket, price)
        assert slipped(effects) == expected
        assert [alert.long for alert in told(effects, SlippageAlert)] == [True] * len(expected)
        bench.time(5 * 3_600_000)
        bench.price()
    assert_replays(bench)


def test_a_close_that_ended_with_a_part_of_its_fills_is_judged_by_them() -> None:
    bench = Bench()
    bench.enter()
    bench.ask(ClosePosition(command_id="c", by="ann", wall_ms=T0, symbol=BTC))
    ticket = placed(bench.effects)[-1]
    assert slipped(bench.fill(ticket, 9_900, 60)) == []
    ended = bench.step(e.OrderEnded(ticket.link_id, 60, "cancelled", bench.now))
    assert slipped(ended) == [("exit", 10_000, 5_000)]


def test_a_close_without_a_known_price_is_not_judged() -> None:
    bench = Bench()
    bench.enter()
    bench.ws.prices.clear()
    bench.ask(ClosePosition(command_id="c", by="ann", wall_ms=T0, symbol=BTC))
    assert slipped(bench.fill(placed(bench.effects)[-1], 5_000)) == []


def own(bench: Bench, kind: ExecKind, price: int, qty: int = 0) -> list[Effect]:
    held = bench.ws.positions[BTC]
    bench.executions += 1
    name = f"own{bench.executions}"
    return bench.step(
        e.Executed(name, "", name, BTC, not held.long, price, qty or held.size, 0, kind, bench.now),
    )


@pytest.mark.parametrize(
    ("kind", "price", "expected"),
    [
        (ExecKind.STOP, 9_901, []),
        (ExecKind.STOP, 9_900, [("stop", 5_025, 5_000)]),
        (ExecKind.TARGET, 10_252, [("target", -5_098, 5_000)]),
        (ExecKind.LIQUIDATION, 9_000, []),
        (ExecKind.MANUAL, 9_000, []),
    ],
)
def test_what_the_exchange_triggered_is_measured_from_its_trigger(
    kind: ExecKind, price: int, expected: list[tuple[str, int, int]]
) -> None:
    bench = Bench()
    bench.enter()
    assert slipped(own(bench, kind, price)) == expected
    assert_replays(bench)


def test_a_short_s_stop_costs_when_it_fills_above() -> None:
    bench = Bench()
    bench.enter(long=False)
    effects = own(bench, ExecKind.STOP, 10_150)
    assert [(alert.long, alert.cost > 0) for alert in told(effects, SlippageAlert)] == [(False, True)]


def test_the_parts_of_a_stop_count_together_and_those_of_another_kind_apart() -> None:
    bench = Bench()
    bench.enter()
    assert slipped(own(bench, ExecKind.TARGET, 10_200, 50)) == []
    assert slipped(own(bench, ExecKind.STOP, 9_700, 20)) == []
    assert slipped(own(bench, ExecKind.STOP, 9_950)) == [("stop", 5_025, 5_000)]


def test_the_stop_that_counts_is_the_one_the_exchange_held_else_the_one_we_wanted() -> None:
    bench = Bench()
    bench.enter()
    bench.step(e.ProtectionReported(BTC, 9_800, 10_400, bench.now))
    assert slipped(own(bench, ExecKind.STOP, 9_800)) == []
    bare = Bench()
    bare.enter(protected=False)
    assert slipped(own(bare, ExecKind.STOP, 9_800)) == [("stop", 15_075, 5_000)]
    assert slipped(own(unconfirmed(), ExecKind.TARGET, 10_300)) == [("target", -9_804, 5_000)]


def unconfirmed() -> Bench:
    bench = Bench()
    bench.enter(protected=False)
    return bench


@pytest.mark.parametrize(
    ("long", "best", "price", "expected"),
    [
        (True, 12_000, 11_000, []),
        (True, 12_000, 11_300, []),
        (True, 12_000, 10_900, [("trailing", 9_091, 5_000)]),
        (False, 8_000, 9_000, []),
        (False, 8_000, 8_700, []),
        (False, 8_000, 9_100, [("trailing", 11_111, 5_000)]),
    ],
)
def test_a_trailing_stop_is_reckoned_from_the_best_price_seen_and_told_only_short_of_it(
    long: bool, best: int, price: int, expected: list[tuple[str, int, int]]
) -> None:
    bench = Bench(account(profile(target=None, protection=Protection(exchange_trail_ppm=100_000))))
    bench.enter(long=long)
    bench.price(best)
    assert slipped(own(bench, ExecKind.TRAILING, price)) == expected


def test_they_are_counted_by_the_day() -> None:
    bench = Bench(account(profile(stop=None, target=None)))
    counts = []
    for symbol, wait in ((BTC, 0), (ETH, 0), ("XRPUSDT", DAY)):
        bench.time(wait)
        counts += [alert.today for alert in told(bench.fill(bench.order(symbol=symbol), 10_100), SlippageAlert)]
    assert counts == [1, 2, 1]
    assert_replays(bench)
