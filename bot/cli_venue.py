"""`pocketdesk venue`: the local exchange alone, for any Bybit V5 client."""

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.localvenue import LocalVenueConfig


def venue(  # a parameter is an option of the command line
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen on; 0 takes a free one.")] = 8090,
    seed: Annotated[int, typer.Option(min=0, help="Another number, another market.")] = 1,
    speed: Annotated[float, typer.Option(min=0.001, max=100_000, help="How many times faster than real time.")] = 1.0,
    state: Annotated[Path, typer.Option(help="Folder that keeps the venue between starts.")] = Path("state/venue"),
    host: Annotated[str, typer.Option(help="Address to bind to.")] = "127.0.0.1",
    expose: Annotated[bool, typer.Option(help="Allow an address others can reach; /sim then needs a key.")] = False,
) -> None:
    """Run a local exchange that speaks Bybit's V5 API, without the desk."""
    from bot.localvenue import LocalVenueConfig
    from bot.lock import AlreadyRunningError, InstanceLock

    try:
        config = LocalVenueConfig(host=host, port=port, seed=seed, speed=speed, state_dir=state, expose=expose)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    try:
        with InstanceLock(state):
            asyncio.run(_run(config))
    except AlreadyRunningError as error:
        who = "another process" if error.pid is None else f"process {error.pid}"
        typer.echo(f"pocketdesk: {who} uses {state} already: stop it, or choose another --state", err=True)
        raise typer.Exit(1) from None


async def _run(config: "LocalVenueConfig") -> None:
    from bot.localvenue import LocalVenue
    from bot.localvenue.store import StoreError

    venue = LocalVenue(config)
    try:
        await venue.start()
    except (OSError, StoreError, ValueError) as error:
        typer.echo(f"pocketdesk: the venue does not start: {error}", err=True)
        raise typer.Exit(1) from None
    key, secret = venue.credentials()
    typer.echo(f"REST     {venue.url}")
    typer.echo(f"public   {venue.public_url}")
    typer.echo(f"private  {venue.private_url}")
    typer.echo(f"trade    {venue.trade_url}")
    typer.echo(f"key      {key}")
    typer.echo(f"secret   {secret}")
    if venue.key:
        typer.echo(f"/sim key {venue.key}")
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        # Where loops know no signals (Windows), Ctrl-C ends the process all the same.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(name, ended.set)
    await ended.wait()
    await venue.stop()
