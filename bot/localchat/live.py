"""The WebSocket that keeps the chat page up to date."""

import asyncio
import json
from collections.abc import Callable

from aiohttp import WSMsgType, web

from bot.localchat.core import Core
from bot.localchat.errors import JsonObject
from bot.localchat.model import message_from
from bot.localchat.render import is_shown, transcript_json
from bot.localchat.world import Bot

_BACKLOG = 1_000


class Live:
    """Pages that watch, each with its own backlog; a page too slow to follow is cut off and may connect again."""

    def __init__(self, core: Core, *, default_bot: Callable[[], Bot], state: Callable[[Bot], JsonObject]) -> None:
        self._core = core
        self._default_bot = default_bot
        self._state = state
        self._pages: dict[asyncio.Queue[JsonObject | None], int] = {}
        core.watchers.append(self._push)
        core.world.listeners.append(self._on_record)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer GET /sim/live: the whole state first, then every change."""
        bot = self._default_bot()
        socket = web.WebSocketResponse(heartbeat=30, max_msg_size=64 * 1024)
        await socket.prepare(request)
        backlog: asyncio.Queue[JsonObject | None] = asyncio.Queue(_BACKLOG)
        backlog.put_nowait({"type": "state", **self._state(bot), "chats": self._transcripts(bot)})
        self._pages[backlog] = bot.id
        sender = asyncio.create_task(_send(socket, backlog))
        try:
            async for message in socket:
                if message.type is WSMsgType.ERROR:
                    break
        finally:
            self._pages.pop(backlog, None)
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
        return socket

    def close(self) -> None:
        """Say goodbye to all pages."""
        for backlog in list(self._pages):
            self._cut(backlog)

    def _transcripts(self, bot: Bot) -> dict[str, list[JsonObject]]:
        chats = [*self._core.world.users, *self._core.world.groups]
        dialogs = {chat_id: bot.dialogs.get(chat_id, {}) for chat_id in chats}
        return {
            str(chat_id): [transcript_json(message) for message in dialog.values() if is_shown(message)]
            for chat_id, dialog in dialogs.items()
        }

    def _on_record(self, record: JsonObject) -> None:
        if record["k"] != "message" or not self._pages:
            return
        message = message_from(record["m"])
        if is_shown(message):
            news = {"type": "message", "chat_id": message.chat_id, "message": transcript_json(message)}
            self._push(record["bot"], news)

    def _push(self, bot_id: int, news: JsonObject) -> None:
        for backlog, watched in list(self._pages.items()):
            if bot_id not in {watched, 0}:
                continue
            if backlog.full():
                self._cut(backlog)
            else:
                backlog.put_nowait(news)

    def _cut(self, backlog: asyncio.Queue[JsonObject | None]) -> None:
        self._pages.pop(backlog, None)
        while not backlog.empty():
            backlog.get_nowait()
        backlog.put_nowait(None)


async def _send(socket: web.WebSocketResponse, backlog: asyncio.Queue[JsonObject | None]) -> None:
    while (news := await backlog.get()) is not None:
        await socket.send_str(json.dumps(news, separators=(",", ":")))
    await socket.close()
