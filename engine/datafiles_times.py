"""Times as found in data files (s, ms, µs, ns, ISO text, timestamps) -> milliseconds UTC."""

import re
from typing import Any

import numpy as np

from engine.datafiles_layout import DataFileError
from engine.validate import Times

# Numbers of each unit for the years 2000 to 2100; they do not overlap.
_FIRST_S, _LAST_S = 946_684_800, 4_102_444_800
_UNITS = (("s", 1), ("ms", 1_000), ("us", 1_000_000), ("ns", 1_000_000_000))
_CLOCK = re.compile(r"\d{1,2}:\d{2}")


def to_ms(values: Any, *, where: str) -> Times:
    """Convert a pyarrow column of times to int64 ms UTC; text without a zone is UTC. Fractions of a ms are cut off.

    Raises DataFileError for missing, unreadable or mixed times, naming an example.
    """
    import pyarrow as pa

    if values.null_count:
        raise DataFileError(f"{where}: {values.null_count} of {len(values)} rows have no time")
    kind = values.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _from_timestamps(values, where)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _from_numbers(values, where)
    return _from_text(values, where)


def looks_like_clock(values: Any) -> bool:
    """Tell whether a text column holds only the time of day (`09:30`)."""
    return len(values) > 0 and bool(_CLOCK.match(str(values[0].as_py())))


def _from_timestamps(values: Any, where: str) -> Times:
    import pyarrow as pa
    import pyarrow.compute as pc

    instants = _cast(values, pa.timestamp("ns", tz=getattr(values.type, "tz", None)), where)
    nanoseconds: Times = pc.cast(instants, pa.int64()).to_numpy()
    return nanoseconds // 1_000_000


def _from_numbers(values: Any, where: str) -> Times:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_integer(values.type):
        values = pc.cast(values, pa.float64())
    numbers = values.to_numpy()
    if not len(numbers):
        return np.empty(0, dtype=np.int64)
    low, high = float(numbers.min()), float(numbers.max())
    for _, per_second in _UNITS:
        if _FIRST_S * per_second <= low and high < _LAST_S * per_second:
            return _scaled(numbers, per_second)
    if low >= 19_000_101 and high <= 21_001_231:
        return _from_text(pc.cast(pc.cast(values, pa.int64()), pa.string()), where)
    units = ", ".join(unit for unit, _ in _UNITS)
    raise DataFileError(f"{where}: times from {low:.0f} to {high:.0f} are in none of {units} between 2000 and 2100")


def _scaled(numbers: Any, per_second: int) -> Times:
    if numbers.dtype.kind == "f":
        # Seconds with a fraction: rounding to a µs first keeps 1720000000.123 from becoming .122.
        microseconds: Times = np.round(numbers * (1_000_000 / per_second)).astype(np.int64)
        return microseconds // 1_000
    whole: Times = numbers.astype(np.int64)
    milliseconds: Times = whole * 1_000 if per_second == 1 else whole // (per_second // 1_000)
    return milliseconds


def _from_text(values: Any, where: str) -> Times:
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pc.utf8_trim_whitespace(_cast(values, pa.string(), where))
    first = text[0].as_py() if len(text) else ""
    if re.fullmatch(r"[+-]?\d+(\.\d+)?", first) and len(first) != 8:
        return _from_numbers(_cast(text, pa.float64() if "." in first else pa.int64(), where), where)
    text = pc.replace_substring_regex(text, pattern=r"^(\d{4})[./](\d{2})[./](\d{2})", replacement=r"\1-\2-\3")
    text = pc.replace_substring_regex(text, pattern=r"^(\d{4})(\d{2})(\d{2})", replacement=r"\1-\2-\3")
    text = pc.replace_substring_regex(text, pattern=r" ?(UTC|GMT)$", replacement="Z")
    zoned = bool(re.search(r"(Z|[+-]\d{2}:?\d{2})$", first.replace("UTC", "Z").replace("GMT", "Z")[10:]))
    return _from_timestamps(_cast(text, pa.timestamp("ns", tz="UTC" if zoned else None), where), where)


def _cast(text: Any, kind: Any, where: str) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        return pc.cast(text, kind)
    except pa.ArrowException as error:
        hint = "use ISO times, or s, ms, µs or ns since 1970"
        raise DataFileError(f"{where}: a time cannot be read ({error}); {hint}") from error
