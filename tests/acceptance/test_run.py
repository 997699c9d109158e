"""`pocketdesk run`: the desk against a Telegram server that is not its own, configured by the environment alone."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from bot.localchat.server import LocalChat, LocalChatConfig

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


def _environment(chat: LocalChat, state: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    return kept | {
        "TELEGRAM_API_URL": chat.url,
        "TELEGRAM_BOT_TOKEN": chat.bot_token,
        "TELEGRAM_ADMIN_IDS": str(OWNER),
        "DESK_STATE_DIR": str(state),
        "DESK_NAME": "bus",
    }


async def _walk(folder: Path) -> tuple[str, str, int, str]:
    chat = LocalChat(LocalChatConfig(rate_limits=False))
    await chat.start()
    command = (sys.executable, "-m", "bot", "run", "--speed", "1")
    environment = _environment(chat, folder / "state")
    process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.PIPE)
    try:
        status = await answer(chat, "/status", "Equity")
        paused = await answer(chat, "/pause", "aused")
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
        return status, paused, process.returncode or 0, errors.decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await chat.stop()


@pytest.mark.timeout(120)
def test_the_desk_runs_against_a_telegram_server_named_in_the_environment(tmp_path: Path) -> None:
    status, paused, code, errors = asyncio.run(_walk(tmp_path))
    assert status.startswith("PAPER · bus · RUNNING")
    assert "by " in paused
    assert code == 0
    assert "Traceback" not in errors
    assert "/bot" not in errors, "a token must not be told"


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
