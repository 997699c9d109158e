"""Public REST data: envelopes, strings, paging, candles, and that they fit together."""

from decimal import Decimal

import pytest

from tests.integration.localvenue.rig import START_MS, Rig, run

MINUTE = 60_000


def test_every_envelope_has_the_same_five_keys() -> None:
    async def scene(rig: Rig) -> None:
        paths = ["/v5/market/time", "/v5/market/tickers?category=linear", "/v5/system/status", "/v5/order/realtime"]
        for path in paths:
            async with rig.http.get(rig.venue.url + path) as response:
                body = await response.json()
                assert list(body) == ["retCode", "retMsg", "result", "retExtInfo", "time"]
                assert isinstance(body["time"], int)
                assert response.headers["Content-Type"].startswith("application/json")

    run(scene)


def test_server_time_is_wall_time_while_candles_live_in_market_time() -> None:
    async def scene(rig: Rig) -> None:
        wall = rig.venue.core.config.clock.wall_ms()
        body = await rig.get("/v5/market/time")
        assert abs(int(body["result"]["timeSecond"]) * 1000 - wall) < 5000
        assert int(body["result"]["timeNano"]) // 1_000_000 == body["time"]
        assert (await rig.get("/v5/market/tickers", category="linear"))["time"] == START_MS

    run(scene)


def test_instruments_come_in_pages_until_the_cursor_is_empty() -> None:
    async def scene(rig: Rig) -> None:
        seen, cursor = [], ""
        for _ in range(9):
            body = await rig.get("/v5/market/instruments-info", category="linear", limit=2, cursor=cursor)
            seen += [row["symbol"] for row in body["result"]["list"]]
            cursor = body["result"]["nextPageCursor"]
            if not cursor:
                break
        assert seen == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
        row = (await rig.list("/v5/market/instruments-info", symbol="ETHUSDT"))[0]
        assert (row["priceFilter"]["tickSize"], row["lotSizeFilter"]["minNotionalValue"]) == ("0.01", "5")
        assert (row["status"], row["deliveryTime"], row["fundingInterval"]) == ("Trading", "0", 480)

    run(scene)


def test_other_product_types_are_empty() -> None:
    async def scene(rig: Rig) -> None:
        for category in ("spot", "inverse", "option"):
            assert await rig.list("/v5/market/instruments-info", category=category) == []
            assert await rig.list("/v5/position/list", category=category, settleCoin="BTC") == []
        assert (await rig.get("/v5/market/kline", category="inverse", symbol="BTCUSDT", interval="1"))[
            "retCode"
        ] == 10001

    run(scene)


def test_candles_come_newest_first_and_the_last_one_is_unfinished() -> None:
    async def scene(rig: Rig) -> None:
        await rig.sim("clock", advance_s=20)
        rows = await rig.list("/v5/market/kline", symbol="BTCUSDT", interval="1", limit=5)
        assert [int(row[0]) for row in rows] == [START_MS - n * MINUTE for n in range(5)]
        assert all(isinstance(value, str) for row in rows for value in row)
        await rig.sim("clock", advance_s=40)
        closed = (await rig.list("/v5/market/kline", symbol="BTCUSDT", interval="1", limit=2))[1]
        assert Decimal(closed[5]) > Decimal(rows[0][5])
        assert Decimal(closed[2]) >= Decimal(rows[0][2])

    run(scene)


def test_a_finished_candle_is_what_was_shown_while_it_ran() -> None:
    async def scene(rig: Rig) -> None:
        await rig.sim("clock", advance_s=59.999)
        running = (await rig.list("/v5/market/kline", symbol="BTCUSDT", interval="1", limit=1))[0]
        await rig.sim("clock", advance_s=1)
        closed = (await rig.list("/v5/market/kline", symbol="BTCUSDT", interval="1", limit=2))[1]
        assert running[:5] == closed[:5]
        assert Decimal(running[5]) == Decimal(closed[5])

    run(scene)


@pytest.mark.parametrize("interval", ["1", "3", "5", "15", "30", "60", "120", "240", "360", "720", "D", "W", "M"])
def test_every_interval_is_served(interval: str) -> None:
    async def scene(rig: Rig) -> None:
        rows = await rig.list("/v5/market/kline", symbol="BTCUSDT", interval=interval, limit=2)
        assert len(rows) == 2
        assert Decimal(rows[1][4]) == Decimal(rows[0][1])
        marks = await rig.list("/v5/market/mark-price-kline", symbol="BTCUSDT", interval=interval, limit=2)
        assert marks == [row[:5] for row in rows]

    run(scene)


def test_the_book_is_sorted_and_agrees_with_the_ticker() -> None:
    async def scene(rig: Rig) -> None:
        book = (await rig.get("/v5/market/orderbook", category="linear", symbol="BTCUSDT", limit=50))["result"]
        ticker = (await rig.list("/v5/market/tickers", symbol="BTCUSDT"))[0]
        bids, asks = ([Decimal(price) for price, _ in book[side]] for side in ("b", "a"))
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        assert (len(bids), len(asks)) == (50, 50)
        assert (book["b"][0], book["a"][0]) == (
            [ticker["bid1Price"], ticker["bid1Size"]],
            [ticker["ask1Price"], ticker["ask1Size"]],
        )

    run(scene)


def test_trades_are_the_newest_first() -> None:
    async def scene(rig: Rig) -> None:
        await rig.sim("clock", advance_s=180)
        trades = await rig.list("/v5/market/recent-trade", symbol="BTCUSDT", limit=10)
        assert len(trades) == 10
        assert [int(row["seq"]) for row in trades] == sorted((int(row["seq"]) for row in trades), reverse=True)
        assert trades[0]["price"] == (await rig.list("/v5/market/tickers", symbol="BTCUSDT"))[0]["lastPrice"]

    run(scene)


def test_price_limits_bound_limit_orders() -> None:
    async def scene(rig: Rig) -> None:
        limits = (await rig.get("/v5/market/price-limit", symbol="BTCUSDT"))["result"]
        inside = await rig.order(orderType="Limit", price=limits["buyLmt"], qty="0.001")
        outside = await rig.order(orderType="Limit", price=f"{Decimal(limits['buyLmt']) + Decimal('0.1')}", qty="0.001")
        below = await rig.order(
            side="Sell", orderType="Limit", price=f"{Decimal(limits['sellLmt']) - Decimal('0.1')}", qty="0.001"
        )
        assert [reply["retCode"] for reply in (inside, outside, below)] == [0, 110121, 110120]

    run(scene)


def test_funding_history_ends_with_the_last_settlement_and_the_ticker_names_the_next() -> None:
    async def scene(rig: Rig) -> None:
        ticker = (await rig.list("/v5/market/tickers", symbol="BTCUSDT"))[0]
        due = int(ticker["nextFundingTime"])
        rows = await rig.list("/v5/market/funding/history", symbol="BTCUSDT", limit=3)
        assert [int(row["fundingRateTimestamp"]) for row in rows] == [due - n * 28_800_000 for n in (1, 2, 3)]
        await rig.sim("clock", advance_s=(due - START_MS) / 1000)
        settled = (await rig.list("/v5/market/funding/history", symbol="BTCUSDT", limit=1))[0]
        assert settled["fundingRate"] == ticker["fundingRate"]

    run(scene, symbols=("BTCUSDT",))
