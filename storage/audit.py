"""Who did what, with the answer; append-only and chained by hash, so that a changed or removed line shows."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import Connection, insert, select

from storage.access import Access
from storage.database import Reader
from storage.tables_chat import audit

_SIGNED = ("mode", "account", "id", "at_ms", "user_id", "name", "action", "detail", "answer", "previous")
_PAGE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One line of the audit."""

    id: int
    at_ms: int
    user_id: int
    name: str
    action: str
    detail: str
    answer: str


class AuditStore:
    """One chain per desk."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def add(self, at_ms: int, user_id: int, name: str, action: str, detail: str, answer: str) -> int:
        """Append a line; returns its number."""
        said = {"at_ms": at_ms, "user_id": user_id, "name": name, "action": action}
        said |= {"detail": detail, "answer": answer}

        def write(connection: Connection) -> int:
            newest = select(audit.c.id, audit.c.hash).where(*self._access.mine(audit)).order_by(audit.c.id.desc())
            last = connection.execute(newest.limit(1)).first()
            number, previous = (last.id + 1, last.hash) if last is not None else (1, "")
            row = self._access.key(id=number, previous=previous, **said)
            connection.execute(insert(audit).values(**row, hash=_hash(row)))
            return number

        number: int = await self._access.writer.run(write)
        return number

    async def verify(self) -> int | None:
        """Return the number of the first line that was changed, moved or follows a gap; None when all is whole."""
        return await first_bad_line(self._access.reader, self._access.desk)

    async def latest(self, limit: int, offset: int = 0) -> list[AuditRow]:
        """Return lines, newest first."""
        query = select(audit).where(*self._access.mine(audit)).order_by(audit.c.id.desc())
        names = AuditRow.__dataclass_fields__
        rows = await self._access.reader.rows(query.limit(limit).offset(offset))
        return [AuditRow(**{name: row._mapping[name] for name in names}) for row in rows]


async def first_bad_line(reader: Reader, desk: dict[str, str]) -> int | None:
    """Return the number of the first line of a desk's chain that was changed, moved or follows a gap."""
    expected, previous = 1, ""
    while True:
        mine = (audit.c.mode == desk["mode"], audit.c.account == desk["account"], audit.c.id >= expected)
        rows = await reader.rows(select(audit).where(*mine).order_by(audit.c.id).limit(_PAGE))
        for row in rows:
            if row.id != expected or row.previous != previous or row.hash != _hash(row._mapping):
                return int(row.id)
            expected, previous = row.id + 1, row.hash
        if len(rows) < _PAGE:
            return None


def _hash(row: Any) -> str:
    return sha256(orjson.dumps([row[name] for name in _SIGNED])).hexdigest()
