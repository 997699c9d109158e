"""Panels, users, settings, reports and heartbeats: one row each, set and got."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from sqlalchemy import Connection, Table, delete, select, update

from storage.access import Access
from storage.groups import dumps
from storage.tables_chat import heartbeats, panels, reports, settings, users
from storage.upsert import put, put_new

DESK = 0


async def _put(access: Access, table: Table, row: dict[str, Any]) -> None:
    await access.writer.run(lambda connection: put(connection, table, [row]))


class PanelStore:
    """Where the panel of a chat is."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def get(self, chat_id: int) -> int | None:
        """Return the message that is the panel."""
        return (await self.all()).get(chat_id)

    async def set(self, chat_id: int, message_id: int) -> None:
        """Remember the panel's message."""
        await _put(self._access, panels, self._access.key(chat_id=chat_id, message_id=message_id))

    async def remove(self, chat_id: int) -> None:
        """Forget it."""

        def write(connection: Connection) -> None:
            connection.execute(delete(panels).where(*self._access.mine(panels), panels.c.chat_id == chat_id))

        await self._access.writer.run(write)

    async def all(self) -> dict[int, int]:
        """Return every panel's message by chat."""
        query = select(panels.c.chat_id, panels.c.message_id).where(*self._access.mine(panels))
        return {row.chat_id: row.message_id for row in await self._access.reader.rows(query)}


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRow:
    """A user with a role given from chat or on the host."""

    user_id: int
    name: str
    role: str
    at_ms: int


class UserStore:
    """Roles by Telegram user id."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def get(self, user_id: int) -> str | None:
        """Return a user's role."""
        row = await self._access.reader.first(select(users.c.role).where(users.c.user_id == user_id))
        return row.role if row is not None else None

    async def set(self, user_id: int, role: str, name: str, at_ms: int) -> None:
        """Give a role."""
        await _put(self._access, users, {"user_id": user_id, "name": name, "role": role, "at_ms": at_ms})

    async def remove(self, user_id: int) -> None:
        """Take it away."""

        def write(connection: Connection) -> None:
            connection.execute(delete(users).where(users.c.user_id == user_id))

        await self._access.writer.run(write)

    async def all(self) -> list[UserRow]:
        """Return everyone with a role."""
        rows = await self._access.reader.rows(select(users).order_by(users.c.user_id))
        return [UserRow(**row._mapping) for row in rows]


class SettingStore:
    """JSON values by key, of the desk or of one user."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def get(self, key: str, user_id: int | None = None) -> Any:
        """Return a value; None when it was never set."""
        here = (settings.c.user_id == (user_id or DESK), settings.c.key == key)
        row = await self._access.reader.first(select(settings.c.value).where(*here))
        return orjson.loads(row.value) if row is not None else None

    async def set(self, key: str, value: Any, user_id: int | None = None) -> None:
        """Set a value; None is a value too."""
        await _put(self._access, settings, {"user_id": user_id or DESK, "key": key, "value": dumps(value)})

    async def starting(self, prefix: str) -> dict[str, Any]:
        """Return the values of the desk whose keys begin with a prefix."""
        here = (settings.c.user_id == DESK, settings.c.key.startswith(prefix, autoescape=True))
        rows = await self._access.reader.rows(select(settings.c.key, settings.c.value).where(*here))
        return {row.key: orjson.loads(row.value) for row in rows}

    async def all(self, user_id: int | None = None) -> dict[str, Any]:
        """Return all values of the desk or of a user."""
        query = select(settings.c.key, settings.c.value).where(settings.c.user_id == (user_id or DESK))
        return {row.key: orjson.loads(row.value) for row in await self._access.reader.rows(query)}


class ReportStore:
    """Each report of a date is claimed once, and known to be sent or not."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def claim(self, report: str, day: date | str) -> bool:
        """Take a report on; False when it was taken before."""
        row = self._access.key(report=report, date=str(day), sent_ms=None)
        return bool(await self._access.writer.run(lambda connection: put_new(connection, reports, row)))

    async def mark_sent(self, report: str, day: date | str, at_ms: int) -> None:
        """Put on record that it is in the outbox."""

        def write(connection: Connection) -> None:
            here = (*self._access.mine(reports), reports.c.report == report, reports.c.date == str(day))
            connection.execute(update(reports).where(*here).values(sent_ms=at_ms))

        await self._access.writer.run(write)

    async def unsent(self) -> list[tuple[str, str]]:
        """Return report and date of those claimed by a process that ended before sending."""
        query = select(reports.c.report, reports.c.date).where(*self._access.mine(reports), reports.c.sent_ms.is_(None))
        return [(row.report, row.date) for row in await self._access.reader.rows(query.order_by(reports.c.date))]


class HeartbeatStore:
    """Last beat of each part of the process."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def beat(self, name: str, at_ms: int, detail: str = "") -> None:
        """Set the last beat."""
        await _put(self._access, heartbeats, self._access.key(name=name, at_ms=at_ms, detail=detail))

    async def all(self) -> dict[str, tuple[int, str]]:
        """Return time and detail of the last beat by name."""
        query = select(heartbeats).where(*self._access.mine(heartbeats))
        return {row.name: (row.at_ms, row.detail) for row in await self._access.reader.rows(query)}
