"""One WebSocket connection: what it listens to, its queue of outgoing messages, and the faults that befall them."""

import asyncio
import secrets
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from bot.localvenue.account import Account
from bot.localvenue.faults import Faults

_QUEUE = 20_000


class Socket:
    """A connection of one kind: public, private or trade. Messages leave in the order they were given."""

    def __init__(self, ws: web.WebSocketResponse, request: web.Request, kind: str, faults: Faults) -> None:
        self.ws = ws
        self.kind = kind
        self.conn_id = secrets.token_hex(10)
        self.account: Account | None = None
        self.topics: set[str] = set()
        self._request = request
        self._faults = faults
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(_QUEUE)
        self._held: bytes | None = None
        self._is_gone = False
        self._writer: asyncio.Task[None] | None = None

    @property
    def key(self) -> str:
        """The API key it is authorised with, "" before."""
        return self.account.identity.key if self.account is not None else ""

    @property
    def backlog(self) -> int:
        """How many messages wait to leave."""
        return 0 if self._is_gone else self._queue.qsize()

    def start(self) -> None:
        """Begin sending."""
        self._writer = asyncio.create_task(self._write())

    async def stop(self) -> None:
        """End sending."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)

    def say(self, message: dict[str, Any]) -> None:
        """Answer an operation."""
        if self._faults.standing(self._path, "silence", key=self.key):
            return
        self._put(orjson.dumps(message), 0.0)

    def tell(self, topic: str, payload: bytes) -> None:
        """Push a message of a topic, unless a fault is in its way."""
        if self._faults.take(self._path, key=self.key, topic=topic, kinds=("miss",)):
            return
        if self._is_silent(topic):
            return
        delay = self._faults.take(self._path, key=self.key, topic=topic, kinds=("delay",))
        after_s = delay.delay_ms / 1000 if delay is not None else 0.0
        if self._faults.take(self._path, key=self.key, topic=topic, kinds=("reorder",)) and self._held is None:
            self._held = payload
            return
        self._put(payload, after_s)
        if self._faults.take(self._path, key=self.key, topic=topic, kinds=("duplicate",)):
            self._put(payload, after_s)
        if self._held is not None:
            held, self._held = self._held, None
            self._put(held, after_s)

    def _is_silent(self, topic: str) -> bool:
        return self._faults.standing(self._path, "silence", key=self.key, topic=topic)

    @property
    def _path(self) -> str:
        return f"ws:{self.kind}"

    def _put(self, payload: bytes, after_s: float) -> None:
        if after_s:
            asyncio.get_running_loop().call_later(after_s, self._put, payload, 0.0)
        elif self._queue.full():
            self.abort()
        else:
            self._queue.put_nowait(payload)

    async def _write(self) -> None:
        while True:
            payload = await self._queue.get()
            if self._is_gone:
                self._queue.task_done()
                continue
            try:
                await self.ws.send_str(payload.decode())
            except (ConnectionError, RuntimeError):
                self._is_gone = True
            finally:
                self._queue.task_done()

    async def drain(self) -> None:
        """Wait until everything that was said has left."""
        await self._queue.join()

    def abort(self) -> None:
        """Cut the connection without a farewell."""
        transport = self._request.transport
        if transport is not None:
            transport.abort()

    async def close(self) -> None:
        """Close the connection in order."""
        await self.ws.close()

    async def read(self, idle_s: float) -> dict[str, Any] | None:
        """Return the next message, an empty one for what is no JSON object; None at the end or after a long silence."""
        try:
            message = await self.ws.receive(timeout=idle_s)
        except TimeoutError:
            await self.close()
            return None
        if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
            return None
        try:
            content = orjson.loads(message.data)
        except orjson.JSONDecodeError:
            return {}
        return content if isinstance(content, dict) else {}
