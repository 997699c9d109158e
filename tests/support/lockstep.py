"""A live desk on the paper exchange, played through recorded bars in lockstep: what a backtest must agree with."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from engine.candles import Columns
from engine.clock import SystemClock
from engine.core.events import Executed, FundingPaid, InstrumentChanged
from engine.core.facts import Fact, TradeClosed
from engine.core.market import Instrument
from engine.core.money import Money
from engine.core.profile import Account
from engine.core.strategy import Strategy
from engine.core.trader import Trader
from engine.core.trades import Trade
from engine.exchanges.paper import PaperExchange
from engine.exchanges.simulated import SimulatedExchange, Terms
from engine.feeds import BarFeed, Parts
from engine.journal import MemoryJournal
from engine.live import Desk
from engine.marketdata import LiveCandles
from engine.plan import needs
from engine.replay import replay
from tests.support.virtual import until


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What to play."""

    account: Account
    strategies: Mapping[str, Strategy]
    instruments: Mapping[str, Instrument]
    data: Sequence[Columns]
    wallet: Money
    terms: Terms


@dataclass(frozen=True, slots=True)
class Played:
    """What the desk recorded."""

    facts: tuple[Fact, ...]
    wallet: Money

    @property
    def executions(self) -> list[Executed]:
        """Fills, in order."""
        return [fact for fact in self.facts if isinstance(fact, Executed)]

    @property
    def trades(self) -> list[Trade]:
        """Round trips, in order."""
        return [fact.trade for fact in self.facts if isinstance(fact, TradeClosed)]

    @property
    def funding(self) -> list[FundingPaid]:
        """Settlements, in order."""
        return [fact for fact in self.facts if isinstance(fact, FundingPaid)]


def play(session: Session) -> Played:
    """Play every bar through a live desk, as fast as it can follow."""
    return asyncio.run(_play(session))


async def _play(session: Session) -> Played:
    trader = Trader(replace(session.account, asks=False), session.strategies)
    truth = SimulatedExchange(session.instruments.values(), wallet=session.wallet, terms=session.terms)
    paper, journal, clock = PaperExchange(truth), MemoryJournal(), SystemClock()
    desk = Desk(trader, paper, journal, clock)
    base_ms = session.data[0].timeframe_ms
    candles = LiveCandles(needs(session.account, session.strategies), session.instruments, base_ms=base_ms)
    start_ms = min(int(columns.time[0]) for columns in session.data)
    for instrument in session.instruments.values():
        desk.put(InstrumentChanged(instrument, start_ms))
    consumer = asyncio.create_task(desk.consume())
    await desk.start()
    await desk.settle()
    feed = BarFeed(Parts(desk, paper, candles, session.instruments, clock), replay(session.data), speed=None)
    player = asyncio.create_task(feed.run())
    await until(lambda: feed.ended or player.done(), math.inf)
    for task in (player, consumer):
        task.cancel()
    await asyncio.gather(player, consumer, return_exceptions=True)
    await desk.close()
    return Played(tuple(journal.facts), trader.workspace.state.portfolio.wallet)


__all__ = ["Played", "Session", "play"]
