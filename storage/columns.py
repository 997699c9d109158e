"""How values stand in columns.

Decimals are exact (text in SQLite, numeric in PostgreSQL), times UTC milliseconds, JSON text.

Trading tables and what belongs to one desk begin with `mode` and `account`.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Dialect, Integer, LargeBinary, Text
from sqlalchemy.sql.type_api import TypeEngine
from sqlalchemy.types import Numeric, TypeDecorator


def plain(value: Decimal) -> str:
    """Return a decimal in plain notation, without exponent and trailing zeros; the value is unchanged."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _read_number(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(value)


class Exact(TypeDecorator[Decimal]):
    """An exact decimal; never a binary float on the way."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return numeric in PostgreSQL, text elsewhere."""
        return dialect.type_descriptor(Numeric() if dialect.name == "postgresql" else Text())

    def bind_processor(self, dialect: Dialect) -> Callable[[Decimal | None], Any] | None:
        """Return the writer of values."""
        if dialect.name == "postgresql":
            return None
        return lambda value: None if value is None else plain(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Decimal | None] | None:
        """Return the reader of values."""
        return lambda value: None if value is None else _read_number(value)


def text(name: str, *, null: bool = False, key: bool = False) -> Column[str]:
    """Return a text column."""
    return Column(name, Text, nullable=null, primary_key=key)


def whole(name: str, *, null: bool = False, key: bool = False) -> Column[int]:
    """Return a 64-bit integer column; times are UTC milliseconds."""
    return Column(name, BigInteger, nullable=null, primary_key=key, autoincrement=False)


def exact(name: str, *, null: bool = False) -> Column[Decimal]:
    """Return a column of exact decimals."""
    return Column(name, Exact, nullable=null)


def flag(name: str) -> Column[bool]:
    """Return a boolean column."""
    return Column(name, Boolean, nullable=False)


def serial(name: str) -> Column[int]:
    """Return a key that the database counts up and never gives twice."""
    return Column(name, BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


def blob(name: str) -> Column[bytes]:
    """Return a column of bytes."""
    return Column(name, LargeBinary, nullable=False)


def desk(*, key: bool = True) -> tuple[Column[str], Column[str]]:
    """Return the two leading columns of everything that belongs to one desk."""
    return text("mode", key=key), text("account", key=key)
