"""`pocketdesk db`: check, back up, restore and export the desk's database."""

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Annotated

import typer

from bot.lock import InstanceLock

db = typer.Typer(name="db", help="Check, back up, restore and export the desk's database.", no_args_is_help=True)

State = Annotated[Path | None, typer.Option(help="State folder of a demo; without it the settings' database.")]


def _database(state: Path | None) -> tuple[str, Path]:
    if state is not None:
        return f"sqlite+aiosqlite:///{state / 'desk.db'}", state
    from bot.cli_settings import settings_or_exit

    settings = settings_or_exit(None)
    return settings.database, settings.desk_state_dir


def _fail(message: str) -> typer.Exit:
    typer.echo(f"pocketdesk: {message}", err=True)
    return typer.Exit(1)


@db.command()
def check(
    state: State = None, as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False
) -> None:
    """Say what is wrong with the database; changes nothing."""
    from storage import maintenance

    problems = asyncio.run(maintenance.check(_database(state)[0]))
    if as_json:
        typer.echo(json.dumps({"sound": not problems, "problems": problems}))
    else:
        typer.echo("\n".join(problems) or "The database is sound.")
    if problems:
        raise typer.Exit(1)


@db.command()
def backup(to: Annotated[Path, typer.Argument(help="File to write.")], state: State = None) -> None:
    """Write a copy of the database; works while the desk runs."""
    from storage import maintenance

    try:
        asyncio.run(maintenance.backup(_database(state)[0], to))
    except (ValueError, OSError, sqlite3.Error) as error:
        raise _fail(f"no backup: {error}") from None
    typer.echo(f"Written: {to}")


@db.command()
def restore(
    source: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Backup to put in place.")],
    state: State = None,
) -> None:
    """Put a backup in the database's place. The desk starts halted until an admin resumes it."""
    from storage import maintenance

    url, folder = _database(state)
    with InstanceLock(folder):
        try:
            done = asyncio.run(maintenance.restore(url, source))
        except ValueError as error:
            raise _fail(str(error)) from None
    typer.echo(f"Restored {source}. Every desk in it is halted until an admin sends /resume.")
    if done.aside is not None:
        typer.echo(f"The database before is kept as {done.aside}")
    for limit in done.loosened:
        typer.echo(f"Looser than before: {limit}")


@db.command()
def export(to: Annotated[Path, typer.Argument(help="Folder for one CSV file per table.")], state: State = None) -> None:
    """Write every table as CSV."""
    from storage import maintenance

    for path in asyncio.run(maintenance.export(_database(state)[0], to)):
        typer.echo(str(path))
