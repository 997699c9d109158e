"""Trades and best sizes as the exchange sends them, and what cannot be read."""

from typing import Any

import pytest

from engine.exchanges.bybit.parse import BadData
from engine.exchanges.bybit.parse_flow import Taken, Top, taken, top

ROW = {"T": 1_672_304_486_865, "s": "BTCUSDT", "S": "Buy", "v": "0.001", "p": "16578.50", "BT": False}


def test_trades_keep_time_size_and_taker_and_lose_block_trades() -> None:
    rows = [ROW, ROW | {"S": "Sell", "v": "2"}, ROW | {"BT": True}]
    assert taken(rows, "BTCUSDT") == (
        Taken(1_672_304_486_865, 0.001, True),
        Taken(1_672_304_486_865, 2.0, False),
    )


def test_the_best_level_of_each_side_is_read_and_an_empty_side_is_zero() -> None:
    book = {"s": "BTCUSDT", "b": [["16493.50", "0.006"]], "a": [["16611.00", "0.029"]], "u": 1, "seq": 2}
    assert top(book, "BTCUSDT") == Top(16_493.5, 0.006, 16_611.0, 0.029)
    assert top(book | {"a": []}, "BTCUSDT") == Top(16_493.5, 0.006, 0.0, 0.0)


@pytest.mark.parametrize("rows", [None, {}, [ROW | {"S": "Up"}], [ROW | {"v": "-1"}], [ROW | {"T": "soon"}], ["x"]])
def test_trades_that_cannot_be_read_are_bad_data(rows: Any) -> None:
    assert isinstance(taken(rows, "BTCUSDT"), BadData)


@pytest.mark.parametrize(
    "book",
    [
        None,
        {"b": []},
        {"b": [], "a": [["1"]]},
        {"b": [["x", "1"]], "a": []},
        {"b": [["1", "-1"]], "a": []},
        {"b": ["1"], "a": []},
    ],
)
def test_books_that_cannot_be_read_are_bad_data(book: Any) -> None:
    assert isinstance(top(book, "BTCUSDT"), BadData)
