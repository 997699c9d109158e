"""Deposits and withdrawals of any size at any time are no result: they cross no limit and lift no hold."""

from hypothesis import given
from hypothesis import strategies as st

from engine.core import events as e
from engine.core.facts import HoldLifted, LimitCrossed
from engine.core.money import to_money
from engine.core.profile import Action, LimitSpec, Measure
from tests.support.desk import BTC, Bench, account, assert_replays, facts, profile

# Amounts in USDT; the account begins with 10,000.
TRANSFERS = st.lists(st.integers(-9_000, 1_000_000).filter(bool), min_size=1, max_size=8)
HALF = st.sampled_from([0.0, 0.5, 1.0])


def limit(measure: Measure, threshold: int, scope: str = "") -> LimitSpec:
    return LimitSpec(
        name=measure.value,
        measure=measure,
        threshold=threshold,
        action=Action.HALT,
        profile=scope,
        floor=threshold * 10,
        ceiling=threshold // 10,
    )


def desk() -> Bench:
    own = profile(limits=(limit(Measure.DAILY_EQUITY, -10_000, "alpha"),), allocation_ppm=500_000)
    shares = (Measure.DAILY_EQUITY, Measure.DAILY_BALANCE, Measure.WEEKLY_EQUITY, Measure.PEAK_EQUITY)
    money = [limit(measure, to_money(-50)) for measure in (Measure.DAILY_LOSS, Measure.TOTAL_LOSS)]
    return Bench(account(own, limits=[*(limit(measure, -10_000) for measure in shares), *money]))


def move(bench: Bench, number: int, amount: int, named: float) -> None:
    """Let the wallet move; the log names it at once, or after a while in which limits are measured."""
    wallet = bench.state.portfolio.wallet + to_money(amount)
    if wallet <= to_money(100):
        return
    held = bench.ws.positions.values()
    rows = tuple(e.PositionReport(p.symbol, p.qty, p.cost, p.held_stop, p.held_target) for p in held)
    bench.time(5_000)
    bench.step(bench.report(rows=rows, wallet=wallet))
    if named:
        bench.time(int(named * 60_000))
        bench.price(9_995 if BTC in bench.ws.positions else 10_000)
        bench.time(1_000)
    kind = "TRANSFER_IN" if amount > 0 else "TRANSFER_OUT"
    bench.step(e.TransfersReported((e.Transfer(f"t{number}", to_money(amount), kind, bench.now),), bench.now))
    bench.time(1_000)
    assert bench.state.portfolio.wallet == wallet


@given(transfers=TRANSFERS, named=HALF)
def test_a_desk_without_results_crosses_no_limit(transfers: list[int], named: float) -> None:
    bench = desk()
    bench.time(60_000)
    for number, amount in enumerate(transfers):
        move(bench, number, amount, named)
    assert facts(bench.effects, LimitCrossed) == []
    assert_replays(bench)


@given(transfers=TRANSFERS, named=HALF, price=st.sampled_from([9_960, 9_990, 10_000, 10_100]))
def test_what_was_lost_in_money_stays_what_it_was(transfers: list[int], named: float, price: int) -> None:
    bench = desk()
    bench.enter()
    bench.price(price)
    bench.time(60_000)

    def lost() -> tuple[int, int]:
        references, equity = bench.state.references[""], bench.ws.ledger("").equity
        return equity - references["day"], equity - references["start"]

    before = lost()
    for number, amount in enumerate(transfers):
        move(bench, number, amount, 0.0)
        assert lost() == before


@given(transfers=TRANSFERS, named=HALF)
def test_a_hold_that_a_limit_set_is_lifted_by_no_transfer(transfers: list[int], named: float) -> None:
    bench = desk()
    bench.enter()
    bench.price(9_300)
    bench.time(1_000)
    held = {name for name in bench.state.holds if name.startswith("limit:")}
    assert held
    out = e.Executed("x", "", "", BTC, False, 9_300, bench.ws.positions[BTC].size, 0, e.ExecKind.STOP, bench.now)
    bench.step(out)
    for number, amount in enumerate(transfers):
        move(bench, number, amount, named)
    assert facts(bench.effects, HoldLifted) == []
    assert held <= bench.state.holds.keys()
