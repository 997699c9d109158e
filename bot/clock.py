"""Waiting for something or for a time, whichever comes first, on a clock that a test can set by hand."""

import asyncio

from engine.clock import Clock, SystemClock

__all__ = ["Clock", "SystemClock", "wait_for_event"]


async def wait_for_event(event: asyncio.Event, seconds: float, clock: Clock) -> bool:
    """Wait until the event is set or the time is up; True when it was set. The event is cleared."""
    waiting = asyncio.ensure_future(event.wait())
    timer = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({waiting, timer}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        timer.cancel()
    was_set = event.is_set()
    event.clear()
    return was_set
