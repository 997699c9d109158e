"""Entries by hand go through sizing, checks and records of any signal; cooldowns and symbols are switched by people."""

from decimal import Decimal
from typing import Any

import pytest

from engine.core import commands as c
from engine.core.alerts import ChangeAlert
from engine.core.facts import CooldownSet, SignalRecorded
from engine.core.manual import EntryPreview, preview
from engine.core.money import to_money
from engine.core.profile import Cooldown, SizeMode, Sizing
from engine.core.strategy import Away
from engine.strategies.orderflow import Orderflow
from tests.support.desk import BTC, ETH, T0, XRP, Bench, account, assert_replays, facts, placed, profile, told

HAND = profile(
    "manual",
    strategy="manual",
    sizing=Sizing(mode=SizeMode.NOTIONAL, amount=to_money(100)),
    stop=Away(20_000),
    target=Away(40_000),
    leverage=5,
)


def desk(**changes: Any) -> Bench:
    bench = Bench(account(HAND, profile("alpha", cooldown=Cooldown(length_ms=3_600_000))), **changes)
    for symbol in (BTC, ETH, XRP):
        bench.price(symbol=symbol)
    return bench


def seen(bench: Bench, symbol: str = BTC, amount: Decimal | None = None, *, long: bool = True) -> EntryPreview:
    found = preview(bench.trader.workspace, symbol, long=long, amount=amount)
    assert isinstance(found, EntryPreview), found
    return found


def open_(bench: Bench, entry: EntryPreview, name: str = "m1", **changes: Any) -> c.Answer:
    wanted: dict[str, Any] = {
        "symbol": entry.symbol,
        "long": entry.long,
        "quantity": entry.quantity,
        "seen_price": entry.price,
    }
    return bench.ask(c.OpenManual(command_id=name, by="ann", wall_ms=T0, **(wanted | changes)))


def test_a_preview_shows_size_levels_cost_and_what_stop_and_target_bring() -> None:
    entry = seen(desk(), amount=Decimal(200))
    assert (entry.quantity, entry.price, entry.notional) == (Decimal("2.0"), Decimal("100.00"), Decimal(200))
    assert (entry.stop, entry.target) == (Decimal("98.00"), Decimal("104.00"))
    # Both sides: 0.055 % and 1 bp of 200.
    assert entry.cost == Decimal("0.26")
    assert entry.risk == Decimal("-4.26")
    assert entry.reward == Decimal("7.74")
    assert entry.margin == Decimal(40)
    assert entry.refusal == ""


def test_a_short_has_its_stop_above_and_a_missing_level_has_no_result() -> None:
    entry = seen(desk(), long=False)
    assert entry.stop == Decimal("102.00")
    assert entry.risk == Decimal("-2.13")
    bare = Bench(account(profile("manual", strategy="manual", stop=None, target=None)))
    bare.price()
    entry = seen(bare)
    assert (entry.stop, entry.risk, entry.reward) == (None, None, None)


def test_what_was_previewed_is_opened_with_stop_and_target_and_recorded_as_a_signal() -> None:
    bench = desk()
    entry = seen(bench)
    answer = open_(bench, entry)
    assert isinstance(answer, c.Done)
    ticket = next(ticket for ticket in placed(bench.effects) if ticket.link_id == answer.orders[0])
    assert (ticket.qty, ticket.stop, ticket.target, ticket.profile) == (10, 9_800, 10_400, "manual")
    signal = facts(bench.effects, SignalRecorded)[-1]
    assert (signal.rule, signal.outcome, signal.profile) == ("by hand", "traded", "manual")
    again = open_(bench, entry)
    assert again == answer
    assert_replays(bench)


def test_nothing_is_opened_when_the_price_moved_more_than_a_third_of_a_percent() -> None:
    bench = desk()
    entry = seen(bench)
    bench.price(10_030)
    assert isinstance(open_(bench, entry), c.Done)
    bench = desk()
    bench.price(10_031)
    answer = open_(bench, entry)
    assert isinstance(answer, c.Refused)
    assert "moved from 100.00 to 100.31" in answer.reason


def test_a_check_refuses_entries_by_hand_as_it_does_any_other() -> None:
    bench = desk()
    entry = seen(bench)
    bench.ask(c.Pause(command_id="p", by="ann", wall_ms=T0))
    assert seen(bench).refusal.startswith("hold:")
    answer = open_(bench, entry)
    assert isinstance(answer, c.Refused)
    assert answer.reason.startswith("hold: paused by ann")
    assert facts(bench.effects, SignalRecorded)[-1].outcome == "refused"


@pytest.mark.parametrize("symbol", ["NOUSDT", "BTCUSD"])
def test_an_unknown_symbol_is_named(symbol: str) -> None:
    bench = desk()
    assert f"There is no symbol {symbol}" in str(preview(bench.trader.workspace, symbol, long=True, amount=None))
    answer = open_(bench, seen(bench), symbol=symbol)
    assert isinstance(answer, c.Refused)


def test_without_a_price_or_a_manual_profile_there_is_no_preview() -> None:
    silent = Bench(account(HAND))
    assert preview(silent.trader.workspace, BTC, long=True, amount=None) == f"No price of {BTC} yet."
    plain = Bench()
    assert "No profile of this account trades by hand" in str(
        preview(plain.trader.workspace, BTC, long=True, amount=None)
    )


def unlock(bench: Bench, symbol: str, name: str = "u") -> c.Answer:
    return bench.ask(c.UnlockSymbol(command_id=name, by="ann", wall_ms=T0, symbol=symbol))


def test_a_cooldown_is_ended_once_and_the_desk_says_so() -> None:
    bench = desk()
    bench.trader.workspace.effects = bench.effects
    bench.trader.workspace.record(CooldownSet(BTC, T0 + 3_600_000, "close", T0))
    assert seen(bench).refusal.startswith("cooldown")
    assert isinstance(unlock(bench, BTC), c.Done)
    assert seen(bench).refusal == ""
    assert told(bench.effects, ChangeAlert)
    answer = unlock(bench, BTC, "u2")
    assert isinstance(answer, c.Refused)
    assert "no cooldown" in answer.reason
    assert isinstance(unlock(bench, "NOUSDT", "u3"), c.Refused)


def switch(bench: Bench, profile_: str, symbol: str, *, on: bool, name: str) -> c.Answer:
    return bench.ask(c.SwitchSymbol(command_id=name, by="ann", wall_ms=T0, profile=profile_, symbol=symbol, on=on))


def test_a_symbol_that_is_off_takes_no_entry_of_that_profile_only() -> None:
    bench = desk()
    assert isinstance(switch(bench, "manual", BTC, on=False, name="s1"), c.Done)
    assert f"{BTC} is switched off in manual" in seen(bench).refusal
    assert seen(bench, ETH).refusal == ""
    bench.restart()
    bench.price()
    assert bench.state.symbols_off == {"manual": (BTC,)}
    assert isinstance(switch(bench, "manual", BTC, on=True, name="s2"), c.Done)
    assert bench.state.symbols_off == {"manual": ()}


def test_unknown_profiles_and_symbols_are_refused_with_what_there_is() -> None:
    bench = desk()
    answer = switch(bench, "beta", BTC, on=True, name="s1")
    assert isinstance(answer, c.Refused)
    assert "manual, alpha" in answer.reason
    answer = switch(bench, "manual", "NOUSDT", on=True, name="s2")
    assert isinstance(answer, c.Refused)
    assert "does not trade NOUSDT" in answer.reason


def add(bench: Bench, profile_: str, symbol: str, *, on: bool = True) -> c.Answer:
    name = f"{profile_}{symbol}{on}"
    command = c.SwitchSymbol(command_id=name, by="ann", wall_ms=T0, profile=profile_, symbol=symbol, on=on, add=True)
    return bench.ask(command)


def test_a_symbol_that_is_added_stays_with_the_profile_over_a_restart_and_can_be_switched_off() -> None:
    bench = Bench(account(profile(symbols=(BTC,)), profile("beta", symbols=(BTC,))))
    assert isinstance(add(bench, "alpha", ETH), c.Done)
    (alert,) = told(bench.effects, ChangeAlert)
    assert (alert.what, alert.old, alert.new) == (f"{ETH} in alpha", "not watched", "on")
    assert bench.state.symbols_added == {"alpha": (ETH,)}
    assert bench.ws.account.profiles[0].symbols == (BTC,), "its candles are not there yet"
    bench.restart()
    assert [each.symbols for each in bench.ws.account.profiles] == [(BTC, ETH), (BTC,)]
    assert isinstance(switch(bench, "alpha", ETH, on=False, name="off"), c.Done)
    assert isinstance(switch(bench, "alpha", ETH, on=True, name="on"), c.Done)
    assert bench.state.symbols_added == {"alpha": (ETH,)}
    assert_replays(bench)


def test_a_symbol_that_was_added_can_be_switched_before_its_candles_are_there() -> None:
    bench = Bench(account(profile(symbols=(BTC,))))
    add(bench, "alpha", ETH)
    assert isinstance(switch(bench, "alpha", ETH, on=False, name="off"), c.Done)
    assert bench.state.symbols_off == {"alpha": (ETH,)}


def test_what_cannot_be_added_is_refused_with_the_reason() -> None:
    bench = Bench(
        account(profile(symbols=(BTC,)), profile("lx", symbols=(BTC,), largest=2), profile("flow", symbols=(BTC,)))
    )
    bench.ws.strategies = {**bench.scripts, "flow": Orderflow()}
    for name, said in (
        ("lx", "chooses its symbols by turnover"),
        ("flow", "reads the books"),
        ("none", "no profile none"),
    ):
        answer = add(bench, name, ETH)
        assert isinstance(answer, c.Refused)
        assert said in answer.reason
    off = add(bench, "alpha", ETH, on=False)
    assert isinstance(off, c.Refused)
    assert "alpha does not trade" in off.reason
    assert bench.state.symbols_added == {}
