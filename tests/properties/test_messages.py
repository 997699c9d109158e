"""Messages doubled, late and out of order: whatever the order in which they come, the books end the same."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import events as e
from engine.core.orders import OrderStatus
from engine.core.portfolio import EXTERNAL
from tests.support.desk import BTC, ETH, T0, Bench, assert_replays

ORDERED = 150


def within(parts: list[int]) -> list[int]:
    """Cut fills where the order is full."""
    rest = [ORDERED - sum(parts[:n]) for n in range(len(parts))]
    return [min(part, left) for part, left in zip(parts, rest, strict=True) if left > 0]


PARTS = st.lists(st.integers(1, 60), min_size=1, max_size=6).map(within)


def told(bench: Bench, parts: list[int], *, stopped: bool) -> list[e.Event]:
    """Return what the exchange tells of an entry that filled in parts, of somebody else's trade, and of a funding; and
    of the stop that closed the position when it was `stopped`.
    """
    ticket = bench.order()
    price = ticket.expected
    fills = [bench.execution(ticket, price + n, qty) for n, qty in enumerate(parts)]
    foreign = bench.execution(ticket, link_id="", order_id="by-hand", symbol=ETH, qty=7, kind=e.ExecKind.MANUAL)
    messages: list[e.Event] = [
        e.OrderSent(ticket.link_id, bench.now),
        e.OrderAccepted(ticket.link_id, f"o-{ticket.link_id}", bench.now),
        *fills,
        e.OrderEnded(ticket.link_id, sum(parts), "Filled", bench.now),
        e.ProtectionReported(BTC, ticket.stop or 0, ticket.target or 0, bench.now),
        foreign,
        e.FundingPaid("f1", BTC, 1_000, bench.now),
    ]
    if stopped:
        out = {"link_id": "", "order_id": "stop", "buy": False, "kind": e.ExecKind.STOP}
        messages.append(bench.execution(ticket, ticket.stop, sum(parts), **out))
    return messages


def books(bench: Bench) -> tuple[Any, ...]:
    """Return what must not depend on the order of messages."""
    held = {s: (p.qty, p.cost, p.entered, p.entry_value, p.fees, p.profile) for s, p in bench.ws.positions.items()}
    return held, bench.state.portfolio.wallet, sorted(bench.state.executions)


@settings(max_examples=150, deadline=None)
@given(PARTS, st.data())
def test_any_order_and_any_doubling_of_the_same_messages_gives_the_same_books(
    parts: list[int], data: st.DataObject
) -> None:
    plain, shuffled = Bench(), Bench()
    for message in told(plain, parts, stopped=False):
        plain.step(message)
    messages = told(shuffled, parts, stopped=False)
    again = data.draw(st.lists(st.sampled_from(messages), max_size=6))
    for message in data.draw(st.permutations(messages + again)):
        shuffled.step(message)
    assert books(shuffled) == books(plain)
    assert [order.status for order in shuffled.state.book.orders.values()] == [
        OrderStatus.FILLED if sum(parts) == ORDERED else OrderStatus.CANCELLED
    ]
    assert_replays(shuffled)


@settings(max_examples=150, deadline=None)
@given(PARTS, st.data())
def test_a_stop_told_before_its_entry_still_ends_flat_with_the_same_money(
    parts: list[int], data: st.DataObject
) -> None:
    plain, shuffled = Bench(), Bench()
    for message in told(plain, parts, stopped=True):
        plain.step(message)
    messages = told(shuffled, parts, stopped=True)
    for message in data.draw(st.permutations(messages + messages)):
        shuffled.step(message)
    assert BTC not in shuffled.ws.positions
    assert shuffled.state.portfolio.wallet == plain.state.portfolio.wallet
    assert_replays(shuffled)


@given(st.booleans(), st.integers(1, 500))
def test_a_fill_of_an_order_that_nobody_knows_is_an_external_position(buy: bool, qty: int) -> None:
    bench = Bench()
    fill = e.Executed("x", "who-knows", "o", BTC, buy, 10_000, qty, 0, e.ExecKind.ORDER, T0)
    bench.step(fill)
    bench.step(fill)
    position = bench.ws.positions[BTC]
    assert (position.profile, position.qty) == (EXTERNAL, qty if buy else -qty)
