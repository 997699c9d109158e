"""The local chat server: puts the parts together, starts and stops them."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from bot.localchat.blobs import Blobs
from bot.localchat.botapi import MAX_BODY_BYTES, BotApi
from bot.localchat.core import Core
from bot.localchat.errors import JsonObject
from bot.localchat.guard import Guard, is_loopback, plain_errors
from bot.localchat.ledger import Ledger
from bot.localchat.live import Live
from bot.localchat.model import User, plain
from bot.localchat.page import Page
from bot.localchat.ratelimit import RateLimiter
from bot.localchat.sim import Sim
from bot.localchat.webhook import Webhooks
from bot.localchat.world import Bot, World

DEMO_USERS = ((1001, "Ada", "owner"), (1002, "Ben", "admin"), (1003, "Vera", "viewer"), (1004, "Stranger", "none"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalChatConfig:
    """How the server runs. Port 0 takes a free one; without `state_dir` nothing outlives the process.

    `users` are (id, name, role); all have opened the bots' chats. `clock` gives Unix seconds and drives dates,
    expiry and flood limits; `sleep` holds back calls that exceed the limits. `answer_window_s` is how long a button
    press may be answered. A host other than loopback needs `expose`, which puts all but the Bot API behind a key.
    """

    host: str = "127.0.0.1"
    port: int = 0
    username: str = "pocketdesk_bot"
    users: tuple[tuple[int, str, str], ...] = DEMO_USERS
    state_dir: Path | None = None
    rate_limits: bool = True
    expose: bool = False
    answer_window_s: float = 15.0
    clock: Callable[[], float] = field(default=time.time)
    sleep: Callable[[float], Awaitable[None]] = field(default=asyncio.sleep)

    def __post_init__(self) -> None:
        if not self.expose and not is_loopback(self.host):
            raise ValueError(f"host {self.host!r} can be reached from elsewhere: pass expose=True if that is meant")


class LocalChat:
    """A Telegram Bot API server with people, a control API and a chat page, on one port."""

    def __init__(self, config: LocalChatConfig) -> None:
        self._config = config
        self._key = secrets.token_urlsafe(24) if config.expose else ""
        self._world = _open_world(config)
        self._core = Core(
            world=self._world,
            clock=config.clock,
            sleep=config.sleep,
            limiter=RateLimiter() if config.rate_limits else None,
            answer_window_s=config.answer_window_s,
            started_at=config.clock(),
        )
        self._sim = Sim(self._core, default_bot=self._default_bot)
        self._live = Live(self._core, default_bot=self._default_bot, state=self._sim.state)
        self._webhooks = Webhooks(self._core)
        self._core.webhooks = self._webhooks.wake
        self._runner: web.AppRunner | None = None
        self._address = ("", 0)

    async def start(self) -> None:
        """Load the state and listen. Raises OSError where the port is taken, ValueError where the state is damaged."""
        self._world.load()
        self._settle()
        runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        site = web.TCPSite(runner, self._config.host, self._config.port)
        try:
            await site.start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self._address = runner.addresses[0][:2]
        for bot in self._world.bots.values():
            self._webhooks.wake(bot)

    async def stop(self) -> None:
        """End all polls and pages, stop listening, close the ledger. A second call does nothing."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        self._live.close()
        self._core.end_polls()
        await self._webhooks.stop()
        await runner.cleanup()
        self._world.close()

    def set_desk(self, desk: JsonObject) -> None:
        """Set what /sim/state and the page show about the desk: mode, ready, anything."""
        self._core.desk = dict(desk)
        if self._world.bots:
            self._core.tell(self._default_bot(), {"type": "desk", "desk": dict(desk)})

    @property
    def url(self) -> str:
        """Return the address to talk to, without a slash at its end."""
        host = self._address[0]
        return f"http://{f'[{host}]' if ':' in host else host}:{self._address[1]}"

    @property
    def page_url(self) -> str:
        """Return the address of the chat page, with the key where one is needed."""
        return f"{self.url}/?key={self._key}" if self._key else f"{self.url}/"

    @property
    def key(self) -> str:
        """Return the key that exposed servers ask for, "" on loopback."""
        return self._key

    @property
    def bot_token(self) -> str:
        """Return the first bot's token: a secret."""
        return self._default_bot().token

    def _default_bot(self) -> Bot:
        if not self._world.bots:
            raise RuntimeError("the chat server has no bot yet: await start() first")
        return next(iter(self._world.bots.values()))

    def _settle(self) -> None:
        for user_id, name, role in self._config.users:
            known = self._world.users.get(user_id)
            if known is None or (known.name, known.role) != (name, role):
                self._world.commit("user", **plain(User(id=user_id, name=name, role=role)))
        if not self._world.bots:
            self._core.add_bot(self._config.username)

    def _app(self) -> web.Application:
        guard = Guard(host=self._config.host.lower(), exposed=self._config.expose, key=self._key)
        app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[guard.middleware, plain_errors])
        app.router.add_get("/", Page(key=self._key).serve)
        app.router.add_get("/sim/live", self._live.serve)
        self._sim.add_routes(app)
        BotApi(self._core).add_routes(app)
        return app


def _open_world(config: LocalChatConfig) -> World:
    folder = config.state_dir
    if folder is None:
        return World(ledger=None, blobs=Blobs(None))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return World(ledger=Ledger(folder / "chat.ndjson"), blobs=Blobs(folder / "media"))
