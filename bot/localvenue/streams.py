"""The public and private WebSocket streams: auth, subscriptions, pings."""

import asyncio
import re
from typing import Any

from aiohttp import web

from bot.localvenue.codes import IP, KEY, TEXTS
from bot.localvenue.core import Core
from bot.localvenue.signing import check_socket
from bot.localvenue.sockets import Socket

PRIVATE_TOPICS = ("order", "execution", "position", "wallet")
_SHARED = frozenset({*PRIVATE_TOPICS, "greeks", "dcp"})
_LINEAR = frozenset({"order.linear", "execution.linear", "position.linear", "dcp.future", "execution.fast.linear"})
_ALL = _SHARED | _LINEAR | {"execution.fast"}
MOST_ARGS_LENGTH = 21_000
_IDLE_S = 600.0
_ACTIVE = re.compile(r"(\d{1,4})([sm])")


class Streams:
    """Handlers of /v5/public/linear and /v5/private."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def public(self, request: web.Request) -> web.StreamResponse:
        """Serve one public connection."""
        return await self._serve(request, "public")

    async def private(self, request: web.Request) -> web.StreamResponse:
        """Serve one private connection."""
        return await self._serve(request, "private")

    async def _serve(self, request: web.Request, kind: str) -> web.StreamResponse:
        socket, ws = await open_socket(self._core, request, kind)
        idle_s = idle_seconds(request.query.get("max_active_time", ""))
        try:
            while (message := await socket.read(idle_s)) is not None:
                if message.get("op") != "ping":
                    # A client may register its request only after sending it: an answer at once would overtake that.
                    await asyncio.sleep(self._core.config.ack_delay_s)
                if not await self._operate(socket, message, request):
                    break
        finally:
            await close_socket(self._core, socket)
        return ws

    async def _operate(self, socket: Socket, message: dict[str, Any], request: web.Request) -> bool:
        match message.get("op"):
            case "ping":
                self._pong(socket, message)
            case "auth" if socket.kind == "private":
                return await self._auth(socket, message, request)
            case "subscribe":
                self._subscribe(socket, message)
            case "unsubscribe":
                self._unsubscribe(socket, message)
            case other:
                self._reply(socket, message, success=False, text=f"error:handler not found,op:{other}")
        return True

    def _pong(self, socket: Socket, message: dict[str, Any]) -> None:
        req_id = message.get("req_id", "")
        if socket.kind == "private":
            stamp = str(self._core.clock.wall_ms())
            socket.say({"req_id": req_id, "op": "pong", "args": [stamp], "conn_id": socket.conn_id})
            return
        socket.say({"success": True, "ret_msg": "pong", "conn_id": socket.conn_id, "req_id": req_id, "op": "ping"})

    async def _auth(self, socket: Socket, message: dict[str, Any], request: web.Request) -> bool:
        problem = authorise(self._core, socket, message.get("args"), request.remote or "")
        self._reply(socket, message, success=not problem, text=problem)
        if problem:
            await socket.drain()
            await socket.close()
        return not problem

    def _subscribe(self, socket: Socket, message: dict[str, Any]) -> None:
        topics, problem = self._wanted(socket, message)
        if not problem:
            taken = [topic for topic in topics if topic in socket.topics]
            problem = f"error:already subscribed,topic:{taken[0]}" if taken else ""
        if problem:
            self._reply(socket, message, success=False, text=problem)
            return
        self._reply(socket, message, success=True, text="" if socket.kind == "private" else "subscribe")
        for topic in topics:
            is_new = not self._core.hub.is_heard(topic)
            self._core.hub.subscribe(socket, topic)
            if socket.kind == "public":
                first = self._core.publisher.first(topic, self._core.now_ms(), is_new=is_new)
                if first is not None:
                    socket.say(first)

    def _unsubscribe(self, socket: Socket, message: dict[str, Any]) -> None:
        topics, problem = self._wanted(socket, message)
        for topic in topics if not problem else ():
            self._core.hub.unsubscribe(socket, topic)
        self._reply(socket, message, success=not problem, text=problem)

    def _wanted(self, socket: Socket, message: dict[str, Any]) -> tuple[list[str], str]:
        args = message.get("args")
        if not isinstance(args, list) or not args or not all(isinstance(topic, str) for topic in args):
            return [], "Params Error"
        if socket.kind == "private":
            return args, self._private_problem(socket, args)
        if sum(map(len, args)) + sum(map(len, socket.topics)) > MOST_ARGS_LENGTH:
            return [], "error:args length exceeds the limit"
        problems = [problem for topic in args if (problem := self._core.publisher.problem(topic))]
        return list(dict.fromkeys(args)), problems[0] if problems else ""

    @staticmethod
    def _private_problem(socket: Socket, args: list[str]) -> str:
        if socket.account is None:
            return "Request not authorized"
        unknown = [topic for topic in args if topic not in _ALL]
        if unknown:
            return f"error:handler not found,topic:{unknown[0]}"
        if _SHARED & set(args) and _LINEAR & set(args):
            return "error:all-in-one and categorised topics cannot be in one request"
        return ""

    def _reply(self, socket: Socket, message: dict[str, Any], *, success: bool, text: str) -> None:
        answer = {"success": success, "ret_msg": text, "conn_id": socket.conn_id}
        if "req_id" in message or socket.kind == "public":
            answer["req_id"] = message.get("req_id", "")
        socket.say(answer | {"op": message.get("op", "")})


def authorise(core: Core, socket: Socket, args: object, address: str) -> str:
    """Let a connection speak for an account; returns "" or what is wrong."""
    if not isinstance(args, list) or len(args) < 3:
        return "Params Error"
    account = core.accounts.get(str(args[0]))
    if account is None:
        return TEXTS[KEY]
    if account.identity.ips and address not in account.identity.ips:
        return TEXTS[IP]
    problem = check_socket(account.identity.secret, args[1], args[2], core.clock.wall_ms())
    if not problem:
        socket.account = account
    return problem


def idle_seconds(text: str) -> float:
    """Return how long a silent connection lives: max_active_time between 30 s and 10 min, or 10 min."""
    found = _ACTIVE.fullmatch(text)
    if found is None:
        return _IDLE_S
    seconds = float(found[1]) * (60 if found[2] == "m" else 1)
    return min(max(seconds, 30.0), _IDLE_S)


async def open_socket(core: Core, request: web.Request, kind: str) -> tuple[Socket, web.WebSocketResponse]:
    """Accept a connection and let the hub know it."""
    ws = web.WebSocketResponse(max_msg_size=1 << 20)
    await ws.prepare(request)
    socket = Socket(ws, request, kind, core.faults)
    core.hub.add(socket)
    socket.start()
    core.hub.cut()
    return socket, ws


async def close_socket(core: Core, socket: Socket) -> None:
    """Forget a connection."""
    core.hub.remove(socket)
    await socket.stop()
