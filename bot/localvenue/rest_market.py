"""Public REST endpoints: time, instruments, candles, tickers, book, trades, limits, funding, system status."""

import asyncio
from functools import lru_cache
from typing import Any

from bot.localvenue.calls import Call, Endpoint, Handler, Reply
from bot.localvenue.codes import invalid
from bot.localvenue.intervals import check_interval
from bot.localvenue.klines import bars, texts, wanted
from bot.localvenue.listing import LAUNCH_MS, base_coin, row
from bot.localvenue.marketrows import FUNDING_MS, book_sides, ticker_row
from bot.localvenue.numbers import int_of as number
from bot.localvenue.numbers import on_grid, text_of
from bot.localvenue.paging import limit_of, page
from bot.localvenue.placing import limits_of
from engine.core.market import Instrument
from engine.generator import Market


def _check_category(call: Call, default: str = "") -> None:
    if call.params.get("category", default) != "linear":
        raise invalid("Category is invalid")


def _instrument(call: Call) -> Instrument:
    return call.core.board.listing.need(call.params.get("symbol"))


def time(call: Call) -> Reply:
    """The clock that signatures are judged by."""
    now = call.core.clock.wall_ms()
    return Reply({"timeSecond": str(now // 1000), "timeNano": str(now * 1_000_000)})


def instruments(call: Call) -> Reply:
    """Trading rules, page by page."""
    _check_category(call)
    listing, body = call.core.board.listing, call.params
    symbol, base, status = (text_of(body, name) for name in ("symbol", "baseCoin", "status"))
    if symbol:
        listing.need(symbol)
    found = [listing[name] for name in sorted(listing) if not symbol or name == symbol]
    if base:
        found = [item for item in found if base_coin(item.symbol) == base]
    if not symbol:
        found = [item for item in found if item.status == (status or "Trading") or (not status and item.delivery_ms)]
    limit = limit_of(body, default=500, most=1000)
    rows, cursor = page(found, body, name=lambda item: item.symbol, limit=limit)
    return Reply({"category": "linear", "list": [row(item) for item in rows], "nextPageCursor": cursor})


async def kline(call: Call) -> Reply:
    """Candles, the newest first; the last one may be unfinished."""
    return await _candles(call, mark=False)


async def mark_kline(call: Call) -> Reply:
    """Candles of the mark price: those of the last price, without volume."""
    return await _candles(call, mark=True)


async def _candles(call: Call, *, mark: bool) -> Reply:
    _check_category(call, "linear")
    instrument, body, board = _instrument(call), call.params, call.core.board
    question = wanted(
        instrument.symbol,
        check_interval(text_of(body, "interval")),
        start=number(body, "start"),
        end=number(body, "end"),
        limit=limit_of(body, default=200, most=1000),
        now_ms=call.now_ms,
    )
    if question.is_long:
        found = await asyncio.to_thread(bars, board, question, call.now_ms)
    else:
        found = bars(board, question, call.now_ms)
    width = 4 if mark else 6
    rows = [[str(bar.open_ms), *texts(bar, instrument)[:width]] for bar in reversed(found)]
    return Reply({"category": "linear", "symbol": instrument.symbol, "list": rows})


def tickers(call: Call) -> Reply:
    """Tickers of one symbol or all."""
    _check_category(call)
    board, symbol = call.core.board, text_of(call.params, "symbol")
    symbols = [board.listing.need(symbol).symbol] if symbol else list(board.listing)
    base = text_of(call.params, "baseCoin")
    extra = {
        "predictedDeliveryPrice": "",
        "basisRate": "",
        "deliveryFeeRate": "",
        "basis": "",
        "basisRateYear": "",
    }
    rows = [
        ticker_row(board, name, call.now_ms) | extra | {"deliveryTime": str(board.listing[name].delivery_ms)}
        for name in symbols
        if not base or base_coin(name) == base
    ]
    return Reply({"category": "linear", "list": rows})


def orderbook(call: Call) -> Reply:
    """The book, up to fifty levels."""
    _check_category(call)
    instrument = _instrument(call)
    depth = limit_of(call.params, default=25, most=1000)
    quote = call.core.board.quotes[instrument.symbol]
    bids, asks = ([[price, size] for price, size in side.items()] for side in book_sides(quote, instrument, depth))
    result = {"s": instrument.symbol, "b": bids, "a": asks, "ts": call.now_ms}
    number = call.core.publisher.update_number(instrument.symbol)
    return Reply(result | {"u": number, "seq": quote.at_ms, "cts": quote.at_ms})


def recent_trades(call: Call) -> Reply:
    """The newest public trades."""
    _check_category(call)
    instrument = _instrument(call)
    limit = limit_of(call.params, default=500, most=1000)
    trades = list(call.core.board.trades.get(instrument.symbol, ()))[-limit:]
    rows = [
        {
            "execId": f"{trade.symbol}-{trade.number}",
            "symbol": trade.symbol,
            "price": on_grid(instrument.price(trade.price), instrument.tick),
            "size": on_grid(instrument.quantity(trade.qty), instrument.step),
            "side": "Buy" if trade.buy else "Sell",
            "time": str(trade.at_ms),
            "isBlockTrade": False,
            "isRPITrade": False,
            "seq": str(trade.number),
        }
        for trade in reversed(trades)
    ]
    return Reply({"category": "linear", "list": rows})


def price_limit(call: Call) -> Reply:
    """The highest price of a buy and the lowest of a sell."""
    _check_category(call, "linear")
    instrument = _instrument(call)
    highest, lowest = limits_of(call.core.board.mark(instrument.symbol), instrument)
    result = {"symbol": instrument.symbol, "buyLmt": on_grid(highest, instrument.tick)}
    return Reply(result | {"sellLmt": on_grid(lowest, instrument.tick), "ts": str(call.now_ms)})


async def funding_history(call: Call) -> Reply:
    """Settled funding rates, the newest first."""
    _check_category(call)
    instrument, body = _instrument(call), call.params
    start, end = number(body, "startTime"), number(body, "endTime")
    if start is not None and end is None:
        raise invalid("params error: passing only startTime is not supported")
    limit = limit_of(body, default=200, most=200)
    last = min(end if end is not None else call.now_ms, call.now_ms)
    first = max(start if start is not None else 0, LAUNCH_MS)
    newest = last - last % FUNDING_MS
    times = [newest - index * FUNDING_MS for index in range(limit)]
    times = [at_ms for at_ms in times if at_ms >= first]
    rates = await asyncio.to_thread(_rates, call.core.board.history.market, instrument.symbol, tuple(times))
    rows = [
        {"symbol": instrument.symbol, "fundingRate": f"{rate:.8f}", "fundingRateTimestamp": str(at_ms)}
        for at_ms, rate in zip(times, rates, strict=True)
    ]
    return Reply({"category": "linear", "list": rows})


@lru_cache(maxsize=64)
def _rates(market: Market, symbol: str, times: tuple[int, ...]) -> list[float]:
    return [market.funding(symbol, at_ms) for at_ms in times]


def system_status(call: Call) -> Reply:
    """No maintenance is ever announced here."""
    del call
    empty: list[Any] = []
    return Reply({"list": empty})


def _public(path: str, handler: Handler, *, lists: bool = False) -> Endpoint:
    return Endpoint(method="GET", path=path, handler=handler, private=False, lists=lists)


ENDPOINTS = (
    _public("/v5/market/time", time),
    _public("/v5/market/instruments-info", instruments, lists=True),
    _public("/v5/market/kline", kline),
    _public("/v5/market/mark-price-kline", mark_kline),
    _public("/v5/market/index-price-kline", mark_kline),
    _public("/v5/market/tickers", tickers, lists=True),
    _public("/v5/market/orderbook", orderbook),
    _public("/v5/market/recent-trade", recent_trades),
    _public("/v5/market/price-limit", price_limit),
    _public("/v5/market/funding/history", funding_history),
    _public("/v5/system/status", system_status),
)
