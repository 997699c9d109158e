"""A Bot API server that only notes when messages arrive: who presses and says something is the benchmark."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic_ns, time
from typing import Any

import orjson
from aiohttp import web

TOKEN = "1:" + "b" * 35


@dataclass(frozen=True, slots=True)
class Sent:
    """One message the bot sent: when its request arrived, where to, its text, the first button's data and label."""

    at_ns: int
    chat_id: int
    text: str
    message_id: int
    button: str
    label: str


class Chat:
    """The chat of some people; `sent` holds every message."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.polled = asyncio.Event()
        self._updates: list[dict[str, Any]] = []
        self._fresh = asyncio.Event()
        self._number = 0
        self.pressed_ns = 0

    def routes(self, application: web.Application) -> None:
        """Add the server's one route."""
        application.router.add_route("*", f"/bot{TOKEN}/{{method}}", self._serve)

    def say(self, user: int, text: str) -> None:
        """Let somebody write to the bot."""
        entities = [{"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}]
        message = self._message(user, text) | {"from": _person(user), "entities": entities}
        self._put({"message": message})

    def press(self, user: int, sent: Sent) -> None:
        """Let somebody press the first button of a message."""
        message = self._message(user, sent.text) | {"message_id": sent.message_id}
        query = {"id": str(self._number), "from": _person(user), "chat_instance": "1", "data": sent.button}
        self._put({"callback_query": query | {"message": message}})

    async def until(self, found: Callable[[Sent], bool], *, after: int = 0, within_s: float = 20.0) -> Sent:
        """Wait for a message, from the number `after` on."""
        async with asyncio.timeout(within_s):
            while True:
                for sent in self.sent[after:]:
                    if found(sent):
                        return sent
                await asyncio.sleep(0.005)

    def _put(self, update: dict[str, Any]) -> None:
        self._number += 1
        self._updates.append({"update_id": self._number, **update})
        self._fresh.set()

    def _message(self, chat_id: int, text: str) -> dict[str, Any]:
        self._number += 1
        chat = {"id": chat_id, "type": "private", "first_name": "A"}
        return {"message_id": self._number, "date": int(time()), "chat": chat, "text": text}

    async def _serve(self, request: web.Request) -> web.Response:
        at_ns, method = monotonic_ns(), request.match_info["method"]
        form = await request.post()
        given = {name: str(value) for name, value in form.items()}
        if method == "getUpdates":
            return _ok(await self._update_rows(given))
        if method == "getMe":
            return _ok({"id": 1, "is_bot": True, "first_name": "desk", "username": "desk_bot"})
        if method in {"sendMessage", "editMessageText"}:
            return _ok(self._taken(at_ns, method, given))
        return _ok(True)

    async def _update_rows(self, given: dict[str, str]) -> list[dict[str, Any]]:
        self.polled.set()
        offset = int(given.get("offset", "0"))
        self._updates = [update for update in self._updates if update["update_id"] >= offset]
        if not self._updates:
            self._fresh.clear()
            try:
                await asyncio.wait_for(self._fresh.wait(), float(given.get("timeout", "0")))
            except TimeoutError:
                return []
        self.pressed_ns = monotonic_ns()
        return list(self._updates)

    def _taken(self, at_ns: int, method: str, given: dict[str, str]) -> dict[str, Any]:
        chat_id, text = int(given["chat_id"]), given.get("text", "")
        message = self._message(chat_id, text)
        if method == "editMessageText":
            message["message_id"] = int(given["message_id"])
        rows = orjson.loads(given.get("reply_markup") or "{}").get("inline_keyboard") or [[{}]]
        button, label = rows[0][0].get("callback_data", ""), rows[0][0].get("text", "")
        self.sent.append(Sent(at_ns, chat_id, text, message["message_id"], button, label))
        return message


def _person(user: int) -> dict[str, Any]:
    return {"id": user, "is_bot": False, "first_name": "A"}


def _ok(result: object) -> web.Response:
    return web.Response(body=orjson.dumps({"ok": True, "result": result}), content_type="application/json")
