"""From a closed bar to an entry: every signal is recorded, one order per decision, nothing on bad or old data."""

from engine.core import events as e
from engine.core.commands import SwitchRule
from engine.core.facts import OrderIntended, SignalRecorded
from engine.core.market import MINUTE_MS
from engine.core.money import to_money
from engine.core.picture import snapshot
from engine.core.profile import SizeMode, Sizing
from engine.core.strategy import At, Conflict, Enter, Exit, Held
from tests.support.desk import (
    BTC,
    ETH,
    T0,
    XRP,
    Bench,
    Values,
    account,
    assert_replays,
    facts,
    instrument,
    placed,
    profile,
    refusal,
)

LONG = Enter(True, "go", ("also",))


def ready(**changes: object) -> Bench:
    bench = Bench(account(profile(**changes)))
    bench.price()
    return bench


def test_a_signal_is_recorded_with_its_values_before_its_order_and_the_intent_before_the_order() -> None:
    bench = ready()
    effects = bench.bar(LONG, values={"rsi14": 17.5})
    assert [type(effect).__name__ for effect in effects] == ["Record", "Record", "PlaceOrder"]
    signal = facts(effects, SignalRecorded)[0]
    assert (signal.outcome, signal.side, signal.rule, signal.also) == ("traded", "long", "go", ("also",))
    assert signal.values == (("rsi14", 17.5),)
    ticket = placed(effects)[0]
    assert facts(effects, OrderIntended)[0].ticket == ticket
    assert (ticket.qty, ticket.expected, ticket.stop, ticket.target) == (150, 10_000, 9_950, 10_200)
    assert (ticket.position_id, ticket.reduce_only, ticket.leverage) == (ticket.link_id, False, 10)


def test_values_that_are_absent_are_left_out() -> None:
    assert facts(ready().bar(LONG), SignalRecorded)[0].values == ()


def test_one_bar_is_decided_once_even_across_a_restart() -> None:
    bench = ready()
    bench.order(symbol=ETH)
    bar = e.BarClosed(ETH, MINUTE_MS, bench.now, 10_000, Values(bench.now))
    bench.script.following = LONG
    assert bench.step(bar) == []
    bench.restart()
    bench.step(bench.report())
    assert bench.step(bar) == []


def test_no_decision_records_nothing() -> None:
    assert ready().bar(None) == []


def test_the_expected_price_is_the_fresh_ask_or_bid_else_the_close() -> None:
    for long, bid, ask, wait, expected in (
        (True, 9_999, 10_002, 10_000, 10_002),
        (False, 9_999, 10_002, 10_000, 9_999),
        (True, 9_999, 10_002, 10_001, 10_000),
        (True, 0, 10_002, 0, 10_000),
    ):
        bench = Bench()
        bench.price(bid=bid, ask=ask)
        bench.time(wait)
        assert placed(bench.bar(Enter(long, "go")))[0].expected == expected


def test_a_strategys_own_levels_come_before_the_profiles() -> None:
    ticket = placed(ready().bar(Enter(True, "go", stop=At(99.0), target=At(103.0))))[0]
    assert (ticket.stop, ticket.target) == (9_900, 10_300)


def test_a_refused_signal_says_which_check_refused_it() -> None:
    bench = ready(sizing=Sizing(mode=SizeMode.NOTIONAL, amount=to_money(80)))
    bench.step(e.InstrumentChanged(instrument(min_qty=10), T0))
    effects = bench.bar(LONG)
    assert placed(effects) == []
    signal = facts(effects, SignalRecorded)[0]
    assert (signal.outcome, signal.check) == ("refused", "quantity")
    assert "below the exchange's minimum" in signal.detail


def test_a_symbol_the_exchange_does_not_list_is_refused() -> None:
    bench = Bench(symbols=())
    effects = bench.bar(LONG)
    assert (refusal(effects), placed(effects)) == ("listed", [])
    assert facts(effects, SignalRecorded)[0].price == 0


def test_a_conflict_is_recorded_and_never_traded() -> None:
    effects = ready().bar(Conflict(("3 up", "8 down")))
    signal = facts(effects, SignalRecorded)[0]
    assert (signal.outcome, signal.side, signal.rule, signal.also) == ("conflict", "conflict", "3 up", ("8 down",))
    assert placed(effects) == []


def test_a_backfilled_bar_opens_nothing_and_may_close() -> None:
    bench = ready()
    effects = bench.bar(LONG, backfilled=True)
    assert (facts(effects, SignalRecorded)[0].outcome, placed(effects)) == ("ignored", [])
    bench.enter()
    bench.time(MINUTE_MS)
    assert [ticket.reason for ticket in placed(bench.bar(Exit("below the mean"), backfilled=True))] == [
        "below the mean"
    ]


def test_bad_data_blocks_the_symbol_until_it_is_healed() -> None:
    bench = ready()
    assert len(bench.step(e.DataTroubled(BTC, "a bar is missing", T0))) == 1
    assert bench.step(e.DataTroubled(BTC, "two bars are missing", T0)) == []
    assert bench.bar(LONG) == []
    assert bench.script.asked == []
    assert len(bench.step(e.DataHealed(BTC, T0))) == 1
    assert bench.step(e.DataHealed(BTC, T0)) == []
    assert len(placed(bench.bar())) == 1


def test_a_strategy_is_told_what_its_profile_holds_and_which_rules_are_off() -> None:
    bench = Bench(account(profile(), profile("beta")))
    bench.enter()
    bench.time(MINUTE_MS)
    bench.bar()
    bench.bar(name="beta")
    assert bench.script.asked[-1] == Held(True, bench.ws.positions[BTC].opened_ms)
    assert bench.scripts["beta"].asked[-1] is None


def test_an_exit_signal_closes_what_is_held_and_nothing_else() -> None:
    bench = ready()
    assert bench.bar(Exit("over")) == []
    bench.enter()
    bench.time(MINUTE_MS)
    effects = bench.bar(Exit("over"))
    signal = facts(effects, SignalRecorded)[0]
    assert (signal.outcome, signal.side, signal.rule) == ("exit", "exit", "over")
    ticket = placed(effects)[0]
    assert (ticket.buy, ticket.qty, ticket.reduce_only, ticket.whole) == (False, 150, True, True)


def test_a_signal_on_a_held_symbol_is_recorded_as_refused() -> None:
    bench = ready()
    bench.enter()
    bench.time(MINUTE_MS)
    effects = bench.bar(Enter(False, "other way"))
    assert (refusal(effects), placed(effects)) == ("symbol", [])


def test_a_bar_of_another_timeframe_or_symbol_asks_nobody() -> None:
    bench = ready(symbols=(BTC,))
    bench.bar(LONG, symbol=XRP)
    bench.bar(timeframe=15 * MINUTE_MS)
    assert bench.script.asked == []


def test_two_profiles_on_one_bar_take_the_symbol_once() -> None:
    bench = Bench(account(profile(), profile("beta")))
    bench.price()
    bench.scripts["beta"].following = LONG
    effects = bench.bar(LONG)
    assert len(placed(effects)) == 1
    assert [signal.outcome for signal in facts(effects, SignalRecorded)] == ["traded", "refused"]


def test_rules_that_the_settings_switch_off_stay_off_until_somebody_switches_them_on() -> None:
    bench = Bench(account(profile(rules_off=("2",))))

    def off() -> tuple[str, ...]:
        bench.time(MINUTE_MS)
        bench.bar()
        return bench.script.off

    def switch(rule: str, *, on: bool) -> None:
        bench.ask(
            SwitchRule(
                command_id=f"{rule}{on}{bench.now}", by="ann", wall_ms=bench.now, profile="alpha", rule=rule, on=on
            )
        )

    assert off() == ("2",)
    assert dict(snapshot(bench.ws).profiles[0].rules) == {"1": True, "2": False}
    switch("1", on=False)
    assert off() == ("1", "2")
    switch("2", on=True)
    assert off() == ("1",)
    bench.restart()
    assert off() == ("1",)
    switch("2", on=False)
    assert off() == ("1", "2")
    assert_replays(bench)
