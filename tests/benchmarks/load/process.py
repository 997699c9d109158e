"""The process of the desk under load: started, asked about its loop, ended."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from pathlib import Path

from tests.benchmarks.load.chat import TOKEN
from tests.benchmarks.load.driver import USER


class Desk:
    """The process of the desk; `database` is its file."""

    def __init__(self, process: Process, database: Path) -> None:
        self._process = process
        self.database = database

    def check(self) -> None:
        """Raise RuntimeError when it has ended."""
        if self._process.returncode is not None:
            raise RuntimeError(f"the desk has ended with {self._process.returncode}; what it said stands above")

    @property
    def number(self) -> int:
        """Its process id."""
        return self._process.pid

    async def watched(self) -> dict[str, float | str]:
        """Return what its loop did since the last call."""
        self._process.send_signal(signal.SIGUSR1)
        if self._process.stdout is None:
            raise RuntimeError("the desk was started without a pipe")
        async with asyncio.timeout(20):
            while line := await self._process.stdout.readline():
                with suppress(json.JSONDecodeError):
                    seen: dict[str, float | str] = json.loads(line)
                    return seen
        raise RuntimeError("the desk has ended; its log says why")

    async def stop(self) -> None:
        """End it."""
        if self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), 20)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()


async def started(folder: Path, port: int, *, count: int, speed: float) -> Desk:
    """Start the desk against this process, with so many symbols, in a market whose time runs so fast."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    server = f"127.0.0.1:{port}"
    environment = kept | {
        "TELEGRAM_API_URL": f"http://{server}",
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_ADMIN_IDS": str(USER),
        "DESK_STATE_DIR": str(folder / "state"),
        "DESK_MODE": "demo",
        "BYBIT_ENV": "demo",
        "BYBIT_API_KEY": "benchmark-key",
        "BYBIT_API_SECRET": "benchmark-secret",
        "BYBIT_REST_URL": f"http://{server}",
        "BYBIT_WS_PUBLIC_URL": f"ws://{server}/v5/public/linear",
        "BYBIT_WS_PRIVATE_URL": f"ws://{server}/v5/private",
    }
    command = (sys.executable, "-m", "tests.benchmarks.load.desk", str(count), str(speed))
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE)
    return Desk(process, folder / "state" / "desk.db")
