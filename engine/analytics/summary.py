"""The summary of a report in Markdown: key figures and the shares of the result."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from engine.analytics.export import quoted
from engine.analytics.metrics import Metrics
from engine.analytics.metrics_attribution import Share

type Row = tuple[str, str]


def summary(metrics: Metrics, *, title: str, mode: str, currency: str, notes: Iterable[str] = ()) -> str:
    """Markdown text; undefined figures read "–". `notes` are sentences the reader must know."""
    span = f"{_moment(metrics.start_ms)} to {_moment(metrics.end_ms)} UTC"
    lines = [f"# {_cell(title)}", "", f"{_cell(mode)} · {span} · {_cell(currency)}", ""]
    for note in notes:
        lines += [f"> {_cell(note)}", ""]
    lines += _figures("Profitability", _profitability(metrics))
    lines += _figures("Efficiency", _efficiency(metrics))
    lines += _figures("Risk", _risk(metrics))
    shares = metrics.attribution
    lines += _share_table("Profile", shares.by_profile)
    lines += _share_table("Symbol", shares.by_symbol)
    lines += _share_table("Side", shares.by_side)
    lines += _share_table("Rule", shares.by_rule)
    lines += _share_table("Exit reason", shares.by_reason)
    return "\n".join(lines)


def _figures(name: str, rows: list[Row]) -> list[str]:
    return [
        f"## {name}",
        "",
        "| figure | value |",
        "| --- | ---: |",
        *(f"| {label} | {value} |" for label, value in rows),
        "",
    ]


def _profitability(metrics: Metrics) -> list[Row]:
    found = metrics.profitability
    return [
        ("Initial balance", _money(metrics.initial_balance)),
        ("Net profit", _money(found.net_profit)),
        ("Total return", _percent(found.total_return_pct)),
        ("CAGR", _percent(found.cagr_pct)),
        ("Gross profit", _money(found.gross_profit)),
        ("Gross loss", _money(found.gross_loss)),
        ("Profit factor", _number(found.profit_factor)),
        ("Fees", _money(found.total_fees)),
        ("Funding", _money(found.total_funding)),
        ("Slippage cost", _money(found.slippage_cost)),
    ]


def _efficiency(metrics: Metrics) -> list[Row]:
    found = metrics.efficiency
    return [
        ("Trades", f"{found.trades:,} ({found.wins:,} won, {found.losses:,} lost)"),
        ("Win rate", _percent(found.win_rate_pct)),
        ("Win rate, longs", _percent(found.long_win_rate_pct)),
        ("Win rate, shorts", _percent(found.short_win_rate_pct)),
        ("Average win", _money(found.average_win)),
        ("Average loss", _money(found.average_loss)),
        ("Payoff ratio", _number(found.payoff_ratio)),
        ("Expectancy", _money(found.expectancy)),
        ("Expectancy, R", _number(found.expectancy_r)),
        ("Largest win", _money(found.largest_win)),
        ("Largest loss", _money(found.largest_loss)),
        ("SQN", _number(found.sqn)),
    ]


def _risk(metrics: Metrics) -> list[Row]:
    found = metrics.risk
    return [
        ("Max drawdown", _number(found.max_drawdown)),
        ("Max drawdown, % of the peak", _percent(found.max_drawdown_pct)),
        ("Recovery factor", _number(found.recovery_factor)),
        ("Sharpe", _number(found.sharpe)),
        ("Sortino", _number(found.sortino)),
        ("Calmar", _number(found.calmar)),
        ("Volatility a year", _percent(found.volatility_pct)),
        ("Daily VaR 95", _percent(found.var_95_pct)),
        ("Daily CVaR 95", _percent(found.cvar_95_pct)),
        ("Exposure", _percent(found.exposure_pct)),
        ("Most wins in a row", str(found.max_consecutive_wins)),
        ("Most losses in a row", str(found.max_consecutive_losses)),
    ]


def _share_table(name: str, shares: tuple[Share, ...]) -> list[str]:
    if not shares:
        return []
    head = [f"## {name}", "", f"| {name.lower()} | trades | win rate | net profit | profit factor |"]
    rule = "| --- | ---: | ---: | ---: | ---: |"
    return [*head, rule, *(_share_row(share) for share in shares), ""]


def _share_row(share: Share) -> str:
    figures = f"{_percent(share.win_rate_pct)} | {_money(share.net_profit)} | {_number(share.profit_factor)}"
    return f"| {_cell(share.name)} | {share.trades:,} | {figures} |"


def _cell(text: str) -> str:
    # One line, and nothing that Markdown or HTML would take for a table, a tag, a link or code.
    flat = quoted(" ".join(text.split()) or "–").replace("&", "&amp;").replace("<", "&lt;")
    for character in "\\`*_[]|#!":
        flat = flat.replace(character, f"\\{character}")
    return flat


def _moment(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%d %H:%M}"


def _money(value: Decimal | None) -> str:
    return "–" if value is None else f"{value:,.2f}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.2f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:,.2f}%"
