"""The control API under /sim: what tests, the page and demonstrations do as people, and what they can look at."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from aiohttp import web

from bot.localchat import people
from bot.localchat.commands import visible_commands
from bot.localchat.core import Core
from bot.localchat.errors import JsonObject
from bot.localchat.faults import fault_from
from bot.localchat.files import content_of
from bot.localchat.model import Group, User, plain
from bot.localchat.people import SimError, Writing
from bot.localchat.render import chat_entry, is_shown, transcript_json
from bot.localchat.world import Bot

type Body = dict[str, Any]
type Answer = Callable[[web.Request, Body], Awaitable[object]]

_WRITING = {"text": str, "chat_id": int, "forward": bool, "via_bot": bool, "sender_chat": int, "date": int}
_WRITING |= {"reply_to": int, "edit": int, "photo": bool, "thread_id": int, "bot": int}
_PRESSING = {"message_id": int, "button": str, "forge": bool, "chat_id": int, "bot": int}


class Sim:
    """The handlers of /sim. `default_bot` is the bot meant where a call names none."""

    def __init__(self, core: Core, *, default_bot: Callable[[], Bot]) -> None:
        self._core = core
        self._default_bot = default_bot

    def add_routes(self, app: web.Application) -> None:
        """Add the control API's routes."""
        gets: dict[str, Answer] = {
            "/sim/state": self._state,
            "/sim/callbacks/{id}": self._callback,
            "/sim/chats/{id}/messages": self._messages,
            "/sim/chats/{id}/commands": self._commands,
            "/sim/calls": self._calls,
            "/sim/faults": self._faults,
        }
        posts: dict[str, Answer] = {
            "/sim/users": self._add_user,
            "/sim/users/{id}/messages": self._write,
            "/sim/users/{id}/presses": self._press,
            "/sim/users/{id}/block": self._block,
            "/sim/chats": self._add_group,
            "/sim/faults": self._add_fault,
            "/sim/redeliver": self._redeliver,
            "/sim/bots": self._add_bot,
        }
        for path, answer in gets.items():
            app.router.add_get(path, _json(answer))
        for path, answer in posts.items():
            app.router.add_post(path, _json(answer))
        app.router.add_delete("/sim/faults", _json(self._clear_faults))
        app.router.add_get("/sim/files/{id}", self._file)

    def state(self, bot: Bot) -> JsonObject:
        """Return the body of /sim/state for a bot."""
        world = self._core.world
        chats = [chat_entry(user) for user in world.users.values()]
        chats += [chat_entry(group) for group in world.groups.values()]
        return {
            "bot": {"id": bot.id, "username": bot.username, "token": bot.token},
            "users": [{"id": user.id, "name": user.name, "role": user.role} for user in world.users.values()],
            "chats": chats,
            "desk": dict(self._core.desk),
        }

    def _bot(self, value: object) -> Bot:
        if not value:
            return self._default_bot()
        bot = self._core.world.bots.get(int(str(value))) if str(value).isdecimal() else None
        if bot is None:
            raise SimError(f"no bot {value}: POST /sim/bots registers one", status=404)
        return bot

    async def _state(self, request: web.Request, _body: Body) -> object:
        return self.state(self._bot(request.query.get("bot")))

    async def _write(self, request: web.Request, body: Body) -> object:
        values = _checked(body, _WRITING)
        bot = self._bot(values.pop("bot", 0))
        if "text" not in values:
            raise SimError('"text" is missing')
        return people.write(self._core, bot, Writing(user_id=_number(request), **values))

    async def _press(self, request: web.Request, body: Body) -> object:
        values = _checked(body, _PRESSING)
        bot = self._bot(values.pop("bot", 0))
        if "message_id" not in values or "button" not in values:
            raise SimError('"message_id" and "button" are needed')
        values = {"forge": False, "chat_id": 0, **values}
        return people.press(self._core, bot, user_id=_number(request), **values)

    async def _block(self, request: web.Request, body: Body) -> object:
        values = _checked(body, {"blocked": bool, "bot": int})
        bot = self._bot(values.get("bot"))
        return people.block(self._core, bot, user_id=_number(request), blocked=values.get("blocked", True))

    async def _callback(self, request: web.Request, _body: Body) -> object:
        wanted = request.match_info["id"]
        found = next((bot.presses[wanted] for bot in self._core.world.bots.values() if wanted in bot.presses), None)
        if found is None:
            raise SimError(f"no callback query {wanted}", status=404)
        return {"answered": found.answered, "text": found.text, "alert": found.alert}

    async def _messages(self, request: web.Request, _body: Body) -> object:
        bot = self._bot(request.query.get("bot"))
        dialog = bot.dialogs.get(self._chat(request), {})
        after = _query_number(request, "after")
        return [transcript_json(m) for m in dialog.values() if m.message_id > after and is_shown(m)]

    async def _commands(self, request: web.Request, _body: Body) -> object:
        bot = self._bot(request.query.get("bot"))
        chat_id = self._chat(request)
        user_id = _query_number(request, "user_id") or chat_id
        return visible_commands(self._core.world, bot, chat_id=chat_id, user_id=user_id)

    def _chat(self, request: web.Request) -> int:
        chat_id = _number(request)
        if chat_id not in self._core.world.users and chat_id not in self._core.world.groups:
            raise SimError(f"no chat {chat_id}: GET /sim/state lists the chats", status=404)
        return chat_id

    async def _calls(self, request: web.Request, _body: Body) -> object:
        return self._core.calls.after(_query_number(request, "after"))

    async def _faults(self, _request: web.Request, _body: Body) -> object:
        return self._core.faults.listed()

    async def _add_fault(self, _request: web.Request, body: Body) -> object:
        try:
            fault = fault_from(body)
        except ValueError as error:
            raise SimError(str(error)) from error
        self._core.faults.add(fault)
        return fault.as_json()

    async def _clear_faults(self, _request: web.Request, _body: Body) -> object:
        self._core.faults.clear()
        return []

    async def _redeliver(self, _request: web.Request, body: Body) -> object:
        values = _checked(body, {"update_id": int, "bot": int})
        bot = self._bot(values.get("bot"))
        if not bot.queue.redeliver(values.get("update_id", 0)):
            raise SimError(f"no update {values.get('update_id')} is remembered", status=404)
        self._core.wake(bot)
        return {"update_id": values["update_id"]}

    async def _add_bot(self, _request: web.Request, body: Body) -> object:
        username = _checked(body, {"username": str}).get("username", "")
        if not username.isidentifier() or not 3 <= len(username) <= 32:
            raise SimError("username must be 3 to 32 letters, digits and underscores, not starting with a digit")
        if any(bot.username.lower() == username.lower() for bot in self._core.world.bots.values()):
            raise SimError(f"username {username} is taken", status=409)
        bot = self._core.add_bot(username)
        return {"id": bot.id, "token": bot.token}

    async def _add_user(self, _request: web.Request, body: Body) -> object:
        kinds = {"id": int, "name": str, "role": str, "language": str, "started": bool, "active": bool}
        values = _checked(body, kinds)
        if not values.get("name", "").strip():
            raise SimError('"name" is missing')
        free = max(self._core.world.users, default=1000) + 1
        user = User(**{"id": free, **values})
        if user.id <= 0 or user.id in self._core.world.bots:
            raise SimError(f"id {user.id} is not free for a person")
        self._core.world.commit("user", **plain(user))
        self._announce()
        return {"id": user.id, "name": user.name, "role": user.role}

    async def _add_group(self, _request: web.Request, body: Body) -> object:
        kinds = {"id": int, "title": str, "kind": str, "members": list, "admins": list, "forum": bool, "bot": int}
        values = _checked(body, kinds)
        bot = self._bot(values.pop("bot", 0))
        for name in ("members", "admins"):
            if not all(isinstance(user, int) for user in values.get(name, [])):
                raise SimError(f"{name} must be a list of user ids")
        group = Group(**{"id": 0, "title": "Group", **values})
        members = tuple(dict.fromkeys((*group.members, *group.admins)))
        unknown = [user for user in members if user not in self._core.world.users and user != bot.id]
        if group.id >= 0 or group.kind not in {"group", "supergroup", "channel"} or unknown or not members:
            raise SimError("a chat needs a negative id, kind group, supergroup or channel, and known users as members")
        joined = replace(group, members=(*members, bot.id), admins=tuple(group.admins) or members[:1])
        self._core.world.commit("group", **plain(joined))
        status = "administrator" if bot.id in joined.admins else "member"
        update_id = people.announce_membership(self._core, bot, chat_id=group.id, user_id=members[0], status=status)
        self._announce()
        return {"id": group.id, "update_id": update_id}

    def _announce(self) -> None:
        state = self.state(self._default_bot())
        self._core.tell(self._default_bot(), {"type": "users", "users": state["users"], "chats": state["chats"]})

    async def _file(self, request: web.Request) -> web.StreamResponse:
        file_id = request.match_info["id"]
        bots = self._core.world.bots.values()
        stored = next((bot.files[file_id] for bot in bots if file_id in bot.files), None)
        content = None if stored is None else await content_of(self._core.world.blobs, stored)
        if stored is None or content is None:
            return web.json_response({"error": f"no file {file_id}"}, status=404)
        kind = "inline" if stored.scaled else "attachment"
        name = "".join(char if char.isalnum() or char in "._- " else "_" for char in stored.name).encode(
            "ascii", "replace"
        )
        headers = {
            "Content-Disposition": f'{kind}; filename="{name.decode()}"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "private, max-age=3600",
        }
        content_type = stored.mime if stored.scaled else "application/octet-stream"
        return web.Response(body=content, content_type=content_type, headers=headers)


def _number(request: web.Request) -> int:
    raw = request.match_info["id"]
    if not raw.removeprefix("-").isdecimal():
        raise SimError(f"{raw!r} in the path is not a number")
    return int(raw)


def _query_number(request: web.Request, name: str) -> int:
    raw = request.query.get(name, "0")
    if not raw.removeprefix("-").isdecimal():
        raise SimError(f"{name}={raw!r} is not a number")
    return int(raw)


def _checked(body: Body, kinds: dict[str, type]) -> Body:
    for name, value in body.items():
        kind = kinds.get(name)
        if kind is None:
            raise SimError(f"unknown field {name!r}: known are {', '.join(kinds)}")
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise SimError(f"{name} must be of type {kind.__name__}, got {value!r}")
    return dict(body)


def _json(answer: Answer) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return web.json_response(await answer(request, await _body(request)))
        except SimError as error:
            return web.json_response({"error": str(error)}, status=error.status)

    return handle


async def _body(request: web.Request) -> Body:
    if request.method == "GET" or not request.can_read_body:
        if request.method == "POST":
            raise SimError("a JSON body is needed")
        return {}
    if request.content_type != "application/json":
        raise SimError(f"Content-Type must be application/json, got {request.content_type}", status=415)
    try:
        content = json.loads(await request.text())
    except (ValueError, RecursionError) as error:
        raise SimError(f"the body is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise SimError("the body must be a JSON object")
    return content
