"""A whole chat side on a local chat server and a real database, with one clock set by hand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiogram.types import Update

from bot.localchat import LocalChat, LocalChatConfig
from bot.seats import Room
from bot.service import ChatService
from config.settings import Settings
from engine.core.alerts import Alert
from engine.core.chat_events import ChatEvent
from handlers.ports import HealthReport
from storage.store import Store
from tests.unit.bot.hand_clock import HandClock
from tests.unit.handlers.fakes import FakeDesk
from tests.unit.views import examples as ex

ADA, BEN, VERA, STRANGER = 1001, 1002, 1003, 1004


class Well:
    """Health of a desk that is well."""

    ok = True

    def healthy(self) -> bool:
        return self.ok

    async def report(self) -> HealthReport:
        raise NotImplementedError


class Idle:
    """Charts and research that nobody asks."""

    async def render(self, request: object) -> Any:
        raise NotImplementedError

    async def backtest(self, **_: object) -> Any:
        raise NotImplementedError

    async def metrics(self, *_: object, **__: object) -> Any:
        raise NotImplementedError


@dataclass
class Scene:
    """The server, the store and the service; Ada owns the desk."""

    chat: LocalChat
    http: aiohttp.ClientSession
    store: Store
    desk: FakeDesk
    clock: HandClock
    service: ChatService
    offset: int = 0
    told: list[ChatEvent] = field(default_factory=list)

    @property
    def parts(self) -> Any:
        return self.service._parts

    async def sim(self, path: str, body: object = None, *, method: str = "") -> Any:
        """Call the server's control API: POST with a body, else GET."""
        verb = method or ("GET" if body is None else "POST")
        async with self.http.request(verb, f"{self.chat.url}/sim/{path}", json=body) as response:
            content = await response.json()
            assert response.status == 200, content
            return content

    async def write(self, text: str, user: int = ADA, **more: Any) -> dict[str, Any]:
        """Let a person write, and let the desk hear it."""
        result: dict[str, Any] = await self.sim(f"users/{user}/messages", {"text": text, **more})
        await self.hear()
        return result

    async def press(self, message_id: int, button: str, user: int = ADA, **more: Any) -> dict[str, Any]:
        """Let a person press a button, and let the desk hear it."""
        body = {"message_id": message_id, "button": button, **more}
        result: dict[str, Any] = await self.sim(f"users/{user}/presses", body)
        await self.hear()
        return result

    async def hear(self, **given: Any) -> int:
        """Get updates as a poller does and handle them one after the other; returns how many came."""
        body = {"offset": self.offset, "allowed_updates": ["message", "callback_query", "my_chat_member"]}
        url = f"{self.chat.url}/bot{self.chat.bot_token}/getUpdates"
        async with self.http.post(url, json=body | {"timeout": 0}) as response:
            updates = (await response.json())["result"]
        bot = self.parts.bot
        for raw in updates:
            self.offset = max(self.offset, raw["update_id"] + 1)
            await self.parts.dispatcher.feed_update(bot, Update.model_validate(raw, context={"bot": bot}), **given)
        return len(updates)

    async def said(self, chat: int = ADA) -> list[str]:
        """What the bot's messages in a chat say."""
        return [message["text"] for message in await self.messages(chat)]

    async def messages(self, chat: int = ADA) -> list[dict[str, Any]]:
        """The bot's messages in a chat."""
        return [
            message
            for message in await self.sim(f"chats/{chat}/messages")
            if message["from_bot"] and not message["deleted"]
        ]

    async def calls(self, method: str) -> list[dict[str, Any]]:
        """The calls of a method that the server answered."""
        return [call for call in await self.sim("calls") if call["method"] == method]

    async def fault(self, method: str, **fault: Any) -> None:
        """Order a fault."""
        await self.sim("faults", {"method": method, **fault})

    async def alert(self, *alerts: Alert) -> None:
        """Let the engine tell something, durably."""
        await self.store.journal.submit((), alerts)

    async def sent(self) -> None:
        """Let the outbox take on what is durable, and wait until it is sent."""
        await self.parts.outbox.look()
        await self.parts.outbox.idle()

    async def until(self, is_so: Callable[[], Awaitable[bool]]) -> None:
        """Wait for a state of the server or the store; each look is a request, and no time passes meanwhile."""
        async with asyncio.timeout(15):
            while not await is_so():
                await self.sim("state")

    async def passing(self, seconds: float, step: float = 1.0) -> None:
        """Let time pass in steps, and requests go through in between."""
        for _ in range(round(seconds / step)):
            await self.clock.advance(step)
            await self.sim("state")


def settings(chat: LocalChat, folder: Path, **more: Any) -> Settings:
    """Settings of a desk that talks to a local server."""
    values = {"telegram_bot_token": chat.bot_token, "telegram_api_url": chat.url, "desk_state_dir": folder}
    return Settings(**{"telegram_admin_ids": f"{ADA},{BEN}", **values, **more})


@asynccontextmanager
async def running(
    chat: LocalChat, folder: Path, clock: HandClock, *, alone: bool = False, **more: Any
) -> AsyncIterator[Scene]:
    """A desk's process on a server that is there already; `alone` with Ada only."""
    store = await Store.open(f"sqlite:///{folder}/desk.sqlite3", mode="paper", account="main")
    if alone:
        more["telegram_admin_ids"] = f"{ADA}"
    else:
        await store.users.set(VERA, "viewer", "Vera", 0)
    desk = FakeDesk(ex.snapshot())
    told: list[ChatEvent] = []
    room = Room(store=store, desk=desk, research=Idle(), health=Well(), tell=told.append)
    service = ChatService(settings(chat, folder, **more), [room], charts=Idle(), health=Well(), clock=clock)
    try:
        await service.start()
        async with aiohttp.ClientSession() as http:
            yield Scene(chat, http, store, desk, clock, service, told=told)
    finally:
        await service.stop()
        await store.close()


def in_scene(folder: Path, story: Callable[[Scene], Awaitable[None]], **more: Any) -> None:
    """Run a story in a fresh scene."""

    async def main() -> None:
        clock = HandClock()
        async with serving(clock) as chat, running(chat, folder, clock, **more) as scene, asyncio.timeout(60):
            await story(scene)

    asyncio.run(main())


@asynccontextmanager
async def serving(clock: HandClock) -> AsyncIterator[LocalChat]:
    """A chat server on the same clock, without flood limits of its own."""
    chat = LocalChat(LocalChatConfig(rate_limits=False, clock=lambda: clock.wall_ms() / 1000, sleep=clock.sleep))
    await chat.start()
    try:
        yield chat
    finally:
        await chat.stop()
