"""One bot's queue of updates with getUpdates' rules for offsets, limits and retention."""

import random
from collections import OrderedDict, deque
from dataclasses import dataclass

from bot.localchat.errors import JsonObject

MESSAGE_LIFETIME_S = 24 * 3600
PRESS_LIFETIME_S = 150
MAX_QUEUE = 100_000
_HISTORY = 2_000
_WEEK_S = 7 * 24 * 3600
_OFFSET_SLACK = 10
ALL_KINDS = frozenset(
    (
        "message", "edited_message", "channel_post", "edited_channel_post", "inline_query", "chosen_inline_result",
        "callback_query", "shipping_query", "pre_checkout_query", "poll", "poll_answer", "my_chat_member",
        "chat_member", "chat_join_request", "message_reaction", "message_reaction_count", "chat_boost",
        "removed_chat_boost", "business_connection", "business_message", "edited_business_message",
        "deleted_business_messages",
        "purchased_paid_media", "managed_bot", "guest_message", "subscription", "stopped_message_generation",
    )
)  # fmt: skip
DEFAULT_KINDS = ALL_KINDS - {"chat_member", "message_reaction", "message_reaction_count"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A queued update: its id, its Bot API body with `update_id`, and the Unix time at which it is forgotten."""

    id: int
    body: JsonObject
    expires: float


class UpdateQueue:
    """Updates in the order of their ids. Times are passed in, so that the queue needs no clock."""

    def __init__(self) -> None:
        self.next_id = 0
        self.last_at = 0.0
        self._pending: deque[Update] = deque()
        self._again: list[Update] = []
        self._history: OrderedDict[int, Update] = OrderedDict()

    def issue_id(self, now: float) -> int:
        """Return the id of the next update: random at first and after an idle week, else one more than the last."""
        idle = not self._pending and now - self.last_at > _WEEK_S
        return random.randint(2_000_002, 900_000_000) if self.next_id == 0 or idle else self.next_id

    def add(self, update: Update, *, now: float) -> None:
        """Queue an update and remember it for redelivery; the oldest gives way when the queue is full."""
        self.next_id = update.id + 1
        self.last_at = now
        self._pending.append(update)
        if len(self._pending) > MAX_QUEUE:
            self._pending.popleft()
        self._history[update.id] = update
        while len(self._history) > _HISTORY:
            self._history.popitem(last=False)

    def redeliver(self, update_id: int) -> bool:
        """Deliver a remembered update once more, before all others; False where it is unknown."""
        update = self._history.get(update_id)
        if update is None:
            return False
        self._again.append(update)
        return True

    def confirmed_by(self, offset: int) -> int:
        """Return the id below which an offset confirms everything (0: nothing), as Telegram reads offsets."""
        if offset < 0:
            keep = -offset
            return self._pending[-keep].id if len(self._pending) > keep else 0
        if offset == 0 or not self.next_id or offset > self.next_id + _OFFSET_SLACK:
            return 0
        return offset

    def confirm(self, below: int) -> None:
        """Forget the updates with ids below the given one."""
        while self._pending and self._pending[0].id < below:
            self._pending.popleft()

    def clear(self) -> None:
        """Forget everything that waits."""
        self._pending.clear()
        self._again.clear()

    def take(self, *, limit: int, now: float) -> list[JsonObject]:
        """Return up to `limit` bodies, redelivered ones first; the queue keeps its own until they are confirmed."""
        self._expire(now)
        again, self._again = self._again[:limit], self._again[limit:]
        bodies = [update.body for update in again]
        for update in self._pending:
            if len(bodies) >= limit:
                break
            bodies.append(update.body)
        return bodies

    def pending(self, now: float) -> list[Update]:
        """Return what waits for delivery."""
        self._expire(now)
        return list(self._pending)

    def size(self) -> int:
        """Return how many updates are held, waiting or only remembered."""
        return max(len(self._pending), len(self._history))

    def remembered(self) -> list[Update]:
        """Return the recent updates, delivered or not, oldest first."""
        return list(self._history.values())

    def _expire(self, now: float) -> None:
        if any(update.expires <= now for update in self._pending):
            self._pending = deque(update for update in self._pending if update.expires > now)
