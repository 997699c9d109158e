"""The desk's sign of life for other processes: a small file that a running desk rewrites, and the command that reads
it.
"""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

FILE = "health.json"
EVERY_S = 5.0
LATE_S = 30.0


async def keep(path: Path, look: Callable[[], dict[str, Any]], beat: Callable[[], None]) -> None:
    """Rewrite the file for ever; a disk that is away is nobody's end."""
    while True:
        beat()
        with suppress(OSError):
            await asyncio.to_thread(_write, path, look())
        await asyncio.sleep(EVERY_S)


def _write(path: Path, content: dict[str, Any]) -> None:
    fresh = path.with_suffix(".tmp")
    fresh.write_text(json.dumps(content | {"at": time.time()}), encoding="utf-8")
    fresh.replace(path)


def read(path: Path, now_s: float) -> dict[str, Any]:
    """Return what a desk last wrote, with `healthy` false when it is late or was never written."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"healthy": False, "why": f"no desk has written {path}"}
    age = now_s - float(content.get("at", 0))
    if age > LATE_S:
        return content | {"healthy": False, "why": f"the last sign of life is {age:.0f} s old"}
    return content


def health(
    state: Annotated[Path | None, typer.Option(help="State folder; without it DESK_STATE_DIR.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Tell whether the desk of a state folder is alive and well; exit code 1 when not."""
    if state is None:
        from bot.cli_settings import settings_or_exit

        state = settings_or_exit(None).desk_state_dir
    content = read(state / FILE, time.time())
    well = bool(content.get("healthy"))
    if as_json:
        typer.echo(json.dumps(content))
    elif well:
        equity = "not known yet" if content["equity"] is None else f"{content['equity']} USDT"
        typer.echo(f"Well: {content['mode']}, {content['state']}, equity {equity}")
    else:
        typer.echo(f"pocketdesk: not well: {content.get('why', 'a part shows no life')}", err=True)
    if not well:
        raise typer.Exit(1)
