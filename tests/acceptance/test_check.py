"""`pocketdesk check` as a process, against a chat server and a venue on loopback."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.localchat.server import LocalChat, LocalChatConfig
from bot.localvenue import LocalVenue, LocalVenueConfig
from bot.localvenue.config import AccountSpec
from bot.lock import InstanceLock
from storage.store import Store
from tests.integration.localvenue.rig import Rig

pytestmark = pytest.mark.e2e
OWNER, NOBODY = 1001, 5005
WRONG_TOKEN = "7654321:" + "B" * 30
# Nothing listens on the discard port.
NOWHERE = "127.0.0.1:9"


@dataclass(frozen=True, slots=True)
class Told:
    """What the command said."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, str]]:
        """The findings of --json."""
        said = json.loads(self.out)
        assert set(said) == {"ok", "findings"}
        assert said["ok"] is (self.code == 0)
        assert all(set(row) == {"area", "grade", "what", "todo"} for row in said["findings"])
        assert all(row["todo"] for row in said["findings"] if row["grade"] != "ok")
        return list(said["findings"])

    def graded(self, grade: str) -> list[tuple[str, str]]:
        """Area and words of the findings of a grade."""
        return [(row["area"], row["what"]) for row in self.rows if row["grade"] == grade]


@dataclass(frozen=True, slots=True)
class Scene:
    """Both servers, and the settings of a desk that uses them."""

    chat: LocalChat
    venue: LocalVenue
    http: aiohttp.ClientSession
    folder: Path

    def settings(self) -> dict[str, str]:
        """Environment of a desk where everything is right."""
        key, secret = self.venue.credentials()
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
        return kept | {
            "TELEGRAM_API_URL": self.chat.url,
            "TELEGRAM_BOT_TOKEN": self.chat.bot_token,
            "TELEGRAM_ADMIN_IDS": str(OWNER),
            "DESK_STATE_DIR": str(self.folder / "state"),
            "DESK_MODE": "testnet",
            "BYBIT_API_KEY": key,
            "BYBIT_API_SECRET": secret,
            "BYBIT_REST_URL": self.venue.url,
            "BYBIT_WS_PUBLIC_URL": self.venue.public_url,
            "BYBIT_WS_PRIVATE_URL": self.venue.private_url,
        }

    async def check(self, *words: str, **changes: str) -> Told:
        """Run the command with --json and other settings than the right ones."""
        told = await run_check(self.settings() | changes, "--json", *words)
        for name in ("BYBIT_API_KEY", "BYBIT_API_SECRET", "TELEGRAM_BOT_TOKEN"):
            assert (self.settings() | changes)[name] not in told.out + told.err
        return told


async def run_check(environment: Mapping[str, str], *words: str) -> Told:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "check", *words),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert b"Traceback" not in err, err.decode()
    return Told(process.returncode or 0, out.decode(), err.decode())


@asynccontextmanager
async def scene(folder: Path, **account: Any) -> AsyncIterator[Scene]:
    chat = LocalChat(LocalChatConfig(rate_limits=False))
    spec = AccountSpec(**({"mode": "live", "ips": ("127.0.0.1",)} | account))
    venue = LocalVenue(LocalVenueConfig(accounts=(spec,)))
    await chat.start()
    await venue.start()
    try:
        async with aiohttp.ClientSession() as http:
            yield Scene(chat, venue, http, folder)
    finally:
        await venue.stop()
        await chat.stop()


def test_nothing_is_wrong_where_everything_is_right(tmp_path: Path) -> None:
    async def main() -> None:
        async with scene(tmp_path) as at:
            told = await at.check()
            table = await run_check(at.settings())
        assert (told.code, told.err, told.graded("fault")) == (0, "", [])
        assert told.graded("warning") == []
        areas = [area for area, _ in told.graded("ok")]
        assert list(dict.fromkeys(areas)) == [
            *("settings", "state folder", "disk", "lock", "database", "Telegram", "exchange", "clock"),
            *("symbols", "sizes", "history", "API key", "account", "rules"),
        ]
        assert (table.code, table.err) == (0, "")
        assert table.out.endswith("Faults: 0. Warnings: 0.\n")
        assert not (tmp_path / "state").exists(), "a check makes nothing"

    asyncio.run(main())


def test_a_wrong_token_is_a_fault_and_the_exchange_is_looked_at_all_the_same(tmp_path: Path) -> None:
    async def main() -> None:
        async with scene(tmp_path) as at:
            told = await at.check(TELEGRAM_BOT_TOKEN=WRONG_TOKEN)
        assert (told.code, told.graded("fault")) == (1, [("Telegram", "Telegram refuses the bot token")])
        assert ("account", "one-way mode") in told.graded("ok")

    asyncio.run(main())


def test_an_admin_who_never_opened_the_bot_is_a_warning(tmp_path: Path) -> None:
    async def main() -> None:
        async with scene(tmp_path) as at:
            told = await at.check(TELEGRAM_ADMIN_IDS=f"{NOBODY},{OWNER}")
        assert told.code == 0
        assert told.graded("warning") == [("Telegram", f"admin {NOBODY} has never opened the bot")]
        assert ("Telegram", f"admin {OWNER} can be reached") in told.graded("ok")

    asyncio.run(main())


@pytest.mark.parametrize("name", ["BYBIT_API_KEY", "BYBIT_API_SECRET"])
def test_a_wrong_key_or_secret_is_one_fault_that_says_what_to_check(tmp_path: Path, name: str) -> None:
    async def main() -> None:
        async with scene(tmp_path) as at:
            told = await at.check(**{name: "W" * 20})
        (fault,) = [row for row in told.rows if row["grade"] == "fault"]
        assert (told.code, fault["area"]) == (1, "API key")
        assert f"check the {'key' if name.endswith('KEY') else 'API secret'}" in fault["todo"]

    asyncio.run(main())


def test_a_key_that_may_only_read_is_a_fault(tmp_path: Path) -> None:
    async def main() -> None:
        async with scene(tmp_path, read_only=True, ips=()) as at:
            told = await at.check()
        assert told.graded("fault") == [("API key", "the API key may not trade contracts")]
        assert told.graded("warning") == [("API key", "the API key is not bound to an address")]

    asyncio.run(main())


def test_the_demo_world_is_not_blamed_for_what_it_does_not_tell(tmp_path: Path) -> None:
    async def main() -> None:
        async with scene(tmp_path, mode="demo") as at:
            told = await at.check(DESK_MODE="demo")
        assert (told.code, told.graded("warning")) == (0, [])
        assert ("API key", "the demo world does not tell what the key may do") in told.graded("ok")

    asyncio.run(main())


def test_hedge_mode_margin_mode_and_a_wrong_clock_are_found_together(tmp_path: Path) -> None:
    async def main() -> None:
        async with scene(tmp_path) as at:
            rig = Rig(at.venue, at.http)
            hedge: dict[str, Any] = {"category": "linear", "symbol": "BTCUSDT", "mode": 3}
            assert (await rig.post("/v5/position/switch-mode", **hedge))["retCode"] == 0
            margin = {"setMarginMode": "REGULAR_MARGIN"}
            assert (await rig.post("/v5/account/set-margin-mode", **margin))["retCode"] == 0
            await rig.sim("clock", skew_ms=3_000)
            told = await at.check()
        assert told.code == 1
        clock, mode = told.graded("fault")
        assert clock == ("clock", "this machine's clock is 3.0 s behind")
        assert mode == ("account", "hedge mode is on for BTCUSDT")
        assert told.graded("warning") == [("account", "the account uses cross margin")]

    asyncio.run(main())


def test_symbols_that_are_not_listed_and_leverage_that_is_refused_are_told(tmp_path: Path) -> None:
    file = tmp_path / "desk.yaml"
    file.write_text("profiles:\n  - {name: cft, strategy: rules8, symbols: [XRPUSDT, NOSUCHUSDT]}\n", encoding="utf-8")

    async def main() -> None:
        async with scene(tmp_path) as at:
            await Rig(at.venue, at.http).sim("instruments/XRPUSDT", maxLeverage="5")
            told = await at.check("--config", str(file))
        assert told.graded("warning") == [("symbols", "not listed: NOSUCHUSDT")]
        words = "profile cft: 10x leverage is refused for XRPUSDT (at most 5x)"
        assert told.graded("fault") == [("sizes", words)]

    asyncio.run(main())


def test_hosts_that_cannot_be_reached_are_faults_in_words(tmp_path: Path) -> None:
    async def main() -> None:
        async with scene(tmp_path) as at:
            away = await at.check(TELEGRAM_API_URL=f"http://{NOWHERE}", BYBIT_REST_URL=f"http://{NOWHERE}")
            stream = await at.check(BYBIT_WS_PRIVATE_URL=f"ws://{NOWHERE}")
        assert [area for area, _ in away.graded("fault")] == ["Telegram", "exchange"]
        assert away.code == 1
        ((area, words),) = stream.graded("fault")
        assert area == "exchange"
        assert words.startswith(f"the private stream ws://{NOWHERE} cannot be opened")

    asyncio.run(main())


def test_an_exchange_that_never_answers_ends_in_a_fault_within_its_time(tmp_path: Path) -> None:
    async def main() -> None:
        async with scene(tmp_path) as at, asyncio.timeout(60):
            await Rig(at.venue, at.http).sim("faults", path="/v5/market/time", kind="silence", times=9)
            told = await at.check()
        assert told.graded("fault") == [("exchange", f"{at.venue.url} cannot be asked (no answer within 5 s)")]

    asyncio.run(main())


def test_every_mistake_in_the_settings_is_listed_with_exit_code_2(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "DESK_STATE_DIR": str(tmp_path / "state"),
        "DESK_MODE": "testnet",
        "DESK_TIMEZONE": "Nowhere/Land",
    }

    async def main() -> tuple[Told, Told]:
        return await run_check(environment), await run_check(environment, "--json")

    plain, told = asyncio.run(main())
    assert (plain.code, plain.out, told.code, told.err) == (2, "", 2, "")
    for name in ("DESK_TIMEZONE", "TELEGRAM_BOT_TOKEN", "BYBIT_API_KEY", "BYBIT_API_SECRET"):
        assert name in plain.err
        assert any(words.startswith(name) for _, words in told.graded("fault"))


def test_a_profile_that_does_not_exist_is_a_mistake_in_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "desk.yaml"
    file.write_text("profiles:\n  - {name: cfd, strategy: rules8}\n", encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "TELEGRAM_BOT_TOKEN": WRONG_TOKEN}
    told = asyncio.run(run_check(environment, "--json", "--config", str(file)))
    assert told.code == 2
    assert told.graded("fault") == [("settings", "profile cfd: no preset 'cfd'; did you mean 'cft'?")]


def test_a_paper_desk_that_runs_is_told_and_its_sound_database_looked_at(tmp_path: Path) -> None:
    async def main() -> None:
        state = tmp_path / "state"
        store = await Store.open(f"sqlite+aiosqlite:///{state / 'desk.db'}", mode="paper", account="main")
        await store.close()
        async with scene(tmp_path) as at:
            with InstanceLock(state):
                told = await at.check(DESK_MODE="paper")
            (state / "desk.db").write_bytes(b"not a database" * 1000)
            broken = await at.check(DESK_MODE="paper")
        assert (told.code, told.graded("warning")) == (0, [])
        assert ("lock", f"a desk is running on {state} (process {os.getpid()})") in told.graded("ok")
        assert ("database", "the database is sound") in told.graded("ok")
        areas = {row["area"] for row in told.rows}
        assert "exchange" in areas
        assert not areas & {"API key", "account"}, "a paper desk has no account there"
        assert ("exchange", "the public stream can be opened") in told.graded("ok")
        assert {area for area, _ in broken.graded("fault")} == {"database"}

    asyncio.run(main())
