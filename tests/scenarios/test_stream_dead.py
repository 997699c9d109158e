"""The account's stream falls silent, is refused or breaks its listener: noticed within its bound, nothing is missed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest

from engine.core.events import Event, Executed, VenueChanged, VenueState
from engine.core.facts import PositionAdopted, TradeClosed
from engine.exchanges.base import Sink
from engine.exchanges.bybit.stream import Ears, Login, Stream, StreamState, StreamTerms, Wire
from engine.live import RECONCILE_S
from tests.scenarios.rig import SEEDS, Counting, Rig, assert_sound
from tests.support.desk import BTC, PRICE
from tests.support.virtual import VirtualClock, run, until
from tests.unit.bybit.links import FakeLink, FarEnd, refused

TERMS = StreamTerms()
# Silence is measured from the last message, at most one ping before it began.
SILENT_S = TERMS.silence_s + 1.0
BACK_S = 1.5 * TERMS.backoff_most_s + 1.0


class Streamed(Counting):
    """Tells its news through a real stream: its messages are numbers of news. A `dead` link says nothing more; while
    `breaking`, the next execution breaks the listener.
    """

    breaking = False
    dead: FakeLink | None = None

    async def connect(self, sink: Sink) -> None:
        """Begin the stream, and tell through it."""
        self.news: list[Event] = []
        self.tell = sink
        self.far = FarEnd()
        self.far.rules["ping"] = self._pong
        clock = VirtualClock()
        login = Login("TESTKEY", "TESTSECRET", clock.wall_ms)
        wire = Wire(clock, self.far.dial, TERMS, Random(1))
        self.stream = Stream("ws://x", ["news"], wire=wire, ears=Ears(self._take, self._changed), login=login)
        self._task = asyncio.create_task(self.stream.run())
        await super().connect(self._send)

    async def close(self) -> None:
        """End the stream."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await super().close()

    def _pong(self, link: FakeLink, _message: dict[str, Any]) -> None:
        if link is not self.dead:
            link.push({"success": True, "ret_msg": "pong", "op": "ping"})

    def _send(self, event: Event) -> None:
        self.news.append(event)
        if self.stream.live.is_set() and self.far.link is not self.dead:
            self.far.link.push({"topic": "news", "data": len(self.news) - 1})

    def _take(self, message: dict[str, Any]) -> None:
        event = self.news[message["data"]]
        if self.breaking and isinstance(event, Executed):
            self.breaking = False
            raise ZeroDivisionError
        self.tell(event)

    def _changed(self, state: StreamState, why: str) -> None:
        up = state is StreamState.LIVE
        self.tell(VenueChanged(VenueState.UP if up else VenueState.DEGRADED, why, self.truth.now_ms))


class StreamedRig(Rig):
    """A desk that hears of its account through a stream."""

    exchange = Streamed
    paper: Streamed

    @property
    def up(self) -> bool:
        """Whether the desk takes the exchange for well."""
        return self.trader.workspace.venue is VenueState.UP

    async def stop_fires(self) -> None:
        """Let the price reach the stop, at some moment of the stream's life."""
        self.world.prices[BTC] = PRICE * 99 // 100
        await until(lambda: BTC not in self.world.truth.positions())

    def assert_nothing_missed(self) -> None:
        """Fail unless the stop was booked as what it was."""
        assert [fact.trade.reason for fact in self.recorded(TradeClosed)] == ["stop"]
        assert not self.recorded(PositionAdopted)
        assert_sound(self)


@asynccontextmanager
async def streamed(seed: int) -> AsyncIterator[StreamedRig]:
    """A desk with an open position, some seconds after its last comparison."""
    rig = await StreamedRig.start()
    assert isinstance(rig, StreamedRig)
    await rig.enter()
    await rig.clock.sleep(Random(seed).uniform(0, 50))
    yield rig
    await rig.stop()


@pytest.mark.parametrize("seed", SEEDS)
def test_silence_of_a_stream_that_stays_connected_ends_entries_within_its_bound(seed: int) -> None:
    async def main() -> None:
        async with streamed(seed) as rig:
            rig.paper.dead = rig.paper.far.link
            await until(lambda: not rig.up, timeout_s=SILENT_S)
            await until(lambda: rig.up, timeout_s=BACK_S)
            assert len(rig.paper.far.links) == 2

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_stop_that_fires_into_a_silent_stream_is_booked_within_the_bound(seed: int) -> None:
    async def main() -> None:
        async with streamed(seed) as rig:
            rig.paper.dead = rig.paper.far.link
            await rig.stop_fires()
            await until(lambda: BTC not in rig.positions, timeout_s=SILENT_S + BACK_S)
            rig.assert_nothing_missed()

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_login_that_is_refused_for_ever_ends_entries_at_once_and_fills_are_learned_by_asking(seed: int) -> None:
    async def main() -> None:
        async with streamed(seed) as rig:
            rig.paper.far.rules["auth"] = refused
            rig.paper.far.link.hang_up()
            await until(lambda: not rig.up, timeout_s=1)
            await rig.stop_fires()
            await until(lambda: BTC not in rig.positions, timeout_s=RECONCILE_S + 1)
            assert not rig.up
            await rig.clock.sleep(600)
            tries = len(rig.paper.far.links)
            assert 600 / BACK_S < tries < 150
            del rig.paper.far.rules["auth"]
            await until(lambda: rig.up, timeout_s=BACK_S)
            rig.assert_nothing_missed()

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_listener_that_breaks_on_a_message_loses_nothing_but_a_minute(seed: int) -> None:
    async def main() -> None:
        async with streamed(seed) as rig:
            rig.paper.breaking = True
            await rig.stop_fires()
            await until(lambda: not rig.paper.breaking, timeout_s=1)
            await until(lambda: BTC not in rig.positions, timeout_s=RECONCILE_S + 1)
            rig.assert_nothing_missed()

    run(main(), seed)
