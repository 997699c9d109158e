"""Reading the wanted columns out of CSV, Parquet and Feather files, within limits and without following links."""

import csv
import gzip
import io
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from engine.datafiles_layout import HEADERLESS_CANDLES, DataFileError, Field, Kind, Layout, assign
from engine.validate import Floats

SUFFIXES = (".csv", ".csv.gz", ".parquet", ".pq", ".feather", ".arrow")
_SNIFF_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an import may cost: bytes of one file, bytes in memory once unpacked, rows, files of one folder."""

    file_bytes: int = 1 << 30
    unpacked_bytes: int = 2 << 30
    rows: int = 10_000_000
    files: int = 5_000


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The wanted columns of one file: the layout found, and pyarrow columns by their name in the file."""

    where: str
    layout: Layout
    columns: dict[str, Any]

    def numbers(self, field: str) -> Floats:
        """Return a field as float64, NaN where the file has nothing; raises DataFileError for what is no number."""
        import pyarrow as pa
        import pyarrow.compute as pc

        name = self.layout[field][0]
        try:
            values: Floats = pc.cast(self.columns[name], pa.float64()).to_numpy()
        except pa.ArrowException as error:
            raise DataFileError(f"{self.where}, column {name!r}: not numbers ({error})") from error
        return values


@dataclass(frozen=True, slots=True)
class _Text:
    names: tuple[str, ...]
    delimiter: str
    skip: int
    decimal_comma: bool


def read_table(path: Path, fields: Sequence[Field], limits: Limits) -> Table:
    """Read the columns that hold the fields; the kind of file follows from its name.

    Raises DataFileError for a link, a special file, a file beyond the limits, or one that cannot be read.
    """
    import pyarrow as pa

    where = str(path)
    with _opened(path, limits) as file:
        try:
            if path.name.endswith((".parquet", ".pq")):
                return _read_parquet(file, fields, limits, where)
            if path.name.endswith((".feather", ".arrow")):
                return _read_feather(file, fields, limits, where)
            return _read_csv(file, fields, limits, where, packed=path.name.endswith(".gz"))
        except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError) as error:
            raise DataFileError(f"{where}: cannot be read: {error}") from error


def _opened(path: Path, limits: Limits) -> IO[bytes]:
    if not path.name.endswith(SUFFIXES):
        raise DataFileError(f"{path}: not a kind of file that is read ({', '.join(SUFFIXES)})")
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise DataFileError(f"{path}: cannot be opened (links are not followed): {error.strerror}") from error
    file = os.fdopen(handle, "rb")
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode) or status.st_size > limits.file_bytes:
        file.close()
        size = f"{status.st_size} bytes, the limit is {limits.file_bytes}"
        raise DataFileError(f"{path}: {size if stat.S_ISREG(status.st_mode) else 'not a regular file'}")
    return file


def _read_parquet(file: IO[bytes], fields: Sequence[Field], limits: Limits, where: str) -> Table:
    import pyarrow.parquet as pq

    source = pq.ParquetFile(file)
    if source.metadata.num_rows > limits.rows:
        raise DataFileError(f"{where}: {source.metadata.num_rows} rows, the limit is {limits.rows}")
    layout = assign(fields, source.schema_arrow.names, where=where)
    batches = source.iter_batches(batch_size=65_536, columns=_wanted(layout))
    return Table(where, layout, _collected(batches, limits, where))


def _read_feather(file: IO[bytes], fields: Sequence[Field], limits: Limits, where: str) -> Table:
    import pyarrow as pa

    source = pa.ipc.open_file(file)
    layout = assign(fields, source.schema.names, where=where)
    batches = (source.get_batch(number).select(_wanted(layout)) for number in range(source.num_record_batches))
    return Table(where, layout, _collected(batches, limits, where))


def _read_csv(file: IO[bytes], fields: Sequence[Field], limits: Limits, where: str, *, packed: bool) -> Table:
    import pyarrow as pa
    import pyarrow.csv as pc

    stream: Any = gzip.GzipFile(fileobj=file) if packed else file
    text = _sniff(stream.read(_SNIFF_BYTES), fields, where)
    stream.seek(0)
    layout = assign(fields, text.names, where=where)
    types = {column: pa.string() for columns in layout.values() for column in columns}
    numbers = [field.name for field in fields if field.kind is Kind.NUMBER]
    types |= {column: pa.float64() for name in numbers for column in layout.get(name, ())}
    batches = pc.open_csv(
        stream,
        pc.ReadOptions(use_threads=False, column_names=list(text.names), skip_rows=text.skip, block_size=1 << 22),
        pc.ParseOptions(delimiter=text.delimiter),
        pc.ConvertOptions(
            column_types=types,
            strings_can_be_null=True,
            include_columns=_wanted(layout),
            decimal_point="," if text.decimal_comma else ".",
        ),
    )
    return Table(where, layout, _collected(batches, limits, where))


def _wanted(layout: Layout) -> list[str]:
    return list(dict.fromkeys(column for columns in layout.values() for column in columns))


def _collected(batches: Iterable[Any], limits: Limits, where: str) -> dict[str, Any]:
    import pyarrow as pa

    kept = list(_limited(batches, limits, where))
    if not kept or not sum(batch.num_rows for batch in kept):
        raise DataFileError(f"{where}: no rows")
    table = pa.Table.from_batches(kept).combine_chunks()
    return {name: table.column(name) for name in table.column_names}


def _limited(batches: Iterable[Any], limits: Limits, where: str) -> Iterator[Any]:
    rows = size = 0
    for batch in batches:
        rows += batch.num_rows
        size += batch.nbytes
        if rows > limits.rows or size > limits.unpacked_bytes:
            raise DataFileError(f"{where}: more than {limits.rows} rows or {limits.unpacked_bytes} bytes unpacked")
        yield batch


def _sniff(head: bytes, fields: Sequence[Field], where: str) -> _Text:
    lines = head.decode("utf-8-sig", errors="replace").splitlines()[:20]
    if not any(line.strip() for line in lines):
        raise DataFileError(f"{where}: no rows")
    # The comma comes last: it may be the decimal sign between other delimiters.
    delimiter = next((mark for mark in "\t;|" if any(line.count(mark) > 3 for line in lines)), ",")
    skip = next(number for number, line in enumerate(lines) if line.count(delimiter) or number == len(lines) - 1)
    rows = list(csv.reader(io.StringIO("\n".join(lines[skip:])), delimiter=delimiter))
    comma = delimiter != "," and any("," in cell for row in rows[1:] for cell in row)
    first = [cell.strip() for cell in rows[0]]
    if not any(_is_number(cell) for cell in first):
        return _Text(tuple(first), delimiter, skip + 1, comma)
    return _Text(_headerless(first, fields, where), delimiter, skip, comma)


def _headerless(first: list[str], fields: Sequence[Field], where: str) -> tuple[str, ...]:
    names = list(HEADERLESS_CANDLES)
    if len(first) > 1 and ":" in first[1]:
        names = ["date", "clock", *names[1:]]
    if "open" not in {field.name for field in fields} or len(first) < len(names):
        raise DataFileError(f"{where}: no header and {len(first)} columns, first row {first}: add a header line")
    return (*names, *(f"unnamed {number}" for number in range(len(names), len(first))))


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True
