"""Money that moves without a trade: outside the books until the log names it, then neither profit nor loss."""

import pytest

from engine.core import events as e
from engine.core.alerts import SystemAlert
from engine.core.effects import Effect, QueryTransfers
from engine.core.facts import TransferBooked, WalletCorrected, WalletUnexplained
from engine.core.market import HOUR_MS, MINUTE_MS
from engine.core.money import to_money
from tests.support.desk import BTC, T0, WALLET, Bench, assert_replays, facts, told


def asked(effects: list[Effect]) -> list[int]:
    return [effect.since_ms for effect in effects if isinstance(effect, QueryTransfers)]


def line(bench: Bench, amount: str, name: str = "t1", kind: str = "TRANSFER_IN", at_ms: int = 0) -> e.Transfer:
    return e.Transfer(name, to_money(amount), kind, at_ms or bench.now)


def log(bench: Bench, *rows: e.Transfer) -> list[Effect]:
    return bench.step(e.TransfersReported(rows, bench.now))


def moved(amount: str) -> tuple[Bench, list[Effect]]:
    bench = Bench()
    bench.time(MINUTE_MS)
    return bench, bench.step(bench.report(wallet=WALLET + to_money(amount)))


@pytest.mark.parametrize(("amount", "unexplained"), [("0.01", 0), ("0.010001", 1), ("-500", 1)])
def test_a_wallet_that_differs_is_left_out_and_the_log_is_asked(amount: str, unexplained: int) -> None:
    bench, effects = moved(amount)
    assert len(facts(effects, WalletUnexplained)) == len(asked(effects)) == unexplained
    assert told(effects, SystemAlert) == []
    assert bench.state.portfolio.wallet == WALLET
    assert bench.ws.equity() == WALLET
    assert_replays(bench)


@pytest.mark.parametrize(
    ("amount", "kind", "title"),
    [
        ("500", "TRANSFER_IN", "Deposit of 500.00 USDT"),
        ("-1200.5", "TRANSFER_OUT", "Withdrawal of 1,200.50 USDT"),
        ("2", "FEE_REFUND", "Fee refund of 2.00 USDT"),
    ],
)
def test_what_the_log_names_is_booked_told_and_moves_every_reference(amount: str, kind: str, title: str) -> None:
    bench, _ = moved(amount)
    before = dict(bench.state.references[""])
    effects = log(bench, line(bench, amount, kind=kind))
    assert [alert.title for alert in told(effects, SystemAlert)] == [title]
    assert bench.state.portfolio.wallet == WALLET + to_money(amount)
    assert bench.state.unexplained == 0
    after = bench.state.references[""]
    assert {name: after[name] - value for name, value in before.items() if after[name] != value} == {
        name: to_money(amount) for name in before if not name.endswith(".at")
    }
    assert log(bench, line(bench, amount, kind=kind)) == []
    assert bench.step(bench.report()) == []
    assert_replays(bench)


def test_a_line_is_booked_once_and_the_rest_stays_unexplained() -> None:
    bench, _ = moved("500")
    log(bench, line(bench, "300"))
    assert bench.state.unexplained == to_money(200)
    assert facts(log(bench, line(bench, "300")), TransferBooked) == []
    assert facts(log(bench, line(bench, "300"), line(bench, "200", "t2")), TransferBooked)
    assert bench.step(bench.report()) == []


@pytest.mark.parametrize(("amount", "at_ms"), [("0", T0 + 1), ("500", T0)])
def test_lines_that_moved_nothing_or_are_older_than_the_books_are_not_booked(amount: str, at_ms: int) -> None:
    bench, _ = moved("500")
    assert log(bench, line(bench, amount, at_ms=at_ms)) == []


def test_a_difference_that_ends_by_itself_is_forgotten() -> None:
    bench, _ = moved("500")
    effects = bench.step(bench.report())
    assert [fact.amount for fact in facts(effects, WalletUnexplained)] == [0]
    assert log(bench, line(bench, "500")) == []


def test_a_difference_that_stays_is_asked_for_again_from_when_it_was_first_seen_and_told_once() -> None:
    bench, first = moved("500")
    wallet, alerts = WALLET + to_money(500), 0
    for _ in range(3):
        bench.time(6 * MINUTE_MS)
        effects = bench.step(bench.report(wallet=wallet))
        assert asked(effects) == asked(first)
        assert facts(effects, WalletUnexplained) == []
        alerts += len(told(effects, SystemAlert))
    assert alerts == 1
    bench.step(bench.report(wallet=wallet + to_money(1)))
    assert bench.state.unexplained == to_money(501)
    assert_replays(bench)


def test_the_log_is_asked_from_before_the_wallets_last_agreed_and_never_from_before_the_books() -> None:
    bench = Bench()
    bench.time(5 * HOUR_MS)
    bench.step(bench.report())
    agreed = bench.now
    bench.time(MINUTE_MS)
    effects = bench.step(bench.report(wallet=WALLET + to_money(5)))
    assert asked(effects) == [agreed - HOUR_MS]
    _, early = moved("5")
    assert asked(early) == [T0]


def test_after_a_restart_the_log_is_asked_from_before_the_last_thing_that_was_written() -> None:
    bench = Bench()
    bench.time(5 * HOUR_MS)
    bench.price()
    last = bench.state.clock_ms
    bench.restart()
    bench.time(HOUR_MS)
    effects = bench.step(bench.report(wallet=WALLET + to_money(5)))
    assert asked(effects) == [max(T0, last - HOUR_MS)]


def test_with_orders_under_way_or_a_fresh_fill_nothing_is_concluded() -> None:
    bench = Bench()
    ticket = bench.order()
    assert bench.step(bench.report(wallet=WALLET + to_money(5))) == []
    bench.fill(ticket)
    there = [e.PositionReport(BTC, ticket.qty, bench.ws.positions[BTC].cost, 0, 0)]
    assert asked(bench.step(bench.report(rows=there, wallet=WALLET + to_money(5)))) == []


def test_a_wallet_message_with_the_known_difference_asks_for_nothing() -> None:
    bench, _ = moved("500")
    assert bench.step(e.WalletReported(WALLET + to_money(500), bench.now)) == []


def test_the_corrections_of_old_journals_still_count_as_transfers() -> None:
    bench = Bench()
    before = bench.state.references[""]["day"]
    bench.state.apply(WalletCorrected(to_money(-7), "not in our books", bench.now))
    assert bench.state.portfolio.wallet == WALLET - to_money(7)
    assert bench.state.references[""]["day"] == before - to_money(7)
