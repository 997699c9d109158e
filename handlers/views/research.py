"""A backtest in chat: its progress and its result card."""

from decimal import Decimal
from zoneinfo import ZoneInfo

from handlers.ports import BacktestResult
from handlers.views.format import at, esc, money, signed
from handlers.views.performance import key_figures
from handlers.views.table import Table, paragraphs

_UTC = ZoneInfo("UTC")
_BAR = 20
_CENT = Decimal("0.01")


def _title(profile: str, symbol: str, since_ms: int, until_ms: int) -> str:
    return f"<b>Backtest {esc(profile)} {esc(symbol)}</b> · {_date(since_ms)} – {_date(until_ms)} UTC"


def _date(moment_ms: int) -> str:
    return f"{at(moment_ms, _UTC).day} {at(moment_ms, _UTC):%b %Y}"


def render_progress(profile: str, symbol: str, *, since_ms: int, until_ms: int, share: float) -> str:
    """HTML of a running backtest; `share` of the work done is 0 … 1."""
    done = min(max(share, 0.0), 1.0)
    full = int(done * _BAR)
    bar = "█" * full + "░" * (_BAR - full)
    return paragraphs(
        _title(profile, symbol, since_ms, until_ms),
        f"<pre>{bar} {int(done * 100):3}%</pre>",
        "Trading goes on meanwhile.",
    )


def render_stopped(profile: str, symbol: str, *, since_ms: int, until_ms: int, why: str) -> str:
    """HTML of a backtest that gave no result."""
    return paragraphs(
        _title(profile, symbol, since_ms, until_ms),
        f"<b>No result:</b> {esc(why)}",
        f"Again: <code>/backtest {esc(profile)} {esc(symbol)} 7d</code>",
    )


def render_result(result: BacktestResult) -> str:
    """HTML of the result card."""
    table = Table(11).row("Equity", money(result.initial_balance), f"→ {money(result.final_equity)}")
    held = result.final_equity - result.initial_balance - result.metrics.profitability.net_profit
    if abs(held) >= _CENT:
        table.row("Still open", f"{signed(held)} of it")
    empty = "No trade was closed: the rules gave no signal that passed the checks."
    note = "" if result.metrics.efficiency.trades else empty
    return paragraphs(
        _title(result.profile, result.symbol, result.since_ms, result.until_ms),
        "BACKTEST, not the account's money",
        table.html(),
        key_figures(result.metrics).html(),
        note,
        f"{result.bars:,} bars in {result.took_s:.1f} s. Fees, slippage and funding are in the figures.",
    )
