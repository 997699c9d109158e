"""Messages on their way to chats: kept before they are sent, so that nothing is lost while Telegram is away.

Alerts arrive from the journal as rows without a chat; fanning one out makes a row per chat. Order within a thread is
the order of ids.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Row, bindparam, func, insert, select, update

from storage.access import Access
from storage.groups import dumps
from storage.tables_chat import outbox

PENDING, SENT, DROPPED, FANNED = "pending", "sent", "dropped", "fanned"

# Composed once: every alert needs them.
_ADD = insert(outbox).returning(outbox.c.id)
_FAN = (
    update(outbox)
    .where(
        outbox.c.mode == bindparam("in_mode"),
        outbox.c.account.in_(bindparam("accounts", expanding=True)),
        outbox.c.id == bindparam("alert"),
        outbox.c.state == PENDING,
    )
    .values(state=FANNED)
    .returning(outbox.c.created_ms, outbox.c.account)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxNew:
    """A message for one chat, before it has a number. `priority`: see storage.priority."""

    chat_id: int
    kind: str
    payload: dict[str, Any]
    priority: int
    thread: str | None = None
    critical: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """A message that is not sent yet; `chat_id` is None for an alert that is still to be fanned out."""

    id: int
    chat_id: int | None
    kind: str
    payload: dict[str, Any]
    priority: int
    thread: str | None
    critical: bool
    created_ms: int
    attempts: int
    retry_at_ms: int
    account: str = ""


class OutboxStore:
    """Each change is durable when its call returns. Messages of all `accounts` are delivered, in one order."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self.accounts = [access.account]

    def _of_all(self) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return outbox.c.mode == self._access.mode, outbox.c.account.in_(self.accounts)

    async def add(
        self,
        chat_id: int | None,
        kind: str,
        payload: dict[str, Any],
        priority: int,
        thread: str | None = None,
        *,
        critical: bool = False,
        created_ms: int,
    ) -> int:
        """Keep a message; returns its number."""
        values = {"chat_id": chat_id, "kind": kind, "payload": dumps(payload), "priority": priority}
        row = self._row({**values, "thread": thread, "critical": critical}, created_ms)

        def write(connection: Connection) -> int:
            return int(connection.execute(_ADD, row).scalar_one())

        number: int = await self._access.writer.run(write)
        return number

    async def pending(self, limit: int) -> list[OutboxRow]:
        """Return what is to be sent, the most urgent first, then by arrival; also what waits for a retry."""
        mine = (*self._of_all(), outbox.c.state == PENDING)
        query = select(outbox).where(*mine).order_by(outbox.c.priority, outbox.c.id).limit(limit)
        return [_read(row) for row in await self._access.reader.rows(query)]

    async def fan_out(self, alert_row_id: int, rows: Sequence[OutboxNew]) -> list[int]:
        """Replace an alert by its messages, all or none; returns their numbers, none when it was fanned out before."""

        def write(connection: Connection) -> list[int]:
            alert = {"in_mode": self._access.mode, "accounts": list(self.accounts), "alert": alert_row_id}
            found = connection.execute(_FAN, alert).first()
            if found is None:
                return []
            made = [{**self._row(_values(new), found.created_ms), "account": found.account} for new in rows]
            return [int(connection.execute(_ADD, row).scalar_one()) for row in made]

        numbers: list[int] = await self._access.writer.run(write)
        return numbers

    async def sent(self, numbers: Collection[int], message_id: int | None, at_ms: int) -> None:
        """Put on record that Telegram has them, in one message."""
        await self._set(numbers, state=SENT, message_id=message_id, sent_ms=at_ms)

    async def failed(self, numbers: Collection[int], why: str, retry_at_ms: int) -> None:
        """Keep them for another attempt."""
        await self._set(numbers, why=why, retry_at_ms=retry_at_ms, attempts=outbox.c.attempts + 1)

    async def dropped(self, numbers: Collection[int], why: str) -> None:
        """Give them up."""
        await self._set(numbers, state=DROPPED, why=why)

    async def message_of(self, thread: str, chat_id: int, account: str = "") -> int | None:
        """Return the first message of an account's thread in a chat, to be replied to; accounts may name threads alike.

        Without an account that of this store is meant.
        """
        of = outbox.c.account == (account or self._access.account)
        mine = (outbox.c.mode == self._access.mode, of, outbox.c.thread == thread, outbox.c.chat_id == chat_id)
        query = select(outbox.c.message_id).where(*mine, outbox.c.message_id.is_not(None)).order_by(outbox.c.id)
        row = await self._access.reader.first(query.limit(1))
        return row.message_id if row is not None else None

    async def counts(self) -> dict[str, int]:
        """Return how many rows are in each state."""
        counted = select(outbox.c.state, func.count().label("number"))
        query = counted.where(*self._of_all()).group_by(outbox.c.state)
        return {row.state: row.number for row in await self._access.reader.rows(query)}

    def _row(self, values: dict[str, Any], created_ms: int) -> dict[str, Any]:
        rest = {"state": PENDING, "attempts": 0, "retry_at_ms": 0, "why": "", "created_ms": created_ms}
        return self._access.key(**values, **rest)

    async def _set(self, numbers: Collection[int], **values: Any) -> None:
        def write(connection: Connection) -> None:
            mine = (*self._of_all(), outbox.c.id.in_(numbers))
            connection.execute(update(outbox).where(*mine).values(**values))

        await self._access.writer.run(write)


def _values(new: OutboxNew) -> dict[str, Any]:
    values = {"chat_id": new.chat_id, "kind": new.kind, "payload": dumps(new.payload), "priority": new.priority}
    return {**values, "thread": new.thread, "critical": new.critical}


def _read(row: Row[Any]) -> OutboxRow:
    names = OutboxRow.__dataclass_fields__
    values = {name: value for name, value in row._mapping.items() if name in names}
    return OutboxRow(**{**values, "payload": orjson.loads(row.payload)})
