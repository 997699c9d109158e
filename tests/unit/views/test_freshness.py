"""How the age of prices is told, and that prices which are not the market's say so."""

from dataclasses import replace

import pytest

from handlers.views.freshness import feed_words
from tests.unit.views.examples import snapshot

SHOT = replace(snapshot(), wall_ms=1_000_000, feed_age_ms=0)


@pytest.mark.parametrize(
    ("prices", "age_ms", "words"),
    [
        ("live", 5_000, "Feed live"),
        ("live", 5_001, "Feed late 5s+"),
        ("live", 15_001, "Feed STALE"),
        ("generated", 0, "Generated prices live"),
        ("replayed", 20_000, "Replayed prices STALE"),
    ],
)
def test_age_and_origin_of_prices_are_told(prices: str, age_ms: int, words: str) -> None:
    assert feed_words(replace(SHOT, prices=prices), wall_ms=1_000_000 + age_ms) == words


def test_a_feed_that_never_spoke_says_so() -> None:
    assert feed_words(replace(SHOT, feed_age_ms=None), wall_ms=1_000_000) == "Feed: no data yet"
