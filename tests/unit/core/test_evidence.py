"""What the exchange says: fills are booked once, unknown ends on evidence, doubles change nothing, people are told."""

from decimal import Decimal

import pytest

from engine.core import events as e
from engine.core.alerts import CooldownAlert, EntryAlert, ExitAlert, LiquidationAlert, OrderAlert, SystemAlert
from engine.core.effects import QueryAccount, QueryOrder, Record
from engine.core.facts import CooldownSet
from engine.core.market import HOUR_MS
from engine.core.orders import OrderStatus
from engine.core.profile import Anchor, Cooldown, HoldLevel, Profile
from engine.core.strategy import Enter
from tests.support.desk import BTC, ETH, T0, Bench, account, assert_replays, facts, profile, refusal, told


def test_an_execution_is_booked_once_however_often_it_is_told() -> None:
    bench = Bench()
    execution = bench.execution(bench.order())
    bench.step(execution)
    assert bench.step(execution) == []
    assert bench.ws.positions[BTC].qty == 150
    assert_replays(bench)


def test_an_entry_is_told_when_it_is_complete_with_what_it_risks() -> None:
    bench = Bench()
    ticket = bench.order()
    assert told(bench.fill(ticket, 10_000, 100), EntryAlert) == []
    alert = told(bench.fill(ticket, 10_003, 50), EntryAlert)[0]
    assert (alert.price, alert.quantity) == (Decimal("100.01"), Decimal("15.0"))
    assert alert.slippage_percent == Decimal("0.01")
    assert (alert.stop, alert.target) == (Decimal("99.50"), Decimal("102.00"))
    # 0.51 x 15 lost, 0.82508… paid in fees on each side.
    assert alert.stop_net == Decimal("-9.2959575")
    assert alert.reward_risk is not None
    assert round(alert.reward_risk, 2) == Decimal("3.90")
    assert (alert.margin, alert.leverage) == (Decimal("150.015"), 10)


def test_an_entry_without_levels_has_no_promises() -> None:
    bench = Bench(account(profile(stop=None, target=None)))
    alert = told(bench.fill(bench.order(long=False), 9_990), EntryAlert)[0]
    assert (alert.stop, alert.stop_net, alert.target_net, alert.reward_risk) == (None, None, None, None)
    assert alert.slippage_percent == Decimal("0.1")


def test_a_stop_that_risks_nothing_has_no_ratio() -> None:
    alert = told(Bench().fill(Bench().order(), 9_940), EntryAlert)
    assert alert == []
    bench = Bench()
    assert told(bench.fill(bench.order(), 9_940), EntryAlert)[0].reward_risk is None


def test_an_entry_that_ended_partly_filled_is_told_with_what_it_got() -> None:
    bench = Bench()
    ticket = bench.order()
    bench.fill(ticket, qty=40)
    alert = told(bench.step(e.OrderEnded(ticket.link_id, 40, "cancelled", bench.now)), EntryAlert)[0]
    assert alert.quantity == Decimal("4.0")


def test_an_exit_is_told_with_its_result_and_the_days() -> None:
    bench = Bench()
    position = bench.enter()
    stop = bench.execution(bench.order(symbol=ETH), 9_950, 150, link_id="", symbol=BTC, kind=e.ExecKind.STOP, buy=False)
    alert = told(bench.step(stop), ExitAlert)[0]
    assert (alert.position_id, alert.reason, alert.gross) == (position.position_id, "stop", Decimal("-7.5"))
    assert alert.net == Decimal("-7.5") - Decimal("0.825") - Decimal("0.820875") == alert.today_net
    assert alert.net_percent == alert.net / 1_500 * 100
    assert alert.r_multiple == alert.net / Decimal("7.5")


def test_silence_reserves_asks_and_alarms_once() -> None:
    bench = Bench()
    ticket = bench.order()
    effects = bench.step(e.OrderOutcomeUnknown(ticket.link_id, "timeout", bench.now))
    assert [alert.critical for alert in told(effects, OrderAlert)] == [True]
    assert [effect.link_id for effect in effects if isinstance(effect, QueryOrder)] == [ticket.link_id]
    assert bench.step(e.OrderOutcomeUnknown(ticket.link_id, "timeout", bench.now)) == []
    assert bench.state.book.orders[ticket.link_id].open_qty == 150
    assert [type(effect) for effect in bench.time(2_000)] == [QueryOrder]


@pytest.mark.parametrize("evidence", ["accepted", "filled"])
def test_silence_after_evidence_means_nothing(evidence: str) -> None:
    bench = Bench()
    ticket = bench.order()
    if evidence == "accepted":
        bench.step(e.OrderAccepted(ticket.link_id, "7", bench.now))
    else:
        bench.fill(ticket, qty=1)
    assert bench.step(e.OrderOutcomeUnknown(ticket.link_id, "timeout", bench.now)) == []


def test_not_found_is_believed_only_when_it_is_conclusive() -> None:
    bench = Bench()
    ticket = bench.order()
    bench.step(e.OrderOutcomeUnknown(ticket.link_id, "timeout", bench.now))
    assert bench.step(e.OrderNotFound(ticket.link_id, False, bench.now)) == []
    bench.time(60_000)
    bench.price()
    assert refusal(bench.bar(Enter(True, "again"))) == "symbol"
    effects = bench.step(e.OrderNotFound(ticket.link_id, True, bench.now))
    assert [alert.what for alert in told(effects, OrderAlert)] == ["expired"]
    bench.time(60_000)
    bench.price()
    assert refusal(bench.bar(Enter(True, "again"))) == ""
    assert_replays(bench)


def test_a_fill_after_a_believed_not_found_is_still_ours() -> None:
    bench = Bench()
    ticket = bench.order()
    bench.step(e.OrderNotFound(ticket.link_id, True, bench.now))
    bench.fill(ticket)
    position = bench.ws.positions[BTC]
    assert (position.profile, position.position_id, position.stop) == ("alpha", ticket.position_id, 9_950)
    assert_replays(bench)


def test_an_end_whose_fills_are_missing_asks_for_them_and_keeps_the_symbol() -> None:
    bench = Bench()
    ticket = bench.order()
    ended = e.OrderEnded(ticket.link_id, 60, "cancelled", bench.now)
    effects = bench.step(ended)
    assert [type(effect) for effect in effects] == [Record, QueryAccount]
    assert [type(effect) for effect in bench.step(ended)] == [QueryAccount]
    assert bench.state.book.orders[ticket.link_id].open_qty == 150
    bench.fill(ticket, qty=20)
    alert = told(bench.fill(ticket, qty=40), EntryAlert)[0]
    assert alert.quantity == Decimal("6.0")
    assert bench.state.book.orders[ticket.link_id].status is OrderStatus.CANCELLED
    assert_replays(bench)


def test_words_about_orders_that_are_over_or_unknown_change_nothing() -> None:
    bench = Bench()
    ticket = bench.order()
    bench.step(e.OrderRejected(ticket.link_id, "110007", "no margin", bench.now))
    for name in (ticket.link_id, "nobody"):
        for event in (
            e.OrderSent(name, T0),
            e.OrderAccepted(name, "1", T0),
            e.OrderRejected(name, "1", "again", T0),
            e.OrderUnsent(name, "again", T0),
            e.OrderOutcomeUnknown(name, "timeout", T0),
            e.OrderEnded(name, 0, "again", T0),
            e.OrderNotFound(name, True, T0),
        ):
            assert bench.step(event) == []


def test_a_repeated_acknowledgement_is_not_recorded_twice() -> None:
    bench = Bench()
    ticket = bench.order()
    assert len(bench.step(e.OrderSent(ticket.link_id, T0))) == 1
    assert len(bench.step(e.OrderAccepted(ticket.link_id, "1", T0))) == 1
    assert bench.step(e.OrderAccepted(ticket.link_id, "1", T0)) == []
    assert bench.step(e.OrderSent(ticket.link_id, T0)) == []


@pytest.mark.parametrize(("event", "what"), [(e.OrderRejected, "rejected"), (e.OrderUnsent, "unsent")])
def test_a_refused_or_unsent_entry_is_told_and_frees_the_symbol(event: type, what: str) -> None:
    bench = Bench()
    ticket = bench.order()
    details = ("110007", "no margin") if event is e.OrderRejected else ("waited over 10 s",)
    effects = bench.step(event(ticket.link_id, *details, bench.now))
    assert [alert.what for alert in told(effects, OrderAlert)] == [what]
    assert not any(isinstance(effect, QueryAccount) for effect in effects)
    bench.time(60_000)
    bench.price()
    assert refusal(bench.bar(Enter(True, "again"))) == ""


def test_an_execution_on_an_unknown_symbol_alarms_once_and_is_booked_when_the_symbol_is_known() -> None:
    bench = Bench(symbols=(BTC,))
    stray = bench.execution(bench.order(), link_id="", symbol=ETH)
    effects = bench.step(stray)
    assert [alert.critical for alert in told(effects, SystemAlert)] == [True]
    assert any(isinstance(effect, QueryAccount) for effect in effects)
    assert bench.step(stray) == []
    assert ETH not in bench.ws.positions


def test_a_stray_fill_becomes_an_external_position() -> None:
    bench = Bench()
    bench.step(bench.execution(bench.order(symbol=ETH), link_id="someone", symbol=BTC))
    assert bench.ws.positions[BTC].profile == "external"


@pytest.mark.parametrize("kind", [e.ExecKind.LIQUIDATION, e.ExecKind.ADL])
def test_a_forced_close_books_its_reason_and_leaves_only_reducing(kind: e.ExecKind) -> None:
    bench = Bench()
    ticket = bench.order()
    bench.fill(ticket)
    part = bench.execution(ticket, 9_100, 50, link_id="", kind=kind, buy=False)
    alert = told(bench.step(part), LiquidationAlert)[0]
    assert (alert.cause, alert.position_id, alert.quantity) == (kind.value, ticket.position_id, Decimal("5.0"))
    assert bench.ws.hold_level() is HoldLevel.REDUCE_ONLY
    rest = bench.execution(ticket, 9_100, 100, link_id="", kind=kind, buy=False)
    assert told(bench.step(rest), ExitAlert)[0].reason == kind.value
    lone = bench.execution(ticket, 9_100, 10, link_id="", kind=kind, buy=False)
    assert told(bench.step(lone), LiquidationAlert)[0].profile == ""
    assert_replays(bench)


GRID, ROLLING = Cooldown(length_ms=4 * HOUR_MS), Cooldown(length_ms=4 * HOUR_MS, anchor=Anchor.ROLLING)


def closed(alpha: Profile, wait_ms: int, kind: e.ExecKind = e.ExecKind.STOP) -> tuple[Bench, int | None]:
    bench = Bench(account(alpha))
    ticket = bench.order()
    bench.fill(ticket)
    before = bench.state.cooldowns.get(BTC)
    bench.now += wait_ms
    bench.step(bench.execution(ticket, 9_950, link_id="", kind=kind, buy=False))
    return bench, before


def test_a_symbol_rests_to_the_next_boundary_from_the_entry_and_again_from_the_close() -> None:
    bench, before = closed(profile(cooldown=GRID), 5 * HOUR_MS)
    assert before == T0 + 3 * HOUR_MS
    assert bench.state.cooldowns[BTC] == T0 + 7 * HOUR_MS
    assert [fact.why for fact in facts(bench.effects, CooldownSet)] == ["entry", "close"]
    assert [alert.why for alert in told(bench.effects, CooldownAlert)] == ["close"]


def test_exactly_on_the_boundary_the_next_one_counts() -> None:
    bench, _ = closed(profile(cooldown=GRID), 3 * HOUR_MS - 60_000)
    assert bench.now == T0 + 3 * HOUR_MS
    assert bench.state.cooldowns[BTC] == T0 + 7 * HOUR_MS


def test_a_rolling_rest_begins_with_the_close() -> None:
    bench, before = closed(profile(cooldown=ROLLING), HOUR_MS)
    assert before is None
    assert bench.state.cooldowns[BTC] == bench.now + 4 * HOUR_MS


@pytest.mark.parametrize(("kind", "rests"), [(e.ExecKind.STOP, False), (e.ExecKind.MANUAL, True)])
def test_a_close_by_hand_rests_four_hours_where_the_profile_has_no_rest(kind: e.ExecKind, rests: bool) -> None:
    bench, _ = closed(profile(), HOUR_MS, kind)
    assert bench.state.cooldowns == ({BTC: bench.now + 4 * HOUR_MS} if rests else {})


def test_within_one_rest_a_second_is_not_set() -> None:
    bench, _ = closed(profile(cooldown=GRID), 60_000)
    assert len(facts(bench.effects, CooldownSet)) == 1


def test_a_silent_desk_tells_nobody_and_books_the_same() -> None:
    loud, _ = closed(profile(), HOUR_MS)
    quiet = Bench()
    quiet.ws.telling = False
    ticket = quiet.order()
    quiet.fill(ticket)
    quiet.now += HOUR_MS
    effects = quiet.step(quiet.execution(ticket, 9_950, link_id="", kind=e.ExecKind.STOP, buy=False))
    assert all(isinstance(effect, Record) for effect in effects)
    assert quiet.state.portfolio.wallet == loud.state.portfolio.wallet
    assert facts(effects, e.Executed)


@pytest.mark.parametrize(
    ("buy", "qty", "words"),
    [
        (True, 150, "Until then the desk had it long 15.0. alpha goes on with what is held now"),
        (False, 50, "Until then the desk had it long 15.0. alpha goes on with what is held now"),
        (False, 400, "Until then the desk had it long 15.0. What is held now is external"),
    ],
)
def test_a_trade_by_hand_that_leaves_a_position_is_told_once_however_many_parts_it_fills_in(
    buy: bool, qty: int, words: str
) -> None:
    bench = Bench()
    ticket = bench.order()
    bench.fill(ticket)
    hand = {"link_id": "", "order_id": "by-hand", "kind": e.ExecKind.MANUAL, "buy": buy}
    effects = bench.fill(ticket, qty=qty, **hand)
    assert bench.ws.positions[BTC].qty == 150 + (qty if buy else -qty)
    effects += bench.fill(ticket, qty=1, **hand)
    (told_once,) = [alert for alert in told(effects, SystemAlert) if "by hand" in alert.title]
    assert told_once.title == f"{BTC} {'bought' if buy else 'sold'} by hand"
    assert told_once.detail.startswith(words)


def test_a_position_opened_by_hand_is_told_as_external() -> None:
    bench = Bench()
    effects = bench.fill(bench.order(symbol="ETHUSDT"), link_id="", symbol=BTC, qty=5, kind=e.ExecKind.MANUAL)
    (alert,) = [alert for alert in told(effects, SystemAlert) if "by hand" in alert.title]
    assert "had no position on it" in alert.detail
    assert bench.ws.positions[BTC].profile == "external"
