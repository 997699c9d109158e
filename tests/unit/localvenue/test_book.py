"""The order book is sorted, deep, and keeps a level's size as long as it stays."""

from bot.localvenue.listing import Change, Listing, changed, row
from bot.localvenue.prices import DEPTH, Quote, levels

BTC = Listing(("BTCUSDT",))["BTCUSDT"]


def quote(bid: int) -> Quote:
    return Quote(
        symbol="BTCUSDT", at_ms=1, last=bid, bid=bid, ask=bid + 1, mark=bid, bid_size=5, ask_size=6, bought=1, sold=0
    )


def test_fifty_levels_run_away_from_the_middle() -> None:
    book = list(levels(quote(600_000), BTC))
    assert len(book) == DEPTH
    assert [level.bid for level in book] == sorted({level.bid for level in book}, reverse=True)
    assert [level.ask for level in book] == sorted({level.ask for level in book})
    assert all(level.bid_size > 0 and level.ask_size > 0 for level in book)


def test_the_best_level_is_the_quotes_own() -> None:
    best = next(levels(quote(600_000), BTC))
    assert (best.bid, best.ask, best.bid_size, best.ask_size) == (600_000, 600_001, 5, 6)


def test_a_level_keeps_its_size_when_the_market_moves() -> None:
    step = 600_000 // 50_000
    before = {level.bid: level.bid_size for level in list(levels(quote(600_000), BTC))[1:]}
    after = {level.bid: level.bid_size for level in list(levels(quote(600_000 + step), BTC))[1:]}
    common = before.keys() & after.keys()
    assert len(common) > 40
    assert all(before[price] == after[price] for price in common)


def test_the_book_ends_above_zero() -> None:
    assert [level.bid for level in levels(quote(3), BTC)] == [3, 2, 1]


def test_a_changed_instrument_is_listed_with_its_new_rules() -> None:
    shown = row(changed(BTC, Change(status="Delivering", delivery_ms=7)))
    assert (shown["status"], shown["deliveryTime"]) == ("Delivering", "7")
    assert shown["lotSizeFilter"] == row(BTC)["lotSizeFilter"]


def test_stored_changes_of_the_listing_come_back() -> None:
    first, second = Listing(("BTCUSDT", "ETHUSDT")), Listing(("BTCUSDT", "ETHUSDT"))
    first.put(changed(BTC, Change(status="Closed")))
    second.restore(first.stored())
    assert second["BTCUSDT"] == first["BTCUSDT"]
    assert list(first.stored()) == ["BTCUSDT"]
