"""The closed candles of every minute, whether somebody wants a decision or not: a desk that misses one asks for it."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic_ns

from tests.benchmarks.load.market import MINUTE_MS, Market
from tests.benchmarks.load.venue import Venue

# The share of a minute in which its candles arrive.
SPREAD = 0.1


@dataclass(frozen=True, slots=True)
class Closed:
    """When a minute's bars closed (ms, market time), and when the candles that were leaned were sent (ns)."""

    close_ms: int
    sent_ns: dict[str, int]


@dataclass(slots=True)
class Minutes:
    """Sends the candles. `speed` is how fast the market's time runs."""

    market: Market
    venue: Venue
    speed: float
    _asked: tuple[dict[str, int], asyncio.Future[Closed]] | None = field(default=None, init=False)

    async def run(self) -> None:
        """Send every minute's candles at its end, for ever."""
        minute_ms = self.market.now_ms() // MINUTE_MS * MINUTE_MS
        while True:
            minute_ms += MINUTE_MS
            await asyncio.sleep((minute_ms - self.market.now_ms()) / 1000 / self.speed)
            asked, self._asked = self._asked, None
            leans = asked[0] if asked else {}
            at = await self._sent(minute_ms, leans)
            if asked and not asked[1].done():
                asked[1].set_result(Closed(minute_ms, {name: at[name] for name in leans}))

    async def next(self, leans: dict[str, int]) -> Closed:
        """Let the next minute's candles of these symbols lean, sent in their order and evenly among the others; return
        after the last one of that minute.
        """
        if self._asked is not None:
            raise RuntimeError("somebody else has asked for the next minute")
        future: asyncio.Future[Closed] = asyncio.get_running_loop().create_future()
        self._asked = (leans, future)
        return await future

    async def _sent(self, minute_ms: int, leans: dict[str, int]) -> dict[str, int]:
        names, at = among(self.market.names, list(leans)), {}
        began, spread_s = time.monotonic(), MINUTE_MS / 1000 / self.speed * SPREAD
        for number, name in enumerate(names):
            wait = began + spread_s * number / len(names) - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            candle = self.market.candle(name, minute_ms - MINUTE_MS, leans.get(name, 0), confirm=True)
            at[name] = monotonic_ns()
            self.venue.send([candle])
        return at


def among(names: Sequence[str], few: list[str]) -> list[str]:
    """Return all names, the few in their order and evenly spread."""
    others = [name for name in names if name not in few]
    if not few:
        return others
    step = -(-len(others) // len(few))
    parts = [[few[i], *others[i * step : (i + 1) * step]] for i in range(len(few))]
    return [name for part in parts for name in part]
