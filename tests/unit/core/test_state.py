"""State is a fold over facts: replaying them restores it, whatever was recorded, and memory stays bounded."""

from decimal import Decimal
from typing import get_args

from engine.core import events as e
from engine.core import facts as f
from engine.core import state as state_module
from engine.core.approval_facts import ApprovalAsked, ApprovalDecided, ApprovalHeard
from engine.core.commands import (
    ChangeLimit,
    ClosePosition,
    Pause,
    Resume,
    SwitchProfile,
    SwitchRule,
    SwitchSymbol,
    UnlockSymbol,
)
from engine.core.ids import link_id
from engine.core.market import HOUR_MS, MINUTE_MS
from engine.core.money import to_money
from engine.core.orders import LINGERING, Purpose
from engine.core.profile import Action, Cooldown, LimitSpec, Measure, Protection
from engine.core.protection import GRID_MS
from engine.core.state import REMEMBERED_ANSWERS, REMEMBERED_EXECUTIONS, State
from tests.support.desk import BTC, ETH, T0, XRP, Bench, account, assert_replays, facts, placed, profile

# Of emergencies that ask: their own tests replay them.
ASKING = {ApprovalAsked, ApprovalHeard, ApprovalDecided}
SILENT = {f.TradeClosed, e.ProtectionRefused}


def busy() -> Bench:
    """A desk through most of what can happen to one."""
    loss = LimitSpec(
        name="l", measure=Measure.TOTAL_LOSS, threshold=to_money(-30), action=Action.HALT, floor=-(10**15), ceiling=-1
    )
    rules = Protection(breakeven_profit=to_money(8))
    bench = Bench(account(profile(cooldown=Cooldown(length_ms=4 * HOUR_MS), protection=rules), limits=[loss]))
    ticket = bench.order()
    bench.fill(ticket, 10_011)
    bench.step(e.ProtectionReported(BTC, 9_950, 10_200, bench.now))
    bench.price(10_080)
    bench.time(GRID_MS)
    bench.step(e.FundingPaid("f", BTC, to_money(1), bench.now))
    for number, (symbol, event) in enumerate(((ETH, e.OrderRejected), (XRP, e.OrderUnsent))):
        ticket = bench.order(symbol=symbol)
        bench.step(e.OrderSent(ticket.link_id, bench.now))
        bench.step(e.OrderOutcomeUnknown(ticket.link_id, "timeout", bench.now))
        details = ("1", "no") if number == 0 else ("late",)
        bench.step(event(ticket.link_id, *details, bench.now))
    gone, ended = bench.order(symbol=ETH), bench.order(symbol=XRP)
    bench.step(e.OrderNotFound(gone.link_id, True, bench.now))
    bench.step(e.OrderAccepted(ended.link_id, "7", bench.now))
    bench.step(e.OrderEnded(ended.link_id, 0, "cancelled", bench.now))
    by_people(bench)
    bench.price(9_700)
    bench.time(MINUTE_MS)
    bench.step(bench.report(wallet=to_money(9_000)))
    return bench


def by_people(bench: Bench) -> None:
    terms = {"by": "ann", "wall_ms": T0}
    bench.ask(Pause(command_id="1", **terms))
    bench.ask(Resume(command_id="2", **terms))
    bench.ask(ChangeLimit(command_id="3", key="l", value=Decimal(25), **terms))
    bench.ask(SwitchRule(command_id="4", profile="alpha", rule="1", on=False, **terms))
    bench.ask(SwitchProfile(command_id="5", profile="alpha", on=False, **terms))
    bench.ask(SwitchSymbol(command_id="6", profile="alpha", symbol=ETH, on=False, **terms))
    bench.ask(UnlockSymbol(command_id="7", symbol=BTC, **terms))


def test_every_kind_of_fact_is_folded_or_known_to_change_nothing() -> None:
    assert set(get_args(f.Fact.__value__)) == state_module._FOLDS.keys() | SILENT


def test_a_busy_desk_records_every_kind_of_fact_and_its_facts_restore_it() -> None:
    bench = busy()
    bench.time(HOUR_MS)
    bench.price(9_700)
    bench.step(bench.report())
    theirs = e.OrderReport("", "77", BTC, True, False, 0)
    bench.step(bench.report(orders=(theirs,), wallet=bench.state.portfolio.wallet + 10**10))
    bench.step(e.TransfersReported((e.Transfer("t", 10**10, "TRANSFER_IN", bench.now),), bench.now))
    bench.step(e.Executed("out", "", "", BTC, False, 9_700, 150, 0, e.ExecKind.STOP, bench.now))
    recorded = {type(fact) for fact in bench.facts}
    elsewhere = {f.PositionAdopted, f.PositionAssigned, f.EntriesUnwanted, f.WalletCorrected, *ASKING}
    assert recorded >= state_module._FOLDS.keys() - elsewhere
    assert_replays(bench)


def test_every_prefix_of_the_journal_is_a_state_the_desk_can_start_from() -> None:
    bench = busy()
    for end in range(0, len(bench.facts), 3):
        other = Bench(bench.account, wallet=None, symbols=())
        other.facts = list(bench.facts[:end])
        other.restart()
        other.now = bench.now
        for symbol in (BTC, ETH, XRP):
            other.price(9_990, symbol)
        other.time(MINUTE_MS)
        assert_replays(other)


def test_facts_told_twice_change_nothing() -> None:
    once, twice = State(), State()
    for fact in busy().facts:
        once.apply(fact)
        twice.apply(fact)
        if isinstance(fact, e.Executed | e.FundingPaid | e.OrderAccepted | e.OrderEnded | e.OrderRejected | f.HoldSet):
            twice.apply(fact)
    assert once == twice


def test_a_fact_about_a_position_that_is_gone_changes_nothing() -> None:
    state = Bench().state
    for fact in (
        e.ProtectionReported(BTC, 1, 2, T0),
        f.ProtectionIntended(BTC, 1, 2, "why", T0),
        f.ExtremesSeen(BTC, 1, 2, T0),
        f.HoldLifted("nobody", "ann", T0),
        e.OrderNotFound("nobody", False, T0),
    ):
        assert state.apply(fact) is None
    assert (state.portfolio.positions, state.holds) == ({}, {})


def test_an_exit_of_a_position_that_is_gone_is_still_an_order() -> None:
    bench = Bench()
    bench.enter()
    bench.price()
    ticket = placed(bench.step(ClosePosition(command_id="c", by="a", wall_ms=T0, symbol=BTC)))[0]
    state = State()
    state.apply(f.OrderIntended(ticket, T0))
    assert list(state.book.orders) == [ticket.link_id]


def test_what_is_remembered_is_bounded() -> None:
    state = Bench().state
    for number in range(REMEMBERED_EXECUTIONS + 2):
        state.apply(e.FundingPaid(f"f{number}", BTC, 0, T0))
    assert len(state.executions) == REMEMBERED_EXECUTIONS
    assert not state.knows("f0")
    assert state.knows(f"f{REMEMBERED_EXECUTIONS + 1}")
    for number in range(REMEMBERED_ANSWERS + 1):
        state.apply(f.CommandHandled(f"c{number}", "Pause", "a", object(), T0))
    assert len(state.answers) == REMEMBERED_ANSWERS


def test_the_clock_of_the_state_never_runs_backwards() -> None:
    state = State()
    state.apply(f.HoldLifted("x", "ann", 100))
    state.apply(f.HoldLifted("x", "ann", 50))
    assert state.clock_ms == 100


def test_orders_that_came_to_nothing_do_not_pile_up() -> None:
    for event, details in ((e.OrderRejected, ("1", "no")), (e.OrderUnsent, ("late",)), (e.OrderEnded, (0, "gone"))):
        bench = Bench()
        for _ in range(LINGERING + 3):
            ticket = bench.order()
            bench.step(event(ticket.link_id, *details, bench.now))
        assert len(bench.state.book.orders) == LINGERING
        assert_replays(bench)


def test_a_close_whose_intent_a_crash_took_is_still_the_desks_and_a_strangers_is_not() -> None:
    reasons = []
    for name in (link_id("pd00", "alph", Purpose.EXIT, 0, "decided"), "", "pd00-alph-e0-0123456789abcdef", "web"):
        bench = Bench()
        bench.enter()
        position = bench.ws.positions[BTC]
        sold = e.Executed(f"x{name}", name, "9", BTC, False, 10_000, position.size, 0, e.ExecKind.ORDER, bench.now)
        (closed,) = facts(bench.step(sold), f.TradeClosed)
        reasons.append(closed.trade.reason)
    assert reasons == ["closed by the desk", "manual", "manual", "manual"]
