"""`pocketdesk run` on paper: Telegram and the exchange's public streams are servers that are not its own, named by the
environment alone.
"""

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from bot import __version__
from bot.localchat.server import LocalChat, LocalChatConfig
from bot.localvenue import LocalVenue, LocalVenueConfig

OWNER = 1001
START_S = 60


async def answer(chat: LocalChat, text: str, contains: str) -> str:
    """Send as the owner and return the bot's first text afterwards that holds the words."""
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{chat.url}/sim/users/{OWNER}/messages", json={"text": text}) as sent:
            after = (await sent.json())["message_id"]
        async with asyncio.timeout(START_S):
            while True:
                async with session.get(f"{chat.url}/sim/chats/{OWNER}/messages", params={"after": after}) as got:
                    told = [row["text"] for row in await got.json() if row["from_bot"] and contains in row["text"]]
                if told:
                    return str(told[0])
                await asyncio.sleep(0.2)


def _environment(chat: LocalChat, venue: LocalVenue, state: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    return kept | {
        "TELEGRAM_API_URL": chat.url,
        "TELEGRAM_BOT_TOKEN": chat.bot_token,
        "TELEGRAM_ADMIN_IDS": str(OWNER),
        "DESK_STATE_DIR": str(state),
        "DESK_NAME": "bus",
        "BYBIT_REST_URL": venue.url,
        "BYBIT_WS_PUBLIC_URL": venue.public_url,
    }


@dataclass(frozen=True, slots=True)
class Walk:
    """What was told, how the process ended, and what it asked the exchange for."""

    status: str
    balance: str
    paused: str
    code: int
    output: str
    errors: str
    asked: set[str]


async def _walk(folder: Path) -> Walk:
    chat = LocalChat(LocalChatConfig(rate_limits=False))
    venue = LocalVenue(LocalVenueConfig(symbols=("BTCUSDT", "SOLUSDT")))
    await chat.start()
    await venue.start()
    command = (sys.executable, "-m", "bot", "run")
    environment = _environment(chat, venue, folder / "state")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=pipe, stderr=pipe)
    try:
        status = await answer(chat, "/status", "Equity")
        balance = await answer(chat, "/balance", "Equity")
        paused = await answer(chat, "/pause", "aused")
        process.send_signal(signal.SIGINT)
        output, errors = await process.communicate()
        asked = {str(row["path"]) for row in venue.core.log.after(0)}
        return Walk(status, balance, paused, process.returncode or 0, output.decode(), errors.decode(), asked)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await venue.stop()
        await chat.stop()


@pytest.mark.timeout(120)
def test_a_paper_desk_runs_on_public_prices_without_a_key(tmp_path: Path) -> None:
    walk = asyncio.run(_walk(tmp_path))
    assert walk.status.startswith("PAPER · bus · RUNNING")
    assert "10,000.00" in walk.balance
    assert "by " in walk.paused
    assert walk.code == 0
    assert walk.output.startswith(f"pocketdesk {__version__}, mode paper, environment ")
    assert "Traceback" not in walk.errors
    assert "/bot" not in walk.errors, "a token must not be told"
    assert "/v5/market/kline" in walk.asked
    assert all(path.startswith("/v5/market/") for path in walk.asked)
    assert (tmp_path / "state" / "paper" / "account.json").exists()


def test_a_missing_token_is_told_in_words_and_exit_code_2(tmp_path: Path) -> None:
    async def start() -> tuple[int, str]:
        environment = {"PATH": os.environ["PATH"], "DESK_STATE_DIR": str(tmp_path / "state")}
        command = (sys.executable, "-m", "bot", "run")
        process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.PIPE)
        _, errors = await process.communicate()
        return process.returncode or 0, errors.decode()

    code, errors = asyncio.run(start())
    assert code == 2
    assert "TELEGRAM_BOT_TOKEN" in errors
    assert "Traceback" not in errors
