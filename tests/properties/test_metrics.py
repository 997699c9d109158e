"""Metrics of generated trades: parts add up, order does not matter, depths are never negative, nothing is infinite."""

import json
import math
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.metrics import Metrics, compute
from engine.analytics.numbers import exact_sum
from engine.analytics.series import equity_of_trades
from engine.core.trades import Trade
from tests.unit.analytics.samples import DAY, HOUR, START, netting

MONEY = st.decimals(min_value=-1000, max_value=1000, places=8)
NAMES = st.sampled_from(["a", "b", "c"])


@st.composite
def trades(draw: st.DrawFn) -> list[Trade]:
    count = draw(st.integers(0, 12))
    # Distinct exits: the order of two trades closed at the same moment is a matter of their ids.
    exits = draw(st.lists(st.integers(1, 30 * 24), min_size=count, max_size=count, unique=True))
    return [
        netting(
            str(draw(MONEY)),
            exit_ms=START + hour * HOUR,
            fees=draw(st.decimals(min_value=0, max_value=10, places=4)),
            risk=draw(st.none() | st.decimals(min_value=1, max_value=50, places=2)),
            long=draw(st.booleans()),
            symbol=draw(NAMES),
            rule=draw(NAMES),
        )
        for hour in exits
    ]


def measured(found: list[Trade]) -> Metrics:
    equity = equity_of_trades(found, initial_balance=Decimal(5000), start_ms=START)
    return compute(found, equity, initial_balance=Decimal(5000), start_ms=START, end_ms=START + 31 * DAY)


def leaves(value: Any) -> list[Any]:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else None
    return [value] if parts is None else [leaf for part in parts for leaf in leaves(part)]


@given(trades())
def test_every_dimension_of_attribution_adds_up_to_the_net_profit(found: list[Trade]) -> None:
    metrics = measured(found)
    for shares in asdict(metrics.attribution).values():
        assert exact_sum(share["net_profit"] for share in shares) == metrics.profitability.net_profit
        assert sum(share["trades"] for share in shares) == len(found)


@given(trades())
def test_net_profit_is_gross_profit_plus_gross_loss_and_every_net_result(found: list[Trade]) -> None:
    money = measured(found).profitability
    assert money.net_profit == money.gross_profit + money.gross_loss == exact_sum(trade.net for trade in found)
    assert money.gross_profit >= 0 >= money.gross_loss


@given(trades(), st.randoms(use_true_random=False))
def test_the_order_in_which_trades_are_given_changes_nothing(found: list[Trade], random: Any) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)
    assert json.dumps(measured(shuffled).as_dict()) == json.dumps(measured(found).as_dict())


@given(trades())
def test_depths_shares_and_counts_stay_in_their_ranges(found: list[Trade]) -> None:
    metrics = measured(found)
    risk, rate = metrics.risk, metrics.efficiency.win_rate_pct
    assert risk.max_drawdown is not None
    assert risk.max_drawdown_pct is not None
    assert risk.max_drawdown >= 0
    assert risk.max_drawdown_pct >= (risk.average_drawdown_pct or 0) >= 0
    assert rate is None or 0 <= rate <= 100
    assert risk.exposure_pct is None or 0 <= risk.exposure_pct <= 100
    assert risk.max_consecutive_wins <= metrics.efficiency.wins
    assert risk.cvar_95_pct is None or risk.cvar_95_pct >= (risk.var_95_pct or 0) - 1e-9


@given(trades())
def test_no_figure_is_ever_infinite_or_not_a_number(found: list[Trade]) -> None:
    values = leaves(measured(found).as_dict())
    assert all(math.isfinite(value) for value in values if isinstance(value, float))
