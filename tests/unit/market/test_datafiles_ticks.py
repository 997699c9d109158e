"""Trades, books and funding from files."""

from pathlib import Path

import pytest

from engine.datafiles_layout import DataFileError
from engine.datafiles_ticks import load_book, load_funding, load_trades
from tests.unit.market.files import write_csv

T = 1_640_995_200_000
TRADE = ("time", "price", "size", "side")
BOOK = ("time", "bid", "bidSize", "ask", "askSize")


def row(*values: object) -> list[str]:
    return [str(value) for value in values]


def test_trades_know_who_took(tmp_path: Path) -> None:
    rows = [row(T, 100.5, 2, "Buy"), row(T + 5, 100.0, 1.5, "SELL")]
    trades = load_trades(write_csv(tmp_path / "BTCUSDT_trades.csv", rows, header=TRADE))
    assert trades.symbol == "BTCUSDT" and len(trades) == 2
    assert trades.time.tolist() == [T, T + 5]
    assert trades.price.tolist() == [100.5, 100.0]
    assert trades.quantity.tolist() == [2, 1.5]
    assert trades.bought.tolist() == [True, False]


def test_a_buyer_who_was_the_maker_did_not_take(tmp_path: Path) -> None:
    header = ("agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "transact_time", "is_buyer_maker")
    rows = [row(1, 100, 2, 7, 8, T, "true"), row(2, 101, 1, 9, 9, T, "false")]
    trades = load_trades(write_csv(tmp_path / "BTCUSDT-trades.csv", rows, header=header))
    assert trades.bought.tolist() == [False, True]


def test_the_exchanges_own_time_counts_and_seconds_keep_their_milliseconds(tmp_path: Path) -> None:
    rows = [row(T + 900, T // 1000 + 0.123, 100, 1, "b"), row(T + 800, T // 1000 + 0.122, 100, 1, "s")]
    header = ("recv_ms", "trade_time", "price", "qty", "side")
    trades = load_trades(write_csv(tmp_path / "BTCUSDT.csv", rows, header=header))
    assert trades.time.tolist() == [T + 122, T + 123]
    assert trades.bought.tolist() == [False, True]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (row(T, 0, 1, "Buy"), "price or quantity not above zero in 1 rows, first at row 1"),
        (row(T, 100, "", "Buy"), "price or quantity not above zero"),
        (row(T, 100, 1, "up"), "'up' is neither buy nor sell"),
    ],
)
def test_an_impossible_trade_is_refused(tmp_path: Path, bad: list[str], said: str) -> None:
    rows = [row(T, 100, 1, "Buy"), bad]
    with pytest.raises(DataFileError, match=said):
        load_trades(write_csv(tmp_path / "BTCUSDT.csv", rows, header=TRADE))


def test_trades_without_a_side_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="no column tells the taker's side"):
        load_trades(write_csv(tmp_path / "BTCUSDT.csv", [row(T, 100, 1)], header=TRADE[:3]))


def test_trades_without_a_header_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="no header and 4 columns"):
        load_trades(write_csv(tmp_path / "BTCUSDT.csv", [row(T, 100, 1, "Buy")], header=()))


def test_a_book_is_read_and_a_crossed_one_refused(tmp_path: Path) -> None:
    rows = [row(T, 99.9, 3, 100, 0), row(T + 1, 99.8, 2, 99.9, 1)]
    book = load_book(write_csv(tmp_path / "BTCUSDT.csv", rows, header=BOOK))
    assert (book.bid.tolist(), book.ask.tolist()) == ([99.9, 99.8], [100, 99.9])
    assert (book.bid_size.tolist(), book.ask_size.tolist()) == ([3, 2], [0, 1])
    with pytest.raises(DataFileError, match="quotes crossed"):
        load_book(write_csv(tmp_path / "BTCUSDT.csv", [*rows, row(T + 2, 100, 1, 100, 1)], header=BOOK))


def test_funding_rates_are_read_and_impossible_ones_refused(tmp_path: Path) -> None:
    header = ("symbol", "fundingRateTimestamp", "fundingRate")
    rows = [row("BTCUSDT", T + 28_800_000, -0.0002), row("BTCUSDT", T, 0.0001)]
    funding = load_funding(write_csv(tmp_path / "funding.csv", rows, header=header))
    assert (funding.symbol, funding.rate.tolist()) == ("BTCUSDT", [0.0001, -0.0002])
    for bad, said in ((0.2, "beyond"), ("", "or missing"), (0.0003, "two rates at one time")):
        with pytest.raises(DataFileError, match=said):
            load_funding(write_csv(tmp_path / "funding.csv", [*rows, row("BTCUSDT", T, bad)], header=header))
