"""Adopting an external position: offered on its card, asked before, done once, and never offered where nobody can."""

from dataclasses import replace

from engine.core.commands import AdoptPosition
from tests.unit.handlers.world import World, walk
from tests.unit.views import examples as ex

SYMBOL = "1000PEPEUSDT"


@walk()
async def test_the_card_of_an_external_position_offers_adoption_and_the_second_press_does_it(world: World) -> None:
    world.desk.state = ex.snapshot(mode="paper", positions=(ex.ADOPTABLE,))
    await world.type(f"/position {SYMBOL}")
    await world.press("Adopt by manual")
    assert world.desk.commands == []
    assert "Adopt 1000PEPEUSDT" in world.screen
    await world.press("Adopt 1000PEPEUSDT · PAPER")
    command = world.desk.commands[0]
    assert isinstance(command, AdoptPosition)
    assert (command.symbol, command.profile, command.by) == (SYMBOL, "manual", "Anna")
    assert "adopted" in world.screen
    assert [line["action"] for line in world.store.audit.lines] == ["adopt"]


@walk()
async def test_what_became_impossible_between_card_and_press_is_said(world: World) -> None:
    world.desk.state = ex.snapshot(mode="paper", positions=(ex.ADOPTABLE,))
    await world.type(f"/position {SYMBOL}")
    card = world.telegram.last
    world.desk.state = ex.snapshot(mode="paper", positions=(replace(ex.ADOPTABLE, adopter=""),))
    await world.press("Adopt by manual", card)
    assert "cannot be adopted now" in world.screen
    await world.type(f"/position {SYMBOL}")
    assert "Adopt" not in str(world.telegram.last.keyboard)
    assert world.desk.commands == []


@walk()
async def test_a_position_that_is_gone_is_not_adopted(world: World) -> None:
    world.desk.state = ex.snapshot(mode="paper", positions=(ex.ADOPTABLE,))
    await world.type(f"/position {SYMBOL}")
    world.desk.state = ex.snapshot(mode="paper", positions=())
    await world.press("Adopt by manual")
    assert "No open position" in world.screen
    assert world.desk.commands == []
