"""Symbols and cooldowns from chat: off at once, on and unlocked after asking."""

from engine.core.commands import SwitchSymbol, UnlockSymbol
from tests.unit.handlers.world import World, walk
from tests.unit.views import examples as ex
from tests.unit.views import examples_risk as more


def switched(world: World) -> list[tuple[str, str, bool]]:
    return [(c.profile, c.symbol, c.on) for c in world.desk.commands if isinstance(c, SwitchSymbol)]


@walk()
async def test_a_symbol_is_switched_off_at_once_and_on_after_a_confirmation(world: World) -> None:
    await world.type("/unwatch sol cft")
    assert switched(world) == [("cft", "SOLUSDT", False)]
    await world.type("/watch sol cft")
    assert len(switched(world)) == 1
    await world.press("Switch on · PAPER")
    assert switched(world)[1] == ("cft", "SOLUSDT", True)


@walk()
async def test_without_a_profile_every_owner_of_the_symbol_is_meant(world: World) -> None:
    owners = [profile.name for profile in ex.snapshot().profiles if "XRPUSDT" in profile.symbols]
    await world.type("/unwatch xrp")
    assert [name for name, _, _ in switched(world)] == owners
    assert len({command.command_id for command in world.desk.commands}) == len(owners)


@walk()
async def test_buttons_switch_symbols(world: World) -> None:
    await world.type("/symbols")
    await world.press("cft")
    await world.press("SOL: on")
    assert switched(world) == [("cft", "SOLUSDT", False)]
    await world.send_data("ss:cft:SOLUSDT:1")
    await world.press("Switch on")
    assert switched(world)[-1] == ("cft", "SOLUSDT", True)
    for data in ("ss:cft:GONE:1", "ss:cft:GONE:0", "sy:gone:"):
        await world.send_data(data)
        assert "no longer" in world.screen


@walk()
async def test_mistyped_symbols_are_explained(world: World) -> None:
    for typed, said in (
        ("/watch", "A symbol is needed"),
        ("/watch slo", "SOLUSDT"),
        ("/watch sol ma_crosss", "No profile here is called ma_crosss. There are "),
        ("/symbols ctf", "Did you mean cft?"),
    ):
        await world.type(typed)
        assert said in world.screen, typed
    assert world.desk.commands == []


@walk(more.RESTING)
async def test_a_cooldown_is_ended_after_a_confirmation(world: World) -> None:
    await world.type("/cooldowns")
    await world.press("Unlock BTC")
    assert world.desk.commands == []
    await world.press("Unlock · LIVE")
    command = world.desk.commands[0]
    assert isinstance(command, UnlockSymbol)
    assert command.symbol == "BTCUSDT"
    await world.type("/unlock xrp")
    assert "has no cooldown" in world.screen
    await world.type("/unlock")
    assert "One symbol is needed" in world.screen
    await world.type("/unlock slo")
    assert "SOLUSDT" in world.screen


@walk(more.RESTING)
async def test_risk_strategy_and_signals_are_readable(world: World) -> None:
    await world.type("/risk")
    assert "Exposure" in world.screen
    await world.press("Cooldowns")
    assert "Cooldowns" in world.screen
    await world.press("Risk")
    await world.press("Signals")
    assert "<b>Signals</b>" in world.screen
    await world.type("/signals")
    await world.send_data("sg:2")
    assert "<b>Signals</b>" in world.screen
    await world.type("/strategy cft")
    assert "<b>cft</b>" in world.screen
    await world.type("/strategy ctf")
    assert "Did you mean cft?" in world.screen
    await world.type("/strategy")
    assert "A profile is needed" in world.screen


@walk()
async def test_a_symbol_that_no_profile_has_is_added_to_the_one_named_after_a_confirmation(
    world: World,
) -> None:
    await world.type("/watch pepe cft")
    assert "PEPEUSDT in cft, which has not watched it so far" in world.screen
    assert switched(world) == []
    await world.press("Switch on · PAPER")
    assert switched(world) == [("cft", "PEPEUSDT", True)]
    (command,) = world.desk.commands
    assert isinstance(command, SwitchSymbol)
    assert command.add


@walk()
async def test_a_symbol_that_no_profile_has_needs_a_profile_and_one_that_is_not_listed_cannot_be_watched(
    world: World,
) -> None:
    for typed, said in (
        ("/watch pepe", "No profile has it: say which one is to watch it."),
        ("/watch pepe cfd", "No profile here is called cfd"),
        ("/unwatch pepe", "not a symbol of this desk"),
        ("/watch nothing cft", "not a symbol of this desk"),
    ):
        await world.type(typed)
        assert said in world.screen, typed
    assert world.desk.commands == []
