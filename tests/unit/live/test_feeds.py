"""Feeds drive exchange and desk with the same prices, at the chosen speed, and go on where they stopped."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from engine.candles import Bar
from engine.core.events import BarClosed, Event, InstrumentChanged, PriceMoved
from engine.core.market import DAY_MS, HOUR_MS, MINUTE_MS
from engine.core.money import rate_to_e8, to_money
from engine.core.trader import Trader
from engine.exchanges.paper import PaperExchange
from engine.exchanges.simulated import SimulatedExchange, Terms
from engine.feeds import BarFeed, Parts, TickFeed, generated_bars
from engine.generator import Market
from engine.journal import MemoryJournal
from engine.live import Desk
from engine.marketdata import LiveCandles, nearest_tick
from engine.plan import Need
from engine.universe import UNIVERSE
from tests.support.desk import Scripted, account
from tests.support.virtual import VirtualClock, run, until

SYMBOLS = ("BTCUSDT", "XRPUSDT", "ETHUSDT")
INSTRUMENTS = {symbol: UNIVERSE[symbol].instrument() for symbol in SYMBOLS}
MARKET = Market(5)
BEGIN_MS = 20_000 * DAY_MS + 7 * HOUR_MS + 58 * MINUTE_MS
NEEDS = [Need(symbol, timeframe, ("atr14",)) for symbol in SYMBOLS for timeframe in (MINUTE_MS, 5 * MINUTE_MS)]


class Listening(PaperExchange):
    """Notes every price and rate it is told, and when."""

    def __init__(self, truth: SimulatedExchange) -> None:
        super().__init__(truth)
        self.quotes: list[tuple[int, str, int, float]] = []
        self.rates: dict[tuple[str, int], int] = {}

    def on_quote(self, symbol: str, at_ms: int, last: int, **more: Any) -> None:
        """Note the quote."""
        self.quotes.append((at_ms, symbol, last, asyncio.get_running_loop().time()))
        super().on_quote(symbol, at_ms, last, **more)

    def set_funding(self, symbol: str, time_ms: int, rate_e8: int) -> None:
        """Note the rate."""
        self.rates[symbol, time_ms] = rate_e8
        super().set_funding(symbol, time_ms, rate_e8)


class Hearing(Desk):
    """Notes every event it takes in."""

    events: list[Event]

    def put(self, event: Event) -> None:
        """Note the event."""
        self.events.append(event)
        super().put(event)


@dataclass(slots=True)
class Stage:
    """A desk, its exchange and candles, without a feed."""

    desk: Hearing
    paper: Listening
    candles: LiveCandles

    @property
    def parts(self) -> Parts:
        return Parts(self.desk, self.paper, self.candles, INSTRUMENTS, VirtualClock())

    def bars(self, timeframe: int) -> list[tuple[str, int]]:
        """Return the closed bars the desk was told, by symbol and close."""
        told = [event for event in self.desk.events if isinstance(event, BarClosed)]
        return [(event.symbol, event.close_ms) for event in told if event.timeframe == timeframe]


def stage(start_ms: int) -> Stage:
    paper = Listening(SimulatedExchange(INSTRUMENTS.values(), wallet=to_money(1_000), terms=Terms()))
    desk = Hearing(Trader(account(), {"alpha": Scripted()}), paper, MemoryJournal(), VirtualClock())
    desk.events = []
    candles = LiveCandles(NEEDS, INSTRUMENTS, base_ms=MINUTE_MS)
    candles.seed([MARKET.candles(s, start_ms=start_ms - candles.history_ms(), end_ms=start_ms) for s in SYMBOLS])
    for instrument in INSTRUMENTS.values():
        desk.put(InstrumentChanged(instrument, start_ms))
    return Stage(desk, paper, candles)


async def ticks(on: Stage, start_ms: int, seconds: float, speed: float) -> None:
    """Play generated ticks for some seconds of the loop."""
    feed = TickFeed(on.parts, MARKET, start_ms=start_ms, speed=speed)
    tasks = [asyncio.create_task(work) for work in (on.desk.consume(), feed.run())]
    await on.desk.start()
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await on.desk.close()


def played(seconds: float, *, speed: float = 60.0, start_ms: int = BEGIN_MS) -> Stage:
    async def main() -> Stage:
        on = stage(start_ms)
        await ticks(on, start_ms, seconds, speed)
        return on

    return run(main())


@pytest.fixture(scope="module")
def four_minutes() -> Stage:
    return played(3.99)


def test_ticks_of_all_symbols_come_in_order_of_time(four_minutes: Stage) -> None:
    times = [at_ms for at_ms, *_ in four_minutes.paper.quotes]
    assert times == sorted(times)
    assert {symbol for _, symbol, *_ in four_minutes.paper.quotes} == set(SYMBOLS)


def test_desk_and_exchange_hear_the_same_prices_in_the_same_order(four_minutes: Stage) -> None:
    heard = [e for e in four_minutes.desk.events if isinstance(e, PriceMoved)]
    assert [(e.at_ms, e.symbol, e.last) for e in heard] == [row[:3] for row in four_minutes.paper.quotes]
    assert all(0 < e.bid <= e.last <= e.ask for e in heard)


def test_a_minutes_bar_is_made_of_its_ticks(four_minutes: Stage) -> None:
    for symbol in SYMBOLS:
        columns = four_minutes.candles.columns(symbol, MINUTE_MS, 3)
        assert columns is not None
        bar = columns.bar(-1)
        inside = [
            last
            for at, name, last, _ in four_minutes.paper.quotes
            if name == symbol and 0 <= at - bar.time_ms < MINUTE_MS
        ]
        wanted = [nearest_tick(price, INSTRUMENTS[symbol]) for price in (bar.open, bar.high, bar.low, bar.close)]
        assert [inside[0], max(inside), min(inside), inside[-1]] == wanted


def test_a_bar_is_told_after_its_last_tick_and_before_the_next_one(four_minutes: Stage) -> None:
    newest = 0
    for event in four_minutes.desk.events:
        if isinstance(event, PriceMoved):
            newest = event.at_ms
        elif isinstance(event, BarClosed):
            assert event.close_ms - MINUTE_MS <= newest < event.close_ms


def test_funding_rates_are_known_before_the_first_price_of_the_hour(four_minutes: Stage) -> None:
    due = BEGIN_MS + 2 * MINUTE_MS
    wanted = {(symbol, due): rate_to_e8(repr(MARKET.funding(symbol, due))) for symbol in SYMBOLS}
    assert four_minutes.paper.rates == wanted
    assert all(four_minutes.paper.truth.next_funding_ms(symbol) > due for symbol in SYMBOLS)


@pytest.mark.parametrize("speed", [1.0, 60.0, 600.0])
def test_ticks_come_when_they_are_due_at_the_chosen_speed(speed: float) -> None:
    on = played(120 / speed, speed=speed)
    assert len(on.paper.quotes) > 20
    for at_ms, _, _, at_s in on.paper.quotes:
        early = (at_ms - BEGIN_MS) / 1000 / speed - at_s
        assert -0.001 <= early <= 0.051


def test_after_a_restart_no_bar_is_skipped_or_repeated() -> None:
    first = played(2.4)
    stopped_ms = first.paper.truth.now_ms
    assert stopped_ms % MINUTE_MS
    start_ms = -(-stopped_ms // MINUTE_MS) * MINUTE_MS
    second = played(3.1, start_ms=start_ms)
    for symbol in SYMBOLS:
        live = [close for name, close in second.bars(MINUTE_MS) if name == symbol]
        assert live == [start_ms + MINUTE_MS, start_ms + 2 * MINUTE_MS, start_ms + 3 * MINUTE_MS]
        columns = second.candles.columns(symbol, MINUTE_MS, 60)
        assert columns is not None
        assert not columns.gaps()
        assert list(columns.close) == list(MARKET.candles(symbol, start_ms=live[-1] - HOUR_MS, end_ms=live[-1]).close)
    # The bar from 08:00 to 08:05, with restarts at 08:01 and 08:03, is whole.
    assert not second.bars(5 * MINUTE_MS)
    third = played(3.1, start_ms=start_ms + 2 * MINUTE_MS)
    assert {close for _, close in third.bars(5 * MINUTE_MS)} == {BEGIN_MS + 7 * MINUTE_MS}


def generated(count: int) -> Iterator[Bar]:
    bars = generated_bars(MARKET, SYMBOLS, start_ms=BEGIN_MS)
    return (next(bars) for _ in range(count * len(SYMBOLS)))


def lockstep(count: int, *, speed: float | None) -> tuple[Stage, float]:
    async def main() -> tuple[Stage, float]:
        on = stage(BEGIN_MS)
        feed = BarFeed(on.parts, generated(count), speed=speed, market=MARKET)
        tasks = [asyncio.create_task(work) for work in (on.desk.consume(), feed.run())]
        await on.desk.start()
        loop = asyncio.get_running_loop()
        await until(lambda: feed.ended)
        took, steps = loop.time(), on.desk.steps
        await asyncio.sleep(3)
        assert on.desk.steps > steps + 10
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return on, took

    return run(main())


def test_bars_in_lockstep_come_symbol_by_symbol_at_every_close() -> None:
    on, took = lockstep(4, speed=None)
    assert took < 1
    assert on.bars(MINUTE_MS) == [(s, BEGIN_MS + n * MINUTE_MS) for n in (1, 2, 3, 4) for s in SYMBOLS]


def test_generated_bars_settle_funding() -> None:
    on, _ = lockstep(4, speed=None)
    due = BEGIN_MS + 2 * MINUTE_MS
    assert on.paper.rates == {(symbol, due): rate_to_e8(repr(MARKET.funding(symbol, due))) for symbol in SYMBOLS}


def test_bars_with_a_speed_take_their_time_and_the_clock_goes_on_after_the_last_one() -> None:
    _, took = lockstep(4, speed=60.0)
    assert took == pytest.approx(4, abs=0.05)
