"""Switching profiles and rules: off at once, on after asking."""

from engine.core.commands import SwitchProfile, SwitchRule
from tests.unit.handlers.world import World, walk


@walk()
async def test_a_profile_is_switched_off_at_once_and_on_after_a_confirmation(world: World) -> None:
    await world.type("/strategies")
    await world.press("cft")
    await world.press("cft: on")
    command = world.desk.commands[0]
    assert isinstance(command, SwitchProfile)
    assert (command.profile, command.on) == ("cft", False)
    await world.type("/rules MA_CROSS")
    await world.press("ma_cross: OFF")
    assert len(world.desk.commands) == 1
    await world.press("Switch on · PAPER")
    command = world.desk.commands[1]
    assert isinstance(command, SwitchProfile)
    assert (command.profile, command.on) == ("ma_cross", True)


@walk()
async def test_a_rule_is_switched_off_at_once_and_on_after_a_confirmation(world: World) -> None:
    await world.type("/rules cft")
    card = world.telegram.last
    keyboard = card.keyboard
    await world.press("5 lower band touch: on")
    command = world.desk.commands[0]
    assert isinstance(command, SwitchRule)
    assert (command.profile, command.rule, command.on) == ("cft", "5", False)
    card.keyboard = keyboard
    await world.press("2 golden cross", card)
    await world.press("Switch on")
    assert isinstance(world.desk.commands[1], SwitchRule)
    assert world.desk.commands[1].on


@walk()
async def test_unknown_profiles_and_rules_are_said_so(world: World) -> None:
    await world.type("/rules ctf")
    assert "Did you mean cft?" in world.screen
    for data in ("st:gone", "sp:gone:0", "sp:gone:1", "sr:cft:gone:0", "sr:cft:gone:1"):
        await world.send_data(data)
        assert "no longer exists" in world.screen
    assert world.desk.commands == []


@walk()
async def test_rules_without_a_name_show_the_profiles(world: World) -> None:
    await world.type("/rules")
    assert "<b>Strategies</b>" in world.screen
