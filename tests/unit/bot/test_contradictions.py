"""What `check` warns of reaches the people of a running desk, by profile, with what to do."""

from dataclasses import replace
from typing import Any

from bot.contradictions import contradictions
from engine.core.alerts import SystemAlert
from engine.core.feed_events import Contradicted
from engine.core.money import to_money
from engine.core.picture import snapshot
from engine.core.profile import Profile, Protection
from engine.presets import CFT, MA_CROSS, account
from engine.strategies.registry import build
from engine.universe import UNIVERSE
from handlers.views.strategies import render_strategy
from tests.support.desk import Bench, told
from tests.support.desk import account as bench_account
from tests.support.desk import profile as bench_profile

INSTRUMENTS = {symbol: spec.instrument() for symbol, spec in UNIVERSE.items()}
PRICES = {symbol: round(UNIVERSE[symbol].base_price / float(each.tick)) for symbol, each in INSTRUMENTS.items()}


def found(*profiles: Profile, **more: Any) -> list[Contradicted]:
    strategies = {each.name: build(each.strategy, {}) for each in profiles}
    terms: dict[str, Any] = {"instruments": INSTRUMENTS, "prices": PRICES, "equity": to_money(10_000), "absent": {}}
    return contradictions(account(profiles), strategies, **(terms | more))


def test_profiles_that_fit_together_say_nothing() -> None:
    assert found(CFT, MA_CROSS) == []


def test_rules_and_sizes_of_one_profile_are_told_under_its_name_alone() -> None:
    wrong = replace(CFT, leverage=60, symbols=("VETUSDT",), protection=Protection(breakeven_ppm=20_000))
    (heard,) = found(wrong, MA_CROSS)
    assert heard.profile == "cft"
    assert heard.found == (
        "Breakeven at +2 % is never reached before the target at +2 %: "
        "lower the breakeven trigger or raise the target.",
        "60x leverage is refused for VETUSDT (at most 50x): "
        "lower the profile's leverage, or take the symbols out of it.",
    )


def test_symbols_that_are_not_listed_are_named_even_when_none_is_left() -> None:
    assert found(MA_CROSS, absent={"gone": ("AUSDT", "BUSDT")}) == [
        Contradicted("gone", ("Not listed and left out: AUSDT, BUSDT.",))
    ]


def test_the_desk_tells_it_once_and_keeps_it_on_the_card_of_the_profile() -> None:
    bench = Bench(bench_account(bench_profile()))
    (alert,) = told(bench.step(Contradicted("alpha", ("A is wrong: mend it.", "B <too>."))), SystemAlert)
    assert alert.title == "Settings of alpha that do not go together"
    assert alert.detail == "A is wrong: mend it. B <too>."
    shot = snapshot(bench.ws)
    card = render_strategy(shot.profiles[0], shot)
    assert "• A is wrong: mend it.\n• B &lt;too&gt;." in card
    other = snapshot(Bench(bench_account(bench_profile())).ws)
    assert "go together" not in render_strategy(other.profiles[0], other)
