"""Every request of the bot passes here: paced per chat and overall, urgent ones first, failures sorted by what to do.

TryLaterError (Exception)
  the request failed for a reason that passes; `lost` says that it may have been carried out all the same
"""

import asyncio
from bisect import insort
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, cast

from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import AnswerCallbackQuery, Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiohttp import ClientConnectorError

from bot.clock import Clock, SystemClock, wait_for_event
from config.logging import get_logger
from storage.priority import Priority

_log = get_logger(__name__)
_priority: ContextVar[Priority] = ContextVar("priority", default=Priority.REPLY)
_PACED = ("send", "copy", "forward", "edit")
_UNPACED = frozenset({"sendChatAction"})
_BLIND_WAIT_S = 5.0
_PATIENCE_S = 30.0
_ATTEMPTS = 3
_TOGETHER_S = 10.0
_HAIR_S = 0.0005


class TryLaterError(Exception):
    """`wait_s` is what Telegram asked for, 0 where it did not say; `why` holds no secret."""

    def __init__(self, why: str, *, wait_s: float = 0.0, lost: bool = False, flood: bool = False) -> None:
        super().__init__(why)
        self.why, self.wait_s, self.lost, self.flood = why, wait_s, lost, flood


def try_later(error: Exception) -> TryLaterError | None:
    """What a failure of a request means if it passes by itself; None for a final answer of Telegram.

    A refused connection was never heard; any other break of the network may have come after the request was carried
    out. A 5xx, even a page of a proxy or a body without a description, is taken as not carried out.
    """
    match error:
        case TelegramRetryAfter():
            return TryLaterError(f"flood: wait {error.retry_after} s", wait_s=float(error.retry_after), flood=True)
        case TelegramNetworkError():
            heard = not isinstance(error.__cause__, ClientConnectorError)
            return TryLaterError(f"network: {error.message}", lost=heard)
        case TelegramServerError():
            return TryLaterError(f"Telegram is in trouble: {error.message}")
        case ClientDecodeError():
            return TryLaterError("the answer was not Telegram's")
        case TypeError() if "NoneType" in str(error):
            return TryLaterError("Telegram answered an error without words")
        case TelegramAPIError() if "too many requests" in error.message.lower():
            return TryLaterError("flood", wait_s=_BLIND_WAIT_S, flood=True)
    return None


@contextmanager
def sending_as(priority: Priority) -> Iterator[None]:
    """Requests made inside have this priority; elsewhere they are replies."""
    token = _priority.set(priority)
    try:
        yield
    finally:
        _priority.reset(token)


@dataclass(slots=True)
class _Bucket:
    rate: float
    burst: float
    tokens: float
    at: float
    shut_until: float = 0.0

    def wait(self, tokens: float, now: float) -> float:
        self.tokens = min(self.burst, self.tokens + max(0.0, now - self.at) * self.rate)
        self.at = now
        wait = max((tokens - self.tokens) / self.rate, self.shut_until - now)
        # A hair's breadth of rounding must neither cost another turn nor become a wait too short to be waited.
        return wait if wait > _HAIR_S else 0.0


@dataclass(frozen=True, slots=True, order=True)
class _Turn:
    priority: int
    number: int
    chat_id: int = field(compare=False)
    granted: "asyncio.Future[None]" = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Requests a second and how many may go at once, in one chat and overall."""

    chat_rate: float = 1.0
    chat_burst: float = 3.0
    rate: float = 25.0
    burst: float = 25.0


class Pacer(BaseRequestMiddleware):
    """A request middleware of the session. Sends, copies, forwards and edits are paced, the rest passes at once.

    Replies are tried again for a while; alerts and the panel raise TryLaterError at once, because they have their own
    patience. Presses are answered beside the work, so that a slow answer delays nothing.
    """

    def __init__(self, clock: Clock | None = None, pace: Pace | None = None) -> None:
        self._clock, self._pace = clock or SystemClock(), pace or Pace()
        self._all = _Bucket(self._pace.rate, self._pace.burst, self._pace.burst, self._clock.monotonic())
        self._chats: dict[int, _Bucket] = {}
        self._waiting: list[_Turn] = []
        self._number = 0
        self._pump: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._flooded: dict[int, float] = {}
        self._answers: set[asyncio.Task[None]] = set()

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        """Carry out a request in its turn; raises TryLaterError and what Telegram finally refuses."""
        if isinstance(method, AnswerCallbackQuery):
            return self._answer_beside(make_request, bot, method)
        if not _is_paced(method):
            return await _sorted(make_request, bot, method)
        attempt = 0
        while True:
            attempt += 1
            await self._turn(_chat_of(method), _priority.get())
            try:
                return await _sorted(make_request, bot, method)
            except TryLaterError as error:
                wait = self._noted(error, _chat_of(method))
                if attempt >= _ATTEMPTS or not _is_worth(error, method, wait):
                    raise
                await self._clock.sleep(wait)

    async def drain(self) -> None:
        """Wait for answers to presses that are under way, then stop giving turns."""
        if self._answers:
            await asyncio.wait(self._answers, timeout=2.0)
        if self._pump is not None:
            self._pump.cancel()

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn."""
        return len(self._waiting)

    def _answer_beside(
        self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        async def answer() -> None:
            try:
                await _sorted(make_request, bot, method)
            except (TryLaterError, TelegramAPIError) as error:
                _log.debug("press not answered", error=str(error))

        task = asyncio.create_task(answer())
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)
        # What a session hands on is the bare result, whatever its annotation says; here it is always True.
        return cast("Response[TelegramType]", True)

    async def _turn(self, chat_id: int, priority: Priority) -> None:
        self._number += 1
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        turn = _Turn(int(priority), self._number, chat_id, granted)
        insort(self._waiting, turn)
        self._grant()
        if not granted.done():
            self._news.set()
            if self._pump is None or self._pump.done():
                self._pump = asyncio.create_task(self._keep_granting())
        try:
            await granted
        finally:
            # Only a cancelled request is still waiting here.
            if not granted.done() or granted.cancelled():
                self._waiting.remove(turn)

    async def _keep_granting(self) -> None:
        while (wait := self._grant()) is not None:
            await wait_for_event(self._news, wait, self._clock)
        self._forget_full()

    def _grant(self) -> float | None:
        """Let go whose turn it is; returns the seconds until the next one may go, None when nobody waits."""
        now, waits, blocked, left = self._clock.monotonic(), [0.0], set[int](), []
        for turn in self._waiting:
            wait = self._wait(turn, now) if turn.chat_id not in blocked and not turn.granted.done() else None
            if wait == 0:
                self._all.tokens -= 1
                self._chat(turn.chat_id).tokens -= 1
                turn.granted.set_result(None)
                continue
            left.append(turn)
            if wait is not None:
                waits.append(wait)
                blocked.add(turn.chat_id)
        self._waiting = left
        return min(waits[1:], default=0.0) if left else None

    def _wait(self, turn: _Turn, now: float) -> float:
        in_chat, overall = 1.0, 1.0
        if turn.priority == Priority.PANEL:
            # The panel takes only what nobody else could want: it leaves the chat's burst and half of everything.
            in_chat, overall = self._pace.chat_burst, self._pace.burst / 2
        return max(self._chat(turn.chat_id).wait(in_chat, now), self._all.wait(overall, now))

    def _chat(self, chat_id: int) -> _Bucket:
        known = self._chats.get(chat_id)
        if known is None:
            burst = self._pace.chat_burst
            known = self._chats[chat_id] = _Bucket(self._pace.chat_rate, burst, burst, self._clock.monotonic())
        return known

    def _forget_full(self) -> None:
        if len(self._chats) < 1000:
            return
        now, busy = self._clock.monotonic(), {turn.chat_id for turn in self._waiting}
        full = [chat for chat, bucket in self._chats.items() if bucket.wait(bucket.burst, now) <= 0]
        for chat_id in full:
            if chat_id not in busy:
                del self._chats[chat_id]

    def _noted(self, error: TryLaterError, chat_id: int) -> float:
        if not error.flood:
            return 1.0
        now = self._clock.monotonic()
        until = now + error.wait_s
        self._chat(chat_id).shut_until = max(self._chat(chat_id).shut_until, until)
        self._flooded = {chat: at for chat, at in self._flooded.items() if now - at < _TOGETHER_S} | {chat_id: now}
        if len(self._flooded) > 1:
            # Two chats at a time mean the limit of the whole bot.
            self._all.shut_until = max(self._all.shut_until, until)
        return error.wait_s


async def _sorted(
    make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
) -> Response[TelegramType]:
    try:
        return await make_request(bot, method)
    except (TelegramAPIError, ClientDecodeError, TypeError) as error:
        later = try_later(error)
        if later is None:
            raise
        raise later from error


def _is_paced(method: TelegramMethod[Any]) -> bool:
    name = method.__api_method__
    return name.startswith(_PACED) and name not in _UNPACED


def _chat_of(method: TelegramMethod[Any]) -> int:
    chat_id = getattr(method, "chat_id", None)
    return chat_id if isinstance(chat_id, int) else 0


def _is_worth(error: TryLaterError, method: TelegramMethod[Any], wait: float) -> bool:
    # An edit can be repeated without harm; a message whose answer was lost would be there twice.
    again = not error.lost or method.__api_method__.startswith("edit")
    return _priority.get() is Priority.REPLY and again and wait <= _PATIENCE_S
