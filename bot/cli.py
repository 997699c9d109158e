"""The command line: one command a job. Exit code 0 on success, 2 on bad usage, 1 on failure with one clear line on
stderr.
"""

import asyncio
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer

from bot import __version__
from bot.cli_backtest import backtest
from bot.cli_check import check
from bot.cli_db import db
from bot.cli_sync import sync
from bot.cli_users import users
from bot.cli_users_safety import lockdown, totp
from bot.cli_venue import venue
from bot.pulse import health

app = typer.Typer(
    name="pocketdesk",
    help="A trading desk that lives in a phone chat.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"pocketdesk {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    del version


def parse_speed(text: str) -> float | None:
    """Return times real time, None for `max`; raises typer.BadParameter."""
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= 100_000:
        raise typer.BadParameter(f"{text!r}: a number above 0 (60 is a minute a second) or max")
    return speed


def parse_balance(text: str) -> Decimal:
    """Return an amount; raises typer.BadParameter."""
    try:
        balance = Decimal(text.replace(",", ""))
    except InvalidOperation:
        balance = Decimal(0)
    if not (balance.is_finite() and 0 < balance <= 10**9):
        raise typer.BadParameter(f"{text!r}: an amount of USDT above 0")
    return balance


Port = Annotated[int, typer.Option(min=0, max=65_535, help="Port of the chat page; 0 takes a free one.")]
Speed = Annotated[str, typer.Option(help="How many times faster than real time, or max.")]
Seed = Annotated[int, typer.Option(min=0, help="Another number, another market.")]
Replay = Annotated[
    Path | None,
    typer.Option(exists=True, help="Recorded candles (Parquet or CSV, file or folder) in place of generated ones."),
]
Balance = Annotated[str, typer.Option("--initial-balance", help="Starting balance in USDT.")]
Browser = Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")]
State = Annotated[
    Path | None,
    typer.Option(
        help="Folder that keeps the demo between starts; state/demo, or state/replay for a replay or --speed max."
    ),
]


@app.command()
def demo(  # noqa: PLR0917  # a parameter is an option of the command line
    port: Port = 8080,
    speed: Speed = "60",
    seed: Seed = 1,
    replay: Replay = None,
    balance: Balance = "10000",
    browser: Browser = True,
    state: State = None,
) -> None:
    """Try the desk: local chat, page, exchange and engine in one process; no account, no network."""
    from bot.demo import DemoOptions, run

    times = parse_speed(speed)
    options = DemoOptions(
        port=port,
        speed=times,
        seed=seed,
        replay=replay,
        balance=parse_balance(balance),
        browser=browser,
        state=state or Path("state") / ("demo" if replay is None and times is not None else "replay"),
    )
    asyncio.run(run(options, typer.echo))


@app.command(name="run")
def run_desk(
    config: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Settings file (desk.yaml).")] = None,
    log_level: Annotated[str | None, typer.Option(help="TRACE, DEBUG, INFO, WARNING, ERROR or CRITICAL.")] = None,
) -> None:
    """Run the desk on real Telegram: on paper at live prices, or on the account that the settings name."""
    from bot.running import run

    asyncio.run(run(config=config, log_level=log_level))


app.command()(venue)
app.command()(backtest)
app.command()(health)
app.command()(check)
app.add_typer(db)
app.add_typer(sync)
users.add_typer(totp)
users.add_typer(lockdown)
app.add_typer(users)


def main() -> None:
    """Run the command line."""
    from bot.failures import install

    install()
    # The click command itself: typer's own entry would put its error hook before ours.
    typer.main.get_command(app)(prog_name="pocketdesk")
