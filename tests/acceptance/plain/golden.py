"""Golden runs as files: trades as rows, signals as a hash. POCKETDESK_GOLDEN=write writes them anew."""

import os
from collections.abc import Iterable
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from tests.acceptance.plain.loop import Told, Trip

FOLDER = Path(__file__).parents[2] / "golden"
CENT = Decimal("0.01")


def cents(money: int) -> Decimal:
    """Money (1e-8) to the cent."""
    return Decimal(money).scaleb(-8).quantize(CENT)


def hashed(rows: Iterable[object]) -> str:
    """A short hash of rows."""
    return sha256("\n".join(map(str, rows)).encode()).hexdigest()[:16]


def written(told: list[Told], trips: list[Trip], equity: float) -> str:
    """Return a run as text; prices in ticks, quantities in steps, results in USDT."""
    head = f"# {len(told)} signals {hashed(map(tuple, told))}; final equity {equity:.2f}"
    columns = "symbol,side,quantity,entry_ms,entry,exit_ms,exit,rule,reason,net"
    rows = [
        f"{t.symbol},{'long' if t.long else 'short'},{t.qty},{t.entry_ms},{t.entry},{t.exit_ms},{t.exit},"
        f"{t.rule},{t.why},{cents(t.net)}"
        for t in trips
    ]
    return "\n".join([head, columns, *rows]) + "\n"


def check(name: str, text: str) -> None:
    """Compare with the golden file, or write it."""
    path = FOLDER / f"run_{name}.csv"
    if os.environ.get("POCKETDESK_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text, f"{path.name} differs; POCKETDESK_GOLDEN=write accepts the change"
