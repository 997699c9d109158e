"""Waiting for something that another part of this process brings about."""

import asyncio
import time
from collections.abc import Callable


async def until(found: Callable[[], bool], *, within_s: float, pause_s: float = 0.002) -> bool:
    """Look again and again; False when the time is up."""
    deadline = time.monotonic() + within_s
    while True:
        if found():
            return True
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(pause_s)
