"""What every small store works with: whose rows, how to read, how to write."""

from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Table

from storage.database import Reader
from storage.writer import Work


class Writes(Protocol):
    """Does chat-side work in a transaction: the desk's one writer, or that of a command of the host."""

    async def run(self, work: Work) -> Any:
        """Return the result once it is durable; raises JournalUnavailable."""


@dataclass(frozen=True, slots=True)
class Access:
    """A desk's way to the database. Everything raises JournalUnavailable when the database is away."""

    mode: str
    account: str
    reader: Reader
    writer: Writes

    @property
    def desk(self) -> dict[str, str]:
        """The leading columns of this desk's rows."""
        return {"mode": self.mode, "account": self.account}

    def mine(self, table: Table) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        """Return the conditions for this desk's rows."""
        return table.c.mode == self.mode, table.c.account == self.account

    def key(self, **values: Any) -> dict[str, Any]:
        """Return a row or key of this desk."""
        return {**self.desk, **values}
