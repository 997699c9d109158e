"""The account of a backtest, recomputed from its fills alone, and the time and price of every fill."""

from bisect import bisect_right
from decimal import Decimal

import numpy as np
from hypothesis import assume, given, settings

from engine.backtest import Request, Result, run
from engine.backtest.loop import Loop
from engine.core.effects import Effect, Record
from engine.core.events import ExecKind, Executed
from engine.core.facts import OrderIntended
from engine.core.money import from_money
from engine.core.trader import Trader
from engine.exchanges.simulated import SimulatedExchange
from tests.properties.backtest_cases import Case, cases


def recomputed(asked: Request, found: Result, at_ms: int) -> Decimal:
    """Cash paid and received so far, and what is held at the last closes."""
    cash = from_money(asked.wallet)
    held: dict[str, Decimal] = {}
    for event in (fill.event for fill in found.fills if fill.event.at_ms < at_ms):
        instrument = asked.instruments[event.symbol]
        quantity = instrument.quantity(event.qty if event.buy else -event.qty)
        cash -= quantity * instrument.price(event.price) + from_money(event.fee)
        held[event.symbol] = held.get(event.symbol, Decimal(0)) + quantity
    cash -= sum(from_money(paid.amount) for paid in found.funding if paid.at_ms < at_ms)
    for symbol, quantity in held.items():
        columns, instrument = asked.data[symbol], asked.instruments[symbol]
        row = bisect_right(columns.time, at_ms - columns.timeframe_ms) - 1
        cash += quantity * instrument.price(instrument.ticks(Decimal(repr(float(columns.close[row])))))
    return cash


@given(cases())
def test_equity_is_cash_and_holdings_at_every_bar(case: Case) -> None:
    asked = case.request
    found = run(asked)
    for number in range(0, len(found.times), 7):
        expected = recomputed(asked, found, int(found.times[number]))
        assert abs(Decimal(float(found.equity[number])) - expected) < Decimal("0.0001")
    assert found.final_equity == found.equity[-1]


@settings(max_examples=40)
@given(cases())
def test_trades_and_what_is_left_open_make_up_the_final_equity(case: Case) -> None:
    found = run(case.request)
    left: dict[str, int] = {}
    for event in (fill.event for fill in found.fills):
        left[event.symbol] = left.get(event.symbol, 0) + (event.qty if event.buy else -event.qty)
    assume(not any(left.values()))
    total = from_money(case.request.wallet) + sum((trade.net for trade in found.trades), Decimal(0))
    assert abs(Decimal(found.final_equity) - total) < Decimal("0.0001")


@settings(max_examples=60)
@given(cases())
def test_an_order_fills_at_the_first_open_after_its_decision(case: Case) -> None:
    asked = case.request
    intended: dict[str, int] = {}
    executed: list[Executed] = []

    def watch(effects: list[Effect]) -> None:
        for fact in (effect.fact for effect in effects if isinstance(effect, Record)):
            if isinstance(fact, OrderIntended):
                intended[fact.ticket.link_id] = fact.at_ms
            elif isinstance(fact, Executed) and fact.kind is ExecKind.ORDER:
                executed.append(fact)

    trader = Trader(asked.account, asked.strategies, telling=False)
    exchange = SimulatedExchange(asked.instruments.values(), wallet=asked.wallet, terms=asked.terms)
    trader.open_account(asked.wallet, asked.start_ms)
    Loop(asked, trader, exchange, watch).run()
    for fill in executed:
        columns, instrument = asked.data[fill.symbol], asked.instruments[fill.symbol]
        row = int(np.searchsorted(columns.time, intended[fill.link_id]))
        assert fill.at_ms == columns.time[row]
        open_ = instrument.ticks(Decimal(repr(float(columns.open[row]))))
        slip = -(-open_ * asked.terms.slippage_ppm // 10**6)
        assert fill.price == (open_ + slip if fill.buy else open_ - slip)
