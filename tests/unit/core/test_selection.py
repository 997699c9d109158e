"""The symbols of the largest turnover: ranked, floored, chosen anew each UTC day and kept until the next."""

from typing import Any

from engine.core import events as e
from engine.core.facts import SignalRecorded
from engine.core.feed_events import SymbolsChanged
from engine.core.selection import chosen, largest
from engine.core.strategy import Enter
from tests.support.desk import BTC, DAY, ETH, XRP, Bench, account, facts, profile, refusal


def test_the_largest_come_first_and_equals_go_by_name() -> None:
    turnovers = {"B": 50, "A": 50, "C": 80, "D": 20}
    assert largest(turnovers, "ABCD", floor=0, count=3) == ("C", "A", "B")
    assert largest(turnovers, "ABCD", floor=50, count=9) == ("C", "A", "B")
    assert largest(turnovers, "ABCD", floor=51, count=9) == ("C",)
    assert largest(turnovers, "DDX", floor=0, count=9) == ("D",)


def bench(**turnovers: int) -> Bench:
    desk = Bench(account(profile(largest=2, turnover_floor=100)))
    for symbol, turnover in turnovers.items():
        desk.step(e.TurnoverReported(symbol, turnover, desk.now))
    return desk


def signal(desk: Bench, symbol: str) -> list[Any]:
    desk.time(60_000)
    desk.price(symbol=symbol)
    return desk.bar(Enter(True, "go"), symbol=symbol)


def test_only_the_largest_are_entered() -> None:
    desk = bench(BTCUSDT=300, ETHUSDT=200, XRPUSDT=150)
    assert refusal(signal(desk, BTC)) == ""
    effects = signal(desk, XRP)
    assert refusal(effects) == "turnover"
    assert "not among the 2 largest of today" in facts(effects, SignalRecorded)[-1].detail


def test_the_choice_holds_for_the_day_and_is_made_anew_at_midnight() -> None:
    desk = bench(BTCUSDT=300, ETHUSDT=200, XRPUSDT=150)
    own = desk.account.profiles[0]
    assert chosen(desk.ws, own) == (BTC, ETH)
    desk.step(e.TurnoverReported(XRP, 900, desk.now))
    assert chosen(desk.ws, own) == (BTC, ETH)
    desk.time(DAY)
    assert chosen(desk.ws, own) == (XRP, BTC)


def test_until_every_turnover_is_known_the_choice_is_not_kept() -> None:
    desk = bench(BTCUSDT=300, XRPUSDT=150)
    own = desk.account.profiles[0]
    assert chosen(desk.ws, own) == (BTC, XRP)
    desk.step(e.TurnoverReported(ETH, 200, desk.now))
    assert chosen(desk.ws, own) == (BTC, ETH)


def test_symbols_that_come_to_a_profile_are_chosen_among_at_once_and_decided_on() -> None:
    desk = Bench(account(profile(symbols=(BTC, ETH), largest=2, turnover_floor=100)))
    for symbol, turnover in {BTC: 300, ETH: 200, XRP: 250}.items():
        desk.step(e.TurnoverReported(symbol, turnover, desk.now))
    assert chosen(desk.ws, desk.account.profiles[0]) == (BTC, ETH)
    assert signal(desk, XRP) == []
    desk.step(SymbolsChanged("alpha", (BTC, ETH, XRP)))
    (own,) = desk.ws.account.profiles
    assert chosen(desk.ws, own) == (BTC, XRP)
    assert refusal(signal(desk, XRP)) == ""
    assert refusal(signal(desk, ETH)) == "turnover"


def test_what_comes_to_one_profile_leaves_the_others_as_they_are() -> None:
    desk = Bench(account(profile(symbols=(BTC,)), profile("beta", symbols=(ETH,))))
    desk.step(SymbolsChanged("alpha", (BTC, XRP)))
    assert [each.symbols for each in desk.ws.account.profiles] == [(BTC, XRP), (ETH,)]
