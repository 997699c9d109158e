"""What the desk counts in against what the exchange lists: finer at once, coarser not while something may be held."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from engine.core.market import Instrument, Status
from engine.core.orders import Purpose, Ticket
from engine.exchanges.bybit.instruments import InstrumentBook, counted
from engine.exchanges.bybit.orders import order_body
from tests.support.desk import BTC, ETH, instrument

FINE, COARSE = Decimal("0.01"), Decimal(1)


def book(*known: Instrument) -> InstrumentBook:
    # Nothing is asked for here.
    made = InstrumentBook(None)  # type: ignore[arg-type]  # no questions, no caller
    listed(made, *known)
    return made


def listed(made: InstrumentBook, *found: Instrument) -> list[Instrument]:
    return made._adopt({each.symbol: each for each in found}, gone_too=True)


def ticket(qty: int, unit: int, **more: Any) -> Ticket:
    fields: dict[str, Any] = {
        "link_id": "a",
        "position_id": "a",
        "profile": "p",
        "symbol": BTC,
        "buy": False,
        "qty": qty,
    }
    fields |= {"purpose": Purpose.EXIT, "expected": 1, "reason": "", "decided_ms": 0, "unit": unit}
    return Ticket(**(fields | more))


def test_a_finer_step_is_counted_at_once_and_a_coarser_one_in_lots() -> None:
    made = book(instrument())
    assert listed(made, instrument(step=FINE)) == [instrument(step=FINE)]
    found = listed(made, instrument(step=COARSE, min_qty=2))
    assert found == [instrument(step=FINE, lot=100, min_qty=200, max_market_qty=10_000_000)]
    assert listed(made, instrument(step=COARSE, min_qty=2)) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, instrument(step=COARSE)),
        (instrument(step=Decimal("0.3")), instrument(step=COARSE)),
        # A tick of 1e-7 with the old step would be finer than money is counted.
        (instrument(step=FINE), instrument(step=COARSE, tick=Decimal("0.0000001"))),
    ],
)
def test_where_finer_steps_cannot_be_kept_the_exchanges_own_are_counted(
    before: Instrument | None, after: Instrument
) -> None:
    assert counted(after, before) == after


def test_a_start_goes_on_counting_as_the_books_do_where_something_is_held() -> None:
    made = book(instrument(step=COARSE), instrument(ETH))
    gone = instrument("OLDUSDT")
    changed = made.remember([instrument(step=FINE), instrument(ETH), gone])
    assert [(each.symbol, each.lot) for each in changed] == [(BTC, 100), ("OLDUSDT", 1)]
    assert made["OLDUSDT"] == replace(gone, status=Status.CLOSED)
    assert made[ETH] == instrument(ETH)


def test_a_ticket_is_sent_on_the_grid_it_was_decided_on() -> None:
    made = book(instrument())
    old = made[BTC].unit
    listed(made, instrument(step=FINE))
    new = made[BTC].unit
    sent = []
    for qty, unit in ((15, old), (150, new), (150, 0)):
        grid = made.at(BTC, unit)
        assert grid is not None
        sent.append(Decimal(order_body(ticket(qty, unit), grid)["qty"]))
    assert sent == [Decimal("1.5")] * 3
    assert made.at(BTC, 12345) is None
    assert made.at("NOUSDT", 0) is None


def test_a_close_that_is_no_whole_lot_is_left_to_the_exchange() -> None:
    coarse = instrument(step=FINE, lot=100, min_qty=100)
    whole = order_body(ticket(150, coarse.unit, whole=True), coarse)
    assert (whole["qty"], whole["closeOnTrigger"]) == ("0", True)
    part = order_body(ticket(150, coarse.unit), coarse)
    assert (Decimal(part["qty"]), "closeOnTrigger" in part) == (Decimal(1), False)
