"""A running chat server with a plain HTTP client, an aiogram bot and a clock set by hand."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from PIL import Image

from bot.localchat import LocalChat, LocalChatConfig

ADA = 1001
STRANGER = 1004


@dataclass(slots=True)
class HandClock:
    """Time that moves only when it is told to, or when somebody sleeps."""

    now: float = 1_800_000_000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass(frozen=True, slots=True)
class Room:
    """The server and everything that talks to it."""

    chat: LocalChat
    http: aiohttp.ClientSession
    bot: Bot
    clock: HandClock

    async def api(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a Bot API method with a JSON body and return the envelope."""
        url = f"{self.chat.url}/bot{self.chat.bot_token}/{method}"
        async with self.http.post(url, json=params) as response:
            body: dict[str, Any] = await response.json()
            assert body["ok"] is (response.status == 200)
            return body

    async def refusal(self, method: str, **params: Any) -> str:
        """Call a method that must fail; return its error text."""
        body = await self.api(method, **params)
        assert not body["ok"], body
        return str(body["description"])

    async def sent(self, text: str = "hello", **params: Any) -> int:
        """Let the bot write to Ada; return the message's id."""
        body = await self.api("sendMessage", **{"chat_id": ADA, "text": text, **params})
        assert body["ok"], body
        return int(body["result"]["message_id"])

    async def sim(self, path: str, body: object = None, *, status: int = 200, method: str = "") -> Any:
        """Call the control API: POST with a body, else GET."""
        verb = method or ("GET" if body is None else "POST")
        async with self.http.request(verb, f"{self.chat.url}/sim/{path}", json=body) as response:
            content = await response.json()
            assert response.status == status, content
            return content

    async def write(self, text: str, *, user: int = ADA, **more: Any) -> dict[str, Any]:
        """Let a person write."""
        result: dict[str, Any] = await self.sim(f"users/{user}/messages", {"text": text, **more})
        return result

    async def press(self, message_id: int, button: str, *, user: int = ADA, **more: Any) -> dict[str, Any]:
        """Let a person press a button."""
        body = {"message_id": message_id, "button": button, **more}
        result: dict[str, Any] = await self.sim(f"users/{user}/presses", body)
        return result

    async def transcript(self, chat_id: int = ADA) -> list[dict[str, Any]]:
        """Return a chat's messages."""
        messages: list[dict[str, Any]] = await self.sim(f"chats/{chat_id}/messages")
        return messages

    async def updates(self, **params: Any) -> list[dict[str, Any]]:
        """Return what getUpdates gives."""
        body = await self.api("getUpdates", **params)
        assert body["ok"], body
        updates: list[dict[str, Any]] = body["result"]
        return updates


@asynccontextmanager
async def open_room(folder: Path | None = None, **settings: Any) -> AsyncIterator[Room]:
    """Start a server without flood limits (unless asked for) and everything that talks to it."""
    clock = HandClock()
    config = {"rate_limits": False, "clock": clock, "sleep": clock.sleep, "state_dir": folder, **settings}
    chat = LocalChat(LocalChatConfig(**config))
    await chat.start()
    server = TelegramAPIServer.from_base(chat.url)
    bot = Bot(chat.bot_token, session=AiohttpSession(api=server))
    try:
        async with aiohttp.ClientSession() as http:
            yield Room(chat, http, bot, clock)
    finally:
        await bot.session.close()
        await chat.stop()


def in_room(story: Callable[[Room], Awaitable[None]], **settings: Any) -> None:
    """Run a story in a fresh room."""

    async def main() -> None:
        async with open_room(**settings) as room, asyncio.timeout(30):
            await story(room)

    asyncio.run(main())


def keyboard(*labels: str, **more: Any) -> dict[str, Any]:
    """Return an inline keyboard with one row whose data are the labels in small letters."""
    return {"inline_keyboard": [[{"text": label, "callback_data": label.lower(), **more} for label in labels]]}


def picture(width: int = 640, height: int = 400, kind: str = "PNG") -> bytes:
    """Return an image file."""
    output = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(output, kind)
    return output.getvalue()
