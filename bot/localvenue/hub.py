"""Who listens to what: public topics by connection, private messages by account."""

import asyncio
from collections.abc import Iterable
from itertools import groupby
from typing import Any

import orjson

from bot.localvenue.account import Account, Message
from bot.localvenue.faults import Faults
from bot.localvenue.sockets import Socket
from bot.localvenue.timing import VenueClock

_BEHIND = 4_000


class Hub:
    """Every open connection. `drop` faults cut connections the moment they are ordered."""

    def __init__(self, clock: VenueClock, faults: Faults) -> None:
        self._clock = clock
        self._faults = faults
        self._sockets: set[Socket] = set()
        self._topics: dict[str, set[Socket]] = {}
        self._numbers = 0
        faults.on_change = self.cut

    def add(self, socket: Socket) -> None:
        """A connection opened."""
        self._sockets.add(socket)

    def remove(self, socket: Socket) -> None:
        """A connection is gone."""
        self._sockets.discard(socket)
        for topic in tuple(socket.topics):
            self.unsubscribe(socket, topic)

    def subscribe(self, socket: Socket, topic: str) -> None:
        """Let a connection hear a topic."""
        socket.topics.add(topic)
        self._topics.setdefault(topic, set()).add(socket)

    def unsubscribe(self, socket: Socket, topic: str) -> None:
        """Let a connection hear a topic no more."""
        socket.topics.discard(topic)
        listeners = self._topics.get(topic)
        if listeners is not None:
            listeners.discard(socket)
            if not listeners:
                del self._topics[topic]

    def topics(self, prefix: str) -> list[str]:
        """Return the topics with listeners that begin so."""
        return [topic for topic in self._topics if topic.startswith(prefix)]

    def is_heard(self, topic: str) -> bool:
        """Whether anybody listens."""
        return topic in self._topics

    def publish(self, topic: str, message: dict[str, Any]) -> None:
        """Send a public message to its listeners."""
        listeners = self._topics.get(topic)
        if listeners:
            payload = orjson.dumps(message)
            for socket in tuple(listeners):
                socket.tell(topic, payload)

    def is_behind(self) -> bool:
        """Whether some connection has much left to send."""
        return any(socket.backlog > _BEHIND for socket in self._sockets)

    def push(self, account: Account, messages: list[Message]) -> None:
        """Send an account's private messages; neighbours of one topic share a message."""
        listeners = [s for s in self._sockets if s.kind == "private" and s.account is account]
        if not listeners:
            return
        for topic, group in groupby(messages, key=lambda message: message[0]):
            rows = [row for _, row in group]
            rows = rows[-1:] if topic == "wallet" else rows
            for socket in listeners:
                self._push(socket, topic, rows)

    def _push(self, socket: Socket, topic: str, rows: list[dict[str, Any]]) -> None:
        for name in (topic, f"{topic}.linear"):
            if name in socket.topics:
                self._numbers += 1
                message = {
                    "id": f"{socket.conn_id}-{self._numbers}",
                    "topic": name,
                    "creationTime": self._clock.answer_ms(),
                    "data": rows,
                }
                socket.tell(name, orjson.dumps(message))

    def cut(self) -> None:
        """Cut as many connections as the ordered faults name."""
        for socket in tuple(self._sockets):
            if self._faults.take(f"ws:{socket.kind}", key=socket.key, kinds=("drop",)):
                socket.abort()

    async def close(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(socket.close() for socket in tuple(self._sockets)), return_exceptions=True)

    def of_kind(self, kind: str) -> Iterable[Socket]:
        """Iterate over the open connections of a kind."""
        return (socket for socket in self._sockets if socket.kind == kind)
