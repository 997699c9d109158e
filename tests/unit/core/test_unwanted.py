"""People closed everything while entries were under way: what these still fill is closed too, and nothing else is."""

from typing import Any

import pytest

from engine.core import commands as c
from engine.core import events as e
from engine.core.strategy import Enter
from tests.support.desk import BTC, ETH, T0, Bench, account, assert_replays, placed, profile


def give(bench: Bench, kind: type[c.Command], **fields: Any) -> None:
    bench.step(kind(command_id="close", by="ann", wall_ms=T0, **fields))


def desk() -> Bench:
    return Bench(account(profile(), profile("beta")))


def crash(bench: Bench) -> None:
    bench.restart()
    bench.price()


@pytest.mark.parametrize("crashes", [False, True])
@pytest.mark.parametrize(
    ("fields", "closed"),
    [
        ({}, True),
        ({"profile": "alpha"}, True),
        ({"profile": "beta"}, False),
        ({"which": c.Filter.LONGS}, True),
        ({"which": c.Filter.SHORTS}, False),
        ({"which": c.Filter.LOSERS}, False),
    ],
)
def test_what_an_entry_fills_after_close_all_is_closed_where_close_all_meant_it(
    fields: dict[str, Any], closed: bool, crashes: bool
) -> None:
    bench = desk()
    late = bench.order()
    give(bench, c.CloseAll, **fields)
    if crashes:
        crash(bench)
    bench.fill(late)
    assert [ticket.reason for ticket in placed(bench.time(250))] == (["by hand"] if closed else [])
    assert_replays(bench)


def test_the_rest_of_an_entry_that_fills_after_its_position_is_flat_is_closed_as_well() -> None:
    bench = desk()
    late = bench.order()
    bench.fill(late, qty=50)
    bench.step(c.ClosePosition(command_id="one", by="ann", wall_ms=T0, symbol=BTC))
    (first,) = placed(bench.effects)[-1:]
    bench.fill(first)
    assert bench.ws.positions == {}
    bench.fill(late, qty=100)
    assert [ticket.qty for ticket in placed(bench.time(250))] == [100]
    assert placed(bench.time(250)) == []
    assert_replays(bench)


def test_a_close_that_is_refused_is_tried_again_for_an_unwanted_entry_too() -> None:
    bench = desk()
    late = bench.order()
    give(bench, c.CloseAll)
    bench.fill(late)
    (first,) = placed(bench.time(250))
    bench.step(e.OrderRejected(first.link_id, "1", "no", bench.now))
    assert [ticket.qty for ticket in placed(bench.time(2_000))] == [150]


def test_a_part_closed_by_hand_leaves_the_entry_wanted() -> None:
    bench = desk()
    late = bench.order()
    bench.fill(late, qty=100)
    give(bench, c.ClosePosition, symbol=BTC, percent=50)
    bench.fill(late, qty=50)
    assert placed(bench.time(250)) == []


def test_the_next_entry_on_the_symbol_is_wanted_again() -> None:
    bench = desk()
    late = bench.order()
    give(bench, c.CloseAll)
    bench.fill(late)
    bench.fill(placed(bench.time(250))[0])
    bench.step(c.Resume(command_id="r", by="ann", wall_ms=T0))
    bench.price(symbol=ETH)
    bench.fill(placed(bench.bar(Enter(True, "go"), symbol=ETH))[0])
    assert placed(bench.time(250)) == []
    assert list(bench.ws.positions) == [ETH]
