"""What every part of the chat server shares: state, time, flood limits, delivery of updates, news for the page."""

import secrets
import string
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.localchat.calllog import CallLog
from bot.localchat.errors import JsonObject
from bot.localchat.faults import Faults
from bot.localchat.model import Message, Press
from bot.localchat.polling import Poller
from bot.localchat.ratelimit import RateLimiter
from bot.localchat.render import message_json
from bot.localchat.updates import DEFAULT_KINDS, MESSAGE_LIFETIME_S, PRESS_LIFETIME_S
from bot.localchat.world import Bot, World

_TOKEN_LETTERS = string.ascii_letters + string.digits + "_-"


@dataclass(slots=True, kw_only=True)
class Core:
    """The server's heart. `clock` gives Unix seconds, `sleep` holds calls back, `limiter` is None without limits."""

    world: World
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    limiter: RateLimiter | None
    answer_window_s: float
    started_at: float
    faults: Faults = field(default_factory=Faults)
    calls: CallLog = field(default_factory=CallLog)
    desk: JsonObject = field(default_factory=dict)
    watchers: list[Callable[[int, JsonObject], None]] = field(default_factory=list)
    webhooks: Callable[[Bot], None] | None = None
    _pollers: dict[int, Poller] = field(default_factory=dict)

    def poller(self, bot: Bot) -> Poller:
        """Return the bot's poller."""
        return self._pollers.setdefault(bot.id, Poller(self, bot))

    def end_polls(self) -> None:
        """Let all waiting polls answer, because the server stops."""
        for poller in self._pollers.values():
            poller.wake()

    def now(self) -> int:
        """Return the time in whole Unix seconds, as messages carry it."""
        return int(self.clock())

    def tell(self, bot: Bot, news: JsonObject) -> None:
        """Send news about a bot's chats to the pages that watch."""
        for watcher in list(self.watchers):
            watcher(bot.id, news)

    def add_bot(self, username: str) -> Bot:
        """Register a bot with a fresh id and a token of Telegram's form."""
        bot_id = 7_000_000_000 + secrets.randbelow(999_999_999)
        token = f"{bot_id}:AA" + "".join(secrets.choice(_TOKEN_LETTERS) for _ in range(33))
        self.world.commit("bot", id=bot_id, username=username, token=token)
        return self.world.bots[bot_id]

    def deliver(self, bot: Bot, kind: str, content: JsonObject, *, date: float | None = None) -> int | None:
        """Queue an update unless the bot did not ask for its kind; return its id. `date` starts its retention."""
        allowed = bot.settings.get("allowed_updates") or DEFAULT_KINDS
        if kind not in allowed:
            return None
        now = self.clock()
        lifetime = PRESS_LIFETIME_S if kind == "callback_query" else MESSAGE_LIFETIME_S
        expires = (now if date is None else date) + lifetime
        update_id = bot.queue.issue_id(now)
        body = {"update_id": update_id, kind: content}
        self.world.commit("update", bot=bot.id, id=update_id, body=body, expires=expires, at=now)
        self.wake(bot)
        return update_id

    def wake(self, bot: Bot) -> None:
        """Let whoever waits for a bot's updates look again."""
        self.poller(bot).wake()
        if self.webhooks is not None:
            self.webhooks(bot)

    def deliver_message(self, bot: Bot, message: Message) -> int | None:
        """Queue a message that somebody wrote or, if it has an edit date, changed."""
        kind = "edited_message" if message.edited else "message"
        group = self.world.groups.get(message.chat_id)
        if group is not None and group.kind == "channel":
            kind = "edited_channel_post" if message.edited else "channel_post"
        content = message_json(self.world, bot, message)
        return self.deliver(bot, kind, content, date=message.edited or message.date)

    def is_open(self, press: Press) -> bool:
        """Return whether a button press may still be answered."""
        return not press.answered and self.clock() - press.at <= self.answer_window_s
