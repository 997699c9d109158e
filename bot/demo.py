"""`pocketdesk demo`: chat server, page, exchange and desk in one process, without an account and without a network.

The page answers first; the desk joins when its past is played and its state restored. It reaches the exchange as it
would reach the real one, through HTTP and WebSocket.
"""

import asyncio
import shutil
import sys
import time
import webbrowser
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from bot.localchat.server import DEMO_USERS, LocalChat, LocalChatConfig
from bot.lock import InstanceLock

if TYPE_CHECKING:
    from bot.localvenue import LocalVenue
    from bot.market import MarketPlan
    from config import Settings
    from storage.store import Store

# Where the account is kept: its own files on paper, or the local exchange's.
PAPER, VENUE = "paper", "venue"
LOOPBACK = "127.0.0.1"
ADMIN_ROLES = frozenset({"owner", "admin"})


class DemoError(RuntimeError):
    """The demo cannot run; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What the command line asked for. `speed` None is as fast as the desk can follow."""

    port: int
    speed: float | None
    seed: int
    replay: Path | None
    balance: Decimal
    browser: bool
    state: Path

    @property
    def on_venue(self) -> bool:
        """Whether the desk trades on a local exchange: replays and `max` wait for the desk, which no exchange does."""
        return self.replay is None and self.speed is not None


async def run(options: DemoOptions, say: Callable[[str], None]) -> None:
    """Run the demo until it is stopped; raises DemoError."""
    options.state.mkdir(parents=True, exist_ok=True)
    if not options.on_venue and (options.state / VENUE).exists():
        raise DemoError(
            f"the account in {options.state} is on the local exchange, which a replay or --speed max cannot use: "
            "name another folder with --state"
        )
    with InstanceLock(options.state):
        chat = LocalChat(LocalChatConfig(port=options.port, state_dir=options.state / "chat"))
        await chat.start()
        try:
            chat.set_desk({"mode": "paper", "ready": False})
            say(f"The chat is at {chat.url}")
            if options.browser:
                await asyncio.to_thread(webbrowser.open, chat.url)
            await _desk(options, chat, say)
        finally:
            await chat.stop()


async def _desk(options: DemoOptions, chat: LocalChat, say: Callable[[str], None]) -> None:
    past = None
    if options.replay is None and not any((options.state / name).exists() for name in (PAPER, VENUE)):
        past = asyncio.create_task(_play_past(options))
    # Only now the heavy imports, and in a thread: the page is up and must answer meanwhile.
    await asyncio.to_thread(import_module, "bot.app")
    from bot.app import QUIETER
    from config.logging import configure_logging
    from config.values import LogLevel

    settings = _settings(options, chat)
    pipeline = configure_logging(
        level=settings.log_level,
        module_levels=QUIETER,
        folder=options.state / "logs",
        secrets=settings.secrets(),
        terminal_level=LogLevel.WARNING,
    )
    try:
        if options.on_venue:
            # In parallel with the past: pybit alone takes a second to load.
            await asyncio.to_thread(import_module, "engine.exchanges.bybit.feed")
        if past is not None:
            await past
        async with AsyncExitStack() as undo:
            plan = await _plan(options, undo)
            await _trade(settings, plan, chat, options, say)
    finally:
        pipeline.stop()


async def _plan(options: DemoOptions, undo: AsyncExitStack) -> "MarketPlan":
    from bot.market import MarketPlan, VenueAccess

    if not options.on_venue:
        return MarketPlan(seed=options.seed, speed=options.speed, path=options.replay)
    venue = await open_venue(options)
    undo.push_async_callback(venue.stop)
    key, secret = venue.credentials()
    access = VenueAccess(rest=venue.url, public=venue.public_url, private=venue.private_url, key=key, secret=secret)
    return MarketPlan(seed=options.seed, speed=options.speed, venue=access)


async def open_venue(options: DemoOptions) -> "LocalVenue":
    """Start the demo's exchange: new, with the account of the past; later, where it was."""
    from bot.localvenue import LocalVenue, LocalVenueConfig
    from bot.localvenue.config import AccountSpec

    paper = options.state / PAPER
    config = LocalVenueConfig(
        seed=options.seed,
        speed=options.speed or 1.0,
        # Bound to an address, as the adapter wants of a key.
        accounts=(AccountSpec(wallet=options.balance, ips=(LOOPBACK,), paper=paper if paper.exists() else None),),
        state_dir=options.state / VENUE,
        # The market stands still between two starts.
        start_ms=0,
    )
    venue = LocalVenue(config)
    try:
        await venue.start()
    except ValueError as error:
        raise DemoError(f"the demo's exchange does not start: {error}") from None
    # The account lives at the venue now.
    await asyncio.to_thread(shutil.rmtree, paper, ignore_errors=True)
    return venue


async def _trade(
    settings: "Settings", plan: "MarketPlan", chat: LocalChat, options: DemoOptions, say: Callable[[str], None]
) -> None:
    from bot.app import App, open_wiring

    wiring = await open_wiring(settings, plan)
    await _seat_viewers(wiring.store)

    def ready() -> None:
        chat.set_desk(_told(plan) | {"ready": True, "prices": wiring.ground.label})
        say(f"The desk is ready: {wiring.ground.label}, {_speed(options.speed)}.")
        say(f"Ctrl-C stops it; its state stays in {options.state} for the next time.")

    app = App(wiring, on_ready=ready)
    app.stop_on_signals()
    await app.run()


def _told(plan: "MarketPlan") -> dict[str, object]:
    return {"mode": "paper", "venue": plan.venue.rest if plan.venue is not None else None}


def _speed(speed: float | None) -> str:
    return "as fast as possible" if speed is None else f"{speed:g} times real time"


def _settings(options: DemoOptions, chat: LocalChat) -> "Settings":
    # Made directly, not loaded: the demo looks at no environment and no file, so that it can never touch a real
    # account.
    from config import Settings

    return Settings(
        desk_name="main",
        desk_state_dir=options.state,
        initial_balance=options.balance,
        telegram_bot_token=SecretStr(chat.bot_token),
        telegram_admin_ids=tuple(number for number, _, role in DEMO_USERS if role in ADMIN_ROLES),
        telegram_api_url=chat.url,
    )


async def _seat_viewers(store: "Store") -> None:
    for number, name, role in DEMO_USERS:
        if role == "viewer":
            await store.users.set(number, role=role, name=name, at_ms=time.time_ns() // 1_000_000)


async def _play_past(options: DemoOptions) -> None:
    arguments = ("-m", "bot.history", str(options.state), str(options.seed), str(options.balance))
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments)
    if await process.wait():
        raise DemoError("the demo's past could not be played; what went wrong stands above")
