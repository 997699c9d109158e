"""Recorded candles and funding rates, read with pandas alone."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

type Floats = npt.NDArray[np.float64]
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_WIDE = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}


def read(path: Path) -> pd.DataFrame:
    """Candles by their close time in ms, with the turnover of the 24 h that end there."""
    frame = pd.read_parquet(path)
    opened = milliseconds(frame["date"])
    step = int(opened[1] - opened[0])
    frame = frame.drop(columns="date").set_index(opened + step)
    turnover = (frame["volume"] * frame["close"]).rolling(DAY // step).sum()
    return frame.assign(turnover=turnover)


def wide(frame: pd.DataFrame, length_ms: int) -> pd.DataFrame:
    """Whole candles of a longer timeframe by their close time."""
    step = int(frame.index[1] - frame.index[0])
    closes = -(-frame.index.to_numpy() // length_ms) * length_ms
    grouped = frame.groupby(closes)
    found = grouped.agg(_WIDE)
    return found[grouped.size() == length_ms // step]


def rates(path: Path) -> dict[int, int]:
    """Funding rates of a symbol in 1e-8 by settlement time."""
    frame = pd.read_parquet(path)
    values = np.rint(frame["funding_rate"].to_numpy() * 1e8).astype(int)
    return dict(zip(milliseconds(frame["date"]).tolist(), values.tolist(), strict=True))


def milliseconds(dates: "pd.Series[pd.Timestamp]") -> npt.NDArray[np.int64]:
    """UTC times as whole milliseconds."""
    return dates.dt.tz_convert(None).to_numpy().astype("datetime64[ms]").astype(np.int64)
