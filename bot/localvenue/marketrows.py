"""Tickers and order books as Bybit's rows."""

from functools import lru_cache

from bot.localvenue.board import Board
from bot.localvenue.klines import price_text
from bot.localvenue.numbers import on_grid
from bot.localvenue.prices import Quote, levels, usual_size
from engine.core.market import HOUR_MS, MINUTE_MS, Instrument
from engine.generator import Market

FUNDING_MS = 8 * HOUR_MS
_OPEN_INTEREST_MINUTES = 3_000


def book_sides(quote: Quote, instrument: Instrument, depth: int) -> tuple[dict[str, str], dict[str, str]]:
    """Return bids and asks, price to size, from the inside out."""
    bids, asks = {}, {}
    for level in levels(quote, instrument, min(depth, 50)):
        bids[_price(level.bid, instrument)] = _size(level.bid_size, instrument)
        asks[_price(level.ask, instrument)] = _size(level.ask_size, instrument)
    return bids, asks


def funding_rate(board: Board, symbol: str, now_ms: int) -> float:
    """Return the rate of the next settlement: what will be charged then."""
    return _rate(board.history.market, symbol, now_ms - now_ms % FUNDING_MS + FUNDING_MS)


@lru_cache(maxsize=1024)
def _rate(market: Market, symbol: str, due_ms: int) -> float:
    return market.funding(symbol, due_ms)


def ticker_row(board: Board, symbol: str, now_ms: int) -> dict[str, str]:
    """Return a symbol's ticker."""
    quote, instrument = board.quotes[symbol], board.listing[symbol]
    day = board.day(symbol, max(now_ms, MINUTE_MS))
    last = float(board.last(symbol))
    high, low = max(day.high, last), min(day.low, last)
    interest = instrument.quantity(usual_size(symbol, instrument) * _OPEN_INTEREST_MINUTES)
    mark = _price(quote.mark, instrument)
    decimals = max(-int(instrument.step.as_tuple().exponent), 0)
    return {
        "symbol": symbol,
        "lastPrice": _price(quote.last, instrument),
        "indexPrice": mark,
        "markPrice": mark,
        "prevPrice24h": price_text(day.previous, instrument),
        "price24hPcnt": f"{last / day.previous - 1:.6f}",
        "highPrice24h": price_text(high, instrument),
        "lowPrice24h": price_text(low, instrument),
        "prevPrice1h": price_text(day.previous_hour, instrument),
        "openInterest": on_grid(interest, instrument.step),
        "openInterestValue": f"{float(interest) * last:.2f}",
        "turnover24h": f"{day.turnover:.4f}",
        "volume24h": f"{day.volume:.{decimals}f}",
        "fundingRate": f"{funding_rate(board, symbol, now_ms):.8f}",
        "nextFundingTime": str(now_ms - now_ms % FUNDING_MS + FUNDING_MS),
        "fundingIntervalHour": "8",
        "fundingCap": "0.00375",
        "bid1Price": _price(quote.bid, instrument),
        "bid1Size": _size(quote.bid_size, instrument),
        "ask1Price": _price(quote.ask, instrument),
        "ask1Size": _size(quote.ask_size, instrument),
        "preOpenPrice": "",
        "preQty": "",
        "curPreListingPhase": "",
    }


def _price(ticks: int, instrument: Instrument) -> str:
    return on_grid(instrument.price(ticks), instrument.tick)


def _size(steps: int, instrument: Instrument) -> str:
    return on_grid(instrument.quantity(steps), instrument.step)
