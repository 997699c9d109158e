"""Leases of running processes: whoever has the account keeps it, whoever lost it stops entries and ends."""

import asyncio
import os
import shutil
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from bot.lease import LeaseKeeper, lease_of, owner_of
from bot.localchat.server import LocalChat, LocalChatConfig
from bot.localvenue import LocalVenue, LocalVenueConfig
from config.settings import Settings
from engine.journal import JournalUnavailable
from storage.lease import BEAT_S, TTL_MS, LeaseLostError
from tests.acceptance.test_run import OWNER, answer
from tests.unit.bot.hand_clock import HandClock


class Beats:
    """A lease whose next beats are given."""

    def __init__(self, *answers: Exception | None) -> None:
        self.answers, self.count = list(answers), 0

    async def beat(self) -> None:
        self.count += 1
        if self.answers and (error := self.answers.pop(0)) is not None:
            raise error


def test_the_keeper_beats_through_an_outage_and_ends_when_the_account_was_taken_over() -> None:
    async def main() -> None:
        clock, heard = HandClock(), []
        lease = Beats(None, JournalUnavailable("locked"), None, LeaseLostError("taken over by b"))

        async def lost(why: str) -> None:
            heard.append(why)

        task = asyncio.create_task(LeaseKeeper(lease, clock, lost).run(lambda: None))
        await clock.advance(BEAT_S * 2)
        assert (lease.count, heard) == (3, [])
        await clock.advance(BEAT_S)
        assert heard == ["taken over by b"]
        with pytest.raises(LeaseLostError):
            await task

    asyncio.run(main())


def test_a_state_folder_is_the_same_owner_for_every_process_and_its_copy_is_another(tmp_path: Path) -> None:
    first = owner_of(tmp_path / "a")
    assert owner_of(tmp_path / "a") == first
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert owner_of(tmp_path / "b") != first


def test_the_lease_of_an_account_stands_for_its_key_and_does_not_hold_it(tmp_path: Path) -> None:
    made = [
        lease_of(settings, settings)
        for key in ("abcdefgh", "ijklmnop")
        for settings in [Settings(desk_state_dir=tmp_path, bybit_api_key=key)]
    ]
    assert made[0].exchange_key != made[1].exchange_key
    assert "abcdefgh" not in str(made[0])
    assert lease_of(Settings(desk_state_dir=tmp_path), Settings(desk_state_dir=tmp_path)).exchange_key == ""


class Pair:
    """Two state folders on one database, run as processes."""

    def __init__(self, chat: LocalChat, venue: LocalVenue, folder: Path) -> None:
        self.chat, self.venue, self.folder = chat, venue, folder
        self.started: list[asyncio.subprocess.Process] = []

    async def start(self, name: str) -> asyncio.subprocess.Process:
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
        environment = kept | {
            "TELEGRAM_API_URL": self.chat.url,
            "TELEGRAM_BOT_TOKEN": self.chat.bot_token,
            "TELEGRAM_ADMIN_IDS": str(OWNER),
            "DESK_STATE_DIR": str(self.folder / name),
            "BYBIT_REST_URL": self.venue.url,
            "BYBIT_WS_PUBLIC_URL": self.venue.public_url,
            "DATABASE_URL": f"sqlite+aiosqlite:///{self.folder / 'shared.db'}",
        }
        command = (sys.executable, "-m", "bot", "run")
        process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.PIPE)
        self.started.append(process)
        return process

    async def ended(self, process: asyncio.subprocess.Process) -> tuple[int, str]:
        async with asyncio.timeout(60):
            _, errors = await process.communicate()
        return process.returncode or 0, errors.decode()

    def sql(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.folder / "shared.db", timeout=5)) as connection, connection:
            connection.execute(statement, values)

    async def stop(self) -> None:
        for process in self.started:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def _two_folders(folder: Path) -> tuple[tuple[int, str], tuple[int, str], list[str]]:
    chat = LocalChat(LocalChatConfig(rate_limits=False))
    venue = LocalVenue(LocalVenueConfig(symbols=("BTCUSDT", "SOLUSDT")))
    await chat.start()
    await venue.start()
    pair = Pair(chat, venue, folder)
    try:
        first = await pair.start("a")
        await answer(chat, "/status", "Equity")
        refused = await pair.ended(await pair.start("b"))
        first.send_signal(signal.SIGKILL)
        await first.wait()
        # As if the time of the lease had passed.
        pair.sql("UPDATE leases SET beat_ms = beat_ms - ?", TTL_MS)
        second = await pair.start("b")
        await answer(chat, "/status", "Equity")
        pair.sql("UPDATE leases SET fence = fence + 1, holder = 'a third one'")
        lost = await pair.ended(second)
        async with aiohttp.ClientSession() as http, http.get(f"{chat.url}/sim/chats/{OWNER}/messages") as got:
            told = [str(row["text"]) for row in await got.json() if row["from_bot"]]
        return refused, lost, told
    finally:
        await pair.stop()
        await venue.stop()
        await chat.stop()


@pytest.mark.timeout(150)
def test_a_second_process_is_refused_takes_over_after_a_kill_and_ends_when_it_is_replaced(tmp_path: Path) -> None:
    refused, lost, told = asyncio.run(_two_folders(tmp_path))
    assert refused[0] == 1
    assert "account main (paper) is run by process" in refused[1]
    assert "Traceback" not in refused[1]
    assert lost[0] == 1
    assert lost[1].splitlines()[-1].endswith("account main (paper) was taken over by a third one")
    assert any("taken over by another process" in text and "a third one" in text for text in told)
