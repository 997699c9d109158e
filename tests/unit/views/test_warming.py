"""Profiles whose candles are too few say so wherever they are shown."""

from dataclasses import replace

from handlers.views.strategies import render_rules, render_strategies, render_strategy
from tests.unit.views import examples as ex

WORDS = "XRPUSDT: 4h candles warming up until 2026-11-22 04:00 UTC"


def test_a_profile_that_warms_up_says_until_when_in_list_rules_and_card() -> None:
    warming = replace(ex.CFT, warming=WORDS)
    desk = ex.snapshot(profiles=(warming,))
    for text in (render_strategies(desk), render_rules(warming, desk), render_strategy(warming, desk)):
        assert WORDS in " ".join(text.split())
    for text in (render_strategies(ex.snapshot()), render_rules(ex.CFT, desk)):
        assert "warming" not in text
