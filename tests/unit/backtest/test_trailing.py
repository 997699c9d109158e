"""A backtest with a trailing stop on the exchange closes where a walk over the same candles says."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from engine.backtest import run
from engine.candles import Columns
from engine.core.market import MINUTE_MS
from engine.core.profile import Protection
from engine.core.trades import Trade
from tests.support.series import walk
from tests.unit.backtest.runs import NO_COST, Dice, dice_profile, request

PPM = 4_000
CENT = Decimal("0.01")


def ticks(columns: Columns, name: str) -> list[int]:
    return [round(price * 100) for price in getattr(columns, name).tolist()]


def expected_exit(columns: Columns, trade: Trade) -> tuple[int, int]:
    """Return when and at which tick a trade's trail closes it, looking at nothing but entry and candles."""
    sign, entry = (1 if trade.long else -1), int(trade.entry / CENT)
    distance = -(-entry * PPM // 1_000_000)
    first, best = int(np.searchsorted(columns.time, trade.entry_ms)), entry
    opens, far = ticks(columns, "open"), ticks(columns, "high" if trade.long else "low")
    near = ticks(columns, "low" if trade.long else "high")
    for row in range(first, len(columns)):
        level, open_ms = best - sign * distance, int(columns.time[row])
        if row > first and sign * opens[row] <= sign * level:
            return open_ms, opens[row]
        if sign * near[row] <= sign * level:
            return open_ms + MINUTE_MS - 1, level
        best = max(best * sign, far[row] * sign) * sign
    return 0, 0


@pytest.mark.parametrize("skipping", [True, False])
def test_every_trailing_exit_is_where_the_candles_put_it(skipping: bool) -> None:
    columns = walk(6_000, seed=11)
    profile = dice_profile(columns.symbol, protection=Protection(exchange_trail_ppm=PPM))
    asked = request({columns.symbol: columns}, profile, strategies={"dice": Dice(40)}, terms=NO_COST)
    result = run(replace(asked, skipping=skipping))
    trailed = [trade for trade in result.trades if trade.reason == "trailing"]
    assert len({trade.long for trade in trailed}) == 2
    assert len(trailed) > 30
    assert any(trade.net > 0 for trade in trailed)
    for trade in result.trades:
        at_ms, price = expected_exit(columns, trade)
        if trade.reason == "trailing":
            assert (trade.exit_ms, trade.exit / CENT) == (at_ms, price)
        else:
            assert not at_ms or trade.exit_ms <= at_ms
