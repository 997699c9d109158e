"""Closed candles kept between starts, so that a start asks the exchange only for those it does not know yet."""

import contextlib
from collections.abc import Iterable
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from engine.candles import Columns
from engine.validate import RawCandles


class CandleFile:
    """Candles of one timeframe and many symbols in one file. It holds nothing that the exchange does not have: a file
    that cannot be read is as good as none.
    """

    def __init__(self, path: Path, timeframe_ms: int) -> None:
        self._path = path
        self._timeframe_ms = timeframe_ms

    def load(self) -> dict[str, Columns]:
        """Return the candles by symbol; none without a file or with an unreadable one."""
        try:
            with self._path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                names = [str(name) for name in stored["arr_0"]]
                return {name: self._columns(name, stored[f"arr_{row}"]) for row, name in enumerate(names, 1)}
        except (OSError, ValueError, KeyError, BadZipFile, EOFError):
            return {}

    def _columns(self, symbol: str, table: np.ndarray) -> Columns:
        if table.ndim != 2 or table.shape[0] != 6:
            raise ValueError(f"{symbol}: six columns wanted, not {table.shape}")
        time, *values = table
        raw = RawCandles(time.astype(np.int64), *values)
        return Columns.from_raw(raw, symbol=symbol, timeframe_ms=self._timeframe_ms)

    def save(self, parts: Iterable[Columns]) -> None:
        """Replace the file; one that cannot be written is left out."""
        fresh = self._path.with_suffix(".tmp.npz")
        kept = list(parts)
        with contextlib.suppress(OSError):
            np.savez(
                fresh, np.array([part.symbol for part in kept]), *(np.vstack(part.raw().columns()) for part in kept)
            )
            fresh.replace(self._path)


def joined(known: Columns | None, fresh: Columns | None) -> Columns | None:
    """Return known candles with fresh ones behind them; after a hole only the fresh ones."""
    if known is None or fresh is None:
        return known if fresh is None else fresh
    if int(fresh.time[0]) != int(known.time[-1]) + known.timeframe_ms:
        return fresh
    raw = RawCandles(*(np.concatenate(pair) for pair in zip(known.raw().columns(), fresh.raw().columns(), strict=True)))
    return Columns.from_raw(raw, symbol=known.symbol, timeframe_ms=known.timeframe_ms)
