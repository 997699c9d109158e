"""Inserts that meet an existing row: the one place where SQL differs between databases."""

from collections.abc import Sequence
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


def put(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert or replace rows by primary key."""
    if rows:
        connection.execute(upsert(table, dialect_of(connection)), list(rows))


def put_new(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Insert a row unless its primary key exists; True when it was new."""
    done = connection.execute(insert_new(table, dialect_of(connection)), row)
    return bool(done.rowcount)
