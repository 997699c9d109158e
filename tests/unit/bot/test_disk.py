"""Little room on the disk is told once, and its end once."""

import asyncio

from bot.disk import EVERY_S, DiskRoom, DiskWatch
from engine.core.alerts import SystemAlert
from tests.unit.bot.hand_clock import HandClock
from tests.unit.views.examples import snapshot

MB = 10**6


def watched(*looks: int | OSError) -> list[SystemAlert]:
    """Return what is told when the disk is found like this, minute by minute."""
    told: list[SystemAlert] = []
    answers = list(looks)

    def free() -> int:
        found = answers.pop(0)
        if isinstance(found, OSError):
            raise found
        return found

    async def tell(alert: SystemAlert) -> None:
        told.append(alert)

    async def main() -> None:
        clock = HandClock()
        task = asyncio.create_task(DiskWatch(DiskRoom(free=free, shot=snapshot, tell=tell), clock).run())
        while True:
            while not clock.sleeping:  # noqa: ASYNC110  # a thread answers
                await asyncio.sleep(0.001)
            if not answers:
                break
            await clock.advance(EVERY_S)
        task.cancel()

    asyncio.run(main())
    return told


def test_below_500_mb_is_critical_and_told_once_and_1_gb_is_room_again() -> None:
    told = watched(500 * MB, 499 * MB, 100 * MB, 999 * MB, 1_000 * MB, 600 * MB, 499 * MB)
    assert [(alert.title, alert.critical) for alert in told] == [
        ("The disk is nearly full", True),
        ("The disk has room again", False),
        ("The disk is nearly full", True),
    ]
    assert told[0].detail.startswith("499 MB are free")


def test_a_disk_that_does_not_answer_neither_alarms_nor_ends_the_watch() -> None:
    assert [alert.critical for alert in watched(OSError("gone"), 100 * MB)] == [True]
