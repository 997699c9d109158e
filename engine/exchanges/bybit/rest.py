"""REST requests: pybit signs and sends in worker threads, and everything it would decide by itself is switched off.

A request that was handed to a thread is waited for to its end, however long: cancelling the waiting would not stop the
sending. Nothing is logged here, so no key can be.
"""

import asyncio
import math
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from pybit.unified_trading import HTTP
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from config.redaction import HIDDEN
from engine.exchanges.bybit.codes import Answer
from engine.exchanges.bybit.endpoints import SERVER_TIME, Endpoint
from engine.exchanges.bybit.hosts import is_loopback
from engine.exchanges.bybit.parse import BadData, server_time_ms
from engine.exchanges.bybit.servertime import ServerTime
from engine.limiter import Lane, Limiter, SilencedError, Slot

RESET_HEADER = "X-Bapi-Limit-Reset-Timestamp"
# How long the loop stands still until a request that is no question has left: while it computes, the thread that sends
# gets the interpreter only for moments.
_ASIDE_S = 0.002
_URGENT_THREADS = 16
_OTHER_THREADS = 8
_TEXT = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where to send, as whom. Without a key only public endpoints can be asked. `timeout_s` bounds the connection and
    every wait for bytes.
    """

    base: str
    key: str = ""
    secret: str = ""
    timeout_s: float = 10.0
    recv_window_ms: int = 5_000

    def __repr__(self) -> str:
        return f"Access({self.base!r})"


class Reply(NamedTuple):
    """What came back. `sent` False: nothing left this machine. `reset_ms` is the server's time at which a used-up
    limit begins anew, 0 when unsaid; `late`: it was not sent because its time was up.
    """

    answer: Answer
    body: dict[str, Any]
    sent: bool = True
    reset_ms: int = 0
    late: bool = False

    @property
    def result(self) -> dict[str, Any]:
        """The envelope's result; empty when there is none."""
        value = self.body.get("result")
        return value if isinstance(value, dict) else {}


class _LateError(Exception):
    pass


class _Here(threading.local):
    """What the thread that sends is asked to set when its request has left."""

    departed: threading.Event | None = None

    def leave(self) -> None:
        if self.departed is not None:
            self.departed.set()


_here = _Here()


class _PlainConnection(HTTPConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        super().request(*args, **kwargs)
        _here.leave()


class _SafeConnection(HTTPSConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        super().request(*args, **kwargs)
        _here.leave()


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _SafePool(HTTPSConnectionPool):
    ConnectionCls = _SafeConnection


class _Raw(NamedTuple):
    status: int
    content: bytes
    reset: str


class _Client(HTTP):  # type: ignore[misc]  # pybit carries no types
    """pybit's client with our time stamps; hands back the bytes of any answer instead of judging it."""

    def __init__(self, access: Access, now_ms: Callable[[], int]) -> None:
        super().__init__(
            api_key=access.key or None,
            api_secret=access.secret or None,
            timeout=access.timeout_s,
            recv_window=access.recv_window_ms,
            max_retries=1,
            retry_codes={-1},
            force_retry=False,
            log_requests=False,
        )
        self.endpoint = access.base
        self._now_ms = now_ms
        # It adds a handler of its own where a program has none yet; what is logged is decided elsewhere.
        self.logger.handlers.clear()
        session = self.client
        # A redirected order would be sent, signed, to somebody else.
        session.max_redirects = 0
        session.trust_env = not is_loopback(access.base)
        adapter = type(session.get_adapter("https://"))
        for scheme in ("https://", "http://"):
            made = adapter(pool_connections=4, pool_maxsize=_URGENT_THREADS + _OTHER_THREADS, max_retries=0)
            made.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SafePool}
            session.mount(scheme, made)

    def _prepare_headers(
        self, payload: str, recv_window: int, content_type: str = "application/json"
    ) -> dict[str, str]:
        stamp = self._now_ms()
        return {
            "Content-Type": content_type,
            "X-BAPI-API-KEY": self.api_key,
            "X-BAPI-SIGN": self._auth(payload=payload, recv_window=recv_window, timestamp=stamp),
            "X-BAPI-SIGN-TYPE": "2",
            "X-BAPI-TIMESTAMP": str(stamp),
            "X-BAPI-RECV-WINDOW": str(recv_window),
        }

    def _check_status_code(self, *_: object) -> None:
        return

    def _handle_response(self, response: Any, *_: object) -> _Raw:
        return _Raw(response.status_code, response.content, response.headers.get(RESET_HEADER, ""))

    def send(self, endpoint: Endpoint, params: Mapping[str, Any]) -> _Raw:
        raw: _Raw = self._submit_request(
            method=endpoint.method, path=f"{self.endpoint}{endpoint.path}", query=dict(params), auth=endpoint.signed
        )
        return raw


class Rest:
    """One account's REST side. All methods from one event loop."""

    def __init__(self, access: Access, *, limiter: Limiter, time: ServerTime, wall_ms: Callable[[], int]) -> None:
        self.access = access
        self.limiter = limiter
        self.time = time
        self._wall_ms = wall_ms
        self._client = _Client(access, time.signing_ms)
        # Questions must never take the threads that exits need.
        self._urgent = ThreadPoolExecutor(_URGENT_THREADS, "bybit-orders")
        self._other = ThreadPoolExecutor(_OTHER_THREADS, "bybit-questions")

    async def call(
        self, endpoint: Endpoint, params: Mapping[str, Any], lane: Lane, *, weight: int = 1, until_s: float = math.inf
    ) -> Reply:
        """Send one request when the budget allows, but not after `until_s` of the monotonic clock, and return what came
        of it; never raises for what the network or the exchange does. Numbers in `params` must be plain decimal
        strings.
        """
        try:
            slot = await self.limiter.slot(endpoint.group, lane, weight)
        except SilencedError as error:
            return Reply(Answer(0, None, str(error)), {}, sent=False)
        pool = self._other if lane is Lane.QUERY else self._urgent
        sent_ms, departed = self._wall_ms(), threading.Event()
        try:
            sending = asyncio.get_running_loop().run_in_executor(
                pool, self._send, endpoint, params, slot, until_s, departed
            )
            if lane is not Lane.QUERY:
                departed.wait(_ASIDE_S)
            raw = await sending
        except _LateError:
            return Reply(Answer(0, None, "expired: it could not be sent in time"), {}, sent=False, late=True)
        except OSError as error:
            # Every exception of `requests` is an OSError; its text may hold the address asked, its name does not.
            return Reply(Answer(0, None, type(error).__name__), {})
        finally:
            slot.answered()
        reply = read(raw.status, self._hidden(raw.content), raw.reset)
        server_ms = server_time_ms(reply.body)
        if not isinstance(server_ms, BadData):
            clock = self.time.signing if endpoint is SERVER_TIME else self.time.market
            clock.observe(sent_ms=sent_ms, got_ms=self._wall_ms(), server_ms=server_ms)
        return reply

    def _send(
        self, endpoint: Endpoint, params: Mapping[str, Any], slot: Slot, until_s: float, departed: threading.Event
    ) -> _Raw:
        # In the thread: the last place where a request may have waited.
        _here.departed = departed
        try:
            if slot.late(until_s):
                raise _LateError
            return self._client.send(endpoint, params)
        finally:
            departed.set()

    def _hidden(self, content: bytes) -> bytes:
        # A refusal may quote what was signed, and its words go to people and into the journal.
        for credential in filter(None, (self.access.key, self.access.secret)):
            content = content.replace(credential.encode(), HIDDEN.encode())
        return content

    async def close(self) -> None:
        """Let go of threads and connections; requests still on their way end by themselves."""
        self._urgent.shutdown(wait=False, cancel_futures=False)
        self._other.shutdown(wait=False, cancel_futures=False)
        self._client.client.close()


def read(status: int, content: bytes, reset: str = "") -> Reply:
    """Read the bytes of an answer into a reply; what is no envelope has no code."""
    reset_ms = int(reset) if reset.isascii() and reset.isdigit() and len(reset) < 16 else 0
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return Reply(Answer(status, None, f"HTTP {status}, no JSON"), {}, reset_ms=reset_ms)
    code = body.get("retCode") if isinstance(body, dict) else None
    if not isinstance(code, int) or isinstance(code, bool):
        return Reply(Answer(status, None, f"HTTP {status}, no return code"), {}, reset_ms=reset_ms)
    why = str(body.get("retMsg", ""))[:_TEXT]
    return Reply(Answer(status, code, why), body, reset_ms=reset_ms)
