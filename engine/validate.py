"""Which candle rows are bad, and why: bulk checks on raw columns."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from engine.core.market import timeframe_name

type Floats = npt.NDArray[np.float64]
type Times = npt.NDArray[np.int64]
type Mask = npt.NDArray[np.bool_]

# A move is an outlier when it is both large in itself and out of all proportion to the typical bar of the same file.
_OUTLIER_RETURN = 0.15
_OUTLIER_MEDIANS = 30.0


class Check(StrEnum):
    """What was looked at. The first seven refuse the data; the last four are only reported."""

    SHAPE = "shape"
    NOT_A_NUMBER = "not a number"
    NOT_POSITIVE = "not positive"
    OHLC = "high or low does not contain the bar"
    OFF_GRID = "open time off the grid"
    ORDER = "not ascending"
    DUPLICATE = "duplicate"
    REPAIRED = "repaired"
    GAP = "gap"
    OUTLIER = "outlier"
    ZERO_VOLUME = "zero volume"


@dataclass(frozen=True, slots=True)
class DataProblem:
    """One kind of finding: how many rows, the first one (its index and open time in ms), and a sentence for people."""

    check: Check
    count: int
    row: int
    time_ms: int
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class RawCandles:
    """Columns as they were read, nothing promised. Times are candle open times in ms UTC; prices in quote, volume in
    base coin.
    """

    time: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.time)

    def take(self, rows: Times | Mask | slice) -> "RawCandles":
        """Return the chosen rows, in the order asked for."""
        time, *values = self.columns()
        return RawCandles(time[rows], *(column[rows] for column in values))

    def columns(self) -> tuple[Times, Floats, Floats, Floats, Floats, Floats]:
        """Return time, open, high, low, close, volume."""
        return self.time, self.open, self.high, self.low, self.close, self.volume


def find_problems(raw: RawCandles, *, timeframe_ms: int) -> tuple[DataProblem, ...]:
    """Return what makes the rows unusable, one entry for each kind, most basic first; empty when they are sound.

    Sound: equal lengths, whole numbers, prices above zero, volume not below zero, high and low around open and close,
    open times on the UTC grid of the timeframe and strictly ascending. Gaps are allowed.
    """
    lengths = {len(column) for column in raw.columns()}
    if len(lengths) != 1 or any(column.ndim != 1 for column in raw.columns()):
        text = f"columns differ in length: {sorted(lengths)}"
        return (DataProblem(Check.SHAPE, 1, 0, 0, text),)
    if timeframe_ms <= 0:
        raise ValueError(f"timeframe must be above zero, got {timeframe_ms} ms")
    with np.errstate(invalid="ignore"):
        checks = list(_bad_rows(raw, timeframe_ms))
    return tuple(_problem(check, bad, raw, timeframe_ms) for check, bad in checks if bad.any())


def find_oddities(raw: RawCandles, *, timeframe_ms: int) -> tuple[DataProblem, ...]:
    """Return what is worth telling about sound rows: gaps, outliers (more than 15 % and 30 times the median move), zero
    volume.
    """
    checks = [
        (Check.GAP, gap_rows(raw.time, timeframe_ms=timeframe_ms)),
        (Check.OUTLIER, _outliers(raw)),
        (Check.ZERO_VOLUME, raw.volume == 0),
    ]
    return tuple(_problem(check, bad, raw, timeframe_ms) for check, bad in checks if bad.any())


def gap_rows(time: Times, *, timeframe_ms: int) -> Mask:
    """Return True at each row that does not directly follow the row before it."""
    after = np.zeros(len(time), dtype=np.bool_)
    after[1:] = np.diff(time) > timeframe_ms
    return after


def _bad_rows(raw: RawCandles, timeframe_ms: int) -> Iterator[tuple[Check, Mask]]:
    _, open_, high, low, close, volume = raw.columns()
    finite = np.isfinite(open_) & np.isfinite(high) & np.isfinite(low) & np.isfinite(close) & np.isfinite(volume)
    yield Check.NOT_A_NUMBER, ~finite
    yield (
        Check.NOT_POSITIVE,
        finite & ((np.minimum(np.minimum(open_, close), np.minimum(high, low)) <= 0) | (volume < 0)),
    )
    yield Check.OHLC, finite & ((high < np.maximum(open_, close)) | (low > np.minimum(open_, close)))
    yield Check.OFF_GRID, (raw.time % timeframe_ms != 0) | (raw.time <= 0)
    step = np.diff(raw.time, prepend=raw.time[:1] - timeframe_ms)
    yield Check.ORDER, step < 0
    yield Check.DUPLICATE, step == 0


def _outliers(raw: RawCandles) -> Mask:
    far = np.zeros(len(raw), dtype=np.bool_)
    if len(raw) < 3:
        return far
    before = raw.close[:-1]
    move = np.maximum(np.abs(np.log(raw.high[1:] / before)), np.abs(np.log(raw.low[1:] / before)))
    far[1:] = (move > _OUTLIER_RETURN) & (move > _OUTLIER_MEDIANS * float(np.median(move)))
    return far


def _problem(check: Check, bad: Mask, raw: RawCandles, timeframe_ms: int) -> DataProblem:
    count = int(np.count_nonzero(bad))
    row = int(np.argmax(bad))
    time_ms = int(raw.time[row])
    _, open_, high, low, close, volume = (float(column[row]) for column in raw.columns())
    values = f"open {open_:g} high {high:g} low {low:g} close {close:g} volume {volume:g}"
    rows = "row" if count == 1 else "rows"
    where = f"{count} {rows}, first at row {row} ({readable(time_ms)}, {timeframe_name(timeframe_ms)}): {values}"
    return DataProblem(check, count, row, time_ms, f"{check.value}: {where}")


def readable(time_ms: int) -> str:
    """Return a UTC time for messages; a time outside the calendar is given as its number."""
    if not 0 < time_ms < 253_402_300_800_000:
        return f"{time_ms} ms"
    return f"{np.datetime64(time_ms, 'ms')}Z"
