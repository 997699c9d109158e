"""A server that speaks as much of Bybit V5 as the desk asks for, and notes when orders arrive and executions leave."""

import asyncio
from collections.abc import Iterable
from decimal import Decimal
from time import monotonic_ns, time
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from tests.benchmarks.load.account import LEVERAGE, Books
from tests.benchmarks.load.budget import Counter
from tests.benchmarks.load.market import STEP, TICK, Market, framed
from tests.benchmarks.load.waiting import until

_BUFFER = 1 << 20


class Venue:
    """REST, public and private stream of one account. `ordered` and `executed` are times by symbol, newest last;
    `pause_s` is how long requests travel, there and back.
    """

    def __init__(self, market: Market) -> None:
        self.market = market
        self.books = Books(lambda name: Decimal(market.cents[name]) / 100, market.now_ms)
        self.counter = Counter()
        self.pause_s = 0.0
        self.ordered: list[tuple[str, int]] = []
        self.executed: list[tuple[str, int]] = []
        self.subscribed: set[str] = set()
        self._public: list[tuple[web.WebSocketResponse, asyncio.Transport]] = []
        self._private: list[asyncio.Transport] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.ponged = asyncio.Event()

    def routes(self, application: web.Application) -> None:
        """Add the server's routes."""
        application.router.add_get("/v5/public/linear", self._public_stream)
        application.router.add_get("/v5/private", self._private_stream)
        application.router.add_route("*", "/v5/{path:.+}", self._rest)

    # Streams

    def send(self, payloads: Iterable[bytes]) -> int:
        """Send public messages at once and return the time at which they went to the socket."""
        frames = b"".join(map(framed, payloads))
        at_ns = monotonic_ns()
        for _, transport in self._public:
            transport.write(frames)
        return at_ns

    async def flood(self, frames: bytes, times: int) -> float:
        """Send the same frames many times, as fast as they are taken; return the seconds until the desk has read the
        last.
        """
        began = monotonic_ns()
        (socket, transport) = self._public[0]
        for _ in range(times):
            transport.write(frames)
            await until(lambda: transport.get_write_buffer_size() <= _BUFFER, within_s=60, pause_s=0.001)
        self.ponged.clear()
        await socket.ping()
        async with asyncio.timeout(60):
            await self.ponged.wait()
        return (monotonic_ns() - began) / 1e9

    async def _public_stream(self, request: web.Request) -> web.WebSocketResponse:
        socket, transport = await _opened(request)
        self._public.append((socket, transport))
        async for message in socket:
            if message.type is WSMsgType.PONG:
                self.ponged.set()
            elif message.type is WSMsgType.TEXT:
                asked = orjson.loads(message.data)
                await socket.send_str(_acknowledged(asked))
                if asked["op"] == "subscribe":
                    self._subscribe(asked["args"])
        self._public.remove((socket, transport))
        return socket

    def _subscribe(self, topics: list[str]) -> None:
        self.subscribed.update(topics)
        self.send(self.market.first(topic.split(".")[1]) for topic in topics if topic.startswith("tickers."))

    async def _private_stream(self, request: web.Request) -> web.WebSocketResponse:
        socket, transport = await _opened(request)
        self._private.append(transport)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await socket.send_str(_acknowledged(orjson.loads(message.data)))
        self._private.remove(transport)
        return socket

    def _tell(self, topic: str, row: dict[str, Any]) -> int:
        message = {"topic": topic, "id": "1", "creationTime": self.market.now_ms(), "data": [row]}
        frame, at_ns = framed(orjson.dumps(message)), monotonic_ns()
        for transport in self._private:
            transport.write(frame)
        return at_ns

    # REST

    async def _rest(self, request: web.Request) -> web.Response:
        at_ns, path = monotonic_ns(), request.match_info["path"]
        query: dict[str, Any] = dict(request.query)
        if request.method == "POST":
            query = orjson.loads(await request.read())
        result, extra, code = self._answered(path, query, at_ns)
        if self.pause_s:
            await asyncio.sleep(self.pause_s)
        # Signatures are judged by the wall's clock, everything else happens at the market's.
        now = int(time() * 1000) if path == "market/time" else self.market.now_ms()
        body = {"retCode": code, "retMsg": "OK", "result": result, "retExtInfo": extra, "time": now}
        return web.Response(body=orjson.dumps(body), content_type="application/json")

    def _answered(self, path: str, query: dict[str, Any], at_ns: int) -> tuple[Any, dict[str, Any], int]:
        orders = {"order/create": [query], "order/create-batch": query.get("request", [])}.get(path)
        if orders is not None:
            allowed = self.counter.take(path, len(orders), at_ns)
            rows = [self._place(order, at_ns) if allowed else {} for order in orders]
            if path == "order/create":
                return rows[0], {}, 0 if allowed else 10006
            codes = [{"code": 0 if allowed else 10006, "msg": "OK"}] * len(rows)
            return {"list": rows}, {"list": codes}, 0
        if path == "position/trading-stop":
            self._tell("position", self.books.protect(query))
        return self._read(path, query), {}, 0

    def _place(self, order: dict[str, Any], at_ns: int) -> dict[str, Any]:
        order_id = self.books.take(order)
        if order_id:
            self.ordered.append((order["symbol"], at_ns))
            self._begin(self._fill(order))
        return {"orderId": order_id, "orderLinkId": order["orderLinkId"]}

    def _begin(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fill(self, order: dict[str, Any]) -> None:
        # The answer goes before the fill, as it usually does.
        await asyncio.sleep(self.pause_s + 0.02)
        rows = self.books.fill(order)
        self._tell("order", rows.accepted)
        self.executed.append((order["symbol"], self._tell("execution", rows.execution)))
        self._tell("position", rows.position)
        self._tell("order", rows.ended)
        self._tell("wallet", self.books.wallet_row())

    def _read(self, path: str, query: dict[str, Any]) -> Any:
        books, name = self.books, query.get("symbol", "")
        match path:
            case "market/instruments-info":
                return _listed([_instrument(each) for each in self.market.names])
            case "market/kline":
                return _listed(self.market.history(name, int(query["start"]), int(query["end"])))
            case "account/info":
                return {"marginMode": "ISOLATED_MARGIN", "unifiedMarginStatus": 5}
            case "account/wallet-balance":
                return _listed([books.wallet_row()])
            case "position/list":
                return _listed([books.position_row(each) for each in ([name] if name else books.held())])
            case "order/realtime" | "order/history":
                return _listed([] if query.get("openOnly") == "0" else self._orders(query))
            case "execution/list":
                since = int(query.get("startTime", 0))
                return _listed([row for row in books.executions[::-1] if int(row["execTime"]) >= since])
        return {}

    def _orders(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        link = query.get("orderLinkId", "")
        return [row for row in self.books.orders[:-51:-1] if not link or row["orderLinkId"] == link]


async def _opened(request: web.Request) -> tuple[web.WebSocketResponse, asyncio.Transport]:
    socket = web.WebSocketResponse(compress=False, autoping=False)
    await socket.prepare(request)
    transport = request.transport
    if not isinstance(transport, asyncio.Transport):
        raise ConnectionResetError("the desk is gone")
    return socket, transport


def _acknowledged(asked: dict[str, Any]) -> str:
    answer = {"success": True, "ret_msg": "", "conn_id": "load", "req_id": asked.get("req_id", ""), "op": asked["op"]}
    return orjson.dumps(answer).decode()


def _listed(rows: list[Any]) -> dict[str, Any]:
    return {"category": "linear", "list": rows, "nextPageCursor": ""}


def _instrument(name: str) -> dict[str, Any]:
    return {
        "symbol": name,
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "settleCoin": "USDT",
        "priceFilter": {"tickSize": TICK},
        "lotSizeFilter": {"qtyStep": STEP, "minOrderQty": STEP, "maxMktOrderQty": "10000", "minNotionalValue": "5"},
        "leverageFilter": {"maxLeverage": str(LEVERAGE * 5)},
        "deliveryTime": "0",
    }
