"""The local venue: puts the parts together, starts and stops them, keeps the market's own state."""

import asyncio
import secrets
from typing import Any

from aiohttp import web

from bot.localchat.guard import Guard
from bot.localvenue.board import Board
from bot.localvenue.committing import compact
from bot.localvenue.config import LocalVenueConfig
from bot.localvenue.control import Control
from bot.localvenue.control_accounts import AccountControl
from bot.localvenue.core import Core
from bot.localvenue.faults import Faults
from bot.localvenue.feed import Feed, Listeners
from bot.localvenue.gate import Gate
from bot.localvenue.hub import Hub
from bot.localvenue.listing import Listing
from bot.localvenue.minutes import History
from bot.localvenue.people import open_accounts
from bot.localvenue.publisher import Publisher
from bot.localvenue.ratelimit import RateLimiter
from bot.localvenue.rest import Rest
from bot.localvenue.store import Store
from bot.localvenue.streams import Streams
from bot.localvenue.timing import VenueClock
from bot.localvenue.trade_socket import TradeSocket
from engine.generator import Market

MAX_BODY_BYTES = 1 << 20
_KEEP_S, _AHEAD_S = 1.0, 1.5
_BOOK_REPEAT_S = 3.0
_MARKET_LINES = 1_000


class LocalVenue:
    """A Bybit V5 exchange for linear perpetuals on one port: REST, streams, order entry, control API."""

    def __init__(self, config: LocalVenueConfig) -> None:
        self._config = config
        self._key = secrets.token_urlsafe(24) if config.expose else ""
        self._store: Store | None = None
        self._core: Core | None = None
        self._runner: web.AppRunner | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._address = ("", 0)

    async def start(self) -> None:
        """Load the state and listen.

        Raises OSError where the port is taken, StoreError, PaperStoreError, CodecError or ValueError where the state is
        damaged.
        """
        self._core = core = self._open()
        runner = web.AppRunner(self._app(core), access_log=None, shutdown_timeout=1.0, handler_cancellation=True)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._config.host, self._config.port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self._address = runner.addresses[0][:2]
        self._tasks = [asyncio.create_task(work) for work in (core.feed.run(), self._keep(), self._repeat(core))]

    async def stop(self) -> None:
        """Stop the market, close every connection and file. A second call does nothing."""
        runner, self._runner = self._runner, None
        if runner is None or self._core is None:
            return
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._core.hub.close()
        await runner.cleanup()
        self._save(final=True)
        for account in self._core.accounts.values():
            compact(account)
            if account.store is not None:
                account.store.close()
                account.store = None
        if self._store is not None:
            self._store.close()
            self._store = None

    @property
    def core(self) -> Core:
        """The venue's inside, for tests in the same process; RuntimeError before `start`."""
        if self._core is None:
            raise RuntimeError("the venue is not started: await start() first")
        return self._core

    @property
    def url(self) -> str:
        """The REST address, without a slash at its end."""
        return f"http://{self._place}"

    @property
    def public_url(self) -> str:
        """The public stream's address."""
        return f"ws://{self._place}/v5/public/linear"

    @property
    def private_url(self) -> str:
        """The private stream's address."""
        return f"ws://{self._place}/v5/private"

    @property
    def trade_url(self) -> str:
        """The order entry's address."""
        return f"ws://{self._place}/v5/trade"

    @property
    def key(self) -> str:
        """The key that /sim of an exposed venue asks for, "" on loopback."""
        return self._key

    @property
    def _place(self) -> str:
        host = self._address[0]
        return f"{f'[{host}]' if ':' in host else host}:{self._address[1]}"

    def credentials(self, name: str = "") -> tuple[str, str]:
        """Return key and secret of an account, of the first one without a name."""
        for account in self.core.accounts.values():
            if name in {"", account.identity.name}:
                return account.identity.key, account.identity.secret
        raise ValueError(f"no account {name!r}")

    def _open(self) -> Core:
        config = self._config
        listing, history = Listing(config.symbols), History(Market(config.seed))
        board = Board(listing, history)
        stored = self._load(listing, history, board)
        wall_ms = config.clock.wall_ms()
        begin_ms = config.start_ms if config.start_ms is not None else wall_ms
        accounts = open_accounts(config.accounts, board, config.state_dir, begin_ms)
        newest = max([account.sim.now_ms for account in accounts.values()], default=0)
        start_ms = max(begin_ms, stored, newest)
        clock = VenueClock(config.clock, start_ms=start_ms, speed=config.speed, paused=config.paused)
        faults = Faults()
        hub = Hub(clock, faults)
        publisher = Publisher(board, hub)
        feed = Feed(clock, board, accounts.values, Listeners(publisher.on_quote, publisher.on_minute, hub.is_behind))
        feed.begin(start_ms)
        for account in accounts.values():
            account.push = hub.push
        return Core(
            config=config,
            clock=clock,
            board=board,
            accounts=accounts,
            faults=faults,
            hub=hub,
            publisher=publisher,
            feed=feed,
            limiter=RateLimiter(enabled=config.rate_limits, ban_s=config.ban_s),
        )

    def _load(self, listing: Listing, history: History, board: Board) -> int:
        """Take over the market's stored state; returns its clock, 0 for none."""
        if self._config.state_dir is None:
            return 0
        self._store = Store(self._config.state_dir / "market")
        snapshot, changes = self._store.load()
        state: dict[str, Any] | None = changes[-1] if changes else snapshot
        if state is not None:
            if state["seed"] != self._config.seed:
                raise ValueError(f"the stored market has seed {state['seed']}: use it, or another state folder")
            listing.restore(state["listing"])
            history.restore(state["moves"])
            board.mark_gap.update(state["mark_gap"])
        self._store.compact(state or self._state(listing, history, board, 0))
        return 0 if state is None else int(state["clock_ms"])

    def _state(self, listing: Listing, history: History, board: Board, clock_ms: int) -> dict[str, Any]:
        return {
            "seed": self._config.seed,
            "clock_ms": clock_ms,
            "listing": listing.stored(),
            "moves": history.stored(),
            "mark_gap": dict(board.mark_gap),
        }

    def _save(self, *, final: bool = False) -> None:
        if self._store is None:
            return
        board, core = self.core.board, self.core
        # Killed, the market must not begin before what it has told: it is taken to have run on until the next save.
        ahead_ms = int(_AHEAD_S * 1000 * core.clock.speed) if not final and not core.clock.paused else 0
        state = self._state(board.listing, board.history, board, core.now_ms() + ahead_ms)
        if self._store.lines >= _MARKET_LINES:
            self._store.compact(state)
        else:
            self._store.append(state)

    async def _keep(self) -> None:
        while True:
            self._save()
            await self._config.clock.sleep(_KEEP_S)

    async def _repeat(self, core: Core) -> None:
        before: dict[str, int] = {}
        while True:
            await self._config.clock.sleep(_BOOK_REPEAT_S)
            now = core.publisher.update_numbers()
            core.publisher.resend(core.now_ms(), {topic for topic in now if before.get(topic) == now[topic]})
            before = now

    def _app(self, core: Core) -> web.Application:
        guard = Guard(host=self._config.host.lower(), exposed=self._config.expose, key="")
        gate = Gate(self._key)
        app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[guard.middleware, gate.middleware])
        streams, control = Streams(core), Control(core, changed=self._save)
        control.add_routes(app)
        AccountControl(core, control).add_routes(app)
        app.router.add_get("/v5/public/linear", streams.public)
        app.router.add_get("/v5/private", streams.private)
        app.router.add_get("/v5/trade", TradeSocket(core).serve)
        app.router.add_route("*", "/v5/{tail:.*}", Rest(core).serve)
        return app
