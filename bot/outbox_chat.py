"""The messages of one chat: in order, many at once as a digest, repeats as a counter, a summary after an outage."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from bot.clock import Clock, wait_for_event
from bot.outbox_compose import Composed, Composer, Page
from bot.outbox_deliver import Deliverer, Delivery, Fate
from bot.outbox_link import Link
from storage.outbox import OutboxRow

WINDOW_S = 10.0
MOST_IN_WINDOW = 3
OUTAGE_S = 600.0
_MERGE_S = 600.0
_LONGEST_PAUSE_S = 60.0
_REPEATED = "<b>(repeated)</b> Telegram's answer to the first sending was lost.\n"


@dataclass(slots=True)
class Item:
    """A row, its message, and whether it may have been sent before."""

    row: OutboxRow
    composed: Composed
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Means:
    """What every chat's sender works with. `on_sent` hears of each critical message that Telegram has taken."""

    deliverer: Deliverer
    composer: Composer
    link: Link
    clock: Clock
    on_sent: Callable[[OutboxRow], None]


class _Patience:
    """Waits after failures: longer each time, then until Telegram answers."""

    def __init__(self, means: Means) -> None:
        self._means, self._failures = means, 0
        self.down_since: tuple[float, int] | None = None

    def over(self) -> None:
        self._failures, self.down_since = 0, None

    async def wait(self) -> float:
        """Wait, and return for how many seconds nothing has gone out."""
        clock = self._means.clock
        self.down_since = self.down_since or (clock.monotonic(), clock.wall_ms())
        self._failures += 1
        await clock.sleep(min(_LONGEST_PAUSE_S, 2.0 ** (min(self._failures, 10) - 1)))
        await self._means.link.wait_up()
        return clock.monotonic() - self.down_since[0]


class CriticalSender:
    """Critical messages: one after the other, never merged, behind nothing else; repeated when an answer was lost."""

    def __init__(self, chat_id: int, means: Means) -> None:
        self._chat_id, self._means, self._patience = chat_id, means, _Patience(means)
        self._items: deque[Item] = deque()

    @property
    def ids(self) -> set[int]:
        """The rows that wait here."""
        return {item.row.id for item in self._items}

    def add(self, item: Item) -> None:
        """Take a message on."""
        self._items.append(item)

    async def run(self) -> None:
        """Send everything that waits."""
        while self._items:
            item = self._items[0]
            delivery = await send_one(self._means, self._chat_id, item)
            if delivery.fate in {Fate.SENT, Fate.DROPPED}:
                self._patience.over()
                self._items.popleft()
                if delivery.fate is Fate.SENT:
                    self._means.on_sent(item.row)
                continue
            item.repeated = item.repeated or delivery.fate is Fate.LOST
            if not delivery.flood:
                await self._patience.wait()


class OrdinarySender:
    """All other messages of a chat. `run` sends until none is left and may be started again."""

    def __init__(self, chat_id: int, means: Means) -> None:
        self._chat_id, self._means, self._patience = chat_id, means, _Patience(means)
        self._items: deque[Item] = deque()
        self._news = asyncio.Event()
        self._recent: deque[float] = deque(maxlen=MOST_IN_WINDOW)
        self._counters = Counters(chat_id, means)
        self._doubtful: list[str] = []
        self._missed_since_ms: int | None = None

    @property
    def ids(self) -> set[int]:
        """The rows that wait here."""
        return {item.row.id for item in self._items}

    def add(self, item: Item) -> None:
        """Take a message on."""
        self._items.append(item)
        self._news.set()

    def doubt(self, titles: Iterable[str]) -> None:
        """Report messages whose answer was lost, with the next chance; they are not sent again."""
        self._doubtful.extend(titles)

    async def run(self) -> None:
        """Send everything that waits."""
        while self._items or self._doubtful:
            if self._missed_since_ms is not None:
                await self._catch_up(self._missed_since_ms)
            elif self._doubtful:
                await self._own_up()
            else:
                await self._next()

    async def _next(self) -> None:
        now = self._means.clock.monotonic()
        recent = [at for at in self._recent if now - at < WINDOW_S]
        if self._counters.knows(self._items[0]):
            await self._count(self._items[0])
        elif len(self._items) > MOST_IN_WINDOW:
            self._recent.extend([now] * MOST_IN_WINDOW)
            await self._digest()
        elif len(self._items) + len(recent) <= MOST_IN_WINDOW:
            self._recent.append(now)
            await self._first()
        elif not await self._more_news(recent[0] + WINDOW_S - now):
            # The window is over: what came late in it goes together, unless it is alone.
            await (self._digest() if len(self._items) > 1 else self._first())

    async def _more_news(self, seconds: float) -> bool:
        self._news.clear()
        return await wait_for_event(self._news, seconds, self._means.clock)

    async def _first(self) -> bool:
        item = self._items[0]
        delivery = await send_one(self._means, self._chat_id, item)
        if delivery.fate is not Fate.LATER:
            self._items.remove(item)
        if delivery.fate is Fate.SENT and delivery.message_id is not None:
            self._counters.remember(item, delivery.message_id)
        return await self._after(delivery, [item])

    async def _digest(self) -> None:
        items = list(self._items)
        await self._together(items, self._means.composer.digest([item.composed.title for item in items]))

    async def _catch_up(self, since_ms: int) -> None:
        minor = [item for item in self._items if not item.composed.alone]
        if minor:
            titles, until = [item.composed.title for item in minor], self._means.clock.wall_ms()
            if not await self._together(minor, self._means.composer.missed(titles, from_ms=since_ms, until_ms=until)):
                return
        while self._items and self._items[0].composed.alone:
            if not await self._first():
                return
        self._missed_since_ms = None

    async def _together(self, items: list[Item], pages: Iterable[Page]) -> bool:
        silent, start = all(item.composed.silent for item in items), 0
        for page in pages:
            shown = items[start : start + page.titles]
            ids = [item.row.id for item in shown]
            delivery = await self._means.deliverer.send_for(ids, self._chat_id, page.text, silent=silent)
            if delivery.fate is not Fate.LATER:
                for item in shown:
                    self._items.remove(item)
            if not await self._after(delivery, shown):
                return False
            start += page.titles
        return True

    async def _own_up(self) -> None:
        titles = list(self._doubtful)
        for page in self._means.composer.doubtful(titles):
            delivery = await self._means.deliverer.send_for([], self._chat_id, page.text, silent=True)
            if delivery.fate is not Fate.LATER:
                del self._doubtful[: page.titles]
            if not await self._after(delivery, []):
                return

    async def _count(self, item: Item) -> None:
        delivery = await self._counters.count(item)
        if delivery.fate is Fate.SENT:
            self._items.remove(item)
        if delivery.fate is not Fate.DROPPED:
            await self._after(delivery, [item])

    async def _after(self, delivery: Delivery, items: list[Item]) -> bool:
        if delivery.fate in {Fate.SENT, Fate.DROPPED}:
            self._patience.over()
            return True
        if delivery.fate is Fate.LOST:
            self._doubtful += [item.composed.title for item in items]
        if not delivery.flood:
            # After a flood the pacer itself holds the next turn back for as long as Telegram asked.
            down_s = await self._patience.wait()
            if down_s > OUTAGE_S and self._patience.down_since is not None:
                self._missed_since_ms = self._patience.down_since[1]
        return False


@dataclass(slots=True)
class _Counter:
    text: str
    message_id: int
    times: int
    at: float


class Counters:
    """The same error again and again: one message that counts."""

    def __init__(self, chat_id: int, means: Means) -> None:
        self._chat_id, self._means = chat_id, means
        self._counters: dict[str, _Counter] = {}

    def knows(self, item: Item) -> bool:
        """Whether the same was said within ten minutes."""
        counter = self._counters.get(item.composed.merge)
        return counter is not None and self._means.clock.monotonic() - counter.at < _MERGE_S

    def remember(self, item: Item, message_id: int) -> None:
        """Note a message that may be repeated."""
        if not item.composed.merge:
            return
        now = self._means.clock.monotonic()
        self._counters = {key: kept for key, kept in self._counters.items() if now - kept.at < _MERGE_S}
        self._counters[item.composed.merge] = _Counter(item.composed.text, message_id, 1, now)

    async def count(self, item: Item) -> Delivery:
        """Count one more in the message that is there; DROPPED when it is gone, and the next gets its own."""
        counter, clock = self._counters[item.composed.merge], self._means.clock
        text = self._means.composer.counted(counter.text, counter.times + 1, clock.wall_ms())
        shown = replace(item.composed, text=text)
        delivery = await self._means.deliverer.edit(item.row, self._chat_id, counter.message_id, shown)
        if delivery.fate is Fate.SENT:
            counter.times, counter.at = counter.times + 1, clock.monotonic()
        elif delivery.fate is Fate.DROPPED:
            del self._counters[item.composed.merge]
        return delivery


async def send_one(means: Means, chat_id: int, item: Item) -> Delivery:
    """Send a message of its own, as a reply within its thread."""
    composed = item.composed
    if item.repeated:
        composed = replace(composed, text=_REPEATED + composed.text)
    reply_to = await means.deliverer.reply_to(item.row, chat_id)
    if composed.edits and reply_to is not None:
        delivery = await means.deliverer.edit(item.row, chat_id, reply_to, item.composed)
        if delivery.fate is not Fate.DROPPED:
            return delivery
    return await means.deliverer.send(item.row, chat_id, composed, reply_to=reply_to)
