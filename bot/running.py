"""`pocketdesk run`: the desk on real Telegram, trading on paper at live prices, or on the account of the settings."""

from pathlib import Path

import typer

from bot import __version__
from bot.accounts import AccountError
from bot.app import QUIETER, App, open_wiring
from bot.cli_settings import settings_or_exit
from bot.ground import GroundError
from bot.lock import InstanceLock
from bot.waiting import WaitingWords
from config import Settings
from config.logging import configure_logging
from storage.lease import LeaseHeldError


async def run(*, config: Path | None, log_level: str | None) -> None:
    """Run the desk until it is stopped."""
    settings = settings_or_exit(config, log_level=log_level, required=("telegram_bot_token",))
    settings.desk_state_dir.mkdir(parents=True, exist_ok=True)
    pipeline = configure_logging(
        level=settings.log_level,
        module_levels=QUIETER | settings.log_levels,
        folder=settings.desk_state_dir / "logs",
        secrets=settings.secrets(),
    )
    try:
        with InstanceLock(settings.desk_state_dir):
            wiring = await open_wiring(settings, on_wait=WaitingWords(settings).tell)
            app = App(wiring, on_ready=lambda: _announce(app, settings, wiring.ground.label))
            app.stop_on_signals()
            await app.run()
    except (AccountError, GroundError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    except LeaseHeldError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    finally:
        pipeline.stop()


def _announce(app: App, settings: Settings, prices: str) -> None:
    mode, environment = settings.desk_mode.value, settings.bybit_world.value
    typer.echo(f"pocketdesk {__version__}, mode {mode}, environment {environment}.")
    names = ", ".join(account.name for account in settings.accounts)
    what = (
        f"{settings.desk_mode.value} accounts {names}"
        if len(settings.accounts) > 1
        else f"{settings.desk_mode.value} account"
    )
    typer.echo(f"The desk is running on {prices}, {what}. Ctrl-C stops it.")
    if app.claim_code is not None:
        typer.echo("Nobody may use this desk yet: TELEGRAM_ADMIN_IDS is empty.")
        typer.echo(f"To become its owner, send the bot within 10 minutes: /claim {app.claim_code}")
