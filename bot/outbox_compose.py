"""What stands in a message of the outbox: an alert, a digest of many, a summary after an outage."""

import html
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from zoneinfo import ZoneInfo

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from engine.core.alerts import (
    Alert,
    CooldownAlert,
    DifferenceAlert,
    EmergencyAlert,
    EmergencyDecidedAlert,
    EntryAlert,
    ExitAlert,
    OrderAlert,
    StopMovedAlert,
    SystemAlert,
)
from engine.core.codec import CodecError, decode
from engine.journal import AnyAlert
from handlers.views.alerts import render_alert
from handlers.views.format import clock, count
from handlers.views.labels import labelled
from keyboards.alerts import alert_keyboard
from keyboards.binding import bound
from storage.outbox import OutboxRow

TEXT_KIND = "Text"
DESK = "desk"
_PAGE_CHARS, _PAGE_LINES = 3_500, 60
_PLAIN_CHARS = 4_000
_TAG = re.compile(r"<[^>]+>")
type Ticks = Callable[[], Mapping[str, Decimal]]


class Seen(CallbackData, prefix="se"):
    """A critical alert was read, and all before it."""

    upto: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A message ready to be sent. `title` is its first line; `merge` is equal for repeats of the same error; `alone`
    says that it keeps a message of its own after an outage; `edits` that it takes the place of its thread's first one.
    """

    text: str
    title: str
    keyboard: InlineKeyboardMarkup | None = None
    silent: bool = False
    merge: str = ""
    alone: bool = False
    edits: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One message of a list and how many of its titles it shows."""

    text: str
    titles: int


@dataclass(frozen=True, slots=True)
class Composer:
    """Turns rows into messages. `ticks` gives the price steps known now, `mark` what an account's buttons are
    bound to; `acts` says in whose chats an emergency can be answered, `quiet` which chats are to make no sound now.
    """

    zone: ZoneInfo
    ticks: Ticks = field(default=dict)
    mark: Callable[[str], str] = field(default=lambda _account: "")
    acts: Callable[[int], bool] = field(default=lambda _chat_id: True)
    quiet: Callable[[int], bool] = field(default=lambda _chat_id: False)

    def compose(self, row: OutboxRow) -> Composed:
        """The message of a row for one chat; raises CodecError for what cannot be read."""
        hushed = row.chat_id is not None and not row.critical and self.quiet(row.chat_id)
        if row.kind == TEXT_KIND:
            text = str(row.payload["html"])
            return Composed(text=text, title=title_of(text), alone=True, silent=hushed)
        alert = read_alert(row.payload.get("alert"))
        text = self.render(alert)
        return Composed(
            text=text,
            title=title_of(text),
            keyboard=self._keyboard(row, alert),
            silent=hushed or isinstance(alert, StopMovedAlert | CooldownAlert),
            merge=_merge_key(alert),
            alone=row.critical or isinstance(alert, EntryAlert | ExitAlert),
            edits=isinstance(alert, EmergencyDecidedAlert),
        )

    def _keyboard(self, row: OutboxRow, alert: Alert) -> InlineKeyboardMarkup | None:
        about_emergency = isinstance(alert, EmergencyAlert | EmergencyDecidedAlert)
        may_act = not about_emergency or row.chat_id is None or self.acts(row.chat_id)
        keyboard = bound(alert_keyboard(alert), self.mark(alert.account)) if may_act else None
        # Who answered has seen it.
        answered = isinstance(alert, EmergencyDecidedAlert) and alert.by != DESK
        return with_seen(keyboard, int(row.payload.get("of", row.id))) if row.critical and not answered else keyboard

    def render(self, alert: Alert) -> str:
        """HTML of an alert."""
        return labelled(render_alert(alert, zone=self.zone, ticks=self.ticks()), self.mark(alert.account))

    def digest(self, titles: Sequence[str]) -> Iterator[Page]:
        """Many events in one message, or in as many as they need; none is left out."""
        yield from _pages(f"<b>{count(len(titles), 'event')}</b> in short order", titles)

    def missed(self, titles: Sequence[str], *, from_ms: int, until_ms: int) -> Iterator[Page]:
        """What was missed while Telegram was away, besides what follows in messages of its own."""
        head = f"<b>Telegram was away</b> {clock(from_ms, self.zone)} to {clock(until_ms, self.zone)}"
        yield from _pages(f"{head}\n{count(len(titles), 'other event')} meanwhile; trading went on", titles)

    def doubtful(self, titles: Sequence[str]) -> Iterator[Page]:
        """Messages of which nobody knows whether they arrived."""
        yield from _pages("<b>Telegram's answer was lost</b>; these may be missing above", titles)

    def counted(self, text: str, times: int, last_ms: int) -> str:
        """A message that happened several times."""
        return f"{text}\n<b>{times} times</b>, last {clock(last_ms, self.zone)}"


def read_alert(payload: object) -> Alert:
    """The alert of a payload; raises CodecError."""
    alert = decode(AnyAlert, payload)
    if not isinstance(alert, Alert):
        raise CodecError("not an alert")
    return alert


def title_of(text: str) -> str:
    """The first line of a message."""
    return text.partition("\n")[0]


def plain_parts(text: str) -> list[str]:
    """A message without its markup, in parts that Telegram takes: for a text whose markup it refused."""
    plain = html.unescape(_TAG.sub("", text)) or "(empty)"
    return [plain[start : start + _PLAIN_CHARS] for start in range(0, len(plain), _PLAIN_CHARS)]


def with_seen(keyboard: InlineKeyboardMarkup | None, upto: int) -> InlineKeyboardMarkup:
    """A keyboard with [Seen] below it."""
    rows = [list(row) for row in keyboard.inline_keyboard] if keyboard is not None else []
    seen = InlineKeyboardButton(text="Seen", callback_data=Seen(upto=upto).pack())
    return InlineKeyboardMarkup(inline_keyboard=[*rows, [seen]])


def without_seen(keyboard: InlineKeyboardMarkup | None) -> InlineKeyboardMarkup | None:
    """A keyboard whose [Seen] was pressed."""
    if keyboard is None:
        return None
    mark = f"{Seen.__prefix__}:"
    rows = [[button for button in row if not _is(button, mark)] for row in keyboard.inline_keyboard]
    kept = [row for row in rows if row]
    return InlineKeyboardMarkup(inline_keyboard=kept) if kept else None


def _is(button: InlineKeyboardButton, mark: str) -> bool:
    return (button.callback_data or "").startswith(mark)


def _merge_key(alert: Alert) -> str:
    match alert:
        case OrderAlert(symbol=symbol, what=what, why=why, entry=entry):
            return f"order {symbol} {what} {why} {entry}"
        case SystemAlert(topic=topic, title=title, detail=detail):
            return f"system {topic} {title} {detail}"
        case DifferenceAlert(symbol=symbol, why=why):
            return f"difference {symbol} {why}"
    return ""


def _pages(head: str, titles: Sequence[str]) -> Iterator[Page]:
    lines, size = [head], len(head)
    for title in titles:
        line = f"• {title}"
        if len(lines) > 1 and (size + len(line) > _PAGE_CHARS or len(lines) > _PAGE_LINES):
            yield Page("\n".join(lines), len(lines) - 1)
            lines, size = [head], len(head)
        lines.append(line)
        size += len(line) + 1
    yield Page("\n".join(lines), len(lines) - 1)
