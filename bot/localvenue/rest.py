"""The REST side: every request passes limits, faults, signature and permissions, then its endpoint, and is logged."""

import asyncio
import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from bot.localvenue import rest_account, rest_market, rest_orders, rest_positions, rest_queries
from bot.localvenue.account import Account
from bot.localvenue.calls import Call, Endpoint, Reply
from bot.localvenue.codes import (
    IP,
    KEY,
    NOT_IN_DEMO,
    PERMISSION,
    ROUTE,
    TEXTS,
    TOO_MANY,
    VenueError,
    invalid,
)
from bot.localvenue.core import Core
from bot.localvenue.faults import Fault
from bot.localvenue.positions import ReasonsError
from bot.localvenue.ratelimit import Grant
from bot.localvenue.signing import Signed, check_request

ENDPOINTS = (
    *rest_market.ENDPOINTS,
    *rest_orders.ENDPOINTS,
    *rest_queries.ENDPOINTS,
    *rest_positions.ENDPOINTS,
    *rest_account.ENDPOINTS,
)
_TIME = "/v5/market/time"
_ELSEWHERE = frozenset({"spot", "inverse", "option"})
_LONGEST_SILENCE_S = 3600.0
_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>"


@dataclass(slots=True)
class _Passage:
    """One request under way."""

    request: web.Request
    query: str
    body: bytes
    key: str
    params: Mapping[str, Any] = field(default_factory=dict)
    account: Account | None = None
    grant: Grant | None = None
    code: int | None = None


class Rest:
    """Serves the endpoints."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._endpoints = {(endpoint.method, endpoint.path): endpoint for endpoint in ENDPOINTS}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        query = request.raw_path.partition("?")[2]
        passage = _Passage(request, query, await request.read(), request.headers.get("X-BAPI-API-KEY", ""))
        fault = self._core.faults.take(request.path, key=passage.key)
        if fault is not None and fault.delay_ms:
            await asyncio.sleep(fault.delay_ms / 1000)
        response = await self._answer(passage, fault)
        status = None if fault is not None and fault.kind in {"lost_reply", "drop", "silence"} else response.status
        self._core.log.add(
            at=self._core.clock.wall_ms(),
            method=request.method,
            path=request.path,
            params=dict(passage.params) or dict(parse_qsl(query, keep_blank_values=True)),
            key=passage.key,
            code=None if status is None else passage.code,
            status=status,
        )
        if status is None:
            await self._lose(request, fault)
        return response

    async def _lose(self, request: web.Request, fault: Fault | None) -> None:
        if fault is not None and fault.kind == "silence":
            await asyncio.sleep(_LONGEST_SILENCE_S)
        if request.transport is not None:
            request.transport.abort()

    async def _answer(self, passage: _Passage, fault: Fault | None) -> web.Response:
        if self._core.limiter.is_banned(passage.request.remote or "", self._monotonic()):
            return web.Response(status=403, text="403, access too frequent")
        kind = "" if fault is None else fault.kind
        if fault is None or kind in {"delay", "lost_reply"} or fault.performed:
            response = await self._performed(passage)
        else:
            response = web.Response(status=200)
        if fault is None or kind in {"delay", "lost_reply", "drop", "silence"}:
            return response
        return self._faulty(passage, fault)

    def _faulty(self, passage: _Passage, fault: Fault) -> web.Response:
        if fault.kind == "ret_code":
            if passage.account is None:
                passage.account = self._core.accounts.get(passage.key)
            return self._envelope(passage, fault.code, fault.text or TEXTS.get(fault.code, ""), Reply({}))
        if fault.kind == "html":
            return web.Response(status=fault.status or 200, text=fault.body or _PAGE, content_type="text/html")
        return web.Response(status=fault.status, text=fault.body or f"{fault.status}")

    async def _performed(self, passage: _Passage) -> web.Response:
        request = passage.request
        endpoint = self._endpoints.get((request.method, request.path))
        if endpoint is None:
            response = self._envelope(passage, ROUTE, TEXTS[ROUTE], Reply({}))
            response.set_status(404)
            return response
        try:
            reply = await self._call(passage, endpoint)
        except VenueError as error:
            result: dict[str, Any] = {}
            if isinstance(error.__cause__, ReasonsError):
                result = {"reasons": error.__cause__.reasons}
            return self._envelope(passage, error.code, error.text, Reply(result))
        return self._envelope(passage, 0, "OK", reply)

    async def _call(self, passage: _Passage, endpoint: Endpoint) -> Reply:
        passage.params = _params(passage, endpoint)
        allowed = 1
        if endpoint.private:
            passage.account = self._authorised(passage, endpoint)
            allowed = self._limited(passage, endpoint)
        category = passage.params.get("category")
        if endpoint.lists and category in _ELSEWHERE:
            return Reply({"category": category, "list": [], "nextPageCursor": ""})
        call = Call(
            core=self._core,
            params=passage.params,
            now_ms=self._core.now_ms(),
            caller=passage.account,
            allowed=allowed,
        )
        found = endpoint.handler(call)
        return await found if inspect.isawaitable(found) else found

    def _authorised(self, passage: _Passage, endpoint: Endpoint) -> Account:
        signed = Signed.of(passage.request.headers)
        if not (signed.key and signed.timestamp and signed.sign):
            values = f"apiTimestamp[{signed.timestamp}] apiKey[{signed.key}] apiSignature[{signed.sign}]"
            raise invalid(f"empty value: {values}")
        account = self._core.accounts.get(signed.key)
        if account is None:
            raise VenueError(KEY)
        payload = passage.body if endpoint.writes else passage.query.encode()
        check_request(signed, account.identity.secret, payload, self._core.clock.wall_ms())
        check_rights(account, passage.request.remote or "", endpoint)
        return account

    def _limited(self, passage: _Passage, endpoint: Endpoint) -> int:
        account = passage.account
        is_batch = endpoint.path in rest_orders.BATCHES
        wanted = len(rest_orders.requests_of(passage.params)) if is_batch else 1
        if account is None:
            return wanted
        grant = self._core.limiter.take(account.identity.uid, endpoint.path, self._monotonic(), wanted=wanted)
        passage.grant = grant
        if grant is None:
            return wanted
        if not grant.passed:
            raise VenueError(TOO_MANY)
        return grant.passed

    def _envelope(self, passage: _Passage, code: int, text: str, reply: Reply) -> web.Response:
        clock = self._core.clock
        passage.code = code
        now_ms = clock.wall_ms() if passage.request.path == _TIME else clock.answer_ms()
        body = {"retCode": code, "retMsg": text, "result": reply.result, "retExtInfo": reply.extra, "time": now_ms}
        return web.Response(
            body=orjson.dumps(body),
            content_type="application/json",
            charset="utf-8",
            headers=limit_headers(passage.grant, passage.account, clock.wall_ms()),
        )

    def _monotonic(self) -> float:
        return self._core.clock.source.monotonic()


def limit_headers(grant: Grant | None, account: Account | None, now_ms: int) -> dict[str, str]:
    """Return the X-Bapi headers of an answer."""
    headers = {"Timenow": str(now_ms)}
    if account is None:
        return headers
    if grant is None:
        return headers | {"X-Bapi-Limit-Reset-Timestamp": str(now_ms)}
    return headers | {
        "X-Bapi-Limit": str(grant.limit),
        "X-Bapi-Limit-Status": str(grant.left),
        "X-Bapi-Limit-Reset-Timestamp": str(now_ms + int(grant.reset_s * 1000)),
    }


def check_rights(account: Account, address: str, endpoint: Endpoint) -> None:
    """Raise unless the account's key may call an endpoint from an address."""
    owner = account.identity
    if owner.ips and address not in owner.ips:
        raise VenueError(IP)
    if owner.read_only and endpoint.writes:
        raise VenueError(PERMISSION)
    if owner.mode == "demo" and not endpoint.in_demo:
        raise VenueError(NOT_IN_DEMO)


def _params(passage: _Passage, endpoint: Endpoint) -> Mapping[str, Any]:
    if not endpoint.writes:
        return dict(parse_qsl(passage.query, keep_blank_values=True))
    if not passage.body:
        return {}
    try:
        # Numbers are refused where strings are expected, so their precision does not matter here.
        content = json.loads(passage.body)
    except (ValueError, RecursionError):
        raise invalid("params error: body is not JSON") from None
    if not isinstance(content, dict):
        raise invalid("params error: body must be a JSON object")
    return content
