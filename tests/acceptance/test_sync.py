"""`pocketdesk sync` from a shell: counts, machine-readable output, exit codes."""

import asyncio
import json
import sys
from pathlib import Path

from bot.localvenue import LocalVenue, LocalVenueConfig
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


def test_the_past_is_brought_home_from_a_shell(tmp_path: Path) -> None:
    async def main() -> None:
        venue = LocalVenue(LocalVenueConfig(symbols=("SOLUSDT",), accounts=(AccountSpec(mode="demo"),)))
        await venue.start()
        try:
            told = _environment(venue, tmp_path, "demo")
            code, out, _ = await _run(told, "status")
            assert (code, "Nothing was read yet" in out) == (0, True)
            code, out, err = await _run(told, "backfill", "--months", "1", "--json")
            assert (code, err) == (0, "")
            assert json.loads(out)["executions"] == 0
            code, out, _ = await _run(told, "status", "--json")
            assert json.loads(out)["windows"] >= 15
            with InstanceLock(tmp_path):
                code, out, err = await _run(told, "now")
            assert (code, out, "the desk is running" in err) == (1, "", True)
            assert (await _run(told, "backfill", "--months", "25"))[0] == 2
            code, _, err = await _run(_environment(venue, tmp_path, "paper"), "now")
            assert (code, "no past" in err) == (1, True)
        finally:
            await venue.stop()

    asyncio.run(main())
