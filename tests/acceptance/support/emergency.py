"""A real desk between a chat and an exchange, whose account is pushed over a loss limit that asks."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp

from bot.localchat.server import LocalChat, LocalChatConfig
from bot.localvenue import LocalVenue, LocalVenueConfig
from bot.localvenue.config import AccountSpec

ADA, BEN = 1001, 1002
SYMBOL, SIZE = "SOLUSDT", Decimal(100)
SILENCE_S = 10
_FALL = Decimal("0.98")
PATIENCE_S = 60
CLOSE, PAUSE, KEEP = "CLOSE ALL 1 NOW", "Pause only", "Keep 15 min"
# One per cent of 10,000 USDT is a fall of about one dollar of a hundred SOL.
_YAML = f"""
profiles:
  - {{name: manual, strategy: manual, preset: manual, symbols: [SOLUSDT]}}
limits: {{daily_equity: -1}}
approval: {{daily_equity: {SILENCE_S}}}
"""
type Json = dict[str, Any]


class Emergency:
    """The stage: what people see and press, what the exchange has, and the desk's process."""

    def __init__(self, chat: LocalChat, venue: LocalVenue, http: aiohttp.ClientSession, folder: Path) -> None:
        self.chat, self.venue, self._http, self._folder = chat, venue, http, folder
        self.process: asyncio.subprocess.Process | None = None

    async def call(self, url: str, body: object = None, *, verb: str = "") -> Any:
        """Call a control API: POST with a body, else GET."""
        method = verb or ("GET" if body is None else "POST")
        async with self._http.request(method, url, json=body) as got:
            content = await got.json()
            assert got.status == 200, content
            return content

    async def sim(self, path: str, body: object = None, *, verb: str = "") -> Any:
        """Call the chat's control API."""
        return await self.call(f"{self.chat.url}/sim/{path}", body, verb=verb)

    async def until[T](self, look: Callable[[], Awaitable[T]], what: str) -> T:
        """Look until there is something."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    if found := await look():
                        return found
                    await asyncio.sleep(0.05)
        except TimeoutError:
            shown = [row["text"] for row in await self.messages(ADA)]
            raise AssertionError(f"waited in vain for {what}; the chat says {shown[-4:]}") from None

    async def start(self) -> None:
        """Start the desk's process and wait until it answers."""
        command = (sys.executable, "-m", "bot", "run", "--config", str(self._folder / "desk.yaml"))
        self.process = await asyncio.create_subprocess_exec(*command, env=self._environment())
        await self.ask("/status", "Equity")

    async def kill(self) -> None:
        """End the process as a power cut would."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()

    async def messages(self, chat: int) -> list[Json]:
        """The bot's messages in a chat."""
        return [row for row in await self.sim(f"chats/{chat}/messages") if row["from_bot"] and not row["deleted"]]

    async def ask(self, text: str, contains: str, user: int = ADA) -> Json:
        """Write, and wait for an answer that holds the words."""
        sent = await self.sim(f"users/{user}/messages", {"text": text})

        async def look() -> Json | None:
            rows = [row for row in await self.messages(user) if row["message_id"] > sent["message_id"]]
            return next((row for row in rows if contains in row["text"]), None)

        return await self.until(look, f"an answer to {text} with {contains}")

    async def copy(self, user: int, contains: str) -> Json:
        """Wait until the newest question in a chat, or what became of it, holds the words."""

        async def look() -> Json | None:
            rows = [row for row in await self.messages(user) if row["text"].startswith("EMERGENCY")]
            return rows[-1] if rows and contains in rows[-1]["text"] else None

        return await self.until(look, f"an emergency with {contains}")

    async def press(self, user: int, label: str) -> Json:
        """Press a button of the newest question, and wait for the notice that answers."""
        message = await self.copy(user, "")
        pressed = await self.sim(f"users/{user}/presses", {"message_id": message["message_id"], "button": label})
        where = f"callbacks/{pressed['callback_query_id']}"

        async def look() -> Json | None:
            told: Json = await self.sim(where)
            return told if told["answered"] else None

        return await self.until(look, f"an answer to {label}")

    async def held(self) -> Decimal:
        """How much of the symbol the exchange has on the account."""
        rows = await self.call(f"{self.venue.url}/sim/accounts/{self.venue.credentials()[0]}/positions")
        return sum((Decimal(row["size"]) for row in rows if row["symbol"] == SYMBOL), Decimal(0))

    async def closed(self) -> None:
        """Wait until the position is gone, and see that nothing was sold twice."""

        async def look() -> bool:
            return not await self.held()

        await self.until(look, "a flat account")
        rows = await self.call(f"{self.venue.url}/sim/accounts/{self.venue.credentials()[0]}/executions")
        assert sum(Decimal(row["execQty"]) for row in rows if row["side"] == "Sell") == SIZE

    async def breach(self) -> None:
        """Buy, and let the price fall beyond the limit."""
        await self.buy()
        await self.fall()

    async def buy(self) -> None:
        """Buy on the exchange's own page, once the desk measures losses, and stop the market."""

        async def measured() -> bool:
            return "now 0.00%" in (await self.ask("/limits", "Limits"))["text"]

        await self.until(measured, "a measured limit")
        await self.call(f"{self.venue.url}/sim/pause", {})
        url = f"{self.venue.url}/sim/accounts/{self.venue.credentials()[0]}/trades"
        await self.call(url, {"symbol": SYMBOL, "side": "Buy", "qty": str(SIZE)})
        await self.ask("/positions", SYMBOL)

    async def fall(self) -> None:
        """Let the price fall beyond the limit, where it stays."""
        rows = await self.call(f"{self.venue.url}/sim/accounts/{self.venue.credentials()[0]}/positions")
        entry = next(Decimal(str(row["avgPrice"])) for row in rows if row["symbol"] == SYMBOL)
        await self.call(f"{self.venue.url}/sim/prices", {"symbol": SYMBOL, "last": str(entry - _FALL)})

    def _environment(self) -> dict[str, str]:
        key, secret = self.venue.credentials()
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
        return kept | {
            "TELEGRAM_API_URL": self.chat.url,
            "TELEGRAM_BOT_TOKEN": self.chat.bot_token,
            "TELEGRAM_ADMIN_IDS": f"{ADA},{BEN}",
            "DESK_STATE_DIR": str(self._folder / "state"),
            "DESK_MODE": "demo",
            "BYBIT_API_KEY": key,
            "BYBIT_API_SECRET": secret,
            "BYBIT_REST_URL": self.venue.url,
            "BYBIT_WS_PUBLIC_URL": self.venue.public_url,
            "BYBIT_WS_PRIVATE_URL": self.venue.private_url,
        }


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Emergency]:
    """A running desk, and servers that outlive it."""
    chat = LocalChat(LocalChatConfig(rate_limits=False))
    venue = LocalVenue(LocalVenueConfig(symbols=("BTCUSDT", SYMBOL), accounts=(AccountSpec(mode="demo"),)))
    await chat.start()
    await venue.start()
    (folder / "desk.yaml").write_text(_YAML)
    try:
        async with aiohttp.ClientSession() as http:
            stage = Emergency(chat, venue, http, folder)
            try:
                await stage.start()
                yield stage
            finally:
                if stage.process is not None and stage.process.returncode is None:
                    await stage.kill()
    finally:
        await venue.stop()
        await chat.stop()
