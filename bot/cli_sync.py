"""`pocketdesk sync`: bring the account's past home from the exchange, and say how far that is."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from bot.sync import Outcome, Standing, Sync
    from config import Settings
    from storage.store import Store

sync = typer.Typer(name="sync", help="Bring the account's past home from the exchange.", no_args_is_help=True)

Config = Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Settings file (desk.yaml).")]
Name = Annotated[str, typer.Option("--account", help="Which account, where the settings name several.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable.")]


@sync.command()
def backfill(
    months: Annotated[int, typer.Option(min=1, max=24, help="How far back; the exchange remembers two years.")] = 24,
    config: Config = None,
    account: Name = "",
    as_json: Json = False,
) -> None:
    """Read executions, orders and closed P&L of the last months; goes on where it was stopped."""
    _report(_online(config, account, lambda sync: sync.backfill(months, _shower(quiet=as_json))), as_json=as_json)


@sync.command()
def now(config: Config = None, account: Name = "", as_json: Json = False) -> None:
    """Read what is newer than what was read so far."""
    _report(_online(config, account, lambda sync: sync.now(_shower(quiet=as_json))), as_json=as_json)


@sync.command()
def status(config: Config = None, account: Name = "", as_json: Json = False) -> None:
    """Say how far the past was read; asks nobody, changes nothing, works while the desk runs."""
    from bot.sync import standing
    from storage.maintenance import past

    settings = _settings(config)
    alone = _alone(settings, account)

    async def look() -> "Standing":
        # Only looked at: the running desk alone may write, migrate and merge.
        async with past(settings.database, mode=settings.desk_mode.value, account=alone.desk_name) as read:
            return await standing(read)

    found = _guarded(look())
    typer.echo(json.dumps(asdict(found)) if as_json else _standing_words(found))


def _settings(config: Path | None) -> "Settings":
    from bot.cli_settings import settings_or_exit
    from storage.database import parsed

    settings = settings_or_exit(config)
    if settings.desk_mode.value == "paper":
        typer.echo("pocketdesk: a paper account has no past on an exchange; set DESK_MODE to demo or testnet", err=True)
        raise typer.Exit(1)
    try:
        parsed(settings.database)
    except ValueError as error:
        typer.echo(f"pocketdesk: {error}", err=True)
        raise typer.Exit(2) from None
    return settings


def _alone(settings: "Settings", account: str) -> "Settings":
    names = [each.name for each in settings.accounts]
    if account in names or len(names) == 1:
        return settings.of_account(settings.accounts[names.index(account or names[0])])
    if account or names:
        there = f"--account is one of: {', '.join(names)}" if names else "the settings name no accounts"
        typer.echo(f"pocketdesk: {there}", err=True)
        raise typer.Exit(2)
    return settings


async def _store(settings: "Settings", alone: "Settings") -> "Store":
    from storage.store import Store

    settings.desk_state_dir.mkdir(parents=True, exist_ok=True)
    return await Store.open(
        settings.database,
        mode=settings.desk_mode.value,
        account=alone.desk_name,
        state_dir=settings.desk_state_dir,
    )


def _online(config: Path | None, name: str, work: Callable[["Sync"], Awaitable["Outcome"]]) -> "Outcome":
    from bot.lock import InstanceLock

    settings = _settings(config)
    alone = _alone(settings, name)
    settings.desk_state_dir.mkdir(parents=True, exist_ok=True)

    async def run() -> "Outcome":
        from bot.accounts import trading
        from bot.app import install_tag
        from bot.opening import account_connection
        from bot.sync import Sync
        from engine.clock import SystemClock

        with InstanceLock(settings.desk_state_dir):
            store = await _store(settings, alone)
            connection = account_connection(alone, SystemClock())
            try:
                await connection.caller.sync_clock()
                account = trading(alone, tag=await install_tag(store)).account
                return await work(Sync(connection.caller, store, account, connection.time.now_ms))
            finally:
                await connection.close()
                await store.close()

    return _guarded(run())


def _guarded[T](work: Coroutine[Any, Any, T]) -> T:
    from bot.accounts import AccountError
    from bot.ground import GroundError
    from bot.lock import AlreadyRunningError
    from engine.exchanges.base import QueryFailedError
    from engine.journal import JournalUnavailable
    from storage.schema import SchemaError

    try:
        return asyncio.run(work)
    except AlreadyRunningError:
        raise _fail("the desk is running; send it /sync in the chat, or stop it first") from None
    except (AccountError, GroundError) as error:
        typer.echo(f"pocketdesk: {error}", err=True)
        raise typer.Exit(2) from None
    except QueryFailedError as error:
        raise _fail(f"the exchange did not answer ({error}); what was read is kept, start it again") from None
    except (JournalUnavailable, SchemaError) as error:
        raise _fail(f"the database cannot be used: {error}") from None


def _fail(message: str) -> typer.Exit:
    typer.echo(f"pocketdesk: {message}", err=True)
    return typer.Exit(1)


def _shower(*, quiet: bool) -> Callable[[int, int], Awaitable[None]]:
    async def show(done: int, all_: int) -> None:
        if not quiet and sys.stderr.isatty():
            typer.echo(f"\r{done} of {all_} windows", err=True, nl=done == all_)

    return show


def _report(found: "Outcome", *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(found), default=str))
        return
    from handlers.views.sync import outcome_lines

    typer.echo("\n".join(outcome_lines(found)))


def _standing_words(found: "Standing") -> str:
    if found.last_run_ms is None or found.oldest_ms is None or found.newest_ms is None:
        return "Nothing was read yet. pocketdesk sync backfill begins."
    rows = ", ".join(f"{number:,} {kind}" for kind, number in found.rows.items())
    return "\n".join(
        [
            f"Read {_day(found.oldest_ms)} to {_day(found.newest_ms)} in {found.windows} windows, "
            f"{found.incomplete} of them not complete yet.",
            f"Rows: {rows}; external {found.external:,}.",
            f"Last run {datetime.fromtimestamp(found.last_run_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC.",
        ]
    )


def _day(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d}"
