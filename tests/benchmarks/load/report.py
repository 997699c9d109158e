"""What was measured beside what is wanted: percentiles, a table, a verdict."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

TOLERANCE = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure. `aim` None: told, not judged. `least`: the aim is a lower bound. Of latencies also the median and
    the number of samples.
    """

    name: str
    value: float
    unit: str
    aim: float | None = None
    least: bool = False
    median: float | None = None
    samples: int | None = None

    @property
    def share(self) -> float | None:
        """How much of the aim is reached; 1 and above is enough."""
        if self.aim is None:
            return None
        if self.least:
            return self.value / self.aim
        return self.aim / self.value if self.value else float("inf")

    @property
    def passed(self) -> bool:
        """Whether enough of the aim is reached, or nothing is wanted."""
        return self.share is None or self.share >= TOLERANCE


@dataclass(slots=True)
class Report:
    """The figures of one run, and findings that fail it whatever the figures say."""

    rows: list[Row] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether the run is good enough."""
        return not self.wrong and all(row.passed for row in self.rows)

    def latencies(self, name: str, samples_ms: Sequence[float], *, aim: float | None = None) -> None:
        """Add the 99th percentile of some latencies."""
        if not samples_ms:
            self.wrong.append(f"{name}: no samples")
            return
        value, median = percentile(samples_ms, 99), percentile(samples_ms, 50)
        self.rows.append(Row(name=name, value=value, unit="ms", aim=aim, median=median, samples=len(samples_ms)))

    def text(self) -> str:
        """Return the table and the verdict."""
        lines = [f"{'under load':<52}{'samples':>9}{'p50':>10}{'p99/value':>12}{'aim':>10}{'share':>8}"]
        lines += [_line(row) for row in self.rows]
        lines += [f"WRONG: {finding}" for finding in self.wrong]
        lines += [f"{row.name}: TOO LITTLE, below {TOLERANCE} of the aim" for row in self.rows if not row.passed]
        return "\n".join(lines)

    def json(self) -> str:
        """Return the same for programs."""
        rows = [asdict(row) | {"share": row.share, "passed": row.passed} for row in self.rows]
        return json.dumps({"rows": rows, "wrong": self.wrong, "passed": self.passed}, indent=1)


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the smallest value that at least `percent` % of the values do not exceed. Raises IndexError for none."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def _line(row: Row) -> str:
    def shown(value: float | None, digits: int) -> str:
        return "" if value is None else f"{value:,.{digits}f}"

    digits = 0 if row.value >= 1_000 else 1
    aim = "" if row.aim is None else f"{'≥' if row.least else '≤'} {row.aim:,g}"
    figures = f"{shown(row.median, digits):>10}{shown(row.value, digits):>9} {row.unit:<3}{aim:>9}"
    return f"{row.name:<52}{row.samples or '':>9}{figures}{shown(row.share, 2):>8}"
