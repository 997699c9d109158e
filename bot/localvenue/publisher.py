"""Public topics: klines, trades, order books and tickers, made only when somebody listens."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

from bot.localvenue.board import Board
from bot.localvenue.hub import Hub
from bot.localvenue.intervals import INTERVALS, following, opened
from bot.localvenue.klines import Bar, fold, texts
from bot.localvenue.marketrows import book_sides, ticker_row
from bot.localvenue.numbers import on_grid
from bot.localvenue.prices import Quote
from engine.core.market import MINUTE_MS

BOOK_DEPTHS = (1, 50, 200, 1000)
_TOPICS = ("kline", "publicTrade", "orderbook", "tickers")
_RESEND_MS = 3000

type Sides = tuple[dict[str, str], dict[str, str]]


class Publisher:
    """Makes public messages. What deltas refer to is kept per topic as long as it has listeners."""

    def __init__(self, board: Board, hub: Hub) -> None:
        self._board = board
        self._hub = hub
        self._bases: dict[str, tuple[int, Bar | None]] = {}
        self._books: dict[str, Sides] = {}
        self._tickers: dict[str, dict[str, str]] = {}
        self._updates: dict[str, int] = {}
        self._ticks: dict[str, str] = {}
        self._lasts: dict[str, int] = {}

    def problem(self, topic: str) -> str:
        """Return why a topic cannot be subscribed to, "" when it can."""
        parts = topic.split(".")
        symbol = parts[-1]
        kind = parts[0]
        shape = 3 if kind in {"kline", "orderbook"} else 2
        if kind not in _TOPICS or len(parts) != shape:
            return f"error:handler not found,topic:{topic}"
        if kind == "kline" and parts[1] not in INTERVALS:
            return f"error:handler not found,topic:{topic}"
        if kind == "orderbook" and parts[1] not in {str(depth) for depth in BOOK_DEPTHS}:
            return f"error:handler not found,topic:{topic}"
        return "" if symbol in self._board.listing else f"Invalid symbol :[{topic}]"

    def first(self, topic: str, now_ms: int, *, is_new: bool) -> dict[str, Any] | None:
        """Return what a new listener hears at once: a snapshot of books and tickers."""
        kind, _, rest = topic.partition(".")
        quote = self._board.quotes[rest.rpartition(".")[2]]
        if kind == "tickers":
            if is_new or topic not in self._tickers:
                self._tickers[topic] = self._ticker(quote, now_ms)
            return self._ticker_message(topic, self._tickers[topic], "snapshot", quote.at_ms)
        if kind == "orderbook":
            if is_new or topic not in self._books:
                self._books[topic] = self._sides(topic, quote)
                self._updates.setdefault(topic, 1)
            return self._book_message(topic, self._books[topic], "snapshot", quote)
        return None

    def on_quote(self, quote: Quote) -> None:
        """Publish what a price changed."""
        self._direct(quote)
        for topic in _topics("orderbook", BOOK_DEPTHS, quote.symbol):
            if self._hub.is_heard(topic):
                self._book(topic, quote)
        for topic in _topics("kline", INTERVALS, quote.symbol):
            if self._hub.is_heard(topic):
                self._hub.publish(topic, self._kline(topic, quote.at_ms, confirm=False))
        self._trades(quote)
        ticker = f"tickers.{quote.symbol}"
        if self._hub.is_heard(ticker):
            fresh, before = self._ticker(quote, quote.at_ms), self._tickers.get(ticker, {})
            self._tickers[ticker] = fresh
            changes = {name: value for name, value in fresh.items() if before.get(name) != value}
            if changes:
                message = self._ticker_message(ticker, {"symbol": quote.symbol, **changes}, "delta", quote.at_ms)
                self._hub.publish(ticker, message)

    def on_minute(self, minute_ms: int) -> None:
        """Publish the candles that are complete, and begin the next."""
        for topic in self._hub.topics("kline."):
            interval = topic.split(".")[1]
            bar = self._bar(topic, minute_ms - 1)
            if opened(interval, minute_ms) == minute_ms:
                self._hub.publish(topic, self._kline(topic, minute_ms - 1, confirm=True))
                self._bases[topic] = (minute_ms, None)
            else:
                self._bases[topic] = (minute_ms, bar)

    def resend(self, now_ms: int, idle: set[str]) -> None:
        """Repeat the best quotes of books that did not change for three seconds."""
        for topic in self._hub.topics("orderbook.1."):
            if topic in idle:
                quote = self._board.quotes[topic.rpartition(".")[2]]
                self._hub.publish(topic, self._book_message(topic, self._books[topic], "snapshot", quote, now_ms))

    def update_numbers(self) -> dict[str, int]:
        """Return the update number of every level-one book that is heard."""
        return {topic: self._updates.get(topic, 0) for topic in self._hub.topics("orderbook.1.")}

    def update_number(self, symbol: str) -> int:
        """Return the number by which a book asked for joins the stream of its thousand levels."""
        return self._updates.get(f"orderbook.{BOOK_DEPTHS[-1]}.{symbol}", 1)

    def forget(self, symbol: str) -> None:
        """Start books and candles of a symbol anew, after its grids changed."""
        for known in (self._bases, self._books, self._tickers):
            for topic in [topic for topic in known if topic.endswith(f".{symbol}")]:
                del known[topic]

    # Candles

    def _bar(self, topic: str, at_ms: int) -> Bar:
        """The candle under way: the closed minutes of its period and the running one."""
        _, interval, symbol = topic.split(".")
        minute = at_ms - at_ms % MINUTE_MS
        start = opened(interval, at_ms)
        known = self._bases.get(topic)
        if known is None or known[0] != minute:
            closed = fold(self._board.minutes(symbol, start, minute, minute), interval) if start < minute else []
            known = self._bases[topic] = (minute, closed[-1] if closed else None)
        running = self._board.running[symbol]
        tick = float(self._board.listing[symbol].tick)
        now = Bar(
            start,
            running.open * tick,
            running.high * tick,
            running.low * tick,
            running.close * tick,
            running.volume,
            running.turnover,
        )
        return now if known[1] is None else _joined(known[1], now)

    def _kline(self, topic: str, at_ms: int, *, confirm: bool) -> dict[str, Any]:
        _, interval, symbol = topic.split(".")
        bar = self._bar(topic, at_ms)
        open_, high, low, close, volume, turnover = texts(bar, self._board.listing[symbol])
        stamp = at_ms + 1 if confirm else at_ms
        row = {
            "start": bar.open_ms,
            "end": following(interval, bar.open_ms) - 1,
            "interval": interval,
            "open": open_,
            "close": close,
            "high": high,
            "low": low,
            "volume": volume,
            "turnover": turnover,
            "confirm": confirm,
            "timestamp": stamp,
        }
        return {"topic": topic, "data": [row], "ts": stamp, "type": "snapshot"}

    # Trades

    def _direct(self, quote: Quote) -> None:
        before = self._lasts.get(quote.symbol, quote.last)
        zero = self._ticks.get(quote.symbol, "ZeroPlusTick").startswith(("Plus", "ZeroPlus"))
        same = "ZeroPlusTick" if zero else "ZeroMinusTick"
        moved = "PlusTick" if quote.last > before else "MinusTick"
        self._ticks[quote.symbol] = same if quote.last == before else moved
        self._lasts[quote.symbol] = quote.last

    def _trades(self, quote: Quote) -> None:
        topic = f"publicTrade.{quote.symbol}"
        if not self._hub.is_heard(topic):
            return
        instrument = self._board.listing[quote.symbol]
        trades, count = self._board.trades[quote.symbol], (quote.bought > 0) + (quote.sold > 0)
        fresh = [trades[index] for index in range(-count, 0)]
        rows = [
            {
                "T": trade.at_ms,
                "s": trade.symbol,
                "S": "Buy" if trade.buy else "Sell",
                "v": on_grid(instrument.quantity(trade.qty), instrument.step),
                "p": on_grid(instrument.price(trade.price), instrument.tick),
                "L": self._ticks[quote.symbol],
                "i": f"{trade.symbol}-{trade.number}",
                "BT": False,
                "RPI": False,
                "seq": trade.number,
            }
            for trade in fresh
        ]
        if rows:
            self._hub.publish(topic, {"topic": topic, "type": "snapshot", "ts": quote.at_ms, "data": rows})

    # Books

    def _sides(self, topic: str, quote: Quote) -> Sides:
        depth = int(topic.split(".")[1])
        return book_sides(quote, self._board.listing[quote.symbol], depth)

    def _book(self, topic: str, quote: Quote) -> None:
        fresh, before = self._sides(topic, quote), self._books.get(topic)
        if fresh == before:
            return
        self._books[topic] = fresh
        self._updates[topic] = self._updates.get(topic, 0) + 1
        if before is None or topic.startswith("orderbook.1."):
            self._hub.publish(topic, self._book_message(topic, fresh, "snapshot", quote))
            return
        delta = (_changed(before[0], fresh[0]), _changed(before[1], fresh[1]))
        self._hub.publish(topic, self._book_message(topic, delta, "delta", quote))

    def _book_message(
        self, topic: str, sides: Sides, kind: str, quote: Quote, now_ms: int | None = None
    ) -> dict[str, Any]:
        bids, asks = ([[price, size] for price, size in side.items()] for side in sides)
        number = self._updates.get(topic, 1)
        data = {"s": quote.symbol, "b": bids, "a": asks, "u": number, "seq": quote.at_ms}
        return {"topic": topic, "type": kind, "ts": now_ms or quote.at_ms, "data": data, "cts": quote.at_ms}

    # Tickers

    def _ticker(self, quote: Quote, now_ms: int) -> dict[str, str]:
        row = ticker_row(self._board, quote.symbol, now_ms)
        row["tickDirection"] = self._ticks.get(quote.symbol, "ZeroPlusTick")
        return row

    @staticmethod
    def _ticker_message(topic: str, data: dict[str, str], kind: str, at_ms: int) -> dict[str, Any]:
        return {"topic": topic, "type": kind, "data": data, "cs": at_ms, "ts": at_ms}


@lru_cache(maxsize=1024)
def _topics(kind: str, parts: tuple[object, ...], symbol: str) -> tuple[str, ...]:
    return tuple(f"{kind}.{part}.{symbol}" for part in parts)


def _joined(closed: Bar, now: Bar) -> Bar:
    return replace(
        closed,
        high=max(closed.high, now.high),
        low=min(closed.low, now.low),
        close=now.close,
        volume=closed.volume + now.volume,
        turnover=closed.turnover + now.turnover,
    )


def _changed(before: dict[str, str], fresh: dict[str, str]) -> dict[str, str]:
    gone = {price: "0" for price in before if price not in fresh}
    return gone | {price: size for price, size in fresh.items() if before.get(price) != size}
