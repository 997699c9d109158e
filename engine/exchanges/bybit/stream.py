"""A WebSocket stream that stays alive: connect, authenticate, subscribe, watch, and begin again when anything is amiss.

A stream counts as live only when every subscription is acknowledged. Each time it becomes live again, its listener is
told that messages may be missing: the exchange never repeats any.
"""

import asyncio
import hmac
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from random import Random
from typing import Any

import orjson

from config.redaction import HIDDEN
from engine.clock import Clock
from engine.exchanges.bybit.link import Dial, Link, LinkLostError, dial

# The longest a stream works before others get a turn on the loop.
_TURN_S = 0.005

log = logging.getLogger(__name__)


class StreamState(StrEnum):
    """Whether messages arrive: `LIVE` (every topic acknowledged; messages may have been missed before) or `LOST`."""

    LIVE = "live"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamTerms:
    """Times in seconds. `silence_s`: longest time without any message; `data_silence_s`: without data (None: silence is
    normal, as on a private stream). A connection that stayed live for `stable_s` starts the backoff anew.
    """

    ping_s: float = 20.0
    silence_s: float = 30.0
    data_silence_s: float | None = None
    ack_s: float = 10.0
    backoff_s: float = 0.5
    backoff_most_s: float = 15.0
    stable_s: float = 60.0
    batch: int = 100


@dataclass(frozen=True, slots=True)
class Login:
    """The key of a private stream. `now_ms` is the exchange's time."""

    key: str
    secret: str
    now_ms: Callable[[], int]
    valid_ms: int = 10_000

    def __repr__(self) -> str:
        return "Login()"

    def message(self) -> dict[str, Any]:
        """Return the message that authenticates a connection."""
        expires = self.now_ms() + self.valid_ms
        signature = hmac.new(self.secret.encode(), f"GET/realtime{expires}".encode(), sha256).hexdigest()
        return {"req_id": "auth", "op": "auth", "args": [self.key, expires, signature]}


@dataclass(frozen=True, slots=True)
class Wire:
    """What a stream stands on: how to connect, the clock, its times, the randomness of its backoff."""

    clock: Clock
    dial: Dial = dial
    terms: StreamTerms = StreamTerms()
    random: Random = field(default_factory=Random)


@dataclass(frozen=True, slots=True)
class Ears:
    """Who listens: to messages that carry a topic, and to changes of state with the reason. Both from the stream's
    task.
    """

    on_message: Callable[[dict[str, Any]], None]
    on_state: Callable[[StreamState, str], None]


class Stream:
    """One connection and its topics. Run `run()` as a task; it ends only when cancelled."""

    def __init__(self, url: str, topics: Iterable[str], *, wire: Wire, ears: Ears, login: Login | None = None) -> None:
        self.url = url
        self.topics = tuple(topics)
        self._clock = wire.clock
        self._wire = wire
        self._terms = wire.terms
        self._ears = ears
        self._login = login
        self._link: Link | None = None
        self._unacked: set[str] = set()
        self._asked: dict[str, tuple[str, ...]] = {}
        self._unwanted: set[str] = set()
        self._authenticated = False
        self._broken: set[str] = set()
        self._heard_s = self._data_s = 0.0
        self.live = asyncio.Event()

    async def run(self) -> None:
        """Keep the stream alive for ever."""
        failures = 0
        while True:
            began = self._clock.monotonic()
            why = await self._connection()
            was_live = self.live.is_set()
            if was_live:
                self.live.clear()
                self._ears.on_state(StreamState.LOST, why)
            elif why not in self._broken:
                self._broken.add(why)
                log.warning("a stream could not be set up: %s", why)
            if was_live and self._clock.monotonic() - began >= self._terms.stable_s:
                failures = 0
            wait = min(self._terms.backoff_s * 2.0 ** min(failures, 10), self._terms.backoff_most_s)
            failures += 1
            # Jitter, so that many streams that fell together do not come back together.
            await self._clock.sleep(wait * (0.5 + self._wire.random.random()))

    async def _connection(self) -> str:
        try:
            return await self._session()
        except LinkLostError as error:
            return str(error)
        except TimeoutError:
            return "no answer in time"
        except Exception as error:  # the stream reader: whatever breaks one connection, the next one is made
            log.exception("stream connection broke")
            return f"internal error ({type(error).__name__})"
        finally:
            await self._hang_up()

    async def _session(self) -> str:
        self._link = link = await self._wire.dial(self.url)
        now = self._clock.monotonic()
        self._heard_s = self._data_s = now
        self._authenticated = self._login is None
        self._unacked, self._asked = {"pending"}, {}
        deadline = now + self._terms.ack_s
        if self._login is None:
            await self._subscribe()
        else:
            await self._send(self._login.message())
        pinged = now
        while True:
            now = self._clock.monotonic()
            why = self._overdue(now, deadline)
            if why:
                return why
            if now - pinged >= self._terms.ping_s:
                pinged = now
                await self._send({"req_id": "ping", "op": "ping"})
            await self._take_turn(link, self._patience(now, pinged, deadline))

    def _overdue(self, now: float, deadline: float) -> str:
        terms = self._terms
        if not self.live.is_set() and now >= deadline:
            return "subscriptions were not acknowledged" if self._authenticated else "the login was not answered"
        if now - self._heard_s >= terms.silence_s:
            return f"silent for {terms.silence_s:g} s"
        if self.live.is_set() and terms.data_silence_s is not None and now - self._data_s >= terms.data_silence_s:
            return f"no data for {terms.data_silence_s:g} s"
        return ""

    def _patience(self, now: float, pinged: float, deadline: float) -> float:
        terms = self._terms
        until = [pinged + terms.ping_s, self._heard_s + terms.silence_s]
        if not self.live.is_set():
            until.append(deadline)
        elif terms.data_silence_s is not None:
            until.append(self._data_s + terms.data_silence_s)
        return max(min(until) - now, 0.001)

    async def _take_turn(self, link: Link, patience_s: float) -> None:
        # One time-out for many messages: making one for each would cost as much as reading it.
        began = self._clock.monotonic()
        try:
            async with asyncio.timeout(patience_s):
                while True:
                    raw = await link.receive()
                    self._heard_s = self._clock.monotonic()
                    await self._take(raw)
                    if self._heard_s - began >= _TURN_S:
                        break
        except TimeoutError:
            return
        # Messages that are there already are received without a pause: a flood would else hold the loop.
        await asyncio.sleep(0)

    async def _take(self, raw: bytes | str) -> None:
        try:
            message = orjson.loads(raw)
        except orjson.JSONDecodeError:
            raise LinkLostError("a message was no JSON") from None
        if not isinstance(message, dict):
            raise LinkLostError("a message was no object")
        if "topic" in message:
            self._data_s = self._heard_s
            self._deliver(message)
        else:
            await self._control(message)

    def _deliver(self, message: dict[str, Any]) -> None:
        try:
            self._ears.on_message(message)
        except Exception as error:  # the stream reader: one message that a listener cannot take must not end a stream
            kind = f"{type(error).__name__} {str(message.get('topic'))[:60]}"
            if kind not in self._broken:
                self._broken.add(kind)
                log.exception("a stream message could not be taken in")

    async def _control(self, message: dict[str, Any]) -> None:
        operation, answered = message.get("op"), message.get("req_id")
        if operation == "auth":
            if message.get("success") is not True:
                raise LinkLostError(f"login refused: {self._quoted(message)}")
            self._authenticated = True
            await self._subscribe()
        elif operation == "subscribe":
            topics = self._asked.pop(str(answered), ())
            if message.get("success") is not True:
                await self._refused(topics, self._quoted(message))
            self._unacked.discard(str(answered))
            if not self._unacked and not self.live.is_set():
                self._data_s = self._clock.monotonic()
                self.live.set()
                self._ears.on_state(StreamState.LIVE, "")

    async def _subscribe(self) -> None:
        batches = [self.topics[at : at + self._terms.batch] for at in range(0, len(self.topics), self._terms.batch)]
        self._unwanted.clear()
        await self._ask_for({f"sub-{number}": batch for number, batch in enumerate(batches)})

    async def _ask_for(self, batches: Mapping[str, tuple[str, ...]]) -> None:
        # Noted before sending: an acknowledgement may be there at once.
        self._unacked = (self._unacked - {"pending"}) | batches.keys()
        self._asked.update(batches)
        for name, batch in batches.items():
            await self._send({"req_id": name, "op": "subscribe", "args": list(batch)})

    async def _refused(self, topics: tuple[str, ...], why: str) -> None:
        # One topic that is no more must not take the others with it: they are asked for one by one.
        if self._login is None and len(topics) > 1:
            await self._ask_for({f"one-{topic}": (topic,) for topic in topics})
            return
        self._unwanted.update(topics)
        if self._login is not None or not topics or self._unwanted >= set(self.topics):
            raise LinkLostError(f"subscription refused: {why}")
        log.warning("a topic was refused and is left out: %s (%s)", topics[0], why)

    def _quoted(self, message: dict[str, Any]) -> str:
        said, login = str(message.get("ret_msg")), self._login
        for credential in (login.key, login.secret) if login is not None else ():
            said = said.replace(credential, HIDDEN)
        return said[:80]

    async def _send(self, message: dict[str, Any]) -> None:
        if self._link is None:
            raise LinkLostError("not connected")
        try:
            async with asyncio.timeout(self._terms.ack_s):
                await self._link.send(orjson.dumps(message).decode())
        except TimeoutError:
            raise LinkLostError("the far end does not read") from None

    async def _hang_up(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.close()


def shared_out(topics: Sequence[str], *, most_characters: int = 18_000) -> list[tuple[str, ...]]:
    """Share topics out over as few connections as the limit on the length of all arguments allows (21,000 characters,
    counted with quotes and commas), in order.
    """
    shares: list[list[str]] = [[]]
    length = 0
    for topic in topics:
        cost = len(topic) + 3
        if shares[-1] and length + cost > most_characters:
            shares.append([])
            length = 0
        shares[-1].append(topic)
        length += cost
    return [tuple(share) for share in shares if share]
