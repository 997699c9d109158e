"""Whole rows into tables, also where there is one with the same key: the one place where SQL differs between databases.

For SQLite a statement is compiled once and handed to the driver: a commit of the desk is half a dozen small statements,
and three quarters of its time went into composing them anew.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

type Insert = postgresql.Insert | sqlite.Insert


def _insert(table: Table, dialect: str) -> Insert:
    if dialect != "postgresql":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


@cache
def upsert(table: Table, dialect: str) -> Insert:
    """Return an insert that replaces every other column of the row with the same primary key."""
    keys = [column.name for column in table.primary_key]
    statement = _insert(table, dialect)
    others = {column.name: statement.excluded[column.name] for column in table.c if column.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=others)


@cache
def insert_new(table: Table, dialect: str) -> Insert:
    """Return an insert that leaves the row with the same primary key alone."""
    keys = [column.name for column in table.primary_key]
    statement = _insert(table, dialect)
    return statement.on_conflict_do_nothing(index_elements=keys)


def dialect_of(connection: Connection) -> str:
    """Return the name of the database behind a connection."""
    return connection.dialect.name


def add(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, all with the columns of the first."""
    _write(connection, table, rows, replacing=False)


def put(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert or replace rows by primary key, all with the columns of the first."""
    _write(connection, table, rows, replacing=True)


def put_new(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Insert a row unless its primary key exists; True when it was new."""
    done = connection.execute(insert_new(table, dialect_of(connection)), row)
    return bool(done.rowcount)


def _write(connection: Connection, table: Table, rows: Sequence[dict[str, Any]], *, replacing: bool) -> None:
    if not rows:
        return
    dialect = dialect_of(connection)
    if dialect != "sqlite":
        connection.execute(upsert(table, dialect) if replacing else _insert(table, dialect), list(rows))
        return
    ready = _compiled(table, tuple(rows[0]), replacing=replacing)
    cursor = connection.connection.cursor()
    try:
        cursor.executemany(ready.sql, [[convert(row[name]) for name, convert in ready.columns] for row in rows])
    finally:
        cursor.close()


@dataclass(frozen=True, slots=True)
class _Compiled:
    sql: str
    columns: tuple[tuple[str, Callable[[Any], Any]], ...]


@cache
def _compiled(table: Table, names: tuple[str, ...], *, replacing: bool) -> _Compiled:
    dialect = sqlite.dialect()
    statement = upsert(table, "sqlite") if replacing else _insert(table, "sqlite")
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    kinds = {name: table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names}
    order = compiled.positiontup or ()
    return _Compiled(str(compiled), tuple((name, kinds[name] or _as_it_is) for name in order))


def _as_it_is(value: Any) -> Any:
    return value
