"""The public stream under load: ready frames of trades, quotes, tickers and candles of a hundred symbols."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from time import monotonic_ns

import orjson

MINUTE_MS = 60_000
# Two decimals: every price below is a whole number of cents.
TICK, STEP = "0.01", "0.1"


def symbols(count: int) -> tuple[str, ...]:
    """Return the names of the symbols."""
    return tuple(f"B{number:02}USDT" for number in range(count))


def framed(payload: bytes) -> bytes:
    """Return a text frame of a server."""
    size = len(payload)
    head = struct.pack("!BB", 0x81, size) if size < 126 else struct.pack("!BBH", 0x81, 126, size)
    return head + payload


def text_of(cents: int) -> str:
    """Return a price as the exchange writes it."""
    return f"{cents // 100}.{cents % 100:02}"


@dataclass(slots=True)
class MarketClock:
    """The market's time: it runs `speed` times as fast as the wall, a day ahead, so that nobody takes one for the
    other.
    """

    wall_ms: int
    speed: float
    began_ns: int = field(default_factory=monotonic_ns)

    def now_ms(self) -> int:
        """Return the market's time."""
        passed_ms = (monotonic_ns() - self.began_ns) / 1e6
        return self.wall_ms // MINUTE_MS * MINUTE_MS + 24 * 60 * MINUTE_MS + int(passed_ms * self.speed)


class Market:
    """Prices that walk, and the messages that tell of them."""

    def __init__(self, names: tuple[str, ...], now_ms: Callable[[], int], seed: int) -> None:
        self.names = names
        self.now_ms = now_ms
        self._random = Random(seed)
        self.cents = {name: self._random.randrange(5_000, 15_000) for name in names}
        self._number = 0
        self._closed: dict[tuple[str, int], list[str]] = {}

    def messages(self) -> Iterator[bytes]:
        """Yield messages for ever, in the mixture of a busy hour: quotes, trades, tickers, running candles."""
        kinds = [self._book] * 8 + [self._trade] * 7 + [self._ticker] * 4 + [self._candle]
        while True:
            kind, name = self._random.choice(kinds), self._random.choice(self.names)
            self.cents[name] += self._random.choice((-1, 0, 1))
            self._number += 1
            yield kind(name)

    def _book(self, name: str) -> bytes:
        cents, now = self.cents[name], self.now_ms()
        return (
            f'{{"topic":"orderbook.1.{name}","type":"snapshot","ts":{now},"data":{{"s":"{name}",'
            f'"b":[["{text_of(cents)}","{self._number % 900 + 1}.5"]],"a":[["{text_of(cents + 1)}","12.3"]],'
            f'"u":{self._number},"seq":{self._number}}},"cts":{now}}}'
        ).encode()

    def _trade(self, name: str) -> bytes:
        now = self.now_ms()
        row = (
            f'{{"T":{now},"s":"{name}","S":"Buy","v":"0.5","p":"{text_of(self.cents[name])}",'
            f'"L":"PlusTick","i":"{self._number:032x}","BT":false,"RPI":false}}'
        )
        return f'{{"topic":"publicTrade.{name}","type":"snapshot","ts":{now},"data":[{row}]}}'.encode()

    def _ticker(self, name: str) -> bytes:
        price, now = text_of(self.cents[name]), self.now_ms()
        data = f'"symbol":"{name}","lastPrice":"{price}","markPrice":"{price}","indexPrice":"{price}"'
        return (
            f'{{"topic":"tickers.{name}","type":"delta","data":{{{data}}},"cs":{self._number},"ts":{now}}}'
        ).encode()

    def _candle(self, name: str) -> bytes:
        now = self.now_ms()
        return self.candle(name, now // MINUTE_MS * MINUTE_MS, 0, confirm=False)

    def first(self, name: str) -> bytes:
        """Return the whole ticker that follows a subscription."""
        price = text_of(self.cents[name])
        data = {"symbol": name, "lastPrice": price, "markPrice": price, "bid1Price": price}
        data |= {"ask1Price": text_of(self.cents[name] + 1), "turnover24h": "50000000", "fundingRate": "0.0001"}
        data["nextFundingTime"] = str((self.now_ms() // 28_800_000 + 1) * 28_800_000)
        message = {"topic": f"tickers.{name}", "type": "snapshot", "data": data, "cs": 1, "ts": self.now_ms()}
        return orjson.dumps(message)

    def candle(self, name: str, open_ms: int, lean: int, *, confirm: bool) -> bytes:
        """Return a candle's message: `lean` 1 closes 0.3 % above its open, -1 as far below, 0 where it opened."""
        cents = self.cents[name]
        away = cents * 3 // 1_000
        low, high = text_of(cents - away), text_of(cents + away)
        close = {1: high, -1: low, 0: text_of(cents)}[lean]
        if confirm:
            self._closed[name, open_ms] = [str(open_ms), text_of(cents), high, low, close, "1000.5", "100050"]
        row = (
            f'{{"start":{open_ms},"end":{open_ms + MINUTE_MS - 1},"interval":"1","open":"{text_of(cents)}",'
            f'"close":"{close}","high":"{high}","low":"{low}","volume":"1000.5","turnover":"100050",'
            f'"confirm":{"true" if confirm else "false"},"timestamp":{self.now_ms()}}}'
        )
        return f'{{"topic":"kline.1.{name}","data":[{row}],"ts":{self.now_ms()},"type":"snapshot"}}'.encode()

    def history(self, name: str, start_ms: int, end_ms: int) -> list[list[str]]:
        """Return candles as a kline answer lists them, newest first: as sent, before that invented."""
        cents = self.cents[name]
        rows = []
        for at in range(start_ms // MINUTE_MS * MINUTE_MS, end_ms + 1, MINUTE_MS):
            if (name, at) in self._closed:
                rows.append(self._closed[name, at])
                continue
            # A slow wave, so that indicators have something to say.
            middle = cents + (at // MINUTE_MS % 61 - 30)
            prices = (middle, middle + 25, middle - 25, middle + 5)
            rows.append([str(at), *map(text_of, prices), "1000.5", "100050"])
        return rows[::-1]
