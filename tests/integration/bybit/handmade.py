"""A hand-made Bybit on loopback: scripted answers by path; requests are kept, their signatures checked on raw bytes."""

import asyncio
import hmac
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs

import orjson
from aiohttp import WSMsgType, web

from engine.clock import SystemClock
from engine.core.events import Event
from engine.core.orders import Purpose, Ticket
from engine.exchanges.bybit.adapter import BybitExchange
from engine.exchanges.bybit.connection import Connection, ConnectionTerms, Credentials
from engine.exchanges.bybit.hosts import Hosts
from tests.unit.bybit import documented as doc

KEY, SECRET = "TESTKEY-loopback", "TESTSECRET-loopback"
SYMBOL = "BTCUSDT"


@dataclass(slots=True)
class Asked:
    """One request as it arrived."""

    path: str
    at_s: float
    stamp_ms: int
    params: dict[str, Any]


@dataclass(slots=True)
class Answer:
    """What to answer: an envelope's code and result, or raw text; `drop` cuts the connection after taking it in, `hang`
    never answers.
    """

    result: Any = None
    code: int = 0
    text: str = ""
    status: int = 200
    message: str = "OK"
    headers: dict[str, str] = field(default_factory=dict)
    extra: Any = None
    drop: bool = False
    hang: bool = False


type Rule = Callable[[Asked], Answer]


def empty(_asked: Asked) -> Answer:
    return Answer({"list": [], "nextPageCursor": ""})


class Handmade:
    """`rules` answer by path; answers in `scripted` are used up first, in order. `skew_ms` moves its clock."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.rules: dict[str, Rule] = defaultdict(lambda: empty)
        self.scripted: dict[str, deque[Answer]] = defaultdict(deque)
        self.skew_ms = 0
        self.sockets: list[web.WebSocketResponse] = []
        self.refuse_login = False
        self._runner: web.AppRunner | None = None
        self.base = ""
        self.rules["/v5/market/instruments-info"] = lambda _: Answer({"list": [doc.INSTRUMENT]})
        self.rules["/v5/account/info"] = lambda _: Answer(doc.ACCOUNT_INFO)
        self.rules["/v5/account/wallet-balance"] = lambda _: Answer({"list": [doc.WALLET]})
        self.rules["/v5/position/set-leverage"] = lambda _: Answer({})
        self.rules["/v5/order/create"] = lambda asked: Answer(
            {"orderId": f"o-{asked.params['orderLinkId']}", "orderLinkId": asked.params["orderLinkId"]}
        )

    async def __aenter__(self) -> "Handmade":
        app = web.Application()
        app.router.add_get("/v5/private", self._socket)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.base = f"127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def now_ms(self) -> int:
        return SystemClock().wall_ms() + self.skew_ms

    def posts(self, path: str = "/v5/order/create") -> list[Asked]:
        return [asked for asked in self.asked if asked.path == path]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        signed = request.headers.get("X-BAPI-SIGN")
        if request.method == "POST" or signed:
            stamp, window = request.headers["X-BAPI-TIMESTAMP"], request.headers["X-BAPI-RECV-WINDOW"]
            payload = raw if request.method == "POST" else request.rel_url.raw_query_string.encode()
            text = f"{stamp}{KEY}{window}".encode() + payload
            assert signed == hmac.new(SECRET.encode(), text, sha256).hexdigest()
        query = {name: values[0] for name, values in parse_qs(request.query_string).items()}
        params = orjson.loads(raw) if raw else query
        stamp_ms = int(request.headers.get("X-BAPI-TIMESTAMP", 0))
        asked = Asked(request.path, asyncio.get_running_loop().time(), stamp_ms, params)
        self.asked.append(asked)
        return await self._reply(request, asked)

    async def _reply(self, request: web.Request, asked: Asked) -> web.StreamResponse:
        script = self.scripted[asked.path]
        answer = script.popleft() if script else self.rules[asked.path](asked)
        if answer.hang:
            await asyncio.sleep(60)
        if answer.drop and request.transport is not None:
            request.transport.abort()
        if answer.text:
            return web.Response(text=answer.text, status=answer.status, headers=answer.headers)
        body = {"retCode": answer.code, "retMsg": answer.message, "result": answer.result or {}}
        body |= {"retExtInfo": answer.extra or {}, "time": self.now_ms()}
        return web.Response(
            body=orjson.dumps(body), status=answer.status, headers=answer.headers, content_type="application/json"
        )

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                told = orjson.loads(message.data)
                success = not (told["op"] == "auth" and self.refuse_login)
                await socket.send_json({"success": success, "op": told["op"], "req_id": told.get("req_id", "")})
        return socket

    async def push(self, message: object) -> None:
        await self.sockets[-1].send_str(orjson.dumps(message).decode())


class Hurried(SystemClock):
    """The machine's clock with pauses a hundred times shorter, and times that can be moved on."""

    def __init__(self) -> None:
        self.moved_ms = 0
        self.ahead_s = 0.0

    def wall_ms(self) -> int:
        return super().wall_ms() + self.moved_ms

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 100)


@dataclass(slots=True)
class Desk:
    """An exchange on a hand-made server, with everything it said."""

    server: Handmade
    exchange: BybitExchange
    connection: Connection
    clock: Hurried
    events: list[Event]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110  # conditions of every kind, over a real network
                await asyncio.sleep(0.005)


def play(
    story: Callable[[Desk], Awaitable[None]],
    *,
    prepare: Callable[[Handmade], None] = lambda _: None,
    timeout_s: float = 2.0,
    connect: bool = True,
) -> None:
    """Run a story against an exchange connected to a hand-made server."""

    async def main() -> None:
        async with Handmade() as server:
            prepare(server)
            base = server.base
            hosts = Hosts(rest=f"http://{base}", public=f"ws://{base}/v5/public", private=f"ws://{base}/v5/private")
            clock = Hurried()
            terms = ConnectionTerms(timeout_s=timeout_s)
            connection = Connection(hosts, clock, Credentials(key=KEY, secret=SECRET), terms)
            desk = Desk(server, BybitExchange(connection, [SYMBOL]), connection, clock, [])
            try:
                if connect:
                    await desk.exchange.connect(desk.events.append)
                await story(desk)
            finally:
                await desk.exchange.close()
                await connection.close()

    asyncio.run(main())


def ticket(name: str = "a", purpose: Purpose = Purpose.ENTRY, *, qty: int = 5, leverage: int = 10) -> Ticket:
    """Return a buy of BTCUSDT."""
    return Ticket(
        link_id=f"pd00-{name}",
        position_id="p",
        profile="t",
        symbol=SYMBOL,
        buy=True,
        qty=qty,
        purpose=purpose,
        expected=1,
        reason="",
        decided_ms=0,
        leverage=leverage,
    )


async def together[T](*work: Coroutine[Any, Any, T]) -> list[T]:
    """Run coroutines at once."""
    return list(await asyncio.gather(*work))
