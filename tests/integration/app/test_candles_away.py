"""The candles of the past cannot be read: what is held is looked after and people are answered all the same."""

from pathlib import Path

from engine.core.facts import TradeClosed
from tests.integration.app.stage import OWNER, SYMBOLS, AppStage, play
from tests.support.desk import BTC


def forget_candles(folder: Path) -> None:
    for file in folder.glob("candles-*"):
        file.unlink()


def test_a_desk_without_candles_answers_closes_and_trades_when_they_are_there(tmp_path: Path) -> None:
    async def story(stage: AppStage) -> None:
        await stage.enter()
        await stage.stop()
        forget_candles(tmp_path)
        await stage.sim("faults", path="/v5/market/kline", kind="status", status=503, times=1_000)
        again = AppStage(stage.venue, stage.chat, stage.http, stage.folder)
        await again.begin()
        ws = again.trader.workspace
        await again.until(lambda: ws.compared)
        assert set(again.positions) == {BTC}
        assert "newcomers" not in again.tasks(), "the market has not begun"
        assert again.desk.candles(BTC, 60_000, 1) is None
        async with again.http.post(f"{again.chat.url}/sim/users/{OWNER}/messages", json={"text": "/positions"}):
            pass
        assert "P&L hidden: no fresh prices" in await again.told_in_chat("Positions")
        await again.close_all()
        assert (await again.theirs())["size"] == 0
        assert [fact.trade.symbol for fact in again.recorded(TradeClosed)] == [BTC]
        await again.clear_faults()
        await again.until(lambda: ws.marks.keys() >= set(SYMBOLS))
        assert again.desk.candles(BTC, 60_000, 1) is not None
        await again.stop()

    play(tmp_path, story)
