"""Profitability, efficiency, activity and attribution against numbers computed by hand."""

from decimal import Decimal

import pytest

from engine.analytics.metrics_activity import Slot, activity
from engine.analytics.metrics_attribution import attribution
from engine.analytics.metrics_efficiency import efficiency
from engine.analytics.metrics_profitability import profitability
from tests.unit.analytics.samples import DAY, HOUR, SIX, START, netting

TEN_DAYS = {"start_ms": START, "end_ms": START + 10 * DAY}


def test_money_adds_up_exactly() -> None:
    found = profitability(SIX, initial_balance=Decimal(1000), **TEN_DAYS)
    assert found.net_profit == Decimal("19.25")
    assert (found.gross_profit, found.gross_loss) == (Decimal("26.5"), Decimal("-7.25"))
    assert (found.total_fees, found.total_funding) == (Decimal("3.9"), Decimal("0.85"))


def test_slippage_costs_when_a_buy_is_dearer_and_when_a_sale_is_cheaper_than_expected() -> None:
    # A: entry 0.5 and exit 0.5 worse on 2 units; B: a short sold 0.2 too low.
    assert profitability(SIX, initial_balance=Decimal(1000), **TEN_DAYS).slippage_cost == Decimal("2.2")


def test_returns_are_relative_to_the_initial_balance_and_the_period() -> None:
    found = profitability(SIX, initial_balance=Decimal(1000), **TEN_DAYS)
    assert found.total_return_pct == pytest.approx(1.925)
    assert found.cagr_pct == pytest.approx((1.01925**36.5 - 1) * 100)
    assert found.profit_factor == pytest.approx(3.6551724)


def test_growth_is_absent_after_a_total_loss_without_a_period_and_beyond_a_float() -> None:
    lost = [netting("-1000")]
    won = [netting("1000000")]
    assert profitability(lost, initial_balance=Decimal(1000), **TEN_DAYS).cagr_pct is None
    assert profitability(SIX, initial_balance=Decimal(1000), start_ms=START, end_ms=START).cagr_pct is None
    assert profitability(won, initial_balance=Decimal(1), start_ms=START, end_ms=START + 1).cagr_pct is None
    assert profitability(SIX, initial_balance=Decimal(0), **TEN_DAYS).total_return_pct is None


def test_profit_factor_is_absent_without_a_loss() -> None:
    assert profitability([netting("5")], initial_balance=Decimal(1000), **TEN_DAYS).profit_factor is None


def test_a_break_even_trade_is_a_trade_but_neither_a_win_nor_a_loss() -> None:
    found = efficiency(SIX)
    assert (found.trades, found.wins, found.losses) == (6, 3, 2)
    assert found.win_rate_pct == pytest.approx(60)
    assert found.long_win_rate_pct == pytest.approx(100)
    assert found.short_win_rate_pct == pytest.approx(100 / 3)
    assert efficiency([netting("0")]).win_rate_pct is None


def test_averages_per_trade() -> None:
    found = efficiency(SIX)
    assert found.average_win is not None
    assert float(found.average_win) == pytest.approx(26.5 / 3)
    assert found.average_loss == Decimal("-3.625")
    assert found.payoff_ratio == pytest.approx(2.4367816)
    assert found.expectancy is not None
    assert float(found.expectancy) == pytest.approx(19.25 / 6)
    assert found.median_trade == Decimal("0.25")
    assert (found.largest_win, found.largest_loss) == (Decimal("18.5"), Decimal(-5))
    assert found.average_trade_pct == pytest.approx(14.75 / 6)


def test_r_multiples_count_only_trades_that_had_a_stop() -> None:
    found = efficiency(SIX)
    assert found.expectancy_r == pytest.approx(0.42)
    assert found.sqn == pytest.approx(0.704763, abs=1e-6)
    assert efficiency(SIX[:1]).sqn is None
    assert efficiency([netting("2", risk=Decimal(1)), netting("2", risk=Decimal(1))]).sqn is None
    assert efficiency(SIX[2:3]).expectancy_r is None


def test_volume_durations_and_rate_of_trading() -> None:
    found = activity(SIX, **TEN_DAYS, fills=13)
    assert found.trades_per_day == pytest.approx(0.6)
    assert found.fills == 13
    assert found.traded_volume == Decimal(1160)
    assert found.average_duration_ms == pytest.approx(52 / 6 * HOUR)
    assert found.median_duration_ms == 5 * HOUR
    assert found.longest_duration_ms == 24 * HOUR
    assert found.average_winner_duration_ms == 6 * HOUR
    assert found.average_loser_duration_ms == 15 * HOUR


def test_days_are_utc_days_of_the_exit() -> None:
    found = activity(SIX, **TEN_DAYS)
    assert (found.best_day, found.best_day_net) == ("2025-05-01", Decimal("18.5"))
    assert (found.worst_day, found.worst_day_net) == ("2025-05-03", Decimal(-5))
    assert found.profitable_days_pct == pytest.approx(60)
    weekdays = {slot.slot: slot.net_profit for slot in found.by_weekday}
    assert weekdays == {0: Decimal("7.5"), 1: Decimal("0.5"), 3: Decimal("18.5"), 4: Decimal("-2.25"), 5: Decimal(-5)}
    assert found.by_hour[-1] == Slot(slot=12, trades=1, net_profit=Decimal("18.5"))
    assert [slot.slot for slot in found.by_hour] == [2, 3, 4, 5, 6, 12]


def test_an_exit_at_midnight_belongs_to_the_day_that_begins() -> None:
    found = activity([netting("1", exit_ms=START + DAY)], **TEN_DAYS)
    assert found.best_day == "2025-05-02"


def test_shares_are_sorted_by_result_and_keep_their_own_ratios() -> None:
    found = attribution(SIX)
    assert [(share.name, share.net_profit) for share in found.by_symbol] == [
        ("BTCUSDT", Decimal("16.75")),
        ("ETHUSDT", Decimal("2.5")),
    ]
    assert found.by_symbol[1].profit_factor == pytest.approx(1.5)
    assert {share.name: share.trades for share in found.by_side} == {"long": 3, "short": 3}
    assert {share.name: share.net_profit for share in found.by_profile} == {
        "cft": Decimal("11.75"),
        "ma": Decimal("7.5"),
    }
    assert {share.name for share in found.by_rule} == {"r1", "r2"}
    assert [share.win_rate_pct for share in found.by_reason if share.name == "stop"] == [0]
