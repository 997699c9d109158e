"""Trades by hand from chat: a preview first, one command at the confirmation, refusals in words."""

import asyncio
from dataclasses import replace
from decimal import Decimal

from engine.core.commands import OpenManual, Refused
from engine.core.snapshot import OrderResult
from tests.unit.handlers.world import World, walk
from tests.unit.views import examples_risk as more


async def _shown(world: World, text: str) -> None:
    for _ in range(100):
        if text in world.screen:
            return
        await asyncio.sleep(0)
    raise AssertionError(world.screen)


@walk()
async def test_a_long_is_previewed_and_opened_only_by_the_confirmation(world: World) -> None:
    world.desk.results = (
        OrderResult(
            link_id="m",
            symbol="SOLUSDT",
            status="filled",
            quantity=Decimal("0.7"),
            filled=Decimal("0.7"),
            average=Decimal("142.33"),
            why="",
        ),
    )
    world.desk.over.set()
    await world.type("/long sol 100")
    assert "Stop" in world.screen
    assert world.desk.commands == []
    await world.press("Buy 0.7 SOLUSDT · PAPER")
    command = world.desk.commands[0]
    assert isinstance(command, OpenManual)
    assert (command.symbol, command.long, command.quantity) == ("SOLUSDT", True, Decimal("0.7"))
    assert command.seen_price == more.ENTRY_PREVIEW.price
    await _shown(world, "opened")


@walk()
async def test_a_refused_preview_offers_no_confirmation(world: World) -> None:
    world.desk.entry = replace(more.ENTRY_PREVIEW, refusal="cooldown: cooldown, 31 min left")
    await world.type("/short sol")
    assert "Refused now" in world.screen
    assert not any(label.startswith("Sell") for label in world.labels())
    world.desk.entry = "No price of SOLUSDT yet."
    await world.type("/short sol")
    assert "No price" in world.screen


@walk()
async def test_an_entry_is_refused_when_the_mode_changed_since_the_preview(world: World) -> None:
    await world.type("/long sol")
    world.desk.state = replace(world.desk.state, mode="live")
    await world.press("Buy 0.7")
    assert "The desk is LIVE now" in world.screen
    assert world.desk.commands == []


@walk()
async def test_the_desk_may_refuse_at_the_press(world: World) -> None:
    world.desk.answers = [Refused("x", "SOLUSDT moved from 142 to 150, more than 0.3 %.")]
    await world.type("/long sol")
    await world.press("Buy 0.7")
    assert "moved from 142" in world.screen


@walk()
async def test_mistyped_entries_are_explained(world: World) -> None:
    for typed, said in (
        ("/long", "A symbol"),
        ("/long sol many", "many is not an amount"),
        ("/long sol -5", "-5 is not an amount"),
        ("/short slo", "SOLUSDT"),
    ):
        await world.type(typed)
        assert said in world.screen, typed
    assert world.desk.commands == []


@walk()
async def test_a_late_entry_by_hand_is_still_only_a_preview(world: World) -> None:
    await world.send_data("me:SOLUSDT:1")
    assert "by hand" in world.screen
    await world.send_data("me:GONEUSDT:1")
    assert "not a symbol" in world.screen
