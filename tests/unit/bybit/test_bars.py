"""Live candles have no holes, and nothing is traded on what has passed."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from engine.candles import Bar
from engine.core.events import BarClosed, DataHealed, DataTroubled, Event
from engine.core.market import MINUTE_MS
from engine.exchanges.base import QueryFailedError
from engine.exchanges.bybit.bars import Bars
from engine.marketdata import LiveCandles
from engine.plan import Need
from tests.support.virtual import WALL_MS, VirtualClock, run, until
from tests.unit.bybit.documented import KNOWN

SYMBOL = "BTCUSDT"
T0 = WALL_MS - WALL_MS % MINUTE_MS


def bar(number: int) -> Bar:
    """Return the minute that opens `number` minutes after `T0`."""
    price = 28_000.0 + number
    return Bar(SYMBOL, MINUTE_MS, T0 + number * MINUTE_MS, price, price, price, price, 1.0)


class Stage:
    """Bars over a REST side that has every minute up to now except `absent`, and fails while `down`."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.clock = VirtualClock()
        self.absent: set[int] = set()
        self.down = False
        self.fetches = 0
        self.tasks: list[asyncio.Task[None]] = []
        candles = LiveCandles([Need(SYMBOL, MINUTE_MS, ("close",))], KNOWN, base_ms=MINUTE_MS)
        self.bars = Bars(
            candles,
            self.events.append,
            fetch=self.fetch,
            begin=lambda work: self.tasks.append(asyncio.create_task(work)),
            clock=self.clock,
            now_ms=self.clock.wall_ms,
            base_ms=MINUTE_MS,
        )
        self.bars.follow(SYMBOL, T0 - MINUTE_MS)

    async def fetch(self, symbol: str, start_ms: int, end_ms: int) -> list[Bar]:
        self.fetches += 1
        await asyncio.sleep(0.05)
        if self.down:
            raise QueryFailedError("down")
        first, end = (start_ms - T0) // MINUTE_MS, (end_ms - T0) // MINUTE_MS
        return [bar(number) for number in range(first, end) if number not in self.absent]

    async def at(self, minutes: float) -> None:
        await asyncio.sleep(T0 / 1000 + minutes * 60 - self.clock.wall_ms() / 1000)

    def closed(self) -> list[tuple[int, bool]]:
        return [((e.close_ms - T0) // MINUTE_MS, e.backfilled) for e in self.events if isinstance(e, BarClosed)]


def play(story: Callable[[Stage], Awaitable[None]]) -> None:
    async def main() -> None:
        stage = Stage()
        await story(stage)
        for task in stage.tasks:
            task.cancel()
        await asyncio.gather(*stage.tasks, return_exceptions=True)

    run(main())


def test_bars_in_order_are_live_and_repetitions_change_nothing() -> None:
    async def story(stage: Stage) -> None:
        for number in (0, 0, 1, 1, 0, 2):
            await stage.at(max(number + 1.01, stage.clock.wall_ms() / 60_000 - T0 / 60_000))
            stage.bars.take(bar(number))
        assert stage.closed() == [(1, False), (2, False), (3, False)]
        assert stage.fetches == 0

    play(story)


def test_a_gap_is_fetched_and_only_its_newest_bar_is_told_and_not_as_live() -> None:
    async def story(stage: Stage) -> None:
        await stage.at(1.01)
        stage.bars.take(bar(0))
        await stage.at(5.01)
        stage.bars.take(bar(4))
        await until(lambda: len(stage.closed()) == 3)
        assert stage.closed() == [(1, False), (4, True), (5, False)]
        assert not any(isinstance(e, DataTroubled) for e in stage.events)

    play(story)


def test_a_bar_that_never_comes_is_asked_for_and_is_history() -> None:
    async def story(stage: Stage) -> None:
        await stage.at(1.01)
        stage.bars.check()
        await asyncio.sleep(1)
        assert stage.fetches == 0
        await stage.at(1.1)
        stage.bars.check()
        await until(lambda: bool(stage.closed()))
        assert stage.closed() == [(1, True)]
        stage.bars.take(bar(0))
        assert stage.closed() == [(1, True)]

    play(story)


def test_a_bar_that_comes_late_opens_nothing() -> None:
    async def story(stage: Stage) -> None:
        await stage.at(1.5)
        stage.bars.take(bar(0))
        assert stage.closed() == [(1, True)]

    play(story)


def test_a_bar_that_comes_while_it_is_asked_for_is_live() -> None:
    async def story(stage: Stage) -> None:
        stage.down = True
        await stage.at(1.1)
        stage.bars.check()
        await asyncio.sleep(1)
        stage.bars.take(bar(0))
        assert stage.closed() == [(1, False)]

    play(story)


def test_candles_that_cannot_be_fetched_are_trouble_until_they_are() -> None:
    async def story(stage: Stage) -> None:
        stage.down = True
        await stage.at(3.2)
        stage.bars.check()
        await until(lambda: any(isinstance(e, DataTroubled) for e in stage.events))
        await stage.at(6.01)
        stage.bars.take(bar(5))
        assert stage.closed() == []
        stage.down = False
        await until(lambda: bool(stage.closed()))
        kinds = [type(e) for e in stage.events if isinstance(e, BarClosed | DataTroubled | DataHealed)]
        assert kinds[:3] == [DataTroubled, BarClosed, DataHealed]
        assert stage.closed()[0] == (5, True)
        assert stage.fetches <= 12

    play(story)


@pytest.mark.parametrize("late", [False, True])
def test_a_hole_that_the_exchange_has_itself_does_not_stop_the_candles(late: bool) -> None:
    async def story(stage: Stage) -> None:
        stage.absent = {1, 2}
        await stage.at(1.01)
        stage.bars.take(bar(0))
        await stage.at(4.5 if late else 4.01)
        stage.bars.take(bar(3))
        await stage.at(5.01)
        stage.bars.take(bar(4))
        await until(lambda: (5, False) in stage.closed())

    play(story)
