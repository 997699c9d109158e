"""News arrive late and in order; the truth can be kept, changed line by line, and rebuilt."""

import json
from dataclasses import replace

import pytest

from engine.core.codec import CodecError
from engine.core.events import Executed, OrderAccepted, OrderEnded, ProtectionReported
from engine.core.market import MINUTE_MS
from engine.exchanges.simulated import NEVER, SimulatedExchange, Terms
from tests.unit.exchanges.bench import FREE, INSTRUMENT, SYMBOL, Bench


def test_news_are_delivered_in_order_and_only_once_they_have_travelled() -> None:
    bench = Bench(Terms(report_ms=250))
    bench.quote(100)
    bench.order(2, stop=95)
    bench.quote(100)
    assert bench.news == []
    assert bench.position == 2
    bench.quote(100)
    assert bench.news == []
    bench.quote(100)
    assert [type(e) for e in bench.news] == [OrderAccepted]
    bench.quote(100)
    assert [type(e) for e in bench.news[1:]] == [Executed, ProtectionReported, OrderEnded]
    assert bench.exchange.drain(NEVER) == []


def test_the_truth_knows_a_fill_before_the_news_arrive() -> None:
    bench = Bench(Terms(report_ms=10_000))
    bench.quote(100)
    bench.order(2)
    bench.quote(100)
    report = bench.exchange.account_report(0, bench.now_ms)
    assert [type(e) for e in report.executions] == [Executed]
    assert [(o.open, o.filled) for o in report.orders] == [(False, 2)]
    assert [(p.symbol, p.qty) for p in report.positions] == [(SYMBOL, 2)]


def test_a_report_lists_ended_orders_only_since_the_time_asked_for() -> None:
    bench = Bench()
    bench.held(2)
    bench.order(1, limit=50)
    later = bench.now_ms + 1
    assert [o.link_id for o in bench.exchange.account_report(later, later).orders] == ["o2"]
    assert bench.exchange.account_report(later, later).executions == ()
    assert [o.link_id for o in bench.exchange.account_report(0, later).orders] == ["o1", "o2"]


def test_the_quiet_band_says_when_nothing_can_happen() -> None:
    bench = Bench()
    bench.flat_bar()
    assert bench.exchange.quiet_band(SYMBOL) == (0, NEVER)
    bench.order(1, limit=95)
    assert bench.exchange.quiet_band(SYMBOL) == (94, NEVER)
    bench.order(2, stop=90, target=120)
    assert bench.exchange.quiet_band(SYMBOL) is None
    bench.flat_bar()
    assert bench.exchange.quiet_band(SYMBOL) == (94, 120)
    bench.order(-1, limit=110)
    assert bench.exchange.quiet_band(SYMBOL) == (94, 111)


def test_bars_inside_the_quiet_band_may_be_skipped_by_moving_the_clock() -> None:
    fast, slow = Bench(), Bench()
    for bench in (fast, slow):
        bench.held(2, stop=90, target=120)
    slow.bar(100, 119, 91, 105)
    fast.now_ms += MINUTE_MS
    fast.exchange.advance(SYMBOL, fast.now_ms, 105)
    for bench in (fast, slow):
        bench.bar(105, 105, 89, 90)
    assert fast.news == slow.news
    assert fast.exchange.state() == slow.exchange.state()


def test_an_unchanged_account_has_no_changes_to_write() -> None:
    bench = Bench()
    bench.held(2, stop=90)
    assert bench.exchange.changes() is not None
    assert bench.exchange.changes() is None
    bench.flat_bar(101)
    assert bench.exchange.changes() is None
    assert bench.exchange.changes(prices=True)["markets"][0]["last"] == 101
    bench.exchange.transfer(1, bench.now_ms)
    assert bench.exchange.changes()["wallet"] == bench.exchange.wallet


def test_a_change_lists_orders_as_they_were_taken() -> None:
    bench = Bench()
    bench.flat_bar()
    for _ in range(30):
        bench.order(1, limit=95)
    assert [row["link_id"] for row in bench.exchange.changes()["orders"]] == [f"o{n}" for n in range(1, 31)]


def test_foreign_data_is_no_account() -> None:
    exchange = SimulatedExchange([INSTRUMENT], wallet=0, terms=FREE)
    with pytest.raises(CodecError):
        exchange.restore({"type": "Change", "wallet": 1})


def test_a_symbol_no_longer_traded_may_be_left_behind_only_when_nothing_is_open_on_it() -> None:
    bench, other = Bench(), replace(INSTRUMENT, symbol="OTHERUSDT")
    bench.flat_bar()
    flat = bench.exchange.state()
    bench.order(2)
    waiting = bench.exchange.state()
    bench.flat_bar()
    open_ = bench.exchange.state()
    for state in (waiting, open_):
        with pytest.raises(ValueError, match=f"open on {SYMBOL}"):
            SimulatedExchange([other], wallet=0, terms=FREE).restore(state)
    moved = SimulatedExchange([other], wallet=0, terms=FREE)
    moved.restore(flat)
    assert moved.wallet == bench.exchange.wallet
    assert moved.positions() == {}


def test_the_list_of_executions_is_what_the_news_told() -> None:
    bench = Bench()
    bench.flat_bar()
    bench.order(2, stop=95)
    bench.bar(100, 100, 90, 95)
    assert list(bench.exchange.executions) == bench.executed
    assert len(bench.executed) == 2


def test_a_bar_passes_quietly_only_inside_the_band_after_the_clock_and_before_funding() -> None:
    bench = Bench()
    bench.held(2, stop=90, target=110)
    now, later = bench.now_ms, bench.now_ms + MINUTE_MS
    due = bench.exchange.next_funding_ms(SYMBOL)
    assert not bench.exchange.pass_quietly(SYMBOL, now, later, 105, 90, 100)
    assert not bench.exchange.pass_quietly(SYMBOL, now, later, 110, 95, 100)
    assert not bench.exchange.pass_quietly(SYMBOL, now - 1, later, 105, 95, 100)
    assert not bench.exchange.pass_quietly(SYMBOL, due, due + MINUTE_MS, 105, 95, 100)
    assert bench.exchange.pass_quietly(SYMBOL, now, later, 109, 91, 104)
    assert (bench.exchange.last(SYMBOL), bench.exchange.now_ms) == (104, later)


def test_pruning_forgets_the_past_but_no_open_order() -> None:
    bench = Bench()
    bench.held(2)
    bench.order(1, limit=50)
    bench.exchange.prune(bench.now_ms + 1)
    report = bench.exchange.account_report(0, bench.now_ms)
    assert [o.link_id for o in report.orders] == ["o2"]
    assert report.executions == ()
    assert bench.position == 2


def test_a_settlement_charged_before_a_restart_is_not_charged_again() -> None:
    start = 8 * 60 * MINUTE_MS - 2 * MINUTE_MS
    bench = Bench(Terms(taker_e8=0, slippage_ppm=0, funding_e8=10_000), start_ms=start)
    bench.exchange.set_funding(SYMBOL, 16 * 60 * MINUTE_MS + 5, 20_000)
    bench.held(2)
    bench.flat_bar()
    again = SimulatedExchange([INSTRUMENT], wallet=0, terms=FREE)
    again.restore(json.loads(json.dumps(bench.exchange.state())))
    assert again.wallet == bench.exchange.wallet
    assert again.next_funding_ms(SYMBOL) == bench.exchange.next_funding_ms(SYMBOL)
    assert again.state() == bench.exchange.state()
