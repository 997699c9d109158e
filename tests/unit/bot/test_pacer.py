"""Pacing: rates, who goes first, what a failure means."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import AnswerCallbackQuery, EditMessageText, GetMe, SendMessage
from aiohttp import ClientConnectorError, ServerDisconnectedError
from aiohttp.client_reqrep import ConnectionKey

from bot.pacer import Pacer, TryLaterError, sending_as, try_later
from storage.priority import Priority
from tests.unit.bot.hand_clock import HandClock

TOKEN = "42:" + "x" * 35


@dataclass
class Line:
    """Stands for the session: notes what goes out and when; fails as told."""

    clock: HandClock
    out: list[tuple[float, Any]] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)

    async def __call__(self, _bot: Bot, method: Any) -> Any:
        self.out.append((self.clock.now, method))
        if self.failures:
            raise self.failures.pop(0)
        return True

    def texts(self) -> list[str]:
        return [method.text for _, method in self.out]


@dataclass
class Bench:
    """A pacer with its line."""

    clock: HandClock
    line: Line
    pacer: Pacer
    bot: Bot
    tasks: list["asyncio.Task[Any]"] = field(default_factory=list)

    def send(self, text: str, chat: int = 1, priority: Priority = Priority.ALERT) -> "asyncio.Task[Any]":
        with sending_as(priority):
            task = asyncio.create_task(self.pacer(self.line, self.bot, SendMessage(chat_id=chat, text=text)))
        self.tasks.append(task)
        return task


def bench(story: Callable[[Bench], Awaitable[None]]) -> None:
    async def main() -> None:
        clock = HandClock()
        made = Bench(clock, Line(clock), Pacer(clock), Bot(TOKEN))
        await story(made)
        for task in made.tasks:
            task.cancel()
        await asyncio.gather(*made.tasks, return_exceptions=True)

    asyncio.run(main())


def test_a_chat_gets_three_at_once_and_then_one_a_second() -> None:
    async def story(b: Bench) -> None:
        for number in range(6):
            b.send(str(number))
        await b.clock.advance(3)
        assert [round(at - 1000) for at, _ in b.line.out] == [0, 0, 0, 1, 2, 3]
        assert b.line.texts() == list("012345")

    bench(story)


def test_five_hundred_events_in_one_second_stay_within_the_overall_rate() -> None:
    async def story(b: Bench) -> None:
        for number in range(500):
            b.send(str(number), chat=number % 100)
        await b.clock.advance(20)
        times = [at for at, _ in b.line.out]
        assert len(times) == 500
        assert max(sum(start <= at < start + 1 for at in times) for start in times) <= 51
        assert times[-1] - times[0] == pytest.approx((500 - 25) / 25, abs=0.1)

    bench(story)


def test_critical_goes_before_everything_that_waits() -> None:
    async def story(b: Bench) -> None:
        for number in range(5):
            b.send(f"alert {number}")
        await b.clock.settle()
        b.send("panel", priority=Priority.PANEL)
        b.send("reply", priority=Priority.REPLY)
        b.send("critical", priority=Priority.CRITICAL)
        await b.clock.advance(10)
        assert b.line.texts()[3:] == ["critical", "reply", "alert 3", "alert 4", "panel"]

    bench(story)


def test_the_panel_never_takes_the_turn_of_an_alert() -> None:
    async def story(b: Bench) -> None:
        b.send("panel", priority=Priority.PANEL)
        await b.clock.settle()
        again = b.send("panel again", priority=Priority.PANEL)
        await b.clock.settle()
        b.send("one")
        b.send("two")
        await b.clock.settle()
        assert b.line.texts() == ["panel", "one", "two"]
        assert not again.done()

    bench(story)


def test_a_busy_chat_does_not_hold_up_another() -> None:
    async def story(b: Bench) -> None:
        for number in range(10):
            b.send(f"a{number}", chat=1)
        b.send("b", chat=2)
        await b.clock.settle()
        assert b.line.texts() == ["a0", "a1", "a2", "b"]

    bench(story)


def test_a_flood_answer_shuts_the_chat_for_as_long_as_telegram_asked() -> None:
    async def story(b: Bench) -> None:
        b.line.failures = [_flood(7)]
        refused = b.send("first")
        await b.clock.settle()
        error = refused.exception()
        assert isinstance(error, TryLaterError)
        assert (error.wait_s, error.flood) == (7.0, True)
        b.send("again")
        b.send("elsewhere", chat=2)
        await b.clock.advance(6.9)
        assert b.line.texts() == ["first", "elsewhere"]
        await b.clock.advance(0.2)
        assert b.line.texts()[-1] == "again"

    bench(story)


def test_floods_of_two_chats_shut_everything() -> None:
    async def story(b: Bench) -> None:
        b.line.failures = [_flood(5), _flood(5)]
        b.send("one", chat=1)
        b.send("two", chat=2)
        await b.clock.settle()
        b.send("three", chat=3)
        await b.clock.advance(4.9)
        assert b.line.texts() == ["one", "two"]
        await b.clock.advance(0.2)
        assert b.line.texts() == ["one", "two", "three"]

    bench(story)


def test_a_reply_is_tried_again_but_never_twice_when_its_answer_was_lost() -> None:
    async def story(b: Bench) -> None:
        b.line.failures = [_server_error(), _lost()]
        reply = b.send("reply", priority=Priority.REPLY)
        await b.clock.advance(10)
        assert isinstance(reply.exception(), TryLaterError)
        assert b.line.texts() == ["reply", "reply"]

    bench(story)


def test_an_edit_of_a_reply_is_repeated_after_a_lost_answer() -> None:
    async def story(b: Bench) -> None:
        b.line.failures = [_lost()]
        edit = EditMessageText(chat_id=1, message_id=2, text="x")
        task = asyncio.create_task(b.pacer(b.line, b.bot, edit))
        await b.clock.advance(5)
        assert bool(task.result())
        assert len(b.line.out) == 2

    bench(story)


def test_a_final_refusal_reaches_the_caller_as_it_is() -> None:
    async def story(b: Bench) -> None:
        b.line.failures = [TelegramBadRequest(method=GetMe(), message="Bad Request: chat not found")]
        task = b.send("x")
        await b.clock.settle()
        assert isinstance(task.exception(), TelegramBadRequest)

    bench(story)


def test_answering_a_press_delays_nothing_and_cannot_fail_the_handler() -> None:
    async def story(b: Bench) -> None:
        b.line.failures = [_lost()]
        answered = await b.pacer(b.line, b.bot, AnswerCallbackQuery(callback_query_id="1"))
        assert bool(answered)
        assert b.line.out == []
        await b.pacer.drain()
        assert len(b.line.out) == 1

    bench(story)


def test_a_cancelled_send_gives_its_turn_back() -> None:
    async def story(b: Bench) -> None:
        for number in range(5):
            b.send(str(number))
        await b.clock.settle()
        b.tasks[3].cancel()
        await b.clock.advance(2)
        assert b.line.texts() == ["0", "1", "2", "4"]
        assert b.pacer.waiting == 0

    bench(story)


def _flood(seconds: int) -> Exception:
    return TelegramRetryAfter(method=GetMe(), message="Flood", retry_after=seconds)


def _server_error() -> Exception:
    return TelegramServerError(method=GetMe(), message="Bad Gateway")


def _lost(cause: Exception | None = None) -> Exception:
    error = TelegramNetworkError(method=GetMe(), message="broken")
    error.__cause__ = cause or ServerDisconnectedError()
    return error


def test_failures_are_sorted_by_what_they_mean_for_the_message() -> None:
    key = ConnectionKey("host", 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None)
    never_heard = _lost(ClientConnectorError(key, OSError("refused")))
    cases = [
        (_flood(3), (3.0, False, True)),
        (TelegramAPIError(method=GetMe(), message="Too Many Requests"), (5.0, False, True)),
        (_server_error(), (0.0, False, False)),
        (ClientDecodeError("html", ValueError(), "<html>"), (0.0, False, False)),
        (TypeError("argument of type 'NoneType' is not iterable"), (0.0, False, False)),
        (_lost(), (0.0, True, False)),
        (never_heard, (0.0, False, False)),
    ]
    for error, expected in cases:
        later = try_later(error)
        assert later is not None, error
        assert (later.wait_s, later.lost, later.flood) == expected, error
    assert try_later(TelegramBadRequest(method=GetMe(), message="no")) is None
    assert try_later(TypeError("a mistake of ours")) is None
