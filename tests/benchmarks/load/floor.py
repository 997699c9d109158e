"""The floors: how long the same way there and back takes through a process that does nothing but answer, and how long a
small write takes to be on the disk.

Both are measured by the process that plays exchange and chat, beside the load: what a busy machine costs, it costs here
as well.

    python -m tests.benchmarks.load.floor
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from time import monotonic_ns

_EVERY_S, _DISK_EVERY_S = 0.02, 0.2
_BLOCK = bytes(4_096)
_LINE = b"x" * 63 + b"\n"


class Floor:
    """The other process, and how long its answers took (ms). Made by `started`."""

    def __init__(self, process: Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self.took_ms: list[float] = []

    @classmethod
    async def started(cls) -> "Floor":
        """Start the process and connect to it."""
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", __spec__.name, stdout=PIPE)
        if process.stdout is None:
            raise RuntimeError("the process was started without a pipe")
        port = int(await process.stdout.readline())
        return cls(process, *await asyncio.open_connection("127.0.0.1", port))

    async def measure(self) -> None:
        """Ask again and again, for ever."""
        while True:
            began = monotonic_ns()
            self._writer.write(_LINE)
            await self._reader.readline()
            self.took_ms.append((monotonic_ns() - began) / 1e6)
            await asyncio.sleep(_EVERY_S)

    async def stop(self) -> None:
        """End the process."""
        self._writer.close()
        self._process.terminate()
        await self._process.wait()


class Disk:
    """Writes to a file of its own beside the desk's database; `took_ms` is how long each write took."""

    def __init__(self, path: Path) -> None:
        # Open until the process ends.
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
        self.took_ms: list[float] = []

    async def measure(self) -> None:
        """Write again and again, for ever."""
        while True:
            self.took_ms.append(await asyncio.to_thread(self._written))
            await asyncio.sleep(_DISK_EVERY_S)

    def _written(self) -> float:
        began = monotonic_ns()
        os.write(self._file, _BLOCK)
        os.fdatasync(self._file)
        return (monotonic_ns() - began) / 1e6


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line)
    writer.close()


async def _serve() -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
