"""Loading what a book-driven profile is tested on: trades, books and the minute candles beside them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.backtest.request import BacktestError
from engine.candles import Columns
from engine.core.market import MINUTE_MS
from engine.datafiles import DataFileError, load_candles
from engine.datafiles_ticks import Book, Trades
from engine.feed_ticks import load_ticks, minutes

type Ticks = tuple[Trades | Book, ...]


def load_flow(paths: Sequence[Path], symbols: Sequence[str]) -> tuple[dict[str, Columns], Ticks]:
    """Return minute candles by symbol and the ticks; of `symbols` only, when any are given.

    Candles are those of the files, else what whole minutes of trades make. Raises BacktestError where a symbol lacks
    trades, books or candles.
    """
    ticks: list[Trades | Book] = []
    candles: dict[str, Columns] = {}
    for file in _files(paths):
        try:
            ticks += load_ticks(file)
        except DataFileError as no_ticks:
            candles |= _candles(file, no_ticks)
    found = tuple(tick for tick in ticks if not symbols or tick.symbol in symbols)
    names = dict.fromkeys(tick.symbol for tick in found)
    missing = [symbol for symbol in (symbols or names) if not _whole(symbol, found)]
    if missing or not names:
        raise BacktestError(f"no trades and best quotes of {', '.join(missing) or 'any symbol'}; give both with --data")
    return {symbol: _of(symbol, found, candles) for symbol in names}, found


def span(ticks: Ticks) -> tuple[int, int]:
    """Return the time of the first tick and the one after the last."""
    return min(int(tick.time[0]) for tick in ticks), max(int(tick.time[-1]) for tick in ticks) + 1


def _files(paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise BacktestError(f"{path}: there is no such file or folder; give trades and books with --data")
        found += sorted(part for part in path.iterdir() if part.is_file()) if path.is_dir() else [path]
    return found


def _candles(file: Path, no_ticks: DataFileError) -> dict[str, Columns]:
    try:
        loaded = load_candles(file)
    except DataFileError as no_candles:
        raise BacktestError(f"{no_ticks}; as candles: {no_candles}") from None
    return {each.columns.symbol: each.columns for each in loaded if each.columns.timeframe_ms == MINUTE_MS}


def _whole(symbol: str, ticks: Ticks) -> bool:
    kinds = {type(tick) for tick in ticks if tick.symbol == symbol}
    return kinds == {Trades, Book}


def _of(symbol: str, ticks: Ticks, candles: Mapping[str, Columns]) -> Columns:
    if symbol in candles:
        return candles[symbol]
    for tick in ticks:
        made = minutes(tick) if isinstance(tick, Trades) and tick.symbol == symbol else None
        if made is not None:
            return made
    raise BacktestError(f"{symbol}: the trades fill no whole minute; give minute candles as well")
