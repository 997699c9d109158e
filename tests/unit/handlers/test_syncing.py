"""The account's past from chat: progress in place, then the counts; trouble in words."""

import pytest

from engine.exchanges.base import QueryFailedError
from engine.journal import JournalUnavailable
from tests.unit.handlers.world import World, walk


@walk()
async def test_a_sync_tells_what_is_new_known_and_external(world: World) -> None:
    assert world.sync is not None
    world.sync.go.set()
    await world.type("/sync 12")
    await world.jobs.idle()
    assert world.sync.asked == [12]
    assert "4,310 executions · 4,290 known · 20 new · 8 external" in world.screen
    await world.type("/sync")
    await world.jobs.idle()
    assert world.sync.asked == [12, 0]


@walk()
async def test_without_an_exchange_nothing_is_asked(world: World) -> None:
    world.sync = None
    await world.type("/sync")
    assert "has no past" in world.screen


@walk()
async def test_a_run_is_alone_and_can_be_stopped(world: World) -> None:
    assert world.sync is not None
    await world.type("/sync 12")
    await world.sync.begun.wait()
    first = world.telegram.last
    await world.type("/sync 3")
    assert "being read already" in world.screen
    await world.press("Cancel", first)
    await world.jobs.idle()
    assert "Stopped. What was read is kept" in world.telegram.messages[first.message_id].text
    await world.send_data("sx", first)
    assert "Nothing is being read any more" in world.telegram.messages[first.message_id].text
    world.sync.go.set()
    await world.type("/sync 3")
    await world.jobs.idle()
    assert world.sync.asked == [12, 3]


@walk()
async def test_mistyped_months_are_explained(world: World) -> None:
    for typed in ("/sync 25", "/sync many", "/sync 1 2"):
        await world.type(typed)
        assert "from 1 to 24" in world.screen


@pytest.mark.parametrize(
    ("error", "said"),
    [(QueryFailedError("no answer"), "What was read is kept"), (JournalUnavailable("locked"), "database")],
)
def test_trouble_is_said_in_words(error: Exception, said: str) -> None:
    @walk()
    async def check(world: World) -> None:
        assert world.sync is not None
        world.sync.go.set()
        world.sync.broken = error
        await world.type("/sync 1")
        await world.jobs.idle()
        assert said in world.screen

    check()
