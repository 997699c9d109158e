"""The course of a run: load on the public stream, candles that make the desk decide, and presses in the chat."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.benchmarks.load.chat import Chat, Sent
from tests.benchmarks.load.market import MINUTE_MS, Market, framed
from tests.benchmarks.load.venue import Venue
from tests.benchmarks.load.waiting import until

USER = 7
# Entries may use seven of ten orders a second, exits the others.
_ENTRIES, _EXITS = 5, 5
# The share of a minute in which its candles arrive: a bar is fresh for a quarter.
_SPREAD = 0.15


@dataclass(slots=True)
class Driver:
    """Drives one desk. `rate` is the messages a second on the public stream; samples are in ms."""

    market: Market
    venue: Venue
    chat: Chat
    rate: int
    speed: float
    candle_to_order: list[float] = field(default_factory=list)
    fill_to_message: list[float] = field(default_factory=list)
    missed: int = 0
    sent: int = 0
    _minute: int = 0

    async def pour(self) -> None:
        """Send the public messages for ever, a few every two milliseconds."""
        messages, began, done = self.market.messages(), time.monotonic(), 0
        while True:
            due = int((time.monotonic() - began) * self.rate) - done
            # After a pause of this process the desk shall not pay for the arrears at once.
            if due > self.rate // 20:
                began, done, due = time.monotonic(), 0, 0
            if due:
                self.venue.send(itertools.islice(messages, due))
                done += due
                self.sent += due
            await asyncio.sleep(0.002)

    async def minute(self, leans: dict[str, int]) -> dict[str, int]:
        """Wait for the next minute, send its candles, those of `leans` in their order evenly among the others; return
        when each was sent.
        """
        now = self.market.now_ms()
        self._minute = max(self._minute, now // MINUTE_MS * MINUTE_MS) + MINUTE_MS
        await asyncio.sleep((self._minute - now) / 1000 / self.speed)
        names, at = _among(self.market.names, list(leans)), {}
        began, spread_s = time.monotonic(), MINUTE_MS / 1000 / self.speed * _SPREAD
        for number, name in enumerate(names):
            wait = began + spread_s * number / len(names) - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            candle = self.market.candle(name, self._minute - MINUTE_MS, leans.get(name, 0), confirm=True)
            at[name] = self.venue.send([candle])
        return {name: at[name] for name in leans}

    async def decide(self, decisions: int) -> None:
        """Let the desk decide that often, entries and exits, and note how long each order took."""
        ring = itertools.cycle(self.market.names)
        while len(self.candle_to_order) + self.missed < decisions:
            held = self.venue.books.held()
            entering = [name for name in itertools.islice(ring, _ENTRIES) if name not in held]
            leans = dict.fromkeys(entering, 1) | dict.fromkeys(held[:_EXITS], -1)
            await self._measured(leans)

    async def _measured(self, leans: dict[str, int]) -> None:
        known = len(self.venue.ordered)
        sent = await self.minute(leans)
        within_s = 0.5 * MINUTE_MS / 1000 / self.speed
        await until(lambda: len(self.venue.ordered) - known >= len(leans), within_s=within_s)
        at = dict(self.venue.ordered[known:])
        self.candle_to_order += [(at[name] - sent[name]) / 1e6 for name in leans if name in at]
        self.missed += sum(name not in at for name in leans)

    async def notify(self, messages: int, pause_s: float) -> None:
        """Let one order after the other be filled, so seldom that the chat always has a token."""
        for name in itertools.islice(itertools.cycle(self.market.names[:40]), messages):
            await asyncio.sleep(pause_s)
            lean = -1 if name in self.venue.books.held() else 1
            executed, told = len(self.venue.executed), len(self.chat.sent)
            await self.minute({name: lean})
            try:
                found = await self.chat.until(lambda sent, name=name: _about(name, sent.text), after=told)
            except TimeoutError:
                self.missed += 1
                continue
            began = dict(self.venue.executed[executed:])[name]
            self.fill_to_message.append((found.at_ns - began) / 1e6)

    async def hold(self, names: Sequence[str]) -> None:
        """Let the desk open positions on these symbols, and close the others."""
        deadline = time.monotonic() + 60
        while set(names) != set(held := self.venue.books.held()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the desk holds {len(held)} positions, not {len(names)}")
            wanted = [name for name in names if name not in held][:_ENTRIES]
            over = [name for name in held if name not in names][:_EXITS]
            await self.minute(dict.fromkeys(wanted, 1) | dict.fromkeys(over, -1))
            await asyncio.sleep(0.5)

    async def close_all(self, positions: int) -> float:
        """Say /closeall, press the button, and return the ms until the last closing order arrived."""
        button = await self._asked("/closeall", f"Close {positions}")
        known = len(self.venue.ordered)
        self.chat.press(USER, button)
        if not await until(lambda: len(self.venue.ordered) - known >= positions, within_s=30):
            raise TimeoutError(f"{len(self.venue.ordered) - known} of {positions} closing orders came within 30 s")
        return (self.venue.ordered[known + positions - 1][1] - self.chat.pressed_ns) / 1e6

    async def resume(self) -> None:
        """Say /resume and press the button."""
        self.chat.press(USER, await self._asked("/resume", ""))
        await asyncio.sleep(1)

    async def _asked(self, text: str, label: str) -> Sent:
        told = len(self.chat.sent)
        self.chat.say(USER, text)
        found = await self.chat.until(lambda sent: bool(sent.button) and sent.label.startswith(label), after=told)
        # A press within 0.7 s of the question is taken for an accident.
        await asyncio.sleep(1.0)
        return found

    def frames(self, count: int) -> bytes:
        """Return so many messages as one piece."""
        return b"".join(map(framed, itertools.islice(self.market.messages(), count)))


def _among(names: Sequence[str], few: list[str]) -> list[str]:
    others = [name for name in names if name not in few]
    if not few:
        return others
    step = -(-len(others) // len(few))
    parts = [[few[i], *others[i * step : (i + 1) * step]] for i in range(len(few))]
    return [name for part in parts for name in part]


def _about(name: str, text: str) -> bool:
    return name in text or name.removesuffix("USDT") in text
