"""Our closed trades beside the exchange's closed P&L of the same orders: where the two differ, and by how much."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.core.portfolio import EXTERNAL
from engine.exchanges.bybit.queries import WINDOW_MS
from storage.sync_books import Booked

# The exchange shows average prices cut short; a cent covers that.
TOLERANCE = Decimal("0.01")
# Closed P&L appears some time after the fill.
LAG_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A trade on which books and exchange disagree; `theirs` is None when the exchange has no closed P&L of it. Money
    in quote currency after fees, without funding.
    """

    symbol: str
    profile: str
    closed_ms: int
    ours: Decimal
    theirs: Decimal | None


def differences(
    trades: Sequence[Booked], closed: Mapping[str, Decimal], read: frozenset[int]
) -> tuple[int, list[Difference]]:
    """Return how many trades could be compared, and those that differ. `closed` is the exchange's P&L by order id,
    `read` the starts of the windows of closed P&L that were read; external trades are not ours to compute.
    """
    compared, found = 0, []
    for trade in trades:
        if trade.profile == EXTERNAL or not _covered(trade, read):
            continue
        compared += 1
        parts = [closed[order_id] for order_id in trade.order_ids if order_id in closed]
        theirs = sum(parts, Decimal(0)) if parts else None
        if theirs is None or abs(theirs - trade.result) > TOLERANCE:
            found.append(
                Difference(
                    symbol=trade.symbol,
                    profile=trade.profile,
                    closed_ms=trade.exit_ms,
                    ours=trade.result,
                    theirs=theirs,
                )
            )
    return compared, found


def _covered(trade: Booked, read: frozenset[int]) -> bool:
    first, last = trade.entry_ms // WINDOW_MS, trade.exit_ms // WINDOW_MS
    return all(number * WINDOW_MS in read for number in range(first, last + 1))
