"""The report folder of a backtest or of a period, written file by file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import yaml

from engine.analytics.export import Cell, table
from engine.analytics.metrics import Metrics
from engine.analytics.numbers import Plain
from engine.analytics.series import EquitySeries, closing_order
from engine.analytics.summary import summary
from engine.core.trades import Trade

TRADE_COLUMNS = tuple(field.name for field in fields(Trade))
_SECRET = ("secret", "token", "password", "passphrase", "api_key", "apikey", "private")
_FILL_ORDER = ("time_ms", "symbol", "side", "quantity", "price", "fee")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Report:
    """Everything a report is written from.

    `fills` are rows by column name (numbers as int, float or Decimal, text as str); `config` is what the run was
    configured with; values under a key that names a secret are left out. `mode` is PAPER, BACKTEST …; `notes` are
    sentences the reader must know.
    """

    title: str
    mode: str
    currency: str
    metrics: Metrics
    trades: Sequence[Trade]
    fills: Sequence[Mapping[str, Cell]]
    equity: EquitySeries
    config: Mapping[str, Plain]
    notes: Sequence[str] = ()


def write_report(folder: Path, report: Report) -> tuple[Path, ...]:
    """Write the files into the folder (made when absent) and return their paths; the same report gives the same bytes.

    Raises OSError when the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    words = summary(report.metrics, title=report.title, mode=report.mode, currency=report.currency, notes=report.notes)
    contents = {
        "metrics.json": json.dumps(report.metrics.as_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n",
        "trades.csv": trades_csv(report.trades),
        "fills.csv": fills_csv(report.fills),
        "equity_curve.csv": equity_csv(report.equity),
        "config.yaml": config_yaml(report.config),
        "summary.md": words,
    }
    paths = []
    for name, text in contents.items():
        path = folder / name
        path.write_text(text, encoding="utf-8", newline="\n")
        paths.append(path)
    return tuple(paths)


def trades_csv(trades: Sequence[Trade]) -> str:
    """All fields of every trade in closing order, then net result and R multiple for the reader (not read back)."""
    rows = (
        {name: getattr(trade, name) for name in (*TRADE_COLUMNS, "net", "r_multiple")}
        for trade in closing_order(trades)
    )
    return table((*TRADE_COLUMNS, "net", "r_multiple"), rows)


def fills_csv(fills: Sequence[Mapping[str, Cell]]) -> str:
    """All columns that any fill has: the usual ones first, the others by name; rows in the order given."""
    seen = {name for fill in fills for name in fill}
    columns = [name for name in _FILL_ORDER if name in seen or not fills]
    return table((*columns, *sorted(seen.difference(columns))), fills)


def equity_csv(equity: EquitySeries) -> str:
    """Time, equity and, where recorded, exposure and margin; numbers at the shortest text that reads back the same."""
    series = {"time_ms": equity.times_ms, "equity": equity.equity, "exposure": equity.exposure, "margin": equity.margin}
    columns = {name: values.tolist() for name, values in series.items() if values is not None}
    return table(columns, (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)))


def config_yaml(config: Mapping[str, Plain]) -> str:
    """Configuration as YAML, keys sorted, secrets removed."""
    return yaml.safe_dump(_without_secrets(dict(config)), sort_keys=True, allow_unicode=True, default_flow_style=False)


def _without_secrets(value: Plain) -> Plain:
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: inner for key, inner in value.items() if not any(word in key.lower() for word in _SECRET)}
    return {key: _without_secrets(inner) for key, inner in kept.items()}
