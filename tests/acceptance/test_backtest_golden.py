"""Golden backtests: the reference work to the cent, and the cft preset on real candles, recomputed by a plain loop."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from engine.backtest import run
from engine.backtest.prepare import Wish, prepare
from engine.core.trades import Trade
from tests.acceptance.plain_cft import Plain, plain_cft
from tests.support.series import reference
from tests.unit.backtest.runs import reference_request

WEEKS = 4


def test_a_hundred_thousand_bars_of_the_reference_work_give_the_known_result() -> None:
    found = run(reference_request(reference(100_000)))
    assert f"{found.final_equity:.2f}" == "963307.27"
    assert len(found.trades) == 1_151


@pytest.mark.slow
def test_half_a_million_bars_of_the_reference_work_give_the_known_result() -> None:
    found = run(reference_request(reference()))
    assert f"{found.final_equity:.2f}" == "787066.34"
    assert len(found.trades) == 5_649
    assert found.bars == len(found.equity) == 500_000


@pytest.mark.parametrize("since", ["2025-03-03", "2025-10-06", "2026-02-02"])
def test_cft_on_real_candles_trades_as_the_plain_loop_does(market_data: Path, since: str) -> None:
    path = market_data / "bybit_linear" / "kline_5m" / "BTCUSDT.parquet"
    until = str(date.fromisoformat(since) + timedelta(days=WEEKS * 7))
    request = prepare(Wish(profile="cft", data=(path,), since=since, until=until)).request
    found = [plain(trade) for trade in run(request).trades]
    assert found == plain_cft(request.data["BTCUSDT"], request.start_ms, request.end_ms)
    assert len(found) > 30
    assert {trade.why for trade in found} == {"stop", "target", "losing"}


def plain(trade: Trade) -> Plain:
    """Return a trade in the words of the plain loop."""
    return Plain(
        trade.long,
        float(trade.quantity),
        trade.entry_ms,
        float(trade.entry),
        trade.exit_ms,
        float(trade.exit),
        trade.rule.split()[0],
        trade.reason.split()[0],
    )
