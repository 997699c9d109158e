"""`pocketdesk check`: test settings, machine, Telegram and exchange, and say what to do about what is wrong."""

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from bot.check_findings import Finding

_STYLES = {"ok": "green", "warning": "yellow", "fault": "bold red"}


def check(
    config: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Settings file (desk.yaml).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Test settings, machine, Telegram and exchange; exit code 1 with faults, 2 when the settings are wrong."""
    from bot import check as checking
    from bot.accounts import AccountError, new_tag, tradings
    from bot.check_findings import has_fault
    from config import SettingsError, load_settings

    try:
        settings = load_settings(config=config, required=("telegram_bot_token",))
        what = tradings(settings, tag=new_tag())
    except SettingsError as error:
        _refuse(str(error), [str(mistake) for mistake in error.mistakes], as_json=as_json)
    except AccountError as error:
        _refuse(str(error), [str(error)], as_json=as_json)
    # What libraries would log is told as findings.
    logging.getLogger().addHandler(logging.NullHandler())
    findings = asyncio.run(checking.run_checks(settings, *what))
    if as_json:
        typer.echo(checking.as_json(findings))
    else:
        _print(findings)
    if has_fault(findings):
        raise typer.Exit(1)


def _refuse(text: str, mistakes: list[str], *, as_json: bool) -> NoReturn:
    from bot import check as checking
    from bot.check_findings import Area

    if as_json:
        todo = "mend it in the environment, .env or desk.yaml; docs/settings.md lists what is allowed"
        typer.echo(checking.as_json([Area("settings").fault(mistake, todo) for mistake in mistakes]))
    else:
        typer.echo(text, err=True)
    raise typer.Exit(2)


def _print(findings: list["Finding"]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for name in ("area", "", "what", "what to do"):
        table.add_column(name, overflow="fold")
    for finding in findings:
        grade = Text(finding.grade.value, style=_STYLES[finding.grade.value])
        table.add_row(Text(finding.area), grade, Text(finding.what), Text(finding.todo))
    Console(highlight=False).print(table)
    grades = [finding.grade.value for finding in findings]
    typer.echo(f"Faults: {grades.count('fault')}. Warnings: {grades.count('warning')}.")
