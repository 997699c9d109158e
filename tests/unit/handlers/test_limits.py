"""Changing limits: by command, by − and +, by a typed reply; loosening asks twice."""

from decimal import Decimal

from engine.core.commands import ChangeLimit
from tests.unit.handlers.session import CHAT
from tests.unit.handlers.world import World, walk
from tests.unit.views import examples as ex


def _changes(world: World) -> list[tuple[str, Decimal]]:
    return [(command.key, command.value) for command in world.desk.commands if isinstance(command, ChangeLimit)]


@walk()
async def test_tightening_takes_one_confirmation(world: World) -> None:
    await world.type("/limit daily_equity -3")
    assert "−4% → −3%" in world.screen
    await world.press("Tighten to −3% · PAPER")
    assert _changes(world) == [("daily_equity", Decimal(-3))]
    assert world.store.audit.lines[0]["action"] == "limit"


@walk()
async def test_loosening_takes_two_confirmations(world: World) -> None:
    await world.type("/limit DAILY_EQUITY 6%")
    await world.press("Loosen to −6%")
    assert _changes(world) == []
    assert "Second confirmation" in world.screen
    await world.press("Loosen to −6%")
    assert _changes(world) == [("daily_equity", Decimal(-6))]


@walk()
async def test_a_tightening_that_would_loosen_by_now_is_asked_again(world: World) -> None:
    await world.type("/limit daily_equity -3")
    preview = world.telegram.last
    world.desk.state = ex.snapshot(mode="paper", limits=(ex.limit(threshold=Decimal(-2)),))
    await world.press("Tighten", preview)
    assert _changes(world) == []
    assert "Loosen limit day" in world.screen
    await world.press("Loosen")
    await world.press("Loosen")
    assert _changes(world) == [("daily_equity", Decimal(-3))]


@walk()
async def test_plus_and_minus_try_values_within_the_bounds_and_change_nothing(world: World) -> None:
    await world.type("/limits")
    await world.press("day")
    labels = world.labels()
    await world.press("− tighter")
    assert "Trying   −3.5%" in world.screen
    await world.press("+ looser")
    await world.press("+ looser")
    assert "Trying   −4.5%" in world.screen
    assert [label.split()[0] for label in world.labels()] == ["−", "+", "Set", "Type", "Reset", "All"]
    assert len(labels) == len(world.labels())
    for _ in range(30):
        await world.press("+ looser")
    assert "Trying   −10%" in world.screen
    await world.press("Reset")
    assert "Trying" not in world.screen
    assert world.desk.commands == []


@walk()
async def test_setting_a_tried_value_goes_through_the_same_preview(world: World) -> None:
    await world.type("/limit daily_equity")
    await world.press("− tighter")
    await world.press("Set −3.5%")
    assert "−4% → −3.5%" in world.screen
    await world.press("Tighten to −3.5%")
    assert _changes(world) == [("daily_equity", Decimal("-3.5"))]


@walk()
async def test_a_typed_reply_sets_the_limit_it_was_asked_for(world: World) -> None:
    await world.type("/limit daily_equity")
    await world.press("Type a value")
    asked = world.telegram.calls[-1]
    question = ex.question(getattr(asked, "text", ""), CHAT)
    await world.type("−2,5", reply_to=question)
    assert "−4% → −2.5%" in world.screen
    await world.type("two", reply_to=question)
    assert "two is not a number" in world.screen


@walk()
async def test_a_reply_to_a_text_that_is_not_the_bots_sets_nothing(world: World) -> None:
    forged = ex.question("New value for limit daily_equity (now −4%), in percent:", CHAT, bot_id=9)
    await world.type("-9", reply_to=forged)
    assert world.confirm.asked == {}


@walk()
async def test_values_out_of_bounds_equal_or_unreadable_change_nothing(world: World) -> None:
    for text, words in (
        ("daily_equity -40", "out of bounds"),
        ("daily_equity -4", "already"),
        ("daily_equity much", "much is not a number"),
        ("daily_equty -3", "Did you mean daily_equity?"),
        ("", "Usage"),
        ("daily_equity NaN", "not a number"),
    ):
        await world.type(f"/limit {text}".strip())
        assert words in world.screen
    assert world.confirm.asked == {}


@walk()
async def test_a_limit_that_is_gone_is_said_so(world: World) -> None:
    for data in ("li:gone:", "ls:gone:-3", "lt:gone"):
        await world.send_data(data, None)
        assert "no longer exists" in world.screen


@walk()
async def test_a_profiles_limit_is_found_by_its_words_too(world: World) -> None:
    await world.type("/limit cft open loss -4")
    assert "−5% → −4%" in world.screen


@walk()
async def test_tightening_past_the_current_value_names_what_it_closes(world: World) -> None:
    await world.type("/limit daily_equity -0.5")
    assert "reached at once and asks; unanswered it closes 2:</b> BTCUSDT, SOLUSDT" in world.screen
