"""`pocketdesk sync` from a shell: counts, machine-readable output, exit codes."""

import asyncio
import json
import signal
import sqlite3
import sys
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import aiohttp

from bot.localvenue import LocalVenue, LocalVenueConfig, forced
from bot.localvenue.config import AccountSpec
from bot.lock import InstanceLock


async def _run(environment: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", "sync", *arguments),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


def _environment(venue: LocalVenue, state: Path, mode: str) -> dict[str, str]:
    key, secret = venue.credentials()
    return {
        "PATH": "/usr/bin:/bin",
        "DESK_STATE_DIR": str(state),
        "DESK_MODE": mode,
        "BYBIT_API_KEY": key,
        "BYBIT_API_SECRET": secret,
        "BYBIT_REST_URL": venue.url,
        "BYBIT_WS_PUBLIC_URL": venue.public_url,
        "BYBIT_WS_PRIVATE_URL": venue.private_url,
    } | ({"BYBIT_ENV": "demo"} if mode == "demo" else {})


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and "-shm" not in path.name}


def test_the_past_is_brought_home_from_a_shell(tmp_path: Path) -> None:
    async def main() -> None:
        venue = LocalVenue(LocalVenueConfig(symbols=("SOLUSDT",), accounts=(AccountSpec(mode="demo"),)))
        await venue.start()
        try:
            told = _environment(venue, tmp_path, "demo")
            code, out, _ = await _run(told, "status")
            assert (code, "Nothing was read yet" in out) == (0, True)
            # Only looked at: nothing was made.
            assert _files(tmp_path) == {}
            code, out, err = await _run(told, "backfill", "--months", "1", "--json")
            assert (code, err) == (0, "")
            assert json.loads(out)["executions"] == 0
            code, out, _ = await _run(told, "status", "--json")
            assert json.loads(out)["windows"] >= 15
            with InstanceLock(tmp_path):
                code, out, err = await _run(told, "now")
                assert (code, out, "the desk is running" in err) == (1, "", True)
                before = _files(tmp_path)
                code, out, err = await _run(told, "status")
                assert (code, "windows" in out, err) == (0, True, "")
                assert before.items() <= _files(tmp_path).items()
            assert (await _run(told, "backfill", "--months", "25"))[0] == 2
            code, _, err = await _run(_environment(venue, tmp_path, "paper"), "now")
            assert (code, "no past" in err) == (1, True)
        finally:
            await venue.stop()

    asyncio.run(main())


async def _faulty(venue: LocalVenue, fault: dict[str, object]) -> None:
    async with aiohttp.ClientSession() as session, session.post(f"{venue.url}/sim/faults", json=fault) as done:
        assert done.status == 200, await done.text()


def _windows(state: Path) -> int:
    path = state / "desk.db"
    if not path.exists():
        return 0
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        there = connection.execute("SELECT name FROM sqlite_master WHERE name = 'sync_windows'").fetchall()
        return int(connection.execute("SELECT count(*) FROM sync_windows").fetchone()[0]) if there else 0


async def _killed_after(windows: int, environment: dict[str, str], state: Path) -> None:
    command = (sys.executable, "-m", "bot", "sync", "backfill", "--months", "6")
    process = await asyncio.create_subprocess_exec(*command, env=environment)
    async with asyncio.timeout(60):
        while _windows(state) < windows:  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.02)
    process.kill()
    assert await process.wait() == -signal.SIGKILL


def test_a_killed_backfill_goes_on_where_it_was_and_counts_nothing_twice(tmp_path: Path) -> None:
    async def main() -> None:
        venue = LocalVenue(LocalVenueConfig(symbols=("SOLUSDT",), accounts=(AccountSpec(mode="demo"),)))
        await venue.start()
        try:
            told = _environment(venue, tmp_path, "demo")
            account = next(iter(venue.core.accounts.values()))
            for number in range(120):
                forced.trade(account, "SOLUSDT", buy=not number % 2, qty=Decimal(1), at_ms=venue.core.now_ms())
            await _faulty(venue, {"path": "/v5/position/closed-pnl", "kind": "delay", "delay_ms": 100, "times": 200})
            await _killed_after(12, told, tmp_path)
            kept = _windows(tmp_path)
            code, out, err = await _run(told, "backfill", "--months", "6", "--json")
            assert (code, err) == (0, "")
            found = json.loads(out)
            assert kept >= 12
            assert found["skipped"] == kept
            assert (found["executions"], found["new"], found["external"]) == (120, 120, 120)
            code, out, _ = await _run(told, "now", "--json")
            found = json.loads(out)
            assert (found["executions"], found["known"], found["new"]) == (120, 120, 0)
            code, out, _ = await _run(told, "status", "--json")
            assert json.loads(out)["rows"] == {"executions": 120, "orders": 120, "closed": 60}
        finally:
            await venue.stop()

    asyncio.run(main())
