"""Who used the machine while something was measured: the desk, this process, others, and whoever stole time from it."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.load.report import Row

_TICK_S = os.sysconf("SC_CLK_TCK")
_IDLE, _WAITING, _STOLEN = 3, 4, 7


@dataclass(frozen=True, slots=True)
class Use:
    """Seconds since some beginning: of the clock, of CPU used by the desk, this process and everybody, of CPU stolen by
    the host, and of the desk's first thread being ready while it had no core.
    """

    at_s: float
    desk_s: float
    own_s: float
    all_s: float
    stolen_s: float
    ready_s: float


def cpu_s(process_id: int) -> float:
    """Return the CPU seconds a process has used."""
    parts = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / _TICK_S


def used(desk: int) -> Use:
    """Return what has been used so far."""
    ticks = [int(word) for word in Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]]
    ready_ns = int(Path(f"/proc/{desk}/schedstat").read_text(encoding="ascii").split()[1])
    return Use(
        at_s=time.monotonic(),
        desk_s=cpu_s(desk),
        own_s=time.process_time(),
        all_s=(sum(ticks) - ticks[_IDLE] - ticks[_WAITING] - ticks[_STOLEN]) / _TICK_S,
        stolen_s=ticks[_STOLEN] / _TICK_S,
        ready_s=ready_ns / 1e9,
    )


@dataclass(slots=True)
class Meter:
    """Measures from when it is made."""

    desk: int
    began: Use = field(init=False)

    def __post_init__(self) -> None:
        self.began = used(self.desk)

    def rows(self) -> list[Row]:
        """Return the shares of one core since then."""
        now, began = used(self.desk), self.began
        passed_s = now.at_s - began.at_s
        desk_s, own_s = now.desk_s - began.desk_s, now.own_s - began.own_s
        others_s = max(0.0, now.all_s - began.all_s - desk_s - own_s)
        shares = {
            "CPU of the desk, of one core": desk_s,
            "CPU of the load generator, of one core": own_s,
            f"CPU of everybody else, of one core of {os.cpu_count()}": others_s,
            "CPU stolen by the host, of one core": now.stolen_s - began.stolen_s,
            "the desk ready to run but without a core": now.ready_s - began.ready_s,
        }
        return [Row(name=name, value=seconds / passed_s * 100, unit="%") for name, seconds in shares.items()]
