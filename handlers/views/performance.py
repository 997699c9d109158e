"""Results of a period: the key figures, and every metric group by group."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from handlers.views import words
from handlers.views.format import NONE, at, cost, count, day, esc, money, percent, r_multiple, ratio, signed, span
from handlers.views.table import Table, paragraphs

if TYPE_CHECKING:
    from engine.analytics.metrics import Metrics
    from engine.analytics.metrics_attribution import Share

_UTC = ZoneInfo("UTC")
_SHOWN = 6
_NAME = 16


def _head(title: str, metrics: "Metrics", mode: str) -> str:
    period = f"{_date(metrics.start_ms)} – {_date(metrics.end_ms)} UTC"
    return paragraphs(f"<b>{title}</b> · {esc(words.mode(mode))}", esc(period))


def _date(moment_ms: int) -> str:
    return f"{day(moment_ms, _UTC)} {at(moment_ms, _UTC):%Y}"


def render_performance(metrics: "Metrics", *, mode: str) -> str:
    """HTML of the figures that answer: did it earn, how, and what did it risk."""
    if not metrics.efficiency.trades:
        return paragraphs(_head("Performance", metrics, mode), "No trade was closed in this period.")
    table = key_figures(metrics)
    return paragraphs(
        _head("Performance", metrics, mode), table.html(), _shares("By profile", metrics.attribution.by_profile)
    )


def key_figures(metrics: "Metrics") -> Table:
    """Table of the key figures, shared with the backtest's result card."""
    earned, quality, risk = metrics.profitability, metrics.efficiency, metrics.risk
    table = Table(10)
    table.row("Net", f"{signed(earned.net_profit)} USDT", percent(earned.total_return_pct))
    table.row("Trades", str(quality.trades), f"{quality.wins} won", f"{quality.losses} lost")
    table.row("Win rate", percent(quality.win_rate_pct, 1, plus=False))
    table.row("PF", ratio(earned.profit_factor), f"Avg {r_multiple(quality.expectancy_r, 2)}")
    table.row("Avg trade", signed(quality.expectancy))
    table.row("Fees", cost(earned.total_fees), f"Funding {cost(earned.total_funding)}")
    table.row("Drawdown", _fall(risk.max_drawdown_pct), _fallen(risk.max_drawdown))
    table.row("Sharpe", ratio(risk.sharpe), f"Sortino {ratio(risk.sortino)}")
    return table


def _fall(value: float | None) -> str:
    return NONE if value is None else percent(-value)


def _fallen(value: float | None) -> str:
    return NONE if value is None else signed(Decimal(repr(-value)))


def _shares(title: str, shares: Sequence["Share"], *, spoken: bool = False) -> str:
    table = Table()
    # One more is shown rather than counted as one other.
    shown = _SHOWN if len(shares) != _SHOWN + 1 else _SHOWN + 1
    for share in shares[:shown]:
        name = (words.reason(share.name) if spoken else share.name) or "external"
        trades, net = str(share.trades), signed(share.net_profit)
        quality = f"won {percent(share.win_rate_pct, 0, plus=False)}", f"PF {ratio(share.profit_factor)}"
        if len(name) > _NAME:
            table.line(name).line("", trades, *quality, net)
        else:
            table.columns((name, trades, net), (_NAME, -5, -11)).line("", *quality)
    rest = shares[shown:]
    if rest:
        total = sum((share.net_profit for share in rest), Decimal(0))
        table.line(f"{len(rest)} others together", signed(total))
    return paragraphs(f"<b>{title}</b>", table.html()) if shares else ""


def render_analytics(metrics: "Metrics", *, mode: str) -> str:
    """HTML of every metric: profitability, efficiency, risk, activity, attribution."""
    if not metrics.efficiency.trades:
        return paragraphs(_head("Analytics", metrics, mode), "No trade was closed in this period.")
    parts = (_profitability(metrics), _efficiency(metrics), _risk(metrics), _activity(metrics))
    shares = metrics.attribution
    return paragraphs(
        _head("Analytics", metrics, mode),
        *parts,
        _shares("By symbol", shares.by_symbol),
        _shares("By rule", shares.by_rule),
        _shares("By side", shares.by_side),
        _shares("By exit", shares.by_reason, spoken=True),
    )


def _profitability(metrics: "Metrics") -> str:
    part = metrics.profitability
    table = Table(14).row("Net", signed(part.net_profit), percent(part.total_return_pct))
    table.row("Gross profit", signed(part.gross_profit)).row("Gross loss", signed(part.gross_loss))
    table.row("A year", percent(part.cagr_pct)).row("Profit factor", ratio(part.profit_factor))
    table.row("Fees", cost(part.total_fees)).row("Funding", cost(part.total_funding)).row(
        "Slippage", cost(part.slippage_cost)
    )
    return paragraphs("<b>Profitability</b>", table.html())


def _efficiency(metrics: "Metrics") -> str:
    part = metrics.efficiency
    table = Table(14).row("Trades", str(part.trades), f"{part.wins} won", f"{part.losses} lost")
    table.row("Win rate", percent(part.win_rate_pct, 1, plus=False))
    table.row(
        "long",
        percent(part.long_win_rate_pct, 1, plus=False),
        f"short {percent(part.short_win_rate_pct, 1, plus=False)}",
    )
    table.row("Avg win", signed(part.average_win)).row("Avg loss", signed(part.average_loss))
    table.row("Payoff", ratio(part.payoff_ratio)).row(
        "Expectancy", signed(part.expectancy), r_multiple(part.expectancy_r, 2)
    )
    table.row("Avg trade", percent(part.average_trade_pct)).row("Median", signed(part.median_trade))
    table.row("Largest", signed(part.largest_win), signed(part.largest_loss)).row("SQN", ratio(part.sqn))
    return paragraphs("<b>Efficiency</b>", table.html())


def _risk(metrics: "Metrics") -> str:
    part = metrics.risk
    table = Table(14).row("Max drawdown", _fall(part.max_drawdown_pct), _fallen(part.max_drawdown))
    table.row("Under water", _length(part.longest_under_water_ms)).row("Avg drawdown", _fall(part.average_drawdown_pct))
    table.row("Recovery", ratio(part.recovery_factor)).row("Sharpe", ratio(part.sharpe)).row(
        "Sortino", ratio(part.sortino)
    )
    table.row("Calmar", ratio(part.calmar)).row("Volatility", percent(part.volatility_pct, 1, plus=False))
    table.row("VaR 95 day", percent(part.var_95_pct, plus=False)).row(
        "CVaR 95 day", percent(part.cvar_95_pct, plus=False)
    )
    table.row("Ulcer", ratio(part.ulcer_index)).row("Exposure", percent(part.exposure_pct, 1, plus=False))
    table.row("Streaks", f"{part.max_consecutive_wins} won", f"{part.max_consecutive_losses} lost")
    return paragraphs("<b>Risk</b>", table.html())


def _activity(metrics: "Metrics") -> str:
    part = metrics.activity
    table = Table(14).row("Trades a day", ratio(part.trades_per_day, 1)).row("Volume", money(part.traded_volume, 0))
    table.row("Duration", _length(part.average_duration_ms), f"median {_length(part.median_duration_ms)}")
    table.row("Longest", _length(part.longest_duration_ms))
    table.row("Winners", _length(part.average_winner_duration_ms)).row(
        "Losers", _length(part.average_loser_duration_ms)
    )
    table.row("Best day", _short(part.best_day), signed(part.best_day_net)).row(
        "Worst day", _short(part.worst_day), signed(part.worst_day_net)
    )
    table.row("Good days", percent(part.profitable_days_pct, 0, plus=False))
    fills = [] if part.fills is None else [count(part.fills, "fill")]
    return paragraphs("<b>Activity</b>", (table.line(*fills) if fills else table).html())


def _short(iso: str | None) -> str:
    return NONE if iso is None else f"{date.fromisoformat(iso):%a %d %b}"


def _length(value: float | None) -> str:
    return NONE if value is None else span(int(value))
