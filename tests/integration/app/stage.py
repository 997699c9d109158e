"""A whole desk as its process runs it: composition root, database file, chat, and the adapter on the local venue."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp

from bot.app import App, Wiring, open_wiring
from bot.localchat import LocalChat, LocalChatConfig
from bot.localvenue import LocalVenue, LocalVenueConfig
from bot.localvenue.config import AccountSpec
from bot.tasks import TaskDiedError
from config.settings import Settings
from engine.clock import SystemClock
from engine.core.commands import CloseAll, ClosePosition, Done
from engine.core.facts import Fact
from engine.core.money import to_money
from engine.core.profile import SizeMode, Sizing
from tests.integration.bybit.desk_stage import SYMBOLS, DeskStage
from tests.support.desk import Scripted, profile

OWNER = 1001


class AppStage(DeskStage):
    """One life of the desk; another one on the same folder is the next process."""

    def __init__(self, venue: LocalVenue, chat: LocalChat, http: aiohttp.ClientSession, folder: Path) -> None:
        self.venue, self.chat, self.http, self.folder = venue, chat, http, folder
        self.clock = SystemClock()
        self.script = Scripted()
        self.facts: list[Fact] = []

    async def start(self) -> None:
        """Start as the process does, and wait until books and exchange agree and there are prices."""
        await self.begin()
        ws = self.trader.workspace
        await self.until(lambda: ws.compared and ws.venue == "up" and ws.marks.keys() >= set(SYMBOLS))

    async def begin(self) -> None:
        """Start as the process does, and wait for its last part."""
        self.app = App(self._scripted(await open_wiring(self._settings())))
        self.running = asyncio.create_task(self.app.run())
        async with asyncio.timeout(60):
            while not (self.running.done() or "pulse" in self.tasks()):  # noqa: ASYNC110  # it starts task by task
                await asyncio.sleep(0.01)
        if self.running.done():
            await self.running
        account = self.app._desks[0]
        self.desk, self.store = account.desk, account.wiring.store
        self.trader, self.exchange = self.desk.trader, self.desk.exchange
        self.connection = account.wiring.ground.past
        self.desk.watchers.append(self.facts.extend)

    async def stop(self) -> None:
        """End this life cleanly, unless it is over."""
        self.app.supervisor.request_stop()
        try:
            await self.running
        finally:
            gc.unfreeze()

    async def died_of(self) -> str:
        """Wait for the end of this life and return the name of the task that died."""
        try:
            async with asyncio.timeout(60):
                await self.running
        except TaskDiedError as error:
            return error.name
        finally:
            gc.unfreeze()
        return ""

    def tasks(self) -> list[str]:
        """Return the names of the supervised tasks that run."""
        return [task.name for task in self.app.supervisor.health()]

    def recorded[F](self, kind: type[F]) -> list[F]:
        """Return the facts of a kind that this life handed to the journal."""
        return [fact for fact in self.facts if isinstance(fact, kind)]

    async def close(self, symbol: str) -> None:
        """Close one position, as its button does, and wait until the books are flat."""
        name = f"close{len(self.facts)}"
        command = ClosePosition(command_id=name, by="ann", wall_ms=self.clock.wall_ms(), symbol=symbol)
        assert isinstance(await self.desk.command(command), Done)
        await self.until(lambda: symbol not in self.positions)

    async def close_all(self) -> None:
        """Close everything, as `/closeall` does, and wait until the books are flat."""
        name = f"all{len(self.facts)}"
        command = CloseAll(command_id=name, by="ann", wall_ms=self.clock.wall_ms())
        assert isinstance(await self.desk.command(command), Done)
        await self.until(lambda: not self.positions)

    async def said(self) -> list[str]:
        """Return what the bot has said to the owner, oldest first."""
        async with self.http.get(f"{self.chat.url}/sim/chats/{OWNER}/messages") as got:
            return [str(row["text"]) for row in await got.json() if row["from_bot"]]

    async def told_in_chat(self, words: str) -> str:
        """Wait until the bot has said something with these words; returns it."""
        async with asyncio.timeout(60):
            while not (found := [text for text in await self.said() if words in text]):  # noqa: ASYNC110  # over HTTP
                await asyncio.sleep(0.05)
        return found[-1]

    async def all_told(self) -> None:
        """Wait until no message waits to be sent."""
        async with asyncio.timeout(60):
            while (await self.store.outbox.counts()).get("pending"):  # noqa: ASYNC110  # a database is asked
                await asyncio.sleep(0.1)

    async def chat_fault(self, method: str, **what: Any) -> None:
        """Let calls of the bot go wrong."""
        async with self.http.post(
            f"{self.chat.url}/sim/faults", json={"method": method, "times": 10**6, **what}
        ) as got:
            assert got.status == 200, await got.text()

    async def chat_works(self) -> None:
        """Let every call of the bot go well again."""
        async with self.http.delete(f"{self.chat.url}/sim/faults") as got:
            assert got.status == 200

    def _settings(self) -> Settings:
        key, secret = self.venue.credentials()
        return Settings(
            desk_mode="demo",
            desk_state_dir=self.folder,
            telegram_api_url=self.chat.url,
            telegram_bot_token=self.chat.bot_token,
            telegram_admin_ids=[OWNER],
            bybit_env="demo",
            bybit_api_key=key,
            bybit_api_secret=secret,
            bybit_rest_url=self.venue.url,
            bybit_ws_public_url=self.venue.public_url,
            bybit_ws_private_url=self.venue.private_url,
        )

    def _scripted(self, wiring: Wiring) -> Wiring:
        (one,) = wiring.accounts
        sizing = Sizing(mode=SizeMode.NOTIONAL, amount=to_money(1_500))
        trades = (profile(symbols=SYMBOLS, sizing=sizing),)
        account = replace(one.trading.account, profiles=trades, limits=(), max_exposure=50, hand_cooldown_ms=0)
        trading = replace(one.trading, account=account, strategies={"alpha": self.script}, blocked={})
        return replace(wiring, accounts=(replace(one, trading=trading),))


type Story = Callable[[AppStage], Awaitable[None]]


@asynccontextmanager
async def app_stage(folder: Path) -> AsyncIterator[AppStage]:
    """An account and a chat of its own for a desk that is not started yet."""
    accounts = (AccountSpec(mode="demo"),)
    venue = LocalVenue(LocalVenueConfig(symbols=SYMBOLS, accounts=accounts))
    chat = LocalChat(LocalChatConfig(rate_limits=False))
    await venue.start()
    await chat.start()
    async with aiohttp.ClientSession() as http:
        try:
            yield AppStage(venue, chat, http, folder)
        finally:
            await chat.stop()
            await venue.stop()


async def next_life(stage: AppStage) -> AppStage:
    """Return the next process on the same folder, chat and venue, started."""
    again = AppStage(stage.venue, stage.chat, stage.http, stage.folder)
    await again.start()
    return again


def play(folder: Path, story: Story) -> None:
    """Run a story on a started desk; the story may end its life."""

    async def main() -> None:
        async with app_stage(folder) as stage:
            await stage.start()
            try:
                await story(stage)
            finally:
                if not stage.running.done():
                    await stage.stop()

    asyncio.run(main())
