"""Commands of people: answered once, refused with a reason that helps, carried out otherwise."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from engine.core import commands as c
from engine.core.alerts import ChangeAlert, HoldAlert
from engine.core.effects import CancelOrder, Reply
from engine.core.facts import CommandHandled, HoldSet, LimitChanged
from engine.core.holds import liftable
from engine.core.money import to_money
from engine.core.profile import Action, HoldLevel, LimitSpec, Measure
from engine.core.requests import limit_text, limit_value
from engine.core.strategy import Enter
from tests.support.desk import BTC, ETH, T0, XRP, Bench, account, assert_replays, facts, placed, profile, refusal, told


def ask(bench: Bench, kind: type[c.Command], name: str = "c1", **fields: Any) -> c.Answer:
    return bench.ask(kind(command_id=name, by="ann", wall_ms=T0, **fields))


def refused(answer: c.Answer) -> str:
    assert isinstance(answer, c.Refused), answer
    return answer.reason


def desk() -> Bench:
    percent = LimitSpec(
        name="daily_equity",
        measure=Measure.DAILY_EQUITY,
        threshold=-50_000,
        action=Action.NO_ENTRIES,
        floor=-500_000,
        ceiling=-1_000,
    )
    money = replace(percent, name="total_loss", measure=Measure.TOTAL_LOSS, threshold=to_money(-10), profile="alpha")
    money = replace(money, floor=to_money(-1_000), ceiling=to_money("-0.01"))
    return Bench(account(profile(limits=(money,)), profile("beta"), limits=[percent]))


def test_a_command_is_carried_out_once_however_often_it_is_given() -> None:
    bench = desk()
    bench.enter()
    command = c.ClosePosition(command_id="c", by="ann", wall_ms=T0, symbol=BTC, percent=50)
    first, second = bench.step(command), bench.step(command)
    assert len(placed(first)) == 1
    assert second == [Reply(bench.state.answers["c"])]
    assert facts(first, CommandHandled)[0].answer == bench.state.answers["c"]
    bench.restart()
    assert bench.step(command) == second


def test_a_refusal_is_remembered_too() -> None:
    bench = desk()
    first = ask(bench, c.ClosePosition, symbol=BTC)
    bench.enter()
    assert ask(bench, c.ClosePosition, symbol=BTC) == first


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        (c.Pause, {"scope": c.Scope("profile", "gamma")}, "There is no profile gamma. Profiles: alpha, beta."),
        (c.Pause, {"scope": c.Scope("symbol", "BTCUSD")}, "There is no symbol BTCUSD. Did you mean BTCUSDT"),
        (c.Pause, {"scope": c.Scope("symbol", "????")}, "There is no symbol ????."),
        (c.Pause, {"until_ms": T0}, "The end of a pause must lie ahead."),
        (c.Resume, {"scope": c.Scope("profile", "gamma")}, "There is no profile gamma. Profiles: alpha, beta."),
        (c.ClosePosition, {"symbol": BTC}, "No open position on BTCUSDT."),
        (c.ClosePosition, {"symbol": "XPRUSDT"}, "There is no symbol XPRUSDT. Did you mean XRPUSDT"),
        (c.CloseAll, {"profile": "gamma"}, "There is no profile gamma."),
        (c.ChangeLimit, {"key": "daily_equty", "value": Decimal(-4)}, "Did you mean daily_equity?"),
        (c.ChangeLimit, {"key": "zzz", "value": Decimal(-4)}, "There is no limit zzz."),
        (c.ChangeLimit, {"key": "daily_equity", "value": Decimal("NaN")}, "daily_equity needs a number, not NaN."),
        (c.SwitchRule, {"profile": "gamma", "rule": "1", "on": True}, "There is no profile gamma."),
        (c.SwitchRule, {"profile": "alpha", "rule": "9", "on": True}, "alpha has no rule 9. Rules: 1, 2."),
        (c.SwitchProfile, {"profile": "gamma", "on": True}, "There is no profile gamma."),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_there_is(
    kind: type[c.Command], fields: dict[str, Any], words: str
) -> None:
    bench = desk()
    assert words in refused(ask(bench, kind, **fields))
    assert bench.state.holds == {}


@pytest.mark.parametrize("percent", [0, 101, -5])
def test_a_close_takes_one_to_a_hundred_percent(percent: int) -> None:
    bench = desk()
    bench.enter()
    assert "1 to 100" in refused(ask(bench, c.ClosePosition, symbol=BTC, percent=percent))


def test_dust_is_refused_and_nothing_else_is_touched() -> None:
    bench = desk()
    ticket = bench.order()
    bench.fill(ticket, qty=50)
    effects = bench.step(c.ClosePosition(command_id="c", by="ann", wall_ms=T0, symbol=BTC, percent=1))
    assert "below its quantity step" in refused(bench.state.answers["c"])
    assert [type(effect).__name__ for effect in effects] == ["Record", "Reply"]


def test_a_close_cancels_what_could_still_open_on_its_symbol() -> None:
    bench = desk()
    ticket = bench.order()
    bench.fill(ticket, qty=50)
    other = bench.order(symbol=ETH)
    effects = bench.step(c.ClosePosition(command_id="c", by="ann", wall_ms=T0, symbol=BTC))
    assert [effect.link_id for effect in effects if isinstance(effect, CancelOrder)] == [ticket.link_id]
    assert other.link_id in bench.state.book.orders
    assert bench.state.answers["c"] == c.Done("c", (placed(effects)[0].link_id,))


def test_a_close_of_what_is_being_closed_says_so() -> None:
    bench = desk()
    bench.enter()
    ask(bench, c.ClosePosition, symbol=BTC)
    answer = ask(bench, c.ClosePosition, "c2", symbol=BTC)
    assert answer == c.Done("c2", (), ("BTCUSDT is already being closed.",))


def mixed() -> Bench:
    """A winning long of alpha, a losing short of alpha, a losing long of beta."""
    bench = desk()
    bench.enter()
    bench.enter(symbol=ETH, long=False)
    bench.price(symbol=XRP)
    bench.fill(placed(bench.bar(Enter(True, "go"), symbol=XRP, name="beta"))[0])
    bench.price(10_010)
    bench.price(10_010, ETH)
    bench.price(9_990, XRP)
    return bench


@pytest.mark.parametrize(
    ("fields", "symbols"),
    [
        ({}, {BTC, ETH, XRP}),
        ({"which": c.Filter.LOSERS}, {ETH, XRP}),
        ({"which": c.Filter.LONGS}, {BTC, XRP}),
        ({"which": c.Filter.SHORTS}, {ETH}),
        ({"profile": "beta"}, {XRP}),
        ({"profile": "alpha", "which": c.Filter.LOSERS}, {ETH}),
    ],
)
def test_close_all_closes_what_its_filter_means(fields: dict[str, Any], symbols: set[str]) -> None:
    bench = mixed()
    effects = bench.step(c.CloseAll(command_id="c", by="ann", wall_ms=T0, **fields))
    assert {ticket.symbol for ticket in placed(effects)} == symbols
    assert isinstance(facts(effects, HoldSet)[0].hold.scope, c.Scope)
    kinds = [type(effect).__name__ for effect in effects]
    assert kinds.index("Record") < kinds.index("PlaceOrder")
    assert_replays(bench)


def test_close_all_pauses_its_scope_and_cancels_its_entries_first() -> None:
    bench = desk()
    ticket = bench.order()
    bench.price(symbol=ETH)
    other = placed(bench.bar(Enter(True, "go"), symbol=ETH, name="beta"))[0]
    effects = bench.step(c.CloseAll(command_id="c", by="ann", wall_ms=T0, profile="beta"))
    assert [effect.link_id for effect in effects if isinstance(effect, CancelOrder)] == [other.link_id]
    assert bench.state.answers["c"] == c.Done("c", (), ("Nothing to close.",))
    assert bench.ws.hold_level("beta", XRP) is HoldLevel.NO_ENTRIES
    assert bench.ws.hold_level("alpha", XRP) is HoldLevel.NONE
    effects = bench.step(c.CloseAll(command_id="d", by="ann", wall_ms=T0))
    cancelled = {effect.link_id for effect in effects if isinstance(effect, CancelOrder)}
    assert cancelled == {ticket.link_id, other.link_id}


def test_without_a_mark_nobody_is_a_loser() -> None:
    bench = mixed()
    bench.restart()
    effects = bench.step(c.CloseAll(command_id="c", by="ann", wall_ms=T0, which=c.Filter.LOSERS))
    assert placed(effects) == []


def test_a_pause_holds_until_it_is_resumed_and_the_same_pause_again_is_no_news() -> None:
    bench = desk()
    bench.price()
    ask(bench, c.Pause)
    effects = bench.step(c.Pause(command_id="c2", by="ann", wall_ms=T0))
    assert facts(effects, HoldSet) == []
    assert refusal(bench.bar(Enter(True, "go"))) == "hold"
    bench.restart()
    assert bench.ws.hold_level() is HoldLevel.NO_ENTRIES
    effects = bench.step(c.Resume(command_id="c3", by="bob", wall_ms=T0))
    assert [(alert.set, alert.by) for alert in told(effects, HoldAlert)] == [(False, "bob")]
    assert bench.ws.hold_level() is HoldLevel.NONE
    assert_replays(bench)


def test_another_end_replaces_a_pause() -> None:
    bench = desk()
    ask(bench, c.Pause)
    ask(bench, c.Pause, "c2", until_ms=T0 + 1)
    assert [(hold.until_ms, hold.lift) for hold in bench.state.holds.values()] == [(T0 + 1, "time")]


def test_resume_of_a_scope_lifts_its_own_holds_and_names_what_still_binds() -> None:
    bench = desk()
    ask(bench, c.Pause)
    ask(bench, c.Pause, "c2", scope=c.Scope("profile", "alpha"))
    ask(bench, c.Pause, "c3", scope=c.Scope("symbol", ETH))
    assert ask(bench, c.Resume, "c4", scope=c.Scope("symbol", ETH)) == c.Done("c4", (), ("Still held: paused by ann",))
    assert sorted(bench.state.holds) == ["pause:account:", "pause:profile:alpha"]
    assert ask(bench, c.Resume, "c5") == c.Done("c5")
    assert bench.state.holds == {}


def test_a_condition_is_lifted_by_nobody() -> None:
    bench = desk()
    ask(bench, c.Pause)
    hold = replace(next(iter(bench.state.holds.values())), lift="condition")
    assert liftable([hold], c.ACCOUNT) == []


@pytest.mark.parametrize(("typed", "new"), [("-4", -40_000), ("4", -40_000), ("-50", -500_000), ("0.1", -1_000)])
def test_a_limit_is_changed_within_its_bounds_with_or_without_its_sign(typed: str, new: int) -> None:
    bench = desk()
    effects = bench.step(c.ChangeLimit(command_id="c", by="ann", wall_ms=T0, key="daily_equity", value=Decimal(typed)))
    assert [(fact.old, fact.new) for fact in facts(effects, LimitChanged)] == [(-50_000, new)]
    assert [alert.old for alert in told(effects, ChangeAlert)] == ["-5%"]
    bench.restart()
    assert bench.ws.threshold(bench.account.limits[0]) == new


@pytest.mark.parametrize("typed", ["-50.0001", "0.0999", "0"])
def test_a_limit_beyond_its_bounds_is_refused_with_the_bounds(typed: str) -> None:
    reason = refused(ask(desk(), c.ChangeLimit, key="daily_equity", value=Decimal(typed)))
    assert "must lie between -0.1% and -50%" in reason


def test_a_bound_that_was_tightened_since_binds_what_was_set_from_chat_before() -> None:
    bench = desk()
    ask(bench, c.ChangeLimit, key="daily_equity", value=Decimal(40))
    spec = replace(bench.account.limits[0], floor=-300_000)
    bench.account = replace(bench.account, limits=(spec,))
    bench.restart()
    assert bench.ws.threshold(spec) == -300_000


def test_limits_in_money_are_typed_in_money() -> None:
    bench = desk()
    ask(bench, c.ChangeLimit, key="alpha.total_loss", value=Decimal("12.5"))
    spec = bench.account.profiles[0].limits[0]
    assert bench.ws.threshold(spec) == to_money("-12.5") == limit_value(spec, Decimal("-12.5"))
    assert limit_text(spec, to_money(-10)) == "-10 USDT"


def test_a_rule_that_is_switched_off_stays_off() -> None:
    bench = desk()
    ask(bench, c.SwitchRule, profile="alpha", rule="2", on=False)
    ask(bench, c.SwitchRule, "c2", profile="alpha", rule="1", on=False)
    ask(bench, c.SwitchRule, "c3", profile="alpha", rule="2", on=True)
    bench.restart()
    bench.bar()
    assert bench.script.off == ("1",)
    assert_replays(bench)


def test_a_profile_without_rules_says_so() -> None:
    bench = desk()
    bench.script.rules = ()
    assert "Rules: none." in refused(ask(bench, c.SwitchRule, profile="alpha", rule="1", on=False))


def test_a_profile_that_is_switched_off_opens_nothing_and_closes_still() -> None:
    bench = desk()
    bench.enter()
    ask(bench, c.SwitchProfile, profile="alpha", on=False)
    bench.price(symbol=ETH)
    assert refusal(bench.bar(Enter(True, "go"), symbol=ETH)) == "hold"
    assert isinstance(ask(bench, c.ClosePosition, "c2", symbol=BTC), c.Done)
    ask(bench, c.SwitchProfile, "c3", profile="alpha", on=True)
    bench.time(60_000)
    bench.price(symbol=ETH)
    assert refusal(bench.bar(Enter(True, "go"), symbol=ETH)) == ""
