"""Candles kept between starts come back as they were, and a bad file is as good as none."""

from pathlib import Path

import pytest

from engine.candle_file import CandleFile, joined
from engine.candles import Columns
from engine.core.market import DAY_MS, MINUTE_MS
from engine.generator import Market

START_MS = 20_000 * DAY_MS


def candles(first: int, end: int, symbol: str = "BTCUSDT") -> Columns:
    return Market(3).candles(symbol, start_ms=START_MS + first * MINUTE_MS, end_ms=START_MS + end * MINUTE_MS)


def test_candles_come_back_as_they_were(tmp_path: Path) -> None:
    file = CandleFile(tmp_path / "candles.npz", MINUTE_MS)
    kept = [candles(0, 50), candles(10, 12, "SOLUSDT")]
    file.save(kept)
    back = file.load()
    assert [[list(column) for column in back[part.symbol].raw().columns()] for part in kept] == [
        [list(column) for column in part.raw().columns()] for part in kept
    ]
    assert back.keys() == {"BTCUSDT", "SOLUSDT"}
    assert back["BTCUSDT"].timeframe_ms == MINUTE_MS


@pytest.mark.parametrize("content", [None, b"", b"nonsense", "half"], ids=["absent", "empty", "nonsense", "torn"])
def test_a_file_that_cannot_be_read_is_as_good_as_none(tmp_path: Path, content: bytes | str | None) -> None:
    path = tmp_path / "candles.npz"
    CandleFile(path, MINUTE_MS).save([candles(0, 50)])
    whole = path.read_bytes()
    path.unlink()
    if content is not None:
        path.write_bytes(whole[: len(whole) // 2] if isinstance(content, str) else content)
    assert CandleFile(path, MINUTE_MS).load() == {}


def test_impossible_candles_in_a_file_are_not_used(tmp_path: Path) -> None:
    path = tmp_path / "candles.npz"
    CandleFile(path, MINUTE_MS).save([candles(0, 50)])
    # Minutes are no five-minute candles.
    assert CandleFile(path, 5 * MINUTE_MS).load() == {}


def test_a_folder_that_cannot_be_written_to_is_no_error(tmp_path: Path) -> None:
    CandleFile(tmp_path / "absent" / "candles.npz", MINUTE_MS).save([candles(0, 5)])
    assert list(tmp_path.iterdir()) == []


def test_fresh_candles_follow_known_ones_and_replace_them_after_a_hole() -> None:
    known, next_, later = candles(0, 10), candles(10, 15), candles(11, 15)
    whole = joined(known, next_)
    assert whole is not None
    assert list(whole.close) == list(candles(0, 15).close)
    assert joined(known, later) is later
    assert joined(known, None) is known
    assert joined(None, next_) is next_
    assert joined(None, None) is None
