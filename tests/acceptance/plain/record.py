"""One run of the engine, and its signals and trades in the words of the plain loop."""

from dataclasses import dataclass

from engine.backtest.desk import Settler
from engine.backtest.loop import Loop
from engine.backtest.request import Request, Result
from engine.backtest.ticks import TickLoop
from engine.core.effects import Effect, Record
from engine.core.facts import SignalRecorded
from engine.core.market import Instrument
from engine.core.money import to_money
from engine.core.trader import Trader
from engine.core.trades import Trade
from engine.exchanges.simulated import SimulatedExchange
from tests.acceptance.plain.loop import Told, Trip


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a run did."""

    result: Result
    told: list[Told]
    trips: list[Trip]


def record(request: Request) -> Recorded:
    """Run a request as a backtest does, and keep its signals."""
    signals: list[SignalRecorded] = []

    def watch(effects: list[Effect]) -> None:
        facts = [effect.fact for effect in effects if isinstance(effect, Record)]
        signals.extend(fact for fact in facts if isinstance(fact, SignalRecorded))

    if request.ticks:
        ticks = TickLoop(request)
        ticks.settler = Settler(ticks.trader, ticks.exchange, watch)
        result = ticks.run()
    else:
        trader = Trader(request.account, request.strategies, telling=False)
        traded = [request.instruments[s] for p in request.account.profiles for s in p.symbols]
        exchange = SimulatedExchange(traded, wallet=request.wallet, terms=request.terms)
        trader.open_account(request.wallet, request.start_ms)
        loop = Loop(request, trader, exchange, watch)
        loop.run()
        result = loop.recorder.result(loop.settler, exchange)
    trips = [trip_of(trade, request.instruments[trade.symbol]) for trade in result.trades]
    return Recorded(result, [told_of(signal) for signal in signals], trips)


def told_of(signal: SignalRecorded) -> Told:
    """Return a signal in the words of the plain loop."""
    also = tuple(rule.split()[0] for rule in signal.also)
    rule = signal.rule.split()[0]
    return Told(signal.at_ms, signal.symbol, signal.side, rule, also, signal.outcome, signal.check)


def trip_of(trade: Trade, instrument: Instrument) -> Trip:
    """Return a trade in the words of the plain loop."""
    return Trip(
        trade.exit_ms,
        trade.symbol,
        trade.long,
        instrument.steps(trade.quantity),
        trade.entry_ms,
        instrument.ticks(trade.entry),
        instrument.ticks(trade.exit),
        trade.rule.split()[0],
        trade.reason.split()[0],
        to_money(trade.net),
    )
