"""Telegram's HTTP transport: /bot<token>/<method> in any verb and encoding, error envelopes, file downloads."""

import asyncio
import json
from collections.abc import Mapping

from aiohttp import web
from aiohttp.web_request import FileField

from bot.localchat.calllog import without_secret
from bot.localchat.core import Core
from bot.localchat.errors import ApiError, JsonObject, too_many_requests
from bot.localchat.faults import Fault
from bot.localchat.files import content_of
from bot.localchat.methods import METHODS, NAMES
from bot.localchat.methods.call import Call
from bot.localchat.methods.media import MAX_DOWNLOAD_BYTES
from bot.localchat.methods.session import LOGGED_OUT_S
from bot.localchat.params import Params, Upload, params_from_json
from bot.localchat.world import Bot

MAX_BODY_BYTES = 50 * 1024 * 1024 + 256 * 1024
_NOT_FOUND = ApiError(code=404, description="Not Found")
_NO_METHOD = ApiError(code=404, description="Not Found: method not found")
_BAD_TOKEN = ApiError(code=401, description="Unauthorized: invalid token specified")
_UNAUTHORIZED = ApiError(code=401, description="Unauthorized")
_TOO_LARGE = ApiError(code=413, description="Request Entity Too Large")


class BotApi:
    """The handlers of /bot and /file/bot."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def add_routes(self, app: web.Application) -> None:
        """Add the Bot API's routes."""
        app.router.add_route("*", "/bot{path:.*}", self._call)
        app.router.add_get("/file/bot{path:.*}", self._download)

    async def _call(self, request: web.Request) -> web.StreamResponse:
        name, bot = "", None
        try:
            bot, name = self._addressed(request.match_info["path"])
            params = await read_params(request)
            name = name or params.text("method")
            if name.lower() not in METHODS:
                raise _NO_METHOD
        except ApiError as error:
            return self._answer(bot, name, Params(values={}), error.code, error.envelope())
        name = NAMES[name.lower()]
        fault = self._core.faults.take(name)
        return await self._perform(request, Call(core=self._core, bot=bot, params=params), name, fault)

    async def _perform(self, request: web.Request, call: Call, name: str, fault: Fault | None) -> web.StreamResponse:
        if fault is not None and fault.delay_ms:
            await asyncio.sleep(fault.delay_ms / 1000)
        if fault is not None and fault.drop == "before":
            return self._lose(request, call, name)
        if fault is not None and (fault.status or fault.body is not None or fault.description is not None):
            return self._faulty(call, name, fault)
        status, body = await _result(name, call)
        if fault is not None and fault.drop == "after":
            return self._lose(request, call, name)
        return self._answer(call.bot, name, call.params, status, body)

    def _addressed(self, path: str) -> tuple[Bot, str]:
        token, slash, method = path.partition("/")
        if not slash:
            raise _NOT_FOUND
        if token.startswith("0") or len(token) > 80 or ":" not in token:
            raise _BAD_TOKEN
        bot = self._core.world.bot_by_token(token)
        if bot is None:
            raise _UNAUTHORIZED
        if self._core.clock() - bot.settings.get("logged_out_at", float("-inf")) < LOGGED_OUT_S:
            raise ApiError(code=400, description="Logged out")
        method = method.removeprefix("test/")
        if "/" in method:
            raise _NOT_FOUND
        return bot, method

    def _answer(self, bot: Bot | None, name: str, params: Params, status: int, body: JsonObject) -> web.Response:
        self._log(bot, name, params, status=status, response=body)
        retry_after = body.get("parameters", {}).get("retry_after")
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return web.json_response(body, status=status, headers=headers)

    def _faulty(self, call: Call, name: str, fault: Fault) -> web.Response:
        status = fault.status or (400 if fault.body is None else 200)
        if fault.body is not None:
            self._log(call.bot, name, call.params, status=status, response=fault.body)
            return web.Response(body=fault.body.encode(), status=status, content_type=_type_of(fault.body))
        parameters: Mapping[str, int] = {"retry_after": fault.retry_after} if fault.retry_after else {}
        words = fault.description
        if words is None and status == 429:
            words = too_many_requests(fault.retry_after).description if fault.retry_after else "Too Many Requests"
        error = ApiError(code=status, description=words or "Internal Server Error", parameters=parameters)
        return self._answer(call.bot, name, call.params, status, error.envelope())

    def _lose(self, request: web.Request, call: Call, name: str) -> web.Response:
        self._log(call.bot, name, call.params, status=None, response=None)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    def _log(self, bot: Bot | None, name: str, params: Params, *, status: int | None, response: object) -> None:
        bot_id = 0 if bot is None else bot.id
        shown: JsonObject = {"params": params.shown(), "response": response}
        if bot is not None:
            shown = without_secret(shown, bot.token)
        self._core.calls.add(at=self._core.clock(), method=name, status=status, bot=bot_id, **shown)

    async def _download(self, request: web.Request) -> web.StreamResponse:
        try:
            bot, _, file_id = self._file_path(request.match_info["path"])
        except ApiError as error:
            return web.json_response(error.envelope(), status=error.code)
        stored = bot.files.get(file_id)
        content = None if stored is None else await content_of(self._core.world.blobs, stored)
        if stored is None or content is None or stored.size > MAX_DOWNLOAD_BYTES:
            return web.json_response(_NOT_FOUND.envelope(), status=404)
        return web.Response(body=content, content_type="application/octet-stream")

    def _file_path(self, path: str) -> tuple[Bot, str, str]:
        token, _, rest = path.partition("/")
        folder, _, file_id = rest.partition("/")
        bot = self._core.world.bot_by_token(token)
        if bot is None:
            raise _UNAUTHORIZED
        if folder not in {"photos", "documents"}:
            raise _NOT_FOUND
        return bot, folder, file_id


async def _result(name: str, call: Call) -> tuple[int, JsonObject]:
    try:
        return 200, {"ok": True, "result": await METHODS[name.lower()](call)}
    except ApiError as error:
        return error.code, error.envelope()


def _type_of(body: str) -> str:
    try:
        json.loads(body)
    except ValueError:
        return "text/html"
    return "application/json"


async def read_params(request: web.Request) -> Params:
    """Return the arguments of a request, those of the body before those of the query."""
    values = dict(request.query)
    files: dict[str, Upload] = {}
    try:
        if request.content_type == "application/json":
            values |= params_from_json(await request.read())
        else:
            for name, value in (await request.post()).items():
                if isinstance(value, FileField):
                    content = await asyncio.to_thread(value.file.read)
                    files[name] = Upload(name=value.filename, mime=value.content_type, content=content)
                else:
                    values[name] = value if isinstance(value, str) else bytes(value).decode("utf-8", "replace")
    except web.HTTPRequestEntityTooLarge as error:
        raise _TOO_LARGE from error
    except ValueError as error:
        raise ApiError(code=400, description="Bad Request: can't parse request body") from error
    return Params(values=values, files=files)
