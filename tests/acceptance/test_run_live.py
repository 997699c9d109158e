"""`pocketdesk run` in live mode: refused, held, confirmed with a code, locked down, lifted; with real processes."""

import asyncio
import json
import os
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.localchat.server import LocalChat, LocalChatConfig
from bot.localvenue import LocalVenue, LocalVenueConfig
from bot.localvenue.config import AccountSpec
from bot.totp import STEP_MS, code_at, step_at
from tests.acceptance.test_run import OWNER, answer

SYMBOLS = ("BTCUSDT", "SOLUSDT", "XRPUSDT")
# A profile that never trades by itself: what is opened here is opened by hand.
_YAML = "profiles: [{name: manual, strategy: manual, preset: manual, symbols: [SOLUSDT]}]\n"
_RUN = (sys.executable, "-m", "bot", "run", "--config")


@dataclass
class Stage:
    """A chat, an exchange with a live account, and the desk's processes between them."""

    chat: LocalChat
    venue: LocalVenue
    http: aiohttp.ClientSession
    folder: Path
    secret: str = ""
    output: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        key, secret = self.venue.credentials()
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
        return kept | {
            "TELEGRAM_API_URL": self.chat.url,
            "TELEGRAM_BOT_TOKEN": self.chat.bot_token,
            "TELEGRAM_ADMIN_IDS": str(OWNER),
            "DESK_STATE_DIR": str(self.folder / "state"),
            "DESK_MODE": "live",
            "ALLOW_LIVE": "1",
            "ALLOW_CUSTOM_HOSTS": "1",
            "BYBIT_API_KEY": key,
            "BYBIT_API_SECRET": secret,
            "BYBIT_REST_URL": self.venue.url,
            "BYBIT_WS_PUBLIC_URL": self.venue.public_url,
            "BYBIT_WS_PRIVATE_URL": self.venue.private_url,
        }

    async def host(self, *words: str) -> tuple[int, str, str]:
        """Run a command of the host; returns exit code and what it said."""
        command = (sys.executable, "-m", "bot", *words)
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, env=self.environment, stdout=pipe, stderr=pipe)
        said, wrong = await process.communicate()
        return process.returncode or 0, said.decode(), wrong.decode()

    @asynccontextmanager
    async def desk(self, *, killed: bool = False) -> AsyncIterator[None]:
        """Run the desk; it must end cleanly, unless it is killed in the end."""
        pipe = asyncio.subprocess.PIPE
        command = (*_RUN, str(self.folder / "desk.yaml"))
        process = await asyncio.create_subprocess_exec(*command, env=self.environment, stdout=pipe, stderr=pipe)
        try:
            yield
            assert process.returncode is None
            process.send_signal(signal.SIGKILL if killed else signal.SIGINT)
            said, wrong = await process.communicate()
            self.output.append(said.decode() + wrong.decode())
            assert process.returncode == (-signal.SIGKILL if killed else 0), wrong.decode()
        finally:
            if process.returncode is None:
                process.kill()
                print((await process.communicate())[1].decode())  # noqa: T201 - shown where the test failed

    async def sim(self, path: str, body: object = None) -> Any:
        """Call the chat's control API: POST with a body, else GET."""
        async with self.http.request(
            "GET" if body is None else "POST", f"{self.chat.url}/sim/{path}", json=body
        ) as got:
            content = await got.json()
            assert got.status == 200, content
            return content

    async def ask(self, text: str, words: str) -> str:
        """Write, and return the answer that holds the words."""
        return await answer(self.chat, text, words)

    async def confirm(self, words: str, label: str) -> None:
        """Press a button of the newest message that holds the words, after a moment of reading."""
        await asyncio.sleep(0.8)  # a confirmation pressed sooner than anybody can read counts as an accident
        rows = await self.sim(f"chats/{OWNER}/messages")
        shown = next(row for row in reversed(rows) if row["from_bot"] and words in row["text"])
        texts = [button["text"] for row in shown["buttons"] for button in row]
        text = next(text for text in texts if text.startswith(label))
        await self.sim(f"users/{OWNER}/presses", {"message_id": shown["message_id"], "button": text})
        await self.until(lambda: self._edited(shown["message_id"], "Now the code"))

    async def _edited(self, message_id: int, words: str) -> bool:
        rows = await self.sim(f"chats/{OWNER}/messages")
        return any(row["message_id"] == message_id and words in row["text"] for row in rows)

    async def shown(self, words: str) -> None:
        """Wait until a message of the bot holds the words."""
        await self.until(lambda: self._any(words))

    async def _any(self, words: str) -> bool:
        return any(row["from_bot"] and words in row["text"] for row in await self.sim(f"chats/{OWNER}/messages"))

    async def until(self, is_so: Callable[[], Awaitable[bool]]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(60):
            while True:
                if await is_so():
                    return
                await asyncio.sleep(0.1)

    async def code(self, ahead: int) -> str:
        """The code of a time step near now, early enough in the step that it stays near."""
        left_ms = STEP_MS - time.time() * 1000 % STEP_MS
        if left_ms < 6_000:
            await asyncio.sleep(left_ms / 1000)
        return code_at(self.secret, step_at(round(time.time() * 1000)) + ahead)

    async def wrong_code(self) -> str:
        near = {await self.code(ahead) for ahead in range(-3, 4)}
        return next(code for code in (f"{digit}" * 6 for digit in range(10)) if code not in near)

    async def held(self) -> bool:
        """Whether the account has a position, by the exchange."""
        url = f"{self.venue.url}/sim/accounts/{self.venue.credentials()[0]}/positions"
        async with self.http.get(url) as got:
            return "SOLUSDT" in await got.text()

    async def flat(self) -> bool:
        return not await self.held()


def staged(folder: Path, story: Callable[[Stage], Awaitable[None]], *specs: AccountSpec) -> Stage:
    """Run a story with servers of its own."""

    async def main() -> Stage:
        chat = LocalChat(LocalChatConfig(rate_limits=False))
        accounts = specs or (AccountSpec(mode="live", ips=("127.0.0.1",)),)
        venue = LocalVenue(LocalVenueConfig(symbols=SYMBOLS, accounts=accounts))
        await chat.start()
        await venue.start()
        (folder / "desk.yaml").write_text(_YAML)
        try:
            async with aiohttp.ClientSession() as http:
                stage = Stage(chat, venue, http, folder)
                await story(stage)
                return stage
        finally:
            await venue.stop()
            await chat.stop()

    return asyncio.run(main())


async def _enrolled(stage: Stage) -> None:
    code, said, wrong = await stage.host("users", "totp", "enroll", str(OWNER), "--json")
    assert code == 0, wrong
    stage.secret = json.loads(said)["secret"]


async def _refused_until_confirmed(stage: Stage) -> None:
    assert (await stage.ask("/status", "Equity")).startswith("LIVE · main · REDUCE ONLY")
    assert "not confirmed" in await stage.ask("/long sol 200", "not confirmed")
    assert "Still held" in await stage.ask("/resume", "Still held")
    preview = await stage.ask("/golive", "Go live")
    assert all(words in preview for words in ("0.1.0", "LIVE", "10,000.00", "manual", "day −10%", stage.venue.url[:16]))
    await stage.confirm("Go live", "Go live")
    await stage.ask(await stage.wrong_code(), "Wrong code")
    first = await stage.code(-1)
    await stage.sim(f"users/{OWNER}/messages", {"text": first})
    await stage.shown("Live trading confirmed")
    assert (await stage.ask("/status", "Equity")).startswith("LIVE · main · RUNNING")
    await stage.ask("/long sol 200", "SOLUSDT")
    await stage.confirm("Entry price" if await stage._any("Entry price") else "SOLUSDT", "Buy")
    await stage.ask(first, "used already")
    assert await stage.flat()
    await stage.sim(f"users/{OWNER}/messages", {"text": await stage.code(0)})
    await stage.until(stage.held)
    typed = [row for row in await stage.sim(f"chats/{OWNER}/messages") if not row["from_bot"]]
    assert not [row for row in typed if row["text"].isdigit() and not row["deleted"]]


async def _locked_down(stage: Stage) -> None:
    assert (await stage.ask("/status", "Equity")).startswith("LIVE · main · RUNNING")
    await stage.ask("/lockdown", "pocketdesk users lockdown lift")
    for text in ("/golive", "/resume", "/long sol 200", "/unlock sol", "/watch sol"):
        assert "locked down by" in await stage.ask(text, "Not done.")
    assert "locked down by" in await stage.ask("/limit daily_equity -15", "Nothing was changed")
    await stage.ask("/closeall now", "SOLUSDT")
    await stage.until(stage.flat)


async def _lifted(stage: Stage) -> None:
    assert (await stage.ask("/status", "Equity")).startswith("LIVE · main · REDUCE ONLY")
    code, said, _ = await stage.host("users", "lockdown", "status", "--json")
    assert (code, json.loads(said)["locked"]) == (0, True)
    code, said, _ = await stage.host("users", "lockdown", "lift")
    assert code == 0
    assert "locked down by" in said
    await stage.until(lambda: _is_lifted(stage))
    assert "not confirmed" in await stage.ask("/long sol 200", "not confirmed")
    await stage.ask("/golive", "Go live")
    await stage.confirm("Go live", "Go live")
    for _ in range(4):
        await stage.ask(await stage.wrong_code(), "Wrong code")
    await stage.sim(f"users/{OWNER}/messages", {"text": await stage.wrong_code()})
    await stage.shown("Too many wrong codes")
    assert "Too many wrong codes" in await stage.ask("/golive", "Nothing was changed")


async def _is_lifted(stage: Stage) -> bool:
    _, said, _ = await stage.host("users", "lockdown", "status", "--json")
    return json.loads(said)["locked"] is False


async def _whole_way(stage: Stage) -> None:
    await _enrolled(stage)
    async with stage.desk(killed=True):
        assert (await stage.ask("/status", "Equity")).startswith("LIVE · main · REDUCE ONLY")
        await stage.ask("/golive", "Go live")
    async with stage.desk():
        # The confirmation that was asked for before the restart confirms nothing after it.
        await _refused_until_confirmed(stage)
    async with stage.desk():
        await _locked_down(stage)
    async with stage.desk():
        await _lifted(stage)


@pytest.mark.timeout(400)
def test_live_is_held_until_confirmed_with_a_code_and_again_after_a_lockdown(tmp_path: Path) -> None:
    stage = staged(tmp_path, _whole_way)
    assert all("mode live, environment live" in said for said in stage.output)
    assert not any("Traceback" in said for said in stage.output)
    stored = b"".join(path.read_bytes() for path in (tmp_path / "state").rglob("*") if _is_readable(path))
    assert stage.secret.encode() not in stored


def _is_readable(path: Path) -> bool:
    return path.is_file() and path.name != "second-factor.json"


async def _locked_down_without_a_database(stage: Stage) -> None:
    database = sqlite3.connect(stage.folder / "state" / "desk.db", isolation_level=None)
    try:
        database.execute("BEGIN EXCLUSIVE")
        await stage.ask("/lockdown", "pocketdesk users lockdown lift")
        assert "locked down by" in await stage.ask("/long sol 200", "Not done.")
        await stage.ask("/pause", "aused")
        await stage.until(lambda: _is_set_aside(stage))
        await stage.ask("/status", "Equity")
    finally:
        database.close()


async def _is_set_aside(stage: Stage) -> bool:
    aside = stage.folder / "state" / "emergency.ndjson"
    return aside.exists() and "lockdown:" in aside.read_text()


@pytest.mark.timeout(200)
def test_a_lockdown_while_the_database_is_away_survives_a_kill(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        async with stage.desk(killed=True):
            assert "not confirmed" in await stage.ask("/status", "Equity")
            await _locked_down_without_a_database(stage)
        async with stage.desk():
            assert "locked down by" in await stage.ask("/status", "Equity")
            assert "locked down by" in await stage.ask("/long sol 200", "Not done.")
            await stage.until(lambda: _is_locked(stage))
            assert (await stage.host("users", "lockdown", "lift"))[0] == 0
            await stage.until(lambda: _is_lifted(stage))

    staged(tmp_path, story)


async def _is_locked(stage: Stage) -> bool:
    return not await _is_lifted(stage)


@pytest.mark.timeout(60)
def test_live_without_the_explicit_setting_is_refused_with_exit_code_2(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        command = (*_RUN, str(tmp_path / "desk.yaml"))
        environment = stage.environment | {"ALLOW_LIVE": "0"}
        process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.PIPE)
        _, wrong = await process.communicate()
        assert process.returncode == 2
        assert "ALLOW_LIVE=1" in wrong.decode()
        assert stage.venue.core.log.after(0) == []

    staged(tmp_path, story)


@pytest.mark.timeout(120)
def test_a_live_key_that_is_not_bound_to_an_address_only_reduces_and_cannot_go_live(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        async with stage.desk():
            assert (await stage.ask("/status", "Equity")).startswith("LIVE · main · REDUCE ONLY")
            assert "not bound to an address" in await stage.ask("/golive", "not fit")
            url = f"{stage.venue.url}/sim/accounts/{stage.venue.credentials()[0]}/trades"
            async with stage.http.post(url, json={"symbol": "SOLUSDT", "side": "Buy", "qty": "10"}) as done:
                assert done.status == 200
            await stage.ask("/positions", "SOLUSDT")
            await stage.ask("/closeall now", "SOLUSDT")
            await stage.until(stage.flat)

    staged(tmp_path, story, AccountSpec(mode="live"))
