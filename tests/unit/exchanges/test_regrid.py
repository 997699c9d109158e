"""A symbol's grids change under an open account: what is held, ordered, executed and told means the same afterwards."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from engine.core.events import Event, ExecKind, Executed, PriceMoved, ProtectionReported
from engine.core.market import MINUTE_MS, Instrument, Status
from engine.core.money import MONEY_SCALE
from engine.exchanges.base import Accepted, Rejected
from engine.exchanges.paper import PaperExchange
from engine.exchanges.simulated import Request, SimulatedExchange, Terms
from tests.contracts.stage import entry, leave
from tests.contracts.venue import START_MS, paper_account
from tests.unit.exchanges.bench import INSTRUMENT, SYMBOL, Bench

FINER = replace(INSTRUMENT, tick=Decimal("0.1"), step=Decimal("0.01"), min_qty=100, max_market_qty=100_000)
TICK = replace(INSTRUMENT, tick=Decimal("0.1"))


def truth(exchange: SimulatedExchange, instrument: Instrument) -> dict[str, object]:
    """The account in prices and quantities, whatever it is counted in."""
    held = exchange.positions()[SYMBOL]
    return {
        "size": instrument.quantity(held.qty),
        "levels": [instrument.price(price) for price in (held.stop, held.target, held.trail)],
        "cost": held.entry_cost,
        "last": instrument.price(exchange.last(SYMBOL)),
        "fills": [
            (instrument.price(event.price), instrument.quantity(event.qty))
            for event in exchange.executions
            if isinstance(event, Executed)
        ],
        "equity": exchange.equity(),
        "free": exchange.free_margin,
    }


def crowded() -> Bench:
    """An account with a protected position and an order that rests."""
    bench = Bench(Terms(taker_e8=0, maker_e8=0, slippage_ppm=0))
    bench.held(4, leverage=2)
    assert isinstance(bench.exchange.protect(SYMBOL, 90, 120, bench.now_ms, trail=8), Accepted)
    assert isinstance(bench.order(1, limit=95), Accepted)
    return bench


@pytest.mark.parametrize("after", [FINER, TICK], ids=["both", "tick"])
def test_finer_grids_keep_position_stops_orders_and_money(after: Instrument) -> None:
    bench = crowded()
    before = truth(bench.exchange, INSTRUMENT)
    near = bench.exchange.liquidation_price(SYMBOL)
    bench.exchange.set_instrument(after)
    assert truth(bench.exchange, after) == before
    # A finer grid knows it more exactly.
    assert abs(after.price(bench.exchange.liquidation_price(SYMBOL)) - near) < 1
    bench.exchange.on_quote(SYMBOL, bench.now_ms + 100, after.ticks(Decimal(94)))
    (filled,) = [e for e in bench.exchange.drain(bench.now_ms + 100) if isinstance(e, Executed) and e.link_id == "o2"]
    assert (after.price(filled.price), after.quantity(filled.qty)) == (95, 1)


def test_a_trailing_stop_goes_on_from_where_it_was() -> None:
    bench = crowded()
    bench.flat_bar(110)
    bench.exchange.set_instrument(TICK)
    bench.exchange.on_quote(SYMBOL, bench.now_ms + 100, 1021)
    assert bench.exchange.positions()
    bench.exchange.on_quote(SYMBOL, bench.now_ms + 200, 1020)
    assert SYMBOL not in bench.exchange.positions()


def test_news_that_are_still_on_their_way_arrive_in_the_new_grid() -> None:
    bench = Bench(Terms(taker_e8=0, maker_e8=0, slippage_ppm=0, report_ms=50))
    bench.flat_bar()
    bench.order(2, stop=90)
    bench.exchange.on_quote(SYMBOL, bench.now_ms, 100)
    bench.exchange.set_instrument(FINER)
    news = bench.exchange.drain(bench.now_ms + 50)
    assert [(e.price, e.qty) for e in news if isinstance(e, Executed)] == [(1000, 200)]
    assert [e.stop for e in news if isinstance(e, ProtectionReported)] == [900]


def test_what_does_not_fit_a_coarser_step_is_cut_with_its_cost() -> None:
    bench = Bench()
    bench.held(5)
    bench.exchange.set_instrument(replace(INSTRUMENT, step=Decimal(2)))
    held = bench.exchange.positions()[SYMBOL]
    assert (held.qty, held.entry_cost) == (2, 400 * MONEY_SCALE)


@pytest.mark.parametrize("after", [FINER, INSTRUMENT], ids=["another grid", "the same"])
def test_a_stored_account_is_read_in_the_grid_it_was_counted_in(after: Instrument) -> None:
    bench = crowded()
    before, state = truth(bench.exchange, INSTRUMENT), bench.exchange.state()
    again = SimulatedExchange([after], wallet=0, terms=Terms(taker_e8=0, maker_e8=0, slippage_ppm=0))
    again.restore(state)
    assert truth(again, after) == before


def test_a_file_that_names_no_grid_is_read_in_that_of_today() -> None:
    bench = crowded()
    state = bench.exchange.state()
    for market in state["markets"]:
        del market["tick"], market["step"]
    again = SimulatedExchange([FINER], wallet=0, terms=Terms())
    again.restore(state)
    assert again.positions()[SYMBOL].qty == 4


def test_a_delivered_symbol_leaves_no_position_and_no_order() -> None:
    bench = crowded()
    bench.exchange.deliver(SYMBOL, bench.now_ms)
    assert SYMBOL not in bench.exchange.positions()
    report = bench.exchange.order_report("o2")
    assert report is not None
    assert not report.open
    (settled,) = [e for e in bench.exchange.drain(bench.now_ms) if isinstance(e, Executed)]
    assert (settled.kind, settled.buy, settled.qty, settled.price) == (ExecKind.DELIVERY, False, 4, 100)


# The paper account


def play(folder: Path, story: Callable[[PaperExchange, list[Event]], Awaitable[None]]) -> None:
    async def main() -> None:
        paper, events = paper_account(folder), list[Event]()
        await paper.connect(events.append)
        price(paper, 0, 100)
        try:
            await story(paper, events)
        finally:
            paper.abandon()

    asyncio.run(main())


def price(paper: PaperExchange, number: int, last: int) -> None:
    """Let a price be seen at the numbered minute."""
    paper.on_price(PriceMoved(SYMBOL, last, last, START_MS + number * MINUTE_MS, 0, 0, last, last))


async def hold(paper: PaperExchange, size: int = 2) -> None:
    """Hold a long with a stop at 90."""
    assert isinstance(await paper.place(entry("a", size, stop=90)), Accepted)
    price(paper, 1, 100)


def test_a_new_tick_while_running_neither_stops_nor_liquidates_a_paper_position(tmp_path: Path) -> None:
    async def story(paper: PaperExchange, events: list[Event]) -> None:
        await hold(paper)
        paper.set_instrument(TICK)
        events.clear()
        price(paper, 2, 1001)
        price(paper, 3, 905)
        assert not [e for e in events if isinstance(e, Executed)]
        price(paper, 4, 899)
        (stopped,) = [e for e in events if isinstance(e, Executed)]
        assert (stopped.kind, stopped.price) == (ExecKind.STOP, 899)

    play(tmp_path, story)


def test_an_order_decided_before_the_grid_changed_is_taken_for_what_it_meant(tmp_path: Path) -> None:
    async def story(paper: PaperExchange, events: list[Event]) -> None:
        late = replace(entry("a", 3, stop=90), unit=INSTRUMENT.unit)
        paper.set_instrument(FINER)
        assert isinstance(await paper.place(late), Accepted)
        price(paper, 1, 1000)
        (report,) = (await paper.account(0)).positions
        assert (report.qty, report.stop) == (300, 900)

    play(tmp_path, story)


@pytest.mark.parametrize("changed", ["while running", "between starts"])
def test_a_paper_account_killed_around_a_change_of_grids_holds_what_it_held(tmp_path: Path, changed: str) -> None:
    async def story(paper: PaperExchange, events: list[Event]) -> None:
        await hold(paper)
        if changed == "while running":
            paper.set_instrument(FINER)
            price(paper, 2, 1010)

    play(tmp_path, story)
    again = paper_account(tmp_path, FINER)
    held = again.truth.positions()[SYMBOL]
    fills = [(e.price, e.qty) for e in again.truth.executions if isinstance(e, Executed)]
    assert (held.qty, held.stop, held.entry_cost) == (200, 900, 200 * MONEY_SCALE)
    assert fills == [(1000, 200)]
    again.abandon()


def test_a_symbol_closed_while_running_is_settled_and_takes_no_orders(tmp_path: Path) -> None:
    async def story(paper: PaperExchange, events: list[Event]) -> None:
        await hold(paper)
        events.clear()
        paper.set_instrument(replace(INSTRUMENT, status=Status.CLOSED))
        assert [e.kind for e in events if isinstance(e, Executed)] == [ExecKind.DELIVERY]
        assert (await paper.account(0)).positions == ()
        assert isinstance(await paper.place(leave("b", -2)), Rejected)

    play(tmp_path, story)


def test_a_symbol_closed_between_starts_is_settled_and_learned_by_asking(tmp_path: Path) -> None:
    async def story(paper: PaperExchange, events: list[Event]) -> None:
        await hold(paper)

    play(tmp_path, story)

    async def main() -> None:
        again = paper_account(tmp_path, replace(INSTRUMENT, status=Status.CLOSED))
        report = await again.account(0)
        assert report.positions == ()
        assert [e.kind for e in report.executions if isinstance(e, Executed)] == [ExecKind.ORDER, ExecKind.DELIVERY]
        again.abandon()

    asyncio.run(main())


def test_no_price_at_all_settles_at_cost() -> None:
    bench = Bench()
    bench.held(2)
    state = bench.exchange.state()
    for market in state["markets"]:
        market.update({"last": 0, "mark": 0})
    again = SimulatedExchange([INSTRUMENT], wallet=0, terms=Terms(taker_e8=0, maker_e8=0))
    again.restore(state)
    again.deliver(SYMBOL, bench.now_ms)
    assert again.wallet == bench.exchange.wallet


def test_an_order_of_another_symbol_stays_as_it_is() -> None:
    other = replace(INSTRUMENT, symbol="OTHERUSDT")
    exchange = SimulatedExchange([INSTRUMENT, other], wallet=10_000 * MONEY_SCALE, terms=Terms())
    for symbol in (SYMBOL, other.symbol):
        exchange.on_quote(symbol, START_MS, 100)
    exchange.place(Request(link_id="x", symbol=other.symbol, buy=True, qty=3, stop=90), START_MS)
    exchange.on_quote(other.symbol, START_MS + 1, 100)
    exchange.set_instrument(FINER)
    news = exchange.drain(START_MS + 1)
    assert [(e.price, e.qty) for e in exchange.executions if isinstance(e, Executed)] == [(101, 3)]
    assert [e.stop for e in news if isinstance(e, ProtectionReported)] == [90]
