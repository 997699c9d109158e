"""A hand-made far end of a stream in virtual time: it answers, stays silent, refuses or hangs up as told."""

import asyncio
from collections.abc import Callable
from typing import Any

import orjson

from engine.exchanges.bybit.link import Link, LinkLostError


class FakeLink:
    """One connection; `sent` holds what the client sent, decoded."""

    def __init__(self, far: "FarEnd") -> None:
        self.far = far
        self.sent: list[dict[str, Any]] = []
        self.closed = False
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def send(self, text: str) -> None:
        if self.closed:
            raise LinkLostError("closed")
        message = orjson.loads(text)
        self.sent.append(message)
        self.far.answer(self, message)

    async def receive(self) -> bytes | str:
        raw = await self._queue.get()
        if raw is None:
            raise LinkLostError("hung up")
        return raw

    async def close(self) -> None:
        self.closed = True

    def push(self, message: object) -> None:
        self._queue.put_nowait(orjson.dumps(message))

    def push_raw(self, raw: bytes) -> None:
        self._queue.put_nowait(raw)

    def hang_up(self) -> None:
        self._queue.put_nowait(None)


class FarEnd:
    """Makes connections. `refuse` of them fail first; `rules` by operation replace the usual answers."""

    def __init__(self, *, refuse: int = 0) -> None:
        self.links: list[FakeLink] = []
        self.dialled: list[float] = []
        self.refuse = refuse
        self.rules: dict[str, Callable[[FakeLink, dict[str, Any]], None]] = {}

    @property
    def link(self) -> FakeLink:
        return self.links[-1]

    async def dial(self, _url: str) -> Link:
        self.dialled.append(asyncio.get_running_loop().time())
        if self.refuse:
            self.refuse -= 1
            raise LinkLostError("refused")
        self.links.append(FakeLink(self))
        return self.links[-1]

    def answer(self, link: FakeLink, message: dict[str, Any]) -> None:
        rule = self.rules.get(message["op"])
        if rule is not None:
            rule(link, message)
        elif message["op"] == "ping":
            link.push({"success": True, "ret_msg": "pong", "conn_id": "c", "req_id": "", "op": "ping"})
        else:
            link.push({"success": True, "ret_msg": "", "op": message["op"], "req_id": message["req_id"]})


def quiet(_link: FakeLink, _message: dict[str, Any]) -> None:
    """Answer nothing."""


def refused(link: FakeLink, message: dict[str, Any]) -> None:
    """Answer with a refusal."""
    link.push({"success": False, "ret_msg": "Params Error", "op": message["op"], "req_id": message["req_id"]})
