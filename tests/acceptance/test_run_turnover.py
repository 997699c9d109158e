"""`pocketdesk run` with a profile of the largest symbols: what becomes large while it runs is traded the next day."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.localchat.server import LocalChat, LocalChatConfig
from bot.localvenue import LocalVenue, LocalVenueConfig
from tests.acceptance.test_run import OWNER, answer

ROOT = Path(__file__).parents[2]
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")
_YAML = """
profiles:
  - name: lx
    strategy: rules8
    symbols: [BTCUSDT]
    settings: {largest: 2, turnover_floor: 1000, trail_from: 40}
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


async def _until_shown(chat: LocalChat, text: str, words: str) -> str:
    async with asyncio.timeout(60):
        while True:
            shown = await answer(chat, text, "Symbols of lx")
            if words in shown:
                return shown
            await asyncio.sleep(0.5)


async def _walk(folder: Path) -> tuple[list[str], int, str]:
    chat = LocalChat(LocalChatConfig(rate_limits=False))
    venue = LocalVenue(LocalVenueConfig(symbols=SYMBOLS))
    await chat.start()
    await venue.start()
    await _sim(venue, "instruments/SOLUSDT", status="PreLaunch")
    (folder / "desk.yaml").write_text(_YAML)
    environment = _environment(chat, venue, folder / "state")
    command = (sys.executable, "-m", "bot", "run")
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, cwd=folder, stderr=asyncio.subprocess.PIPE
    )
    try:
        told = [await answer(chat, "/symbols lx", "Symbols of lx"), await answer(chat, "/strategy lx", "Parameters")]
        await _sim(venue, "instruments/SOLUSDT", status="Trading")
        await _sim(venue, "clock", advance_s=86_400)
        told.append(await _until_shown(chat, "/symbols lx", "SOLUSDT"))
        told.append(await answer(chat, "/why SOLUSDT", "SOLUSDT"))
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
        return told, process.returncode or 0, errors.decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await venue.stop()
        await chat.stop()


@pytest.mark.timeout(200)
def test_a_symbol_that_became_one_of_the_largest_is_traded_from_the_next_day_on(tmp_path: Path) -> None:
    told, code, errors = asyncio.run(_walk(tmp_path))
    assert "SOLUSDT" not in told[0]
    assert all(symbol in told[0] for symbol in ("BTCUSDT", "ETHUSDT", "XRPUSDT"))
    assert "The trail starts at +40 %, the target is at +30 %: start the trail earlier" in told[1]
    assert all(symbol in told[2] for symbol in SYMBOLS)
    assert "Watched by lx (15m)" in told[3]
    assert "warming" not in told[3], "its history came with it"
    assert code == 0, errors
    assert "Traceback" not in errors
