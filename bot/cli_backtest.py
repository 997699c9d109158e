"""`pocketdesk backtest`: a profile over candles from files, with progress, key figures and a report folder."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from engine.analytics.report import Report
    from engine.backtest.finish import Finished
    from engine.backtest.prepare import Wish

RUN_FAILED = 1
USAGE = 2


def _number(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise typer.BadParameter(f"{text!r} is not a number")
    return value


Data = Annotated[
    list[Path], typer.Option(help="Candles, or ticks for orderflow: a file or a folder. May be given several times.")
]
ProfileName = Annotated[str, typer.Option(help="What trades: cft, lx, ma_cross, shortseller, momentum or orderflow.")]
Symbols = Annotated[list[str] | None, typer.Option(help="What is traded. May be given several times.")]
Since = Annotated[str | None, typer.Option("--from", help="First day or time, UTC.")]
Until = Annotated[str | None, typer.Option("--to", help="Day or time to stop before, UTC.")]
Balance = Annotated[str, typer.Option("--initial-balance", help="Starting balance in USDT.")]
Fee = Annotated[str | None, typer.Option(help="Fee a side in percent; 0.055 when not given.")]
Slippage = Annotated[str | None, typer.Option(help="Slippage of a market order in percent; 0.01 when not given.")]
Settings = Annotated[list[str] | None, typer.Option("--set", help="name=value, for example stop=0.8.")]
Tick = Annotated[str | None, typer.Option(help="Price grid, where the symbol's own is not known.")]
Step = Annotated[str | None, typer.Option(help="Quantity grid, where the symbol's own is not known.")]
Funding = Annotated[Path | None, typer.Option(help="Funding rates: a file, or a folder of SYMBOL.parquet.")]
StrategyFile = Annotated[Path | None, typer.Option(help="A strategy of your own, in place of the profile's.")]
Out = Annotated[Path | None, typer.Option(file_okay=False, help="Folder to write the report into.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the metrics as JSON and nothing else.")]


def backtest(  # noqa: PLR0913, PLR0917  # a parameter is an option of the command line
    data: Data,
    profile: ProfileName = "cft",
    symbol: Symbols = None,
    since: Since = None,
    until: Until = None,
    balance: Balance = "5000",
    fee: Fee = None,
    slippage: Slippage = None,
    settings: Settings = None,
    tick: Tick = None,
    step: Step = None,
    funding: Funding = None,
    strategy_file: StrategyFile = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Run a profile over recorded candles and report what came of it."""
    from engine.backtest.prepare import Wish

    wish = Wish(
        profile=profile,
        data=tuple(data),
        symbols=tuple(name.upper() for name in symbol or ()),
        since=since,
        until=until,
        balance=_number(balance),
        fee_percent=None if fee is None else _number(fee),
        slippage_percent=None if slippage is None else _number(slippage),
        settings=tuple(settings or ()),
        tick=None if tick is None else _number(tick),
        step=None if step is None else _number(step),
        funding=funding,
        strategy_file=strategy_file,
    )
    done = _run(wish)
    if out is not None:
        _write(out, done)
    if as_json:
        _print_json(done)
    else:
        _print_summary(done, out)


def _run(wish: "Wish") -> "Finished":
    from engine.backtest import BacktestError
    from engine.backtest.finish import finish
    from engine.backtest.prepare import prepare

    try:
        prepared = prepare(wish)
    except BacktestError as error:
        raise _stop(str(error), USAGE) from error
    bars = sum(len(columns) for columns in prepared.request.data.values())
    try:
        with _progress(bars) as report:
            return finish(prepared, report)
    except BacktestError as error:
        raise _stop(str(error), RUN_FAILED) from error


def _stop(why: str, code: int) -> typer.Exit:
    typer.echo(f"pocketdesk: {' '.join(why.split())}", err=True)
    return typer.Exit(code)


@contextmanager
def _progress(bars: int) -> Generator[Callable[[float], None] | None]:
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("backtest", total=1.0, rate="")

        def report(share: float) -> None:
            speed = bar.tasks[0].speed
            bar.update(task, completed=share, rate=f"{speed * bars:,.0f} bars/s" if speed else "")

        yield report


def _report(done: "Finished") -> "Report":
    from engine.analytics.report import Report
    from engine.backtest.finish import fill_rows

    return Report(
        title=f"Backtest of {done.config['profile']} on {done.config['symbols']}",
        mode="BACKTEST",
        currency="USDT",
        metrics=done.metrics,
        trades=done.result.trades,
        fills=fill_rows(done.request, done.result.fills),
        equity=done.equity,
        config=dict(done.config),
        notes=done.notes,
    )


def _write(out: Path, done: "Finished") -> None:
    from engine.analytics.report import write_report

    try:
        write_report(out, _report(done))
    except OSError as error:
        raise _stop(f"{out}: the report cannot be written ({error.strerror or error})", RUN_FAILED) from error


def _print_json(done: "Finished") -> None:
    import json

    facts = {
        "config": dict(done.config),
        "notes": list(done.notes),
        "bars": done.result.bars,
        "final_equity": f"{done.result.final_equity:.4f}",
        "signals": dict(done.result.signals),
        "ambiguous": done.result.ambiguous,
        "metrics": done.metrics.as_dict(),
    }
    typer.echo(json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False))


def _print_summary(done: "Finished", out: Path | None) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    config = done.config
    table = Table(title=f"{config['profile']} on {config['symbols']}, {config['from']} to {config['to']}", width=None)
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in _figures(done):
        table.add_row(name, value)
    console = Console(highlight=False)
    console.print(table)
    for note in done.notes:
        console.print(f"• {escape(note)}")
    if out is not None:
        console.print(f"Report: {escape(str(out))}")


def _figures(done: "Finished") -> list[tuple[str, str]]:
    profit, efficiency, risk = done.metrics.profitability, done.metrics.efficiency, done.metrics.risk
    speed = done.result.bars / done.took_s if done.took_s else 0
    return [
        ("initial balance", f"{done.metrics.initial_balance:,.2f}"),
        ("final equity", f"{done.result.final_equity:,.2f}"),
        ("net profit of closed trades", _shown(profit.net_profit)),
        ("total return", _shown(profit.total_return_pct, "%")),
        ("trades", f"{efficiency.trades:,}"),
        ("win rate", _shown(efficiency.win_rate_pct, "%")),
        ("profit factor", _shown(profit.profit_factor)),
        ("expectancy a trade", _shown(efficiency.expectancy)),
        ("max drawdown", _shown(risk.max_drawdown_pct, "%")),
        ("Sharpe", _shown(risk.sharpe)),
        ("exposure", _shown(risk.exposure_pct, "%")),
        ("fees", _shown(profit.total_fees)),
        ("funding", _shown(profit.total_funding)),
        ("bars", f"{done.result.bars:,} in {done.took_s:.1f} s, {speed:,.0f} a second"),
    ]


def _shown(value: Decimal | float | None, unit: str = "") -> str:
    return "–" if value is None else f"{value:,.2f}{unit}"
