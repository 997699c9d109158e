"""Settings as a command needs them: all of them, or every mistake told. Imports nothing of the desk, so that a command
that asks little answers at once.
"""

from pathlib import Path

import typer

from config import Settings, SettingsError, load_settings


def settings_or_exit(config: Path | None, *, log_level: str | None = None, required: tuple[str, ...] = ()) -> Settings:
    """Load the settings; mistakes are told, all of them, and end the process with exit code 2."""
    try:
        return load_settings(config=config, overrides={"log_level": log_level}, required=required)
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
