"""Every profile over the real candles there are, as the table of docs/results.md."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "results.md"
FIVE, FOUR, ONE = "bybit_linear/kline_5m", "binance_usdm/kline_4h", "binance_usdm/kline_1m"
FUNDING = ("--funding", "bybit_linear/funding_8h")
_HEAD = """# What the profiles did on recorded candles

Each shipped profile with its defaults over all the real candles we have, 5,000 USDT at the start, taker fee 0.055 %
and 0.01 % slippage a side, account limits on. These are replays of the past with assumed fills, on few symbols and
one stretch of time, and no promise of anything: after costs these rules lost, and a limit stopped several of them.
"Stopped" is the day on which a limit halted trading for good, because in a backtest nobody resumes it. "Ambiguous"
counts trades whose stop and target lay in one bar; the stop was taken.

| profile | symbols | candles | period | trades | net | return | drawdown | fees | funding | ambiguous | stopped |
|---|---|---|---|---|---|---|---|---|---|---|---|
"""
_TAIL = """
`orderflow` has five minutes of real trades and quotes, in which its indicators do not become warm: that run shows
only that it runs. On calm majors it refuses nearly every signal by cost, as its rule says. `make results` writes this
page anew.
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One profile on one folder of candles."""

    profile: str
    data: str
    more: tuple[str, ...] = ()


RUNS = (
    Run("cft", FIVE, FUNDING),
    Run("lx", FIVE, FUNDING),
    Run("ma_cross", ONE, ("--symbol", "XRPUSDT")),
    Run("shortseller", FIVE, (*FUNDING, "--symbol", "BTCUSDT", "--symbol", "ETHUSDT", "--symbol", "SOLUSDT")),
    Run("momentum", FOUR),
    Run("orderflow", "ticks", ("--symbol", "BTCUSDT")),
)


def result(run: Run, data: Path) -> dict[str, Any]:
    """Run one backtest and return its JSON."""
    more = [str(data / word) if word.startswith("bybit_linear") else word for word in run.more]
    command = (sys.executable, "-m", "bot", "backtest", "--json", "--profile", run.profile, "--data", data / run.data)
    done = subprocess.run([*map(str, command), *more], cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def row(found: dict[str, Any]) -> str:
    """Return one line of the table."""
    config, metrics = found["config"], found["metrics"]
    gains, risk = metrics["profitability"], metrics["risk"]
    symbols = config["symbols"].replace("USDT", "").replace(", ", " ")
    stopped = next((note.split()[4][:10] for note in found["notes"] if note.startswith("Trading was stopped")), "–")
    cells = (
        f"`{config['profile']}`",
        symbols,
        config["timeframe"],
        f"{config['from'][:10]} to {config['to'][:10]}",
        f"{metrics['efficiency']['trades']:,}",
        _money(gains["net_profit"]),
        f"{float(gains['total_return_pct']):+.2f} %",
        f"{float(risk['max_drawdown_pct']):.2f} %",
        _money(gains["total_fees"]),
        _money(gains["total_funding"]),
        str(found["ambiguous"]),
        stopped,
    )
    return f"| {' | '.join(cells)} |\n"


def _money(value: object) -> str:
    return f"{float(str(value)):,.2f}"


def main(folder: str) -> None:
    """Write the page."""
    rows = "".join(row(result(run, Path(folder))) for run in RUNS)
    PAGE.write_text(_HEAD + rows + _TAIL, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else str(ROOT.parent / "shared" / "data"))
