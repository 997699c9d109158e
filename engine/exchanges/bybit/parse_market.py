"""Public payloads into the core's values: instruments, candles, and the topics of the public stream."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

from engine.candles import Bar
from engine.core.market import SYMBOL_PATTERN, Instrument, Status
from engine.core.money import Ticks, rate_to_e8
from engine.exchanges.bybit.parse import LAST_MS, Fields, UnreadableError, guarded

SETTLE_COIN = "USDT"
# A price as text, judged before `float` would take exponents, blanks, underscores or "nan".
_PRICE = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,18})?")
_MOST_TICKS = 10**12
_MOST_VOLUME = 1e15
_PLAIN_ROW = re.compile(r"([0-9]{1,19})" + r" ([0-9]{1,12}(?:\.[0-9]{1,24})?)" * 5)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A sound row that is not for the desk, and why."""

    why: str


@dataclass(slots=True)
class Scale:
    """What turns prices of one symbol into ticks fast."""

    symbol: str
    per_unit: float

    @classmethod
    def of(cls, instrument: Instrument) -> "Scale":
        """Return the scale of an instrument."""
        return cls(instrument.symbol, float(1 / instrument.tick))

    def ticks(self, text: object, where: str) -> Ticks:
        """Return the nearest tick of a price as text; raises UnreadableError unless it is sane and above zero."""
        if not isinstance(text, str) or not _PRICE.fullmatch(text):
            raise UnreadableError(f"{self.symbol}.{where}", "no price")
        ticks = round(float(text) * self.per_unit)
        if not 0 < ticks < _MOST_TICKS:
            raise UnreadableError(f"{self.symbol}.{where}", f"not a sane price: {text}")
        return ticks

    def optional(self, data: Mapping[str, Any], name: str) -> Ticks | None:
        """Return the ticks of a field; None when it is absent or `""` (unchanged in a delta); 0 for a zero price."""
        text = data.get(name)
        if text is None or text == "":
            return None
        return 0 if isinstance(text, str) and text.strip("0") in {"", "."} else self.ticks(text, name)


@guarded
def instrument(row: object) -> Instrument | Skipped:
    """Read one row of instruments-info; contracts that the desk does not trade are skipped."""
    fields = Fields(row, "instrument")
    symbol = fields.needed("symbol")
    fields.where = symbol[:40]
    if fields.text("contractType") != "LinearPerpetual" or fields.text("settleCoin") != SETTLE_COIN:
        return Skipped(f"{symbol} is not a perpetual settled in {SETTLE_COIN}")
    if not SYMBOL_PATTERN.fullmatch(symbol):
        return Skipped(f"{symbol!r} is not a symbol of 2 to 30 letters A-Z and digits")
    lot, leverage = fields.inner("lotSizeFilter"), fields.inner("leverageFilter")
    step = lot.positive("qtyStep")
    most = lot.positive("maxMktOrderQty" if lot.text("maxMktOrderQty") else "maxOrderQty")
    try:
        return Instrument(
            symbol=symbol,
            tick=fields.inner("priceFilter").positive("tickSize"),
            step=step,
            min_qty=_up(lot.positive("minOrderQty"), step),
            max_market_qty=int(most / step),
            min_notional=lot.optional("minNotionalValue") or Decimal(5),
            max_leverage=leverage.positive("maxLeverage"),
            status=_status(fields),
            delivery_ms=fields.whole("deliveryTime") if fields.text("deliveryTime") else 0,
        )
    except UnreadableError:
        raise
    except ValueError as error:
        raise UnreadableError(symbol, str(error)) from error


def _up(quantity: Decimal, step: Decimal) -> int:
    return int((quantity / step).to_integral_value(rounding=ROUND_CEILING))


def _status(fields: Fields) -> Status:
    try:
        return Status(fields.needed("status"))
    except UnreadableError:
        raise
    except ValueError:
        # A status the desk has never heard of is no reason to trade.
        return Status.CLOSED


@guarded
def candle(row: object, symbol: str, timeframe_ms: int) -> Bar:
    """Read one row of a kline answer: [start, open, high, low, close, volume, turnover], all text."""
    where = f"{symbol}.kline"
    quick = _quick_bar(row, symbol, timeframe_ms) if isinstance(row, list) else None
    if quick is not None:
        return quick
    if not isinstance(row, list) or len(row) < 6:
        raise UnreadableError(where, "a row of six or more values is wanted")
    named = dict(zip(("start", "open", "high", "low", "close", "volume"), row, strict=False))
    return _bar(Fields(named, where), symbol, timeframe_ms, "start")


def _quick_bar(row: list[Any], symbol: str, timeframe_ms: int) -> Bar | None:
    # Warming up reads hundreds of thousands of rows: one that is beyond doubt is read at a fifth of the cost, with the
    # same result; any other is read field by field, which says what is wrong with it.
    try:
        plain = _PLAIN_ROW.fullmatch(" ".join(row[:6])) if len(row) >= 6 else None
    except TypeError:
        return None
    if plain is None:
        return None
    at = int(plain[1])
    open_, high, low, close, volume = map(float, plain.groups()[1:])
    if at % timeframe_ms or not 0 < at < LAST_MS or not 0 < low <= open_ <= high or not low <= close <= high:
        return None
    return Bar(symbol, timeframe_ms, at, open_, high, low, close, volume)


@guarded
def streamed_candle(row: object, symbol: str, timeframe_ms: int) -> Bar | None:
    """Read one row of the kline topic; None while the candle is open."""
    fields = Fields(row, f"{symbol}.kline")
    return _bar(fields, symbol, timeframe_ms, "start") if fields.flag("confirm") else None


def _bar(fields: Fields, symbol: str, timeframe_ms: int, start: str) -> Bar:
    at = fields.time_ms(start)
    open_, high, low, close = (float(fields.positive(name)) for name in ("open", "high", "low", "close"))
    volume = float(fields.decimal("volume"))
    if at % timeframe_ms or not low <= min(open_, close) <= max(open_, close) <= high:
        raise UnreadableError(fields.where, f"impossible candle at {at}: {open_}/{high}/{low}/{close}")
    if not 0 <= volume < _MOST_VOLUME:
        raise UnreadableError(fields.where, f"absurd volume at {at}: {volume}")
    return Bar(symbol, timeframe_ms, at, open_, high, low, close, volume)


@dataclass(frozen=True, slots=True)
class TickerRow:
    """What a tickers message said; None is unchanged, 0 none. `turnover` in whole quote currency; `funding` is the time
    of the next settlement and its rate in 1e-8.
    """

    last: Ticks | None
    mark: Ticks | None
    bid: Ticks | None
    ask: Ticks | None
    turnover: int | None
    funding: tuple[int, int] | None


@guarded
def ticker(data: object, scale: Scale) -> TickerRow:
    """Read the data of a tickers message, snapshot or delta."""
    if not isinstance(data, dict):
        raise UnreadableError(f"{scale.symbol}.tickers", "an object is wanted")
    turnover = funding = None
    if "turnover24h" in data or "fundingRate" in data:
        # Rare in deltas, and not worth the fast path.
        fields = Fields(data, f"{scale.symbol}.tickers")
        whole = fields.optional("turnover24h")
        turnover = None if whole is None else int(whole)
        rate = fields.optional("fundingRate")
        if rate is not None and abs(rate) < 1 and fields.text("nextFundingTime"):
            funding = (fields.time_ms("nextFundingTime"), rate_to_e8(rate))
    last, mark = scale.optional(data, "lastPrice"), scale.optional(data, "markPrice")
    bid, ask = scale.optional(data, "bid1Price"), scale.optional(data, "ask1Price")
    return TickerRow(last, mark, bid, ask, turnover, funding)


@guarded
def best_quotes(data: object, scale: Scale) -> tuple[Ticks, Ticks]:
    """Read the data of an orderbook.1 message: best bid and ask, 0 where a side is empty."""
    if not isinstance(data, dict):
        raise UnreadableError(f"{scale.symbol}.orderbook", "an object is wanted")
    bid, ask = _best(data.get("b"), scale), _best(data.get("a"), scale)
    if bid and ask and bid >= ask:
        raise UnreadableError(f"{scale.symbol}.orderbook", f"crossed book: {bid} >= {ask}")
    return bid, ask


def _best(side: object, scale: Scale) -> Ticks:
    if not isinstance(side, list):
        raise UnreadableError(f"{scale.symbol}.orderbook", "a side is missing")
    if not side:
        return 0
    level = side[0]
    if not isinstance(level, list) or len(level) != 2:
        raise UnreadableError(f"{scale.symbol}.orderbook", "a level of price and size is wanted")
    return scale.ticks(level[0], "orderbook")


@dataclass(frozen=True, slots=True)
class Traded:
    """The trades of one message: last price, extremes, time of the newest."""

    last: Ticks
    low: Ticks
    high: Ticks
    at_ms: int


@guarded
def public_trades(rows: object, scale: Scale) -> Traded | None:
    """Read the data of a publicTrade message; None when it holds no ordinary trade."""
    where = f"{scale.symbol}.publicTrade"
    if not isinstance(rows, list):
        raise UnreadableError(where, "a list is wanted")
    prices: list[Ticks] = []
    newest = 0
    for row in rows:
        fields = Fields(row, where)
        # Block trades are agreed elsewhere, at prices that are not the market's.
        if not fields.flag("BT"):
            prices.append(scale.ticks(fields.text("p"), "publicTrade"))
            newest = max(newest, fields.time_ms("T"))
    return Traded(prices[-1], min(prices), max(prices), newest) if prices else None


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a stream: the parts of its topic, its data and its time (0 when it has none)."""

    topic: tuple[str, ...]
    data: Any
    at_ms: int


@guarded
def message(payload: object) -> Message:
    """Read the envelope of a public or private stream message."""
    if not isinstance(payload, dict):
        raise UnreadableError("message", "an object is wanted")
    topic = payload.get("topic")
    if not isinstance(topic, str) or not topic:
        raise UnreadableError("message.topic", "missing")
    stamp = payload.get("cts") or payload.get("ts") or payload.get("creationTime")
    at_ms = stamp if isinstance(stamp, int) and not isinstance(stamp, bool) and 0 < stamp < LAST_MS else 0
    return Message(tuple(topic.split(".")), payload.get("data"), at_ms)
