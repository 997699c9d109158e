"""A second profile's signal on a held symbol is kept as refused, with its check, and can be read in the chat."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine.core import events as e
from engine.core.facts import SignalRecorded
from engine.core.strategy import Enter
from handlers.views.signals import render_signals
from storage.store import Store
from tests.integration.storage.desk import with_desk
from tests.support.desk import BTC, Bench, account, facts, placed, profile


def held(how: str) -> Bench:
    """Alpha has, or may get, a position on BTC; beta signals there."""
    bench = Bench(account(profile(), profile("beta")))
    ticket = bench.order()
    if how == "unknown":
        bench.step(e.OrderOutcomeUnknown(ticket.link_id, "timeout", bench.now))
    elif how == "open":
        bench.fill(ticket)
    effects = bench.bar(Enter(False, "late"), name="beta")
    assert placed(effects) == []
    assert [fact.outcome for fact in facts(effects, SignalRecorded)] == ["refused"]
    return bench


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("open", "symbol BTCUSDT already has a position of alpha"),
        ("pending", "symbol unresolved order on BTCUSDT (created)"),
        ("unknown", "symbol unresolved order on BTCUSDT (unknown)"),
    ],
)
def test_a_second_profiles_signal_on_a_held_symbol_is_readable_with_the_check_that_refused_it(
    tmp_path: Path, how: str, words: str
) -> None:
    async def work(store: Store) -> str:
        await store.journal.submit(held(how).facts, ())
        newest, first = await store.queries.signals(10)
        assert (newest.profile, newest.symbol, newest.outcome, newest.check) == ("beta", BTC, "refused", "symbol")
        assert (first.profile, first.outcome, first.check) == ("alpha", "traded", "")
        return render_signals([newest, first], page=1, mode="paper", zone=ZoneInfo("UTC"))

    text = " ".join(with_desk(tmp_path, work).split())
    assert "beta late refused" in text
    assert words in text
