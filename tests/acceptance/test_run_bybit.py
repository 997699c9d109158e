"""`pocketdesk run` in demo mode: the production Bybit adapter against a venue that speaks Bybit's protocol."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from bot.localchat.server import LocalChat, LocalChatConfig
from bot.localvenue import LocalVenue, LocalVenueConfig
from bot.localvenue.config import AccountSpec
from tests.acceptance.test_run import OWNER, answer

SYMBOLS = ("BTCUSDT", "SOLUSDT", "XRPUSDT")


def _environment(chat: LocalChat, venue: LocalVenue, state: Path) -> dict[str, str]:
    key, secret = venue.credentials()
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    return kept | {
        "TELEGRAM_API_URL": chat.url,
        "TELEGRAM_BOT_TOKEN": chat.bot_token,
        "TELEGRAM_ADMIN_IDS": str(OWNER),
        "DESK_STATE_DIR": str(state),
        "DESK_MODE": "demo",
        "BYBIT_ENV": "demo",
        "BYBIT_API_KEY": key,
        "BYBIT_API_SECRET": secret,
        "BYBIT_REST_URL": venue.url,
        "BYBIT_WS_PUBLIC_URL": venue.public_url,
        "BYBIT_WS_PRIVATE_URL": venue.private_url,
        "LOG_LEVEL": "TRACE",
    }


async def _by_hand(venue: LocalVenue, symbol: str, qty: str) -> None:
    """Trade as the account's owner on the exchange's own page."""
    url = f"{venue.url}/sim/accounts/{venue.credentials()[0]}/trades"
    body = {"symbol": symbol, "side": "Buy", "qty": qty}
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as done:
        assert done.status == 200, await done.text()


async def _quoting(venue: LocalVenue) -> None:
    """Let the exchange quote in its refusals what it was sent, key and all, as it does."""
    key, secret = venue.credentials()
    text = f"params error: origin_string[{key} {secret}]"
    fault = {"path": "*", "kind": "ret_code", "code": 10001, "text": text, "times": 6}
    async with aiohttp.ClientSession() as session, session.post(f"{venue.url}/sim/faults", json=fault) as done:
        assert done.status == 200, await done.text()


def _leaks(folder: Path, secrets: tuple[str, ...]) -> list[str]:
    """Return the files that hold a secret."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files for secret in secrets if secret.encode() in path.read_bytes()]


async def _until_flat(venue: LocalVenue, symbol: str) -> None:
    url = f"{venue.url}/sim/accounts/{venue.credentials()[0]}/positions"
    async with asyncio.timeout(30), aiohttp.ClientSession() as session:
        while True:
            async with session.get(url) as got:
                if symbol not in await got.text():
                    return
            await asyncio.sleep(0.1)


async def _walk(folder: Path) -> tuple[list[str], int, str, list[str]]:
    chat = LocalChat(LocalChatConfig(rate_limits=False))
    venue = LocalVenue(LocalVenueConfig(symbols=SYMBOLS, accounts=(AccountSpec(mode="demo"),)))
    await chat.start()
    await venue.start()
    environment = _environment(chat, venue, folder / "state")
    command = (sys.executable, "-m", "bot", "run")
    process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.PIPE)
    try:
        told = [await answer(chat, "/status", "Equity")]
        await _by_hand(venue, "SOLUSDT", "10")
        told.append(await answer(chat, "/positions", "SOLUSDT"))
        await answer(chat, "/closeall now", "SOLUSDT")
        await _until_flat(venue, "SOLUSDT")
        await _quoting(venue)
        told.append(await answer(chat, "/sync 1", "ync"))
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
        (folder / "errors").write_bytes(errors)
        secrets = (*venue.credentials(), chat.bot_token)
        return told, process.returncode or 0, errors.decode(), _leaks(folder, secrets)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await venue.stop()
        await chat.stop()


@pytest.mark.timeout(150)
def test_a_desk_in_demo_mode_sees_and_closes_what_is_on_the_exchange_and_keeps_its_secrets(tmp_path: Path) -> None:
    told, code, errors, leaks = asyncio.run(_walk(tmp_path))
    assert told[0].startswith("DEMO · main")
    assert "10,000.00" in told[0]
    assert "SOLUSDT" in told[1]
    assert code == 0, errors
    assert "Traceback" not in errors
    # At the loudest, with an exchange that quotes the key: neither log, database nor any other file holds a secret.
    assert "[hidden]" in told[2]
    assert leaks == []


def test_a_desk_in_demo_mode_without_a_key_says_what_is_missing(tmp_path: Path) -> None:
    async def start(mode: str) -> tuple[int, str]:
        environment = {
            "PATH": os.environ["PATH"],
            "DESK_STATE_DIR": str(tmp_path / "state"),
            "TELEGRAM_BOT_TOKEN": "123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "DESK_MODE": mode,
        }
        command = (sys.executable, "-m", "bot", "run")
        process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.PIPE)
        _, errors = await process.communicate()
        return process.returncode or 0, errors.decode()

    code, errors = asyncio.run(start("testnet"))
    assert code == 2
    assert "BYBIT_API_KEY" in errors
    code, errors = asyncio.run(start("live"))
    assert code == 2
    assert "live is refused" in errors or "BYBIT" in errors
