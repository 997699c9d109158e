"""`pocketdesk run` with two accounts: orders land where their profile belongs, buttons stay with their account."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.localchat.server import LocalChat, LocalChatConfig
from bot.localvenue import LocalVenue, LocalVenueConfig
from bot.localvenue.config import AccountSpec
from tests.acceptance.test_run import OWNER, answer

_NAMES = ("trend", "scalp")
_YAML = """
profiles:
  - {name: alpha, strategy: ma_cross, preset: ma_cross, symbols: [XRPUSDT], params: {window: 5, threshold: 0.0000001}}
  - {name: beta, strategy: ma_cross, preset: ma_cross, symbols: [XRPUSDT], params: {window: 5, threshold: 0.0000001}}
accounts:
  - {name: trend, profiles: [alpha], record: [SOLUSDT]}
  - {name: scalp, profiles: [beta], record: [SOLUSDT]}
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """A chat, an exchange with two accounts, and the desk's process between them."""

    chat: LocalChat
    venue: LocalVenue
    http: aiohttp.ClientSession

    async def call(self, url: str, body: object = None) -> Any:
        """Call a control API: POST with a body, else GET."""
        async with self.http.request("GET" if body is None else "POST", url, json=body) as got:
            content = await got.json()
            assert got.status == 200, content
            return content

    async def truth(self, name: str, what: str) -> Any:
        """What the exchange has of an account."""
        return await self.call(f"{self.venue.url}/sim/accounts/{self.venue.credentials(name)[0]}/{what}")

    async def by_hand(self, name: str, symbol: str, qty: str) -> None:
        """Trade as the account's owner."""
        url = f"{self.venue.url}/sim/accounts/{self.venue.credentials(name)[0]}/trades"
        await self.call(url, {"symbol": symbol, "side": "Buy", "qty": qty})

    async def holds(self, name: str, symbol: str) -> bool:
        """Whether an account has a position."""
        return symbol in str(await self.truth(name, "positions"))

    async def links(self, name: str) -> list[str]:
        """Client order ids of an account's orders."""
        return [str(row["orderLinkId"]) for row in await self.truth(name, "orders") if row["orderLinkId"]]

    async def until(self, is_so: Callable[[], Awaitable[bool]]) -> None:
        """Ask the exchange until something is so."""
        async with asyncio.timeout(60):
            while True:
                if await is_so():
                    return
                await asyncio.sleep(0.1)

    async def shown(self, words: str) -> dict[str, Any]:
        """The newest message of the bot that holds the words."""
        rows = await self.call(f"{self.chat.url}/sim/chats/{OWNER}/messages")
        return dict(next(row for row in reversed(rows) if row["from_bot"] and words in row["text"]))

    async def press(self, message: dict[str, Any], label: str) -> None:
        """Press a button by the beginning of its label."""
        texts = [button["text"] for row in message["buttons"] for button in row]
        label = next(text for text in texts if text.startswith(label))
        body = {"message_id": message["message_id"], "button": label}
        await self.call(f"{self.chat.url}/sim/users/{OWNER}/presses", body)


def _environment(chat: LocalChat, venue: LocalVenue, state: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    for name in _NAMES:
        key, secret = venue.credentials(name)
        kept |= {f"BYBIT_{name.upper()}_DEMO_API_KEY": key, f"BYBIT_{name.upper()}_DEMO_API_SECRET": secret}
    return kept | {
        "TELEGRAM_API_URL": chat.url,
        "TELEGRAM_BOT_TOKEN": chat.bot_token,
        "TELEGRAM_ADMIN_IDS": str(OWNER),
        "DESK_STATE_DIR": str(state),
        "DESK_MODE": "demo",
        "BYBIT_REST_URL": venue.url,
        "BYBIT_WS_PUBLIC_URL": venue.public_url,
        "BYBIT_WS_PRIVATE_URL": venue.private_url,
    }


async def _orders_land(stage: Stage) -> None:
    """Let a quarter of an hour pass, until both profiles have traded."""
    await stage.call(f"{stage.venue.url}/sim/clock", {"speed": 60})
    for name, code in zip(_NAMES, ("alpha", "beta"), strict=True):
        await stage.until(lambda name=name: _any(stage.links(name)))
        assert {link.split("-")[1] for link in await stage.links(name)} == {code}
    await stage.call(f"{stage.venue.url}/sim/clock", {"speed": 1})


async def _any(rows: Awaitable[list[str]]) -> bool:
    return bool(await rows)


async def _buttons_stay(stage: Stage) -> None:
    """Ask to close on one account, choose the other, confirm: the first one closes."""
    for name in _NAMES:
        await stage.by_hand(name, "SOLUSDT", "10")
        await stage.until(lambda name=name: stage.holds(name, "SOLUSDT"))
    await answer(stage.chat, "/account scalp", "act on scalp")
    await answer(stage.chat, "/positions", "SOLUSDT")
    await answer(stage.chat, "/close sol", "scalp · DEMO")
    asked = await stage.shown("Close SOLUSDT")
    assert (await answer(stage.chat, "/account trend", "act on trend")).startswith("Accounts")
    await asyncio.sleep(0.8)  # a confirmation pressed sooner than anybody can read counts as an accident
    await stage.press(asked, "Close SOLUSDT")

    async def closed() -> bool:
        return not await stage.holds("scalp", "SOLUSDT")

    await stage.until(closed)
    assert await stage.holds("trend", "SOLUSDT")
    assert not any("-x" in link for link in await stage.links("trend") if "alpha" not in link)


async def _walk(folder: Path) -> tuple[list[str], int, str]:
    chat = LocalChat(LocalChatConfig(rate_limits=False))
    specs = tuple(AccountSpec(name=name, mode="demo") for name in _NAMES)
    venue = LocalVenue(LocalVenueConfig(symbols=("BTCUSDT", "SOLUSDT", "XRPUSDT"), accounts=specs))
    await chat.start()
    await venue.start()
    (folder / "desk.yaml").write_text(_YAML)
    command = (sys.executable, "-m", "bot", "run", "--config", str(folder / "desk.yaml"))
    environment = _environment(chat, venue, folder / "state")
    process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.PIPE)
    try:
        async with aiohttp.ClientSession() as http:
            stage = Stage(chat, venue, http)
            told = [await answer(chat, "/status", "Equity"), await answer(chat, "/account", "Accounts")]
            await _orders_land(stage)
            await _buttons_stay(stage)
            told.append(await answer(chat, "/status", "Equity"))
            await answer(chat, "/closeall all now", "scalp · DEMO")

            async def flat() -> bool:
                return not any([await stage.holds(name, symbol) for name in _NAMES for symbol in ("SOL", "XRP")])

            await stage.until(flat)
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
        return told, process.returncode or 0, errors.decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await venue.stop()
        await chat.stop()


@pytest.mark.timeout(240)
def test_two_accounts_trade_beside_each_other_and_buttons_stay_with_their_account(tmp_path: Path) -> None:
    (first, accounts, last), code, errors = asyncio.run(_walk(tmp_path))
    assert first.startswith("DEMO · trend")
    assert "● trend · RUNNING" in accounts
    assert "○ scalp · RUNNING" in accounts
    assert last.startswith("DEMO · trend")
    assert code == 0, errors
    assert "Traceback" not in errors
