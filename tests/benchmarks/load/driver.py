"""The course of a run: load on the public stream, candles that make the desk decide, and presses in the chat."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.benchmarks.load.chat import Chat, Sent
from tests.benchmarks.load.market import Market, framed
from tests.benchmarks.load.minutes import Minutes
from tests.benchmarks.load.venue import Venue
from tests.benchmarks.load.waiting import until

USER = 7
# The desk lets entries use seven of the exchange's ten orders a second: more would wait, rightly.
_AT_ONCE = 7
# How long an order may take before it counts as missing; what comes later than it should is a latency.
_LOST_S = 10.0


@dataclass(slots=True)
class Driver:
    """Drives one desk. `rate` is the messages a second on the public stream; samples are in ms; `missed` are decisions
    without an order (symbol, close of the bar in ms); `untold` symbols whose fill brought no message.
    """

    market: Market
    venue: Venue
    chat: Chat
    minutes: Minutes
    rate: int
    entries: list[float] = field(default_factory=list)
    exits: list[float] = field(default_factory=list)
    fill_to_message: list[float] = field(default_factory=list)
    missed: list[tuple[str, int]] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)
    sent: int = 0

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

    async def decide(self, decisions: int) -> None:
        """Let the desk decide that often, entries in one minute and their exits in the next, and note how long each
        order took.
        """
        ring = itertools.cycle(self.market.names)
        while len(self.entries) + len(self.exits) + len(self.missed) < decisions:
            held = self.venue.books.held()[:_AT_ONCE]
            await self._decided(dict.fromkeys(held, -1) or dict.fromkeys(itertools.islice(ring, _AT_ONCE), 1))

    async def _decided(self, leans: dict[str, int]) -> None:
        known = len(self.venue.ordered)
        closed = await self.minutes.next(leans)
        await until(lambda: len(self.venue.ordered) - known >= len(leans), within_s=_LOST_S)
        at = dict(self.venue.ordered[known:])
        for name, sent in closed.sent_ns.items():
            if name in at:
                (self.entries if leans[name] > 0 else self.exits).append((at[name] - sent) / 1e6)
        self.missed += [(name, closed.close_ms) for name in leans if name not in at]
        await self.filled()

    async def filled(self) -> None:
        """Wait until every order has been filled: what is not filled yet would be asked for a second time."""
        await until(lambda: len(self.venue.executed) >= len(self.venue.ordered), within_s=_LOST_S)

    async def notify(self, messages: int, pause_s: float) -> None:
        """Let one order after the other be filled, so seldom that the chat always has a token."""
        for name in itertools.islice(itertools.cycle(self.market.names[:40]), messages):
            await asyncio.sleep(pause_s)
            lean = -1 if name in self.venue.books.held() else 1
            executed, told = len(self.venue.executed), len(self.chat.sent)
            await self.minutes.next({name: lean})
            try:
                found = await self.chat.until(lambda sent, name=name: _about(name, sent.text), after=told)
            except TimeoutError:
                self.untold.append(name)
                continue
            began = dict(self.venue.executed[executed:])[name]
            self.fill_to_message.append((found.at_ns - began) / 1e6)

    async def hold(self, names: Sequence[str]) -> None:
        """Let the desk open positions on these symbols, and close the others."""
        deadline = time.monotonic() + 60
        while set(names) != set(held := self.venue.books.held()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the desk holds {len(held)} positions, not {len(names)}")
            wanted = [name for name in names if name not in held]
            over = [name for name in held if name not in names]
            leans = dict.fromkeys(wanted, 1) | dict.fromkeys(over, -1)
            await self.minutes.next(dict(itertools.islice(leans.items(), _AT_ONCE)))
            await asyncio.sleep(0.3)
            await self.filled()

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


def _about(name: str, text: str) -> bool:
    return name in text or name.removesuffix("USDT") in text
