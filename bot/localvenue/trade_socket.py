"""The WebSocket order entry: auth, pings, and the order operations of REST with their own envelope."""

import re
from typing import Any

from aiohttp import web

from bot.localvenue import rest_orders
from bot.localvenue.calls import Call, Endpoint, Reply
from bot.localvenue.codes import NOT_IN_DEMO, SIGN, TEXTS, TOO_MANY, VenueError, invalid
from bot.localvenue.core import Core
from bot.localvenue.ratelimit import Grant
from bot.localvenue.rest import check_rights, limit_headers
from bot.localvenue.signing import check_window
from bot.localvenue.sockets import Socket
from bot.localvenue.streams import authorise, close_socket, idle_seconds, open_socket

REPEATED_AUTH = 20001
DUPLICATE_REQUEST = 20006
UNKNOWN_OP = 10404
_REQUEST_ID = re.compile(r".{0,36}", re.DOTALL)
_OPS = {
    "order.create": "/v5/order/create",
    "order.amend": "/v5/order/amend",
    "order.cancel": "/v5/order/cancel",
    "order.create-batch": "/v5/order/create-batch",
    "order.amend-batch": "/v5/order/amend-batch",
    "order.cancel-batch": "/v5/order/cancel-batch",
}


class TradeSocket:
    """Handler of /v5/trade."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._endpoints = {endpoint.path: endpoint for endpoint in rest_orders.ENDPOINTS}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection."""
        socket, ws = await open_socket(self._core, request, "trade")
        idle_s = idle_seconds(request.query.get("max_active_time", ""))
        seen: set[str] = set()
        try:
            while (message := await socket.read(idle_s)) is not None:
                socket.say(await self._answer(socket, message, seen, request.remote or ""))
        finally:
            await close_socket(self._core, socket)
        return ws

    async def _answer(self, socket: Socket, message: dict[str, Any], seen: set[str], address: str) -> dict[str, Any]:
        op = message.get("op")
        if op == "ping":
            stamp = str(self._core.clock.wall_ms())
            return {"retCode": 0, "retMsg": "OK", "op": "pong", "data": [stamp], "connId": socket.conn_id}
        if op == "auth":
            return self._auth(socket, message, address)
        return self._order(socket, message, seen, address)

    def _auth(self, socket: Socket, message: dict[str, Any], address: str) -> dict[str, Any]:
        code, text = 0, "OK"
        if socket.account is not None:
            code, text = REPEATED_AUTH, "Repeat auth"
        elif problem := authorise(self._core, socket, message.get("args"), address):
            code, text = SIGN, problem
        elif socket.account is not None and socket.account.identity.mode == "demo":
            socket.account = None
            code, text = NOT_IN_DEMO, TEXTS[NOT_IN_DEMO]
        answer = {"retCode": code, "retMsg": text, "op": "auth", "connId": socket.conn_id}
        return answer | ({"reqId": message["reqId"]} if "reqId" in message else {})

    def _order(self, socket: Socket, message: dict[str, Any], seen: set[str], address: str) -> dict[str, Any]:
        grant: Grant | None = None
        code, text, reply = 0, "OK", Reply({})
        path = _OPS.get(str(message.get("op")), "")
        try:
            endpoint = self._checked(socket, message, seen, path)
            account = socket.account
            if account is None:
                raise VenueError(SIGN, "Request not authorized")
            check_rights(account, address, endpoint)
            body = message["args"][0]
            wanted = len(rest_orders.requests_of(body)) if path in rest_orders.BATCHES else 1
            now_s = self._core.clock.source.monotonic()
            grant = self._core.limiter.take(account.identity.uid, path, now_s, wanted=wanted)
            if grant is not None and not grant.passed:
                raise VenueError(TOO_MANY)
            allowed = wanted if grant is None else grant.passed
            call = Call(core=self._core, params=body, now_ms=self._core.now_ms(), caller=account, allowed=allowed)
            found = endpoint.handler(call)
            reply = found if isinstance(found, Reply) else reply
        except VenueError as error:
            code, text = error.code, error.text
        self._core.log.add(
            at=self._core.clock.wall_ms(),
            method="WS",
            path=path,
            params=message.get("args"),
            key=socket.key,
            code=code,
            status=None,
        )
        return {
            "reqId": message.get("reqId", ""),
            "retCode": code,
            "retMsg": text,
            "op": message.get("op", ""),
            "data": reply.result,
            "retExtInfo": reply.extra,
            "header": limit_headers(grant, socket.account, self._core.clock.wall_ms()),
            "connId": socket.conn_id,
        }

    def _checked(self, socket: Socket, message: dict[str, Any], seen: set[str], path: str) -> Endpoint:
        endpoint = self._endpoints.get(path)
        if endpoint is None:
            raise VenueError(UNKNOWN_OP, "op type is not found")
        req_id = message.get("reqId", "")
        if not isinstance(req_id, str) or not _REQUEST_ID.fullmatch(req_id):
            raise invalid("params error: reqId invalid")
        if req_id in seen:
            raise VenueError(DUPLICATE_REQUEST, "reqId is duplicated")
        if req_id:
            seen.add(req_id)
        header, args = message.get("header"), message.get("args")
        if not isinstance(header, dict) or not isinstance(args, list) or not args or not isinstance(args[0], dict):
            raise invalid("params error: header and args are needed")
        window = str(header.get("X-BAPI-RECV-WINDOW", ""))
        check_window(str(header.get("X-BAPI-TIMESTAMP", "")), window, self._core.clock.wall_ms())
        return endpoint
