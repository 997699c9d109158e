"""`pocketdesk run`: symbols that become large while it runs are traded the next day, added ones soon and for good."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.localchat.server import LocalChat, LocalChatConfig
from bot.localvenue import LocalVenue, LocalVenueConfig
from tests.acceptance.test_run import OWNER, answer

ROOT = Path(__file__).parents[2]
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")
_LARGEST = """
profiles:
  - name: lx
    strategy: rules8
    symbols: [BTCUSDT]
    settings: {largest: 2, turnover_floor: 1000, trail_from: 40}
"""
_NAMED = """
profiles: [{name: cft, strategy: rules8, symbols: [BTCUSDT]}]
"""


def _environment(chat: LocalChat, venue: LocalVenue, state: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    return kept | {
        "PYTHONPATH": str(ROOT),
        "TELEGRAM_API_URL": chat.url,
        "TELEGRAM_BOT_TOKEN": chat.bot_token,
        "TELEGRAM_ADMIN_IDS": str(OWNER),
        "DESK_STATE_DIR": str(state),
        "BYBIT_REST_URL": venue.url,
        "BYBIT_WS_PUBLIC_URL": venue.public_url,
    }


async def _sim(venue: LocalVenue, call: str, **body: Any) -> None:
    async with aiohttp.ClientSession() as session, session.post(f"{venue.url}/sim/{call}", json=body) as done:
        assert done.status == 200, await done.text()


async def _until_shown(chat: LocalChat, profile: str, symbol: str) -> str:
    async with asyncio.timeout(60):
        while True:
            shown = await answer(chat, f"/symbols {profile}", f"Symbols of {profile}")
            line = next((line for line in shown.splitlines() if line.strip("<pre>").startswith(symbol)), "")
            if any(sign.isdigit() for sign in line):
                return shown
            await asyncio.sleep(0.5)


async def _until_judged(chat: LocalChat, profile: str) -> str:
    """The profile's card, once there are prices to judge its settings by."""
    async with asyncio.timeout(60):
        while True:
            card = await answer(chat, f"/strategy {profile}", "Parameters")
            if "The trail" in card:
                return card
            await asyncio.sleep(0.5)


async def _asked(chat: LocalChat, session: aiohttp.ClientSession) -> dict[str, Any] | None:
    """The question whether to add a symbol, as long as it stands."""
    async with session.get(f"{chat.url}/sim/chats/{OWNER}/messages") as got:
        rows = [row for row in await got.json() if row["from_bot"] and "so far" in row["text"] and row["buttons"]]
    return dict(rows[-1]) if rows else None


async def _watch(chat: LocalChat, typed: str) -> str:
    """Add a symbol to a profile and confirm it; return what the desk said of it."""
    preview = await answer(chat, typed, "so far")
    async with asyncio.timeout(20), aiohttp.ClientSession() as session:
        while asked := await _asked(chat, session):
            # A press that comes too quickly to have been read counts for nothing.
            label = next(b["text"] for row in asked["buttons"] for b in row if b["text"].startswith("Switch on"))
            body = {"message_id": asked["message_id"], "button": label}
            async with session.post(f"{chat.url}/sim/users/{OWNER}/presses", json=body) as pressed:
                assert pressed.status == 200, await pressed.text()
            await asyncio.sleep(0.5)
    return preview


@asynccontextmanager
async def _desk(chat: LocalChat, venue: LocalVenue, folder: Path) -> AsyncIterator[list[str]]:
    """A desk's process, stopped cleanly at the end; what it wrote to its standard error."""
    errors: list[str] = []
    command, environment = (sys.executable, "-m", "bot", "run"), _environment(chat, venue, folder / "state")
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, cwd=folder, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield errors
        process.send_signal(signal.SIGINT)
        _, said = await process.communicate()
        errors.append(said.decode())
        assert process.returncode == 0, errors
        assert "Traceback" not in errors[0]
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@asynccontextmanager
async def _servers() -> AsyncIterator[tuple[LocalChat, LocalVenue]]:
    chat = LocalChat(LocalChatConfig(rate_limits=False))
    venue = LocalVenue(LocalVenueConfig(symbols=SYMBOLS))
    await chat.start()
    await venue.start()
    try:
        yield chat, venue
    finally:
        await venue.stop()
        await chat.stop()


async def _becomes_large(folder: Path) -> list[str]:
    (folder / "desk.yaml").write_text(_LARGEST)
    async with _servers() as (chat, venue):
        await _sim(venue, "instruments/SOLUSDT", status="PreLaunch")
        async with _desk(chat, venue, folder):
            told = [await answer(chat, "/symbols lx", "Symbols of lx")]
            told.append(await _until_judged(chat, "lx"))
            await _sim(venue, "instruments/SOLUSDT", status="Trading")
            await _sim(venue, "clock", advance_s=86_400)
            told.append(await _until_shown(chat, "lx", "SOLUSDT"))
            told.append(await answer(chat, "/why SOLUSDT", "SOLUSDT"))
    return told


async def _is_added(folder: Path) -> list[str]:
    (folder / "desk.yaml").write_text(_NAMED)
    async with _servers() as (chat, venue):
        async with _desk(chat, venue, folder):
            told = [await answer(chat, "/symbols cft", "Symbols of cft"), await _watch(chat, "/watch eth cft")]
            told.append(await _until_shown(chat, "cft", "ETHUSDT"))
            told.append(await answer(chat, "/why ETHUSDT", "ETHUSDT"))
        async with _desk(chat, venue, folder):
            told.append(await _until_shown(chat, "cft", "ETHUSDT"))
    return told


@pytest.mark.timeout(200)
def test_a_symbol_that_became_one_of_the_largest_is_traded_from_the_next_day_on(tmp_path: Path) -> None:
    told = asyncio.run(_becomes_large(tmp_path))
    assert "SOLUSDT" not in told[0]
    assert all(symbol in told[0] for symbol in ("BTCUSDT", "ETHUSDT", "XRPUSDT"))
    assert "The trail starts at +40 %, the target is at +30 %: start the trail earlier" in told[1]
    assert all(symbol in told[2] for symbol in SYMBOLS)
    assert "Watched by lx (15m)" in told[3]
    assert "warming" not in told[3], "its history came with it"


@pytest.mark.timeout(200)
def test_a_symbol_that_is_added_from_chat_is_traded_soon_and_still_after_a_restart(tmp_path: Path) -> None:
    told = asyncio.run(_is_added(tmp_path))
    assert "ETHUSDT" not in told[0]
    assert "ETHUSDT in cft, which has not watched it so far" in told[1]
    assert "Watched by cft (15m)" in told[3]
    assert "warming" not in told[3], "its history came with it"
    assert "ETHUSDT" in told[4]
