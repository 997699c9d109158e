"""A running venue with a signing HTTP client, WebSocket clients, and a market that stands still unless told to move."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from bot.localvenue import AccountSpec, LocalVenue, LocalVenueConfig

START_MS = 1_790_000_040_000
PATIENCE_S = 5.0
_POLL_S = 0.005


@dataclass(frozen=True, slots=True)
class Rig:
    """The venue and everything that talks to it."""

    venue: LocalVenue
    http: aiohttp.ClientSession

    def headers(self, payload: str, *, name: str = "", shift_ms: int = 0, window: str = "5000") -> dict[str, str]:
        """Return the signing headers of a request, `shift_ms` away from the right time."""
        key, secret = self.venue.credentials(name)
        stamp = str(self.venue.core.config.clock.wall_ms() + shift_ms)
        sign = hmac.new(secret.encode(), f"{stamp}{key}{window}{payload}".encode(), hashlib.sha256).hexdigest()
        headers = {"X-BAPI-API-KEY": key, "X-BAPI-TIMESTAMP": stamp, "X-BAPI-SIGN": sign}
        return headers | ({"X-BAPI-RECV-WINDOW": window} if window else {})

    async def get(self, path: str, *, name: str = "", **params: Any) -> dict[str, Any]:
        """Make a signed GET and return the envelope."""
        query = "&".join(f"{key}={quote(str(value), safe='%')}" for key, value in params.items())
        url = f"{self.venue.url}{path}" + (f"?{query}" if query else "")
        async with self.http.get(URL(url, encoded=True), headers=self.headers(query, name=name)) as response:
            return dict(await response.json())

    async def post(self, path: str, *, name: str = "", **body: Any) -> dict[str, Any]:
        """Make a signed POST and return the envelope."""
        text = json.dumps(body)
        headers = {**self.headers(text, name=name), "Content-Type": "application/json"}
        async with self.http.post(f"{self.venue.url}{path}", data=text, headers=headers) as response:
            return dict(await response.json())

    async def order(self, **body: Any) -> dict[str, Any]:
        """Place an order on BTCUSDT unless told otherwise; return the envelope."""
        defaults = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.100"}
        return await self.post("/v5/order/create", **(defaults | body))

    async def list(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """Return the rows of a signed query about linear contracts."""
        envelope = await self.get(path, **({"category": "linear"} | params))
        assert envelope["retCode"] == 0, envelope
        return list(envelope["result"]["list"])

    async def position(self, symbol: str = "BTCUSDT") -> dict[str, Any]:
        """Return a symbol's position row."""
        return (await self.list("/v5/position/list", symbol=symbol))[0]

    async def sim(self, path: str, /, **body: Any) -> Any:
        """Make a control call that must succeed."""
        async with self.http.post(f"{self.venue.url}/sim/{path}", json=body) as response:
            content = await response.json()
            assert response.status == 200, content
            return content

    async def look(self, path: str) -> Any:
        """Make a control query."""
        async with self.http.get(f"{self.venue.url}/sim/{path}") as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def truth(self, what: str) -> Any:
        """Return the venue's unpaged truth about the first account."""
        return await self.look(f"accounts/{self.venue.credentials()[0]}/{what}")

    async def price(self, last: str, symbol: str = "BTCUSDT") -> None:
        """Let a symbol trade at a price."""
        await self.sim("prices", symbol=symbol, last=last)

    async def filled(self, size: str, symbol: str = "BTCUSDT") -> dict[str, Any]:
        """Wait until the position has a size."""

        async def is_so() -> bool:
            held = {row["symbol"]: row["size"] for row in await self.truth("positions")}
            return bool(held.get(symbol, "0") == size)

        await eventually(is_so)
        return await self.position(symbol)

    async def last(self, symbol: str = "BTCUSDT") -> float:
        """Return the last price."""
        return float((await self.list("/v5/market/tickers", symbol=symbol))[0]["lastPrice"])


class Stream:
    """A WebSocket client that remembers what it heard."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.heard: list[dict[str, Any]] = []

    async def ask(self, **message: Any) -> dict[str, Any]:
        """Send an operation and return the next message that is no push."""
        await self.ws.send_json(message)
        return await self.until(lambda heard: "topic" not in heard)

    async def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the next message that is wanted."""
        while True:
            message = dict(await self.ws.receive_json(timeout=PATIENCE_S))
            self.heard.append(message)
            if wanted(message):
                return message

    async def row(self, topic: str, **values: Any) -> dict[str, Any]:
        """Return the next row of a topic that has these values."""
        found: list[dict[str, Any]] = []

        def wanted(message: dict[str, Any]) -> bool:
            if message.get("topic") == topic:
                rows = message["data"]
                found.extend(r for r in rows if all(r.get(key) == value for key, value in values.items()))
            return bool(found)

        await self.until(wanted)
        return found[0]


@asynccontextmanager
async def open_rig(**settings: Any) -> AsyncIterator[Rig]:
    """Start a venue whose market stands still, with a client; stop both at the end."""
    values = {"start_ms": START_MS, "paused": True, "symbols": ("BTCUSDT", "ETHUSDT", "SOLUSDT"), **settings}
    venue = LocalVenue(LocalVenueConfig(**values))
    await venue.start()
    try:
        async with aiohttp.ClientSession() as http:
            yield Rig(venue, http)
    finally:
        await venue.stop()


@asynccontextmanager
async def connected(rig: Rig, url: str) -> AsyncIterator[Stream]:
    """Open a stream."""
    async with rig.http.ws_connect(url) as ws:
        yield Stream(ws)


def auth_args(rig: Rig, *, name: str = "", ahead_ms: int = 10_000) -> list[Any]:
    """Return the arguments of a socket's auth."""
    key, secret = rig.venue.credentials(name)
    expires = rig.venue.core.config.clock.wall_ms() + ahead_ms
    sign = hmac.new(secret.encode(), f"GET/realtime{expires}".encode(), hashlib.sha256).hexdigest()
    return [key, expires, sign]


@asynccontextmanager
async def private(rig: Rig, *topics: str) -> AsyncIterator[Stream]:
    """Open an authorised private stream that hears some topics."""
    async with connected(rig, rig.venue.private_url) as stream:
        assert (await stream.ask(op="auth", args=auth_args(rig)))["success"]
        assert (await stream.ask(op="subscribe", args=list(topics)))["success"]
        yield stream


async def eventually(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so, at most five seconds."""
    for _ in range(int(PATIENCE_S / _POLL_S)):
        if await is_so():
            return
        await asyncio.sleep(_POLL_S)
    raise TimeoutError("it did not become so")


def run(scene: Callable[[Rig], Awaitable[None]], **settings: Any) -> None:
    """Play a scene with a venue of its own."""

    async def main() -> None:
        async with open_rig(**settings) as rig:
            await scene(rig)

    asyncio.run(main())


def stored(folder: Path, **settings: Any) -> dict[str, Any]:
    """Return the settings of a venue that keeps its state."""
    return {"state_dir": folder, **settings}


DEMO = AccountSpec(name="demo", mode="demo")
READER = AccountSpec(name="reader", read_only=True)
BOUND = AccountSpec(name="bound", ips=("10.9.8.7",))
