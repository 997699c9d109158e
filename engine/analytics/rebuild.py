"""A report's trades read back from trades.csv, and the metrics computed from them again."""

import csv
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from engine.analytics.export import unquoted
from engine.analytics.metrics import Metrics, compute
from engine.analytics.series import closing_order, equity_of_trades
from engine.core.trades import Trade


class TradesFileError(ValueError):
    """trades.csv cannot be read; the message names file, line, column and what was expected."""


def read_trades(path: Path) -> tuple[Trade, ...]:
    """Trades of a trades.csv in closing order; additional columns are ignored. Raises TradesFileError, OSError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            _refuse_missing_columns(path, reader.fieldnames or ())
            return tuple(closing_order([_trade(row, where=f"{path.name} line {reader.line_num}") for row in reader]))
    except (csv.Error, UnicodeDecodeError) as error:
        message = f"{path.name} is not a CSV file in UTF-8: {error}"
        raise TradesFileError(message) from error


def rebuild(path: Path, *, initial_balance: Decimal, start_ms: int | None = None, end_ms: int | None = None) -> Metrics:
    """Metrics from trades.csv alone, with the equity that closed trades give.

    The period is by default from the first entry to the last exit; given, only trades closed in it count. Raises
    TradesFileError.
    """
    trades = read_trades(path)
    start = min((trade.entry_ms for trade in trades), default=0) if start_ms is None else start_ms
    end = max((trade.exit_ms for trade in trades), default=start) if end_ms is None else end_ms
    inside = [trade for trade in trades if start <= trade.exit_ms <= end]
    equity = equity_of_trades(inside, initial_balance=initial_balance, start_ms=start)
    return compute(inside, equity, initial_balance=initial_balance, start_ms=start, end_ms=end)


def _refuse_missing_columns(path: Path, found: Any) -> None:
    missing = [field.name for field in fields(Trade) if field.name not in found and field.default is MISSING]
    if missing:
        message = f"{path.name} lacks the columns {', '.join(missing)}; it has {', '.join(found) or 'none'}"
        raise TradesFileError(message)


def _trade(row: Mapping[str, str | None], *, where: str) -> Trade:
    values: dict[str, Any] = {}
    for field in fields(Trade):
        cell = row.get(field.name)
        if cell is None:
            if field.default is MISSING:
                message = f"{where}: the line ends before column {field.name}"
                raise TradesFileError(message)
            continue
        values[field.name] = _value(cell, field.type, where=f"{where}, column {field.name}")
    return Trade(**values)


def _value(cell: str, kind: object, *, where: str) -> object:
    if cell == "" and kind == Decimal | None:
        return None
    readers: dict[Any, tuple[Callable[[str], object], str]] = {
        int: (int, "a whole number"),
        bool: ({"true": True, "false": False}.__getitem__, "true or false"),
        str: (unquoted, "text"),
    }
    read, expected = readers.get(kind, (_decimal, "a decimal number"))
    try:
        return read(cell)
    except (ValueError, KeyError, InvalidOperation) as error:
        message = f"{where}: expected {expected}, found {cell[:40]!r}"
        raise TradesFileError(message) from error


def _decimal(cell: str) -> Decimal:
    value = Decimal(cell)
    if not value.is_finite():
        message = "not finite"
        raise ValueError(message)
    return value
