"""Candles from files and folders of any common layout: found, read, put in order, validated and reported."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.candles import CandlesError, Columns
from engine.core.market import timeframe_name
from engine.datafiles_layout import CANDLE_FIELDS, DataFileError
from engine.datafiles_names import symbols_in, timeframes_in
from engine.datafiles_read import SUFFIXES, Limits, Table, read_table
from engine.datafiles_times import looks_like_clock, to_ms
from engine.validate import Check, DataProblem, RawCandles, Times, find_oddities, readable

__all__ = ["DataFileError", "Limits", "LoadedCandles", "load_candles"]


@dataclass(frozen=True, slots=True, eq=False)
class LoadedCandles:
    """Sound candles, the files they came from, and what is worth knowing: rows sorted or dropped, gaps, outliers."""

    columns: Columns
    files: tuple[Path, ...]
    report: tuple[DataProblem, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    path: Path
    symbol: str
    timeframe_ms: int
    raw: RawCandles


def load_candles(
    path: Path, *, symbol: str | None = None, timeframe_ms: int | None = None, limits: Limits | None = None
) -> tuple[LoadedCandles, ...]:
    """Load a file, or every data file of a folder tree; one entry for each symbol and timeframe, in order of both.

    Symbol and timeframe come from the arguments, the data and the names; for a folder the arguments choose among its
    files. Rows out of order are sorted and identical duplicates dropped (reported). Raises DataFileError for anything
    ambiguous or unsound: nothing is guessed or filled in.
    """
    limits = limits or Limits()
    if path.is_symlink():
        raise DataFileError(f"{path}: is a link, and links are not followed; give the real path")
    if path.is_dir():
        parts = _folder(path, symbol, timeframe_ms, limits)
    else:
        parts = [_part(path, symbol, timeframe_ms, limits)]
    groups: dict[tuple[str, int], list[_Part]] = {}
    for part in parts:
        groups.setdefault((part.symbol, part.timeframe_ms), []).append(part)
    return tuple(_joined(groups[key]) for key in sorted(groups))


def _folder(path: Path, symbol: str | None, timeframe_ms: int | None, limits: Limits) -> list[_Part]:
    files = list(_files(path, limits))
    chosen = [
        file
        for file in files
        if (symbol is None or symbols_in(file) in ((), (symbol,)))
        and (timeframe_ms is None or timeframes_in(file) in ((), (timeframe_ms,)))
    ]
    if not chosen:
        wanted = f" of {symbol or 'any symbol'} {timeframe_name(timeframe_ms) if timeframe_ms else ''}".rstrip()
        names = ", ".join(str(file.relative_to(path)) for file in files[:5]) or "none"
        raise DataFileError(f"{path}: no data file{wanted if files else ''}; files seen: {names}")
    parts = []
    rows = 0
    for file in chosen:
        parts.append(_part(file, symbol, timeframe_ms, limits))
        rows += len(parts[-1].raw)
        if rows > limits.rows:
            raise DataFileError(f"{path}: more than {limits.rows} rows; choose a symbol and timeframe")
    return parts


def _files(path: Path, limits: Limits) -> Iterator[Path]:
    count = 0
    for folder, folders, names in os.walk(path, followlinks=False):
        folders.sort()
        for name in sorted(names):
            file = Path(folder, name)
            if name.startswith(".") or not name.endswith(SUFFIXES) or file.is_symlink():
                continue
            count += 1
            if count > limits.files:
                raise DataFileError(f"{path}: more than {limits.files} data files")
            yield file


def _part(path: Path, symbol: str | None, timeframe_ms: int | None, limits: Limits) -> _Part:
    table = read_table(path, CANDLE_FIELDS, limits)
    time = _open_times(table)
    values = [table.numbers(name) for name in ("open", "high", "low", "close", "volume")]
    length = _timeframe(path, time, timeframe_ms)
    if "time" not in table.layout:
        # A candle that closes at 00:00:59.999 closes at 00:01; its open lies one timeframe before.
        time = time + time % 2 - length
    return _Part(path, symbol_of(path, table, symbol), length, RawCandles(time, *values))


def _open_times(table: Table) -> Times:
    import pyarrow.compute as pc

    names = table.layout.get("time") or table.layout["close_time"]
    columns = {name: table.columns[name] for name in names}
    clocks = [name for name in names if looks_like_clock(columns[name])] + list(table.layout.get("clock", ()))
    dates = [name for name in names if name not in clocks]
    if len(clocks) == 1 and len(dates) == 1:
        joined = pc.binary_join_element_wise(columns[dates[0]], table.columns[clocks[0]], " ")
        return to_ms(joined, where=f"{table.where}, columns {dates[0]!r} and {clocks[0]!r}")
    times = [to_ms(column, where=f"{table.where}, column {name!r}") for name, column in columns.items()]
    if any(not np.array_equal(times[0], other) for other in times[1:]):
        several = " and ".join(repr(name) for name in names)
        raise DataFileError(f"{table.where}: time could be {several} and they differ: remove or rename one")
    return times[0]


def symbol_of(path: Path, table: Table, given: str | None) -> str:
    """Return the symbol of a file: as given, else from its symbol column, else from its name.

    Raises DataFileError when the file holds several symbols, or says another one than given, or nothing says it.
    """
    inside: tuple[str, ...] = ()
    if "symbol" in table.layout:
        column = table.columns[table.layout["symbol"][0]]
        texts = {str(value.as_py()) for value in column.unique()}
        inside = tuple(sorted(text.upper().split(":")[0].replace("/", "").replace("-", "") for text in texts))
    found = inside or symbols_in(path)
    if given is not None:
        if inside and given not in inside:
            raise DataFileError(f"{path}: asked for {given}, the file holds {', '.join(inside)}")
        found = (given,) if len(inside) < 2 else inside
    if len(found) != 1:
        seen = f"could be {', '.join(found)}" if found else "is neither in a column nor in the name"
        raise DataFileError(f"{path}: the symbol {seen}; name it, with one symbol in a file")
    return found[0]


def _timeframe(path: Path, time: Times, given: int | None) -> int:
    named = (given,) if given else timeframes_in(path)
    steps, counts = np.unique(np.abs(np.diff(time)), return_counts=True)
    steps, counts = steps[steps > 0], counts[steps > 0]
    spacing = int(steps[np.argmax(counts)]) if len(steps) else 0
    if spacing in named or (named and len(named) == 1 and not spacing):
        return spacing or named[0]
    if spacing and not named and timeframe_name(spacing) != f"{spacing}ms":
        return spacing
    said = " or ".join(timeframe_name(length) for length in named) or "nothing"
    found = f"{timeframe_name(spacing)} apart" if spacing else "too few to tell"
    raise DataFileError(
        f"{path}: the timeframe is unclear: the name or the caller says {said}, the candles are {found}"
    )


def _joined(parts: list[_Part]) -> LoadedCandles:
    first = parts[0]
    files = tuple(part.path for part in parts)
    raw, repairs = _in_order(_stacked([part.raw for part in parts]))
    try:
        columns = Columns.from_raw(raw, symbol=first.symbol, timeframe_ms=first.timeframe_ms)
    except CandlesError as error:
        where = str(first.path) if len(files) == 1 else f"{first.path} and {len(files) - 1} more"
        raise DataFileError(f"{where}: {error}") from error
    return LoadedCandles(columns, files, (*repairs, *find_oddities(raw, timeframe_ms=first.timeframe_ms)))


def _stacked(raws: list[RawCandles]) -> RawCandles:
    if len(raws) == 1:
        return raws[0]
    values = [np.concatenate(columns) for columns in zip(*(raw.columns()[1:] for raw in raws), strict=True)]
    return RawCandles(np.concatenate([raw.time for raw in raws]), *values)


def _in_order(raw: RawCandles) -> tuple[RawCandles, tuple[DataProblem, ...]]:
    found = []
    back = np.flatnonzero(np.diff(raw.time) < 0)
    if len(back):
        found.append(_repair(raw, int(back[0]) + 1, len(back), "not in order of time: sorted"))
        raw = raw.take(np.argsort(raw.time, kind="stable"))
    same = np.ones(max(len(raw) - 1, 0), dtype=np.bool_)
    for column in raw.columns():
        same &= column[1:] == column[:-1]
    repeated = np.flatnonzero(same) + 1
    if len(repeated):
        found.append(_repair(raw, int(repeated[0]), len(repeated), "identical to the row before: dropped"))
        raw = raw.take(np.delete(np.arange(len(raw)), repeated))
    return raw, tuple(found)


def _repair(raw: RawCandles, row: int, count: int, what: str) -> DataProblem:
    time_ms = int(raw.time[row])
    text = f"{what}; {count} times, first at row {row} ({readable(time_ms)})"
    return DataProblem(Check.REPAIRED, count, row, time_ms, text)
