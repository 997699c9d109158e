"""The database file is destroyed: an old copy and the exchange make the books whole, and a person lets it go on."""

from pathlib import Path

from engine.core.commands import Resume
from engine.core.facts import SignalRecorded, TradeClosed
from engine.core.profile import HoldLevel
from tests.integration.app.stage import AppStage, next_life, play
from tests.integration.storage.test_corruption import overwrite
from tests.support.desk import BTC, ETH


def test_after_a_corrupt_file_the_books_are_the_exchanges_again_and_nothing_opens_before_a_resume(
    tmp_path: Path,
) -> None:
    async def story(stage: AppStage) -> None:
        await stage.enter()
        await stage.store.daily_backup(stage.clock.wall_ms())
        # What the copy does not know: an end and a beginning.
        await stage.close_all()
        await stage.desk.command(Resume(command_id="r1", by="ann", wall_ms=stage.clock.wall_ms()))
        held = await stage.enter(ETH)
        await stage.stop()
        overwrite(tmp_path / "desk.db", first_page=2)
        again = await next_life(stage)
        await again.until(lambda: set(again.positions) == {ETH})
        await again.agrees()
        found = again.positions[ETH]
        assert (found.qty, found.cost, found.fees, found.held_stop) == (held.qty, held.cost, held.fees, held.stop)
        assert (found.profile, found.stop, found.target) == ("alpha", held.stop, held.target)
        # What was handed to the journal before this is in it then.
        await again.store.journal.submit([], [])
        closed = [fact.trade for fact in (await again.store.journal.load()).facts if isinstance(fact, TradeClosed)]
        assert [(trade.symbol, trade.profile) for trade in closed] == [(BTC, "alpha")]
        assert again.trader.workspace.hold_level() is HoldLevel.REDUCE_ONLY
        again.signal(BTC)
        await again.until(lambda: bool(again.recorded(SignalRecorded)))
        assert again.recorded(SignalRecorded)[-1].check == "hold"
        assert "corrupt" in await again.told_in_chat("Started reduce-only")
        await again.desk.command(Resume(command_id="r2", by="ann", wall_ms=again.clock.wall_ms()))
        assert again.trader.workspace.hold_level() is HoldLevel.NONE
        await again.stop()

    play(tmp_path, story)
    assert len(list(tmp_path.glob("desk.db.broken-*"))) == 1
