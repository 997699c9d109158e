"""What the chat server knows: people, chats, messages, files, button presses. Plain values that become log records."""

from dataclasses import dataclass, field, fields

from bot.localchat.entity import Entity
from bot.localchat.errors import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person who can write to bots. `role` is only a label for the page; `started`: has opened the bots' chats."""

    id: int
    name: str
    role: str = "none"
    language: str = "en"
    started: bool = True
    active: bool = True

    def as_json(self) -> JsonObject:
        """Return the Bot API's User."""
        return {
            "id": self.id,
            "is_bot": False,
            "first_name": self.name,
            "username": f"{self.name.lower().replace(' ', '_')}_{self.id}",
            "language_code": self.language,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group chat: `kind` is group, supergroup or channel; members by user id, those of `admins` administer it."""

    id: int
    title: str
    kind: str = "supergroup"
    members: tuple[int, ...] = ()
    admins: tuple[int, ...] = ()
    forum: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """Bytes on the server under a bot's file id. `scaled` is the longest side to scale down to, 0 for the original."""

    file_id: str
    unique_id: str
    blob: str
    name: str
    mime: str
    size: int
    scaled: int = 0
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """What a message shows: `kind` is photo or document; a photo has its sizes from small to large."""

    kind: str
    files: tuple[StoredFile, ...]

    @property
    def best(self) -> StoredFile:
        """Return the file of the largest size."""
        return self.files[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a chat as one bot sees it. `text` is the caption where there is media. Times are Unix seconds.

    `keyboard` holds inline buttons as the Bot API writes them; `reply_keyboard` any other reply markup.
    """

    chat_id: int
    message_id: int
    date: int
    sender: int
    outgoing: bool
    text: str = ""
    entities: tuple[Entity, ...] = ()
    media: Media | None = None
    keyboard: list[list[JsonObject]] | None = None
    reply_keyboard: JsonObject | None = None
    reply_to: int = 0
    thread_id: int = 0
    edited: int = 0
    pinned: bool = False
    silent: bool = False
    protected: bool = False
    deleted: bool = False
    album: str = ""
    extra: JsonObject = field(default_factory=dict)

    def record(self) -> JsonObject:
        """Return the message as JSON for the log, without fields at their defaults."""
        result: JsonObject = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name == "entities":
                value = [[e.kind, e.offset, e.length, e.argument, e.detail] for e in value]
            elif item.name == "media" and value is not None:
                value = {"kind": value.kind, "files": [plain(stored) for stored in value.files]}
            if value or item.name in {"chat_id", "message_id", "date", "sender", "outgoing"}:
                result[item.name] = value
        return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A button press that waits for, or has, the bot's answer. `at` is the Unix time of the press."""

    id: str
    user_id: int
    chat_id: int
    message_id: int
    at: float
    answered: bool = False
    text: str = ""
    alert: bool = False


def plain(value: User | Group | StoredFile | Press) -> JsonObject:
    """Return a value's fields as a JSON object for the log."""
    return {item.name: getattr(value, item.name) for item in fields(value)}


def message_from(record: JsonObject) -> Message:
    """Return the message that `Message.record` wrote."""
    values = dict(record)
    values["entities"] = tuple(
        Entity(kind=kind, offset=offset, length=length, argument=argument, detail=detail)
        for kind, offset, length, argument, detail in record.get("entities", [])
    )
    media = record.get("media")
    if media is not None:
        files = tuple(StoredFile(**stored) for stored in media["files"])
        values["media"] = Media(kind=media["kind"], files=files)
    return Message(**values)


def group_from(record: JsonObject) -> Group:
    """Return the group that `plain` wrote."""
    return Group(**{**record, "members": tuple(record["members"]), "admins": tuple(record["admins"])})
