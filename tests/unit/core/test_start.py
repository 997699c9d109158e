"""A start says what it found, a troubled one only reduces, a stop says what stays open."""

from dataclasses import replace

from engine.core import events as e
from engine.core.alerts import SystemAlert
from engine.core.commands import LockEntries, Pause, Resume
from engine.core.effects import Notify, QueryAccount, QueryOrder, Record
from engine.core.feed_events import AccountMended
from engine.core.orders import OrderStatus
from engine.core.profile import HoldLevel, Protection
from engine.core.protection import GRID_MS
from tests.support.desk import BTC, ETH, T0, XRP, Bench, account, assert_replays, instrument, profile, told


def test_a_start_calls_what_was_under_way_unknown_asks_and_says_what_it_found() -> None:
    bench = Bench()
    bench.enter()
    created, accepted = bench.order(symbol=ETH), bench.order(symbol=XRP)
    bench.step(e.OrderAccepted(accepted.link_id, "1", bench.now))
    bench.ask(Pause(command_id="p", by="ann", wall_ms=T0))
    effects = bench.restart()
    assert bench.state.book.orders[created.link_id].status is OrderStatus.UNKNOWN
    assert bench.state.book.orders[accepted.link_id].status is OrderStatus.ACKNOWLEDGED
    assert [effect.link_id for effect in effects if isinstance(effect, QueryOrder)] == [created.link_id]
    assert any(isinstance(effect, QueryAccount) for effect in effects)
    detail = told(effects, SystemAlert)[-1].detail
    assert detail.startswith("1 open position and 2 orders under way")
    assert "paused by ann" in detail
    assert_replays(bench)


def test_a_first_start_has_nothing_to_ask_about() -> None:
    bench = Bench(wallet=None, symbols=())
    effects = bench.restart()
    assert next(type(effect) for effect in effects if not isinstance(effect, Record)) is QueryAccount
    assert bench.state.book.orders == {}


def test_an_instrument_is_recorded_when_it_is_new_or_changed_and_not_when_it_is_the_same() -> None:
    bench = Bench()
    assert bench.step(e.InstrumentChanged(instrument(), T0)) == []
    assert len(bench.step(e.InstrumentChanged(instrument(min_qty=2), T0))) == 1


def test_a_troubled_start_only_reduces_until_an_admin_resumes() -> None:
    bench = Bench()
    effects = bench.step(e.StartTroubled("the database was restored from yesterday", T0))
    assert told(effects, SystemAlert)[0].critical
    assert bench.ws.hold_level() is HoldLevel.REDUCE_ONLY
    bench.restart()
    assert bench.ws.hold_level() is HoldLevel.REDUCE_ONLY
    bench.ask(Resume(command_id="r", by="ann", wall_ms=T0))
    assert bench.ws.hold_level() is HoldLevel.NONE
    assert_replays(bench)


def test_a_stop_says_what_stays_open() -> None:
    bench = Bench()
    assert "No position is open" in told(bench.step(e.DeskStopping(bench.now)), SystemAlert)[0].detail
    bench.enter()
    assert "1 positions stay open" in told(bench.step(e.DeskStopping(bench.now)), SystemAlert)[0].detail
    assert list(bench.ws.positions) == [BTC]


def test_a_silent_desk_does_the_same_without_a_word() -> None:
    terms = account(profile(protection=Protection(breakeven_ppm=5_000)))
    loud, silent = Bench(terms), Bench(replace(terms))
    silent.ws.telling = False
    for bench in (loud, silent):
        bench.enter()
        ticket = bench.order(symbol=ETH)
        bench.step(e.OrderRejected(ticket.link_id, "1", "no", bench.now))
        bench.time(GRID_MS - bench.now % GRID_MS)
        bench.price(10_100)
        bench.time(GRID_MS)
    assert silent.ws.positions[BTC].stop == loud.ws.positions[BTC].stop == 10_013
    kept = [[type(fact) for fact in bench.facts] for bench in (loud, silent)]
    assert kept[0] == kept[1]
    assert not any(isinstance(effect, Notify) for effect in silent.effects)
    assert len(silent.effects) < len(loud.effects)


def test_an_account_that_became_unfit_only_reduces_until_an_admin_resumes() -> None:
    bench = Bench()
    alert = told(bench.step(e.AccountTroubled("the key may withdraw: take that away", bench.now)), SystemAlert)[0]
    assert (alert.critical, bench.ws.hold_level()) == (True, HoldLevel.REDUCE_ONLY)
    bench.ask(Resume(command_id="r", by="ann", wall_ms=T0))
    assert bench.ws.hold_level() is HoldLevel.NONE


def test_an_account_that_was_mended_says_so_and_what_still_holds_entries() -> None:
    bench = Bench()
    bench.step(e.AccountTroubled("the key may withdraw: take that away", bench.now))
    bench.ask(LockEntries(command_id="g", by="desk", wall_ms=T0, name="golive", reason="not confirmed", lift="golive"))
    alert = told(bench.step(AccountMended(bench.now)), SystemAlert)[0]
    assert (alert.critical, alert.title) == (False, "The account is in order again")
    assert alert.detail == "Nothing is wrong with it any more. Entries are held until /golive and /resume."
    assert bench.ws.hold_level() is HoldLevel.REDUCE_ONLY

    bench = Bench()
    alert = told(bench.step(AccountMended(bench.now)), SystemAlert)[0]
    assert alert.detail == "Nothing is wrong with it any more."


def test_what_is_only_worth_knowing_of_the_account_is_told_and_holds_nothing() -> None:
    bench = Bench()
    event = e.AccountTroubled("the API key expires in 9 days: renew it", bench.now, grave=False)
    alert = told(bench.step(event), SystemAlert)[0]
    assert (alert.critical, alert.detail) == (False, "the API key expires in 9 days: renew it.")
    assert bench.state.holds == {}
