"""The demo desk as a person starts it: time to the first answered command, memory of its process."""

import re
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.support.demo import Demo, until


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskMeasured:
    """Seconds from the start of the process to an answer to `/start`, and the process's memory (MiB) after it: of a
    first start, which plays a past, and of one on its state.
    """

    first_s: float
    again_s: float
    memory_mib: float


def measure_desk() -> DeskMeasured:
    """Start a demo twice on one new folder, and stop it."""
    with tempfile.TemporaryDirectory() as folder:
        demo = Demo(Path(folder) / "state", speed="60")
        try:
            first_s = _answered(demo)
            demo.kill()
            again_s = _answered(demo)
            memory_mib = _memory(demo.process_id)
        finally:
            demo.kill()
    return DeskMeasured(first_s=first_s, again_s=again_s, memory_mib=memory_mib)


def _answered(demo: Demo) -> float:
    began = time.perf_counter()
    demo.start(ready=False)
    said = demo.sim.say("/start")
    until(lambda: [m for m in demo.sim.transcript(after=said["message_id"]) if m["from_bot"]], "answer to /start")
    return time.perf_counter() - began


def _memory(process_id: int) -> float:
    status = Path(f"/proc/{process_id}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    if found is None:
        raise RuntimeError(f"process {process_id} shows no memory")
    return int(found[1]) / 1024
