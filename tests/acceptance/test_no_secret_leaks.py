"""A desk at its most talkative, through errors of the chat and the exchange: its secrets are nowhere to be read."""

import asyncio
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from bot.localchat.server import LocalChat, LocalChatConfig
from bot.localvenue import LocalVenue, LocalVenueConfig
from bot.localvenue.config import AccountSpec
from tests.acceptance.test_run import OWNER, answer
from tests.acceptance.test_run_bybit import SYMBOLS, _by_hand, _environment, _until_flat

QUOTED = "the request of key"
CANARY = "https://alerts.example/canary-3f9a61c2b7"


@dataclass(frozen=True, slots=True)
class Left:
    """What a run leaves: output of the process, what the bot said, every file of the state folder by name."""

    output: bytes
    said: bytes
    files: dict[str, bytes]
    secrets: tuple[str, ...]
    code: int

    def leaks(self) -> list[str]:
        """Return where secrets are found."""
        places = {"output": self.output, "chat": self.said, **self.files}
        return [name for name, found in places.items() for secret in self.secrets if secret.encode() in found]


async def _trouble(chat: LocalChat, venue: LocalVenue) -> None:
    async with aiohttp.ClientSession() as http:
        for method, fault in (("sendMessage", {"status": 502, "body": "<html>"}), ("getUpdates", {"drop": "before"})):
            await (await http.post(f"{chat.url}/sim/faults", json={"method": method, "times": 2, **fault})).read()
        # An exchange that quotes the key in its complaint about a close.
        words = f"{QUOTED} {venue.credentials()[0]} is refused"
        quoting = {"path": "/v5/order/create", "kind": "ret_code", "code": 110_013, "text": words}
        await (await http.post(f"{venue.url}/sim/faults", json=quoting)).read()
        for fault in ({"kind": "html"}, {"kind": "drop"}):
            await (await http.post(f"{venue.url}/sim/faults", json={"path": "*", "times": 2, **fault})).read()
        await (await http.post(f"{venue.url}/sim/faults", json={"path": "ws:private", "kind": "drop"})).read()


async def _messages(chat: LocalChat) -> bytes:
    async with aiohttp.ClientSession() as http, http.get(f"{chat.url}/sim/chats/{OWNER}/messages") as got:
        return await got.read()


async def _run(folder: Path) -> Left:
    chat = LocalChat(LocalChatConfig(rate_limits=False))
    venue = LocalVenue(LocalVenueConfig(symbols=SYMBOLS, accounts=(AccountSpec(mode="demo"),)))
    await chat.start()
    await venue.start()
    environment = _environment(chat, venue, folder) | {"LOG_LEVEL": "debug", "ALERT_URL": CANARY}
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "bot", "run")
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=pipe, stderr=pipe)
    try:
        await answer(chat, "/status", "Equity")
        await _by_hand(venue, "SOLUSDT", "10")
        await answer(chat, "/positions", "SOLUSDT")
        await _trouble(chat, venue)
        await answer(chat, "/health", "Health")
        await answer(chat, "/closeall now", "SOLUSDT")
        await _until_flat(venue, "SOLUSDT")
        process.send_signal(signal.SIGINT)
        output, errors = await process.communicate()
        files = await asyncio.to_thread(_files, folder)
        secrets = (*venue.credentials(), chat.bot_token, CANARY)
        return Left(output + errors, await _messages(chat), files, secrets, process.returncode or 0)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await venue.stop()
        await chat.stop()


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.timeout(150)
def test_no_secret_is_left_in_logs_output_chat_or_any_file(tmp_path: Path) -> None:
    left = asyncio.run(_run(tmp_path))
    assert left.code == 0
    # It did talk, and it did meet the trouble.
    assert any(b'"level":"debug"' in content for name, content in left.files.items() if name.startswith("logs"))
    assert QUOTED.encode() in left.said
    assert QUOTED.encode() in left.files["desk.db"]
    assert left.leaks() == []
