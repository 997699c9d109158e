"""A live desk fed recorded trades and books does what a backtest over the same ticks does."""

import asyncio
import math
from dataclasses import replace

import pytest

from engine import presets
from engine.backtest import Request, Result, run
from engine.clock import SystemClock
from engine.core.events import Executed, InstrumentChanged
from engine.core.facts import SignalRecorded, TradeClosed
from engine.core.market import DAY_MS, HOUR_MS, MINUTE_MS
from engine.core.money import to_money
from engine.core.trader import Trader
from engine.datafiles_ticks import Book, Trades
from engine.exchanges.paper import PaperExchange
from engine.exchanges.simulated import SimulatedExchange, Terms
from engine.feed_ticks import QuoteFeed, minutes
from engine.feeds import Parts
from engine.generator import Market
from engine.generator_flow import generated_flow
from engine.journal import MemoryJournal
from engine.live import Desk
from engine.marketdata import LiveCandles
from engine.plan import needs
from engine.strategies.registry import build
from engine.universe import UNIVERSE
from tests.support.virtual import until

SYMBOL, HOURS = "SOLUSDT", 10
START = 20_000 * DAY_MS
RULES = {SYMBOL: UNIVERSE[SYMBOL].instrument()}
WALLET = to_money(10_000)
STRATEGIES = {"orderflow": build("orderflow", {})}
# Generated ticks are few and their stops near: no refusal by cost, and no limit in the way.
ACCOUNT = replace(
    presets.account([replace(presets.ORDERFLOW, symbols=(SYMBOL,), max_cost_share_ppm=None, limits=())]), limits=()
)


def ticks() -> tuple[Trades, Book]:
    _, trades, book = generated_flow(Market(7), SYMBOL, start_ms=START, end_ms=START + HOURS * HOUR_MS)
    return trades, book


def backtest(trades: Trades, book: Book) -> Result:
    made = minutes(trades)
    assert made is not None
    first, last = int(trades.time[0]), int(trades.time[-1])
    return run(
        Request(
            account=ACCOUNT,
            strategies=STRATEGIES,
            instruments=RULES,
            data={SYMBOL: made},
            start_ms=first,
            end_ms=last + 1,
            wallet=WALLET,
            ticks=(trades, book),
        )
    )


async def played(trades: Trades, book: Book) -> MemoryJournal:
    trader = Trader(ACCOUNT, STRATEGIES)
    paper = PaperExchange(SimulatedExchange(RULES.values(), wallet=WALLET, terms=Terms()))
    journal, clock = MemoryJournal(), SystemClock()
    desk = Desk(trader, paper, journal, clock)
    candles = LiveCandles(needs(ACCOUNT, STRATEGIES), RULES, base_ms=MINUTE_MS)
    desk.put(InstrumentChanged(RULES[SYMBOL], int(trades.time[0])))
    consumer = asyncio.create_task(desk.consume())
    await desk.start()
    await desk.settle()
    feed = QuoteFeed(Parts(desk, paper, candles, RULES, clock), (trades, book), start_ms=None, speed=None)
    player = asyncio.create_task(feed.run())
    await until(lambda: feed.ended or player.done(), math.inf)
    for task in (player, consumer):
        task.cancel()
    await asyncio.gather(player, consumer, return_exceptions=True)
    await desk.close()
    return journal


@pytest.mark.timeout(180)
def test_ticks_give_the_same_signals_and_trades_live_and_in_a_backtest() -> None:
    trades, book = ticks()
    past = backtest(trades, book)
    facts = asyncio.run(played(trades, book)).facts
    signals = [fact for fact in facts if isinstance(fact, SignalRecorded)]
    assert sum(past.signals.values()) == len(signals) > 5
    assert [fact.trade for fact in facts if isinstance(fact, TradeClosed)] == list(past.trades)
    executions = [fact for fact in facts if isinstance(fact, Executed)]
    assert [(e.price, e.qty, e.at_ms) for e in executions] == [
        (f.event.price, f.event.qty, f.event.at_ms) for f in past.fills
    ]
    assert len(past.trades) > 2
    assert {fill.reason for fill in past.fills} >= {"stop"}
