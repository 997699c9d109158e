"""Closed candles over REST: whole spans, page after page, oldest first."""

from engine.candles import Bar
from engine.core.market import DAY_MS, MINUTE_MS, timeframe_name
from engine.exchanges.base import QueryFailedError
from engine.exchanges.bybit.caller import Caller
from engine.exchanges.bybit.endpoints import CATEGORY, KLINE
from engine.exchanges.bybit.frames import MINUTES
from engine.exchanges.bybit.parse import BadData
from engine.exchanges.bybit.parse_market import candle
from engine.exchanges.bybit.queries import result_of

_PAGE = 1_000


def interval_of(timeframe_ms: int) -> str:
    """Return the exchange's name of a timeframe; raises ValueError for one it does not have."""
    if timeframe_ms == DAY_MS:
        return "D"
    minutes, rest = divmod(timeframe_ms, MINUTE_MS)
    if rest or minutes not in MINUTES:
        raise ValueError(f"the exchange has no candles of {timeframe_name(timeframe_ms)}")
    return str(minutes)


async def closed_bars(caller: Caller, symbol: str, timeframe_ms: int, *, start_ms: int, end_ms: int) -> list[Bar]:
    """Return the candles that open at or after `start_ms` and are complete at `end_ms`, oldest first, as far as the
    exchange has them; raises QueryFailedError, also for a single candle that cannot be read.
    """
    bars: list[Bar] = []
    start = -(-start_ms // timeframe_ms) * timeframe_ms
    # The last page may only reach to the last complete candle: the running one is not data yet.
    last = end_ms // timeframe_ms * timeframe_ms - timeframe_ms
    while start <= last:
        end = min(start + (_PAGE - 1) * timeframe_ms, last)
        bars.extend(await _page(caller, symbol, timeframe_ms, start, end))
        start = end + timeframe_ms
    return bars


async def _page(caller: Caller, symbol: str, timeframe_ms: int, start: int, end: int) -> list[Bar]:
    params = {
        "category": CATEGORY,
        "symbol": symbol,
        "interval": interval_of(timeframe_ms),
        "start": str(start),
        "end": str(end),
        "limit": str(_PAGE),
    }
    rows = (await result_of(caller, KLINE, params)).get("list")
    if not isinstance(rows, list):
        raise QueryFailedError(f"{symbol}: no list of candles")
    bars: dict[int, Bar] = {}
    for row in rows:
        read = candle(row, symbol, timeframe_ms)
        if isinstance(read, BadData):
            raise QueryFailedError(str(read))
        if start <= read.time_ms <= end:
            bars[read.time_ms] = read
    return [bars[at] for at in sorted(bars)]
