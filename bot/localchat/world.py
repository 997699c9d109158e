"""The server's state: a fold over records. Every change is one record, applied at once and appended to the ledger."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from bot.localchat.blobs import Blobs
from bot.localchat.errors import JsonObject
from bot.localchat.ledger import Ledger
from bot.localchat.model import Group, Message, Press, StoredFile, User, group_from, message_from, plain
from bot.localchat.updates import Update, UpdateQueue

KEPT_MESSAGES = 2_000
_KEPT_PRESSES = 2_000


class Bot:
    """One bot account: who it is, its chats as it sees them, its queue and its settings."""

    def __init__(self, *, bot_id: int, username: str, token: str) -> None:
        self.id = bot_id
        self.username = username
        self.token = token
        self.queue = UpdateQueue()
        self.dialogs: dict[int, dict[int, Message]] = {}
        self.next_ids: dict[int, int] = {}
        self.presses: OrderedDict[str, Press] = OrderedDict()
        self.files: dict[str, StoredFile] = {}
        self.settings: dict[str, Any] = {}

    def as_json(self) -> JsonObject:
        """Return the Bot API's User of the bot."""
        name = self.settings.get("name:", "") or self.username
        return {"id": self.id, "is_bot": True, "first_name": name, "username": self.username}

    def message(self, chat_id: int, message_id: int) -> Message | None:
        """Return a message that is not deleted."""
        found = self.dialogs.get(chat_id, {}).get(message_id)
        return None if found is None or found.deleted else found


class World:
    """People, groups and bots. Only `commit` changes it; listeners hear every committed record."""

    def __init__(self, *, ledger: Ledger | None, blobs: Blobs) -> None:
        self.users: dict[int, User] = {}
        self.groups: dict[int, Group] = {}
        self.bots: dict[int, Bot] = {}
        self.blobs = blobs
        self.listeners: list[Callable[[JsonObject], None]] = []
        self._ledger = ledger
        self._fold: dict[str, Callable[[JsonObject], None]] = {
            "user": self._user,
            "group": self._group,
            "bot": self._bot,
            "message": self._message,
            "update": self._update,
            "confirm": self._confirm,
            "clear": self._clear,
            "press": self._press,
            "file": self._file,
            "setting": self._setting,
        }

    def load(self) -> None:
        """Rebuild the state from the ledger; where most of it is history, compact it to what is still needed."""
        if self._ledger is None:
            return
        records = self._ledger.load()
        for record in records:
            self._fold[record["k"]](record)
        if len(records) > 2 * self._needed():
            self._ledger.rewrite(self._dump())
        else:
            self._ledger.resume()

    def close(self) -> None:
        """Close the ledger."""
        if self._ledger is not None:
            self._ledger.close()

    def commit(self, kind: str, /, **values: Any) -> None:
        """Apply one change, make it durable against a kill, and tell the listeners."""
        record: JsonObject = {"k": kind, **values}
        self._fold[kind](record)
        if self._ledger is not None:
            self._ledger.append(record)
        for listener in self.listeners:
            listener(record)

    def put_message(self, bot: Bot, message: Message) -> Message:
        """Store a new or changed message."""
        self.commit("message", bot=bot.id, m=message.record())
        return message

    def change(self, bot: Bot, message: Message, **values: Any) -> Message:
        """Store a message with some fields changed, and return it."""
        return self.put_message(bot, replace(message, **values))

    def next_message_id(self, bot: Bot, chat_id: int) -> int:
        """Return the id of the next message: supergroups and channels count for themselves, other chats together."""
        return bot.next_ids.get(self._counter(chat_id), 1)

    def bot_by_token(self, token: str) -> Bot | None:
        """Return the bot with a token."""
        return next((bot for bot in self.bots.values() if bot.token == token), None)

    def _counter(self, chat_id: int) -> int:
        group = self.groups.get(chat_id)
        return chat_id if group is not None and group.kind != "group" else 0

    def _user(self, record: JsonObject) -> None:
        user = User(**{key: value for key, value in record.items() if key != "k"})
        self.users[user.id] = user

    def _group(self, record: JsonObject) -> None:
        group = group_from({key: value for key, value in record.items() if key != "k"})
        self.groups[group.id] = group

    def _bot(self, record: JsonObject) -> None:
        self.bots[record["id"]] = Bot(bot_id=record["id"], username=record["username"], token=record["token"])

    def _message(self, record: JsonObject) -> None:
        bot = self.bots[record["bot"]]
        message = message_from(record["m"])
        dialog = bot.dialogs.setdefault(message.chat_id, {})
        dialog[message.message_id] = message
        if len(dialog) > KEPT_MESSAGES:
            del dialog[next(iter(dialog))]
        counter = self._counter(message.chat_id)
        bot.next_ids[counter] = max(bot.next_ids.get(counter, 1), message.message_id + 1)

    def _update(self, record: JsonObject) -> None:
        update = Update(id=record["id"], body=record["body"], expires=record["expires"])
        self.bots[record["bot"]].queue.add(update, now=record["at"])

    def _confirm(self, record: JsonObject) -> None:
        self.bots[record["bot"]].queue.confirm(record["below"])

    def _clear(self, record: JsonObject) -> None:
        self.bots[record["bot"]].queue.clear()

    def _press(self, record: JsonObject) -> None:
        presses = self.bots[record["bot"]].presses
        press = Press(**record["p"])
        presses[press.id] = press
        while len(presses) > _KEPT_PRESSES:
            presses.popitem(last=False)

    def _file(self, record: JsonObject) -> None:
        stored = StoredFile(**record["f"])
        self.bots[record["bot"]].files[stored.file_id] = stored

    def _setting(self, record: JsonObject) -> None:
        settings = self.bots[record["bot"]].settings
        if record["value"] is None:
            settings.pop(record["name"], None)
        else:
            settings[record["name"]] = record["value"]

    def _needed(self) -> int:
        bots = self.bots.values()
        messages = sum(len(dialog) for bot in bots for dialog in bot.dialogs.values())
        others = sum(len(bot.settings) + len(bot.files) + len(bot.presses) + bot.queue.size() for bot in bots)
        return len(self.users) + len(self.groups) + len(self.bots) + messages + others

    def _dump(self) -> Iterator[JsonObject]:
        for user in self.users.values():
            yield {"k": "user", **plain(user)}
        for group in self.groups.values():
            yield {"k": "group", **plain(group)}
        for bot in self.bots.values():
            yield {"k": "bot", "id": bot.id, "username": bot.username, "token": bot.token}
            yield from _dump_bot(bot)


def _dump_bot(bot: Bot) -> Iterator[JsonObject]:
    for name, value in bot.settings.items():
        yield {"k": "setting", "bot": bot.id, "name": name, "value": value}
    for stored in bot.files.values():
        yield {"k": "file", "bot": bot.id, "f": plain(stored)}
    for dialog in bot.dialogs.values():
        for message in dialog.values():
            yield {"k": "message", "bot": bot.id, "m": message.record()}
    for press in bot.presses.values():
        yield {"k": "press", "bot": bot.id, "p": plain(press)}
    waiting = {update.id: update for update in bot.queue.pending(0.0)}
    known = waiting | {update.id: update for update in bot.queue.remembered()}
    for update in sorted(known.values(), key=lambda item: item.id):
        record = {"id": update.id, "body": update.body, "expires": update.expires, "at": bot.queue.last_at}
        yield {"k": "update", "bot": bot.id, **record}
    if known:
        yield {"k": "confirm", "bot": bot.id, "below": min(waiting, default=bot.queue.next_id)}
