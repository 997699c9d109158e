"""Whose a row of the account's past is: by the evidence of our books first, then by the order's own id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.core.ids import is_ours
from engine.core.portfolio import EXTERNAL
from engine.core.profile import Account
from engine.exchanges.bybit.backfill import HistoryRow, Kind
from storage.sync_books import Trip

# An order of this installation whose profile is no longer there.
DESK = "desk"
# How far the exchange's stamps of one event may lie apart.
_NEAR_MS = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the books know: profiles by execution, profiles by the exchange's order id, positions with their times."""

    executions: Mapping[str, str]
    orders: Mapping[str, str]
    trips: Sequence[Trip]


def owner(row: HistoryRow, account: Account, evidence: Evidence) -> str:
    """Return a profile's name, `desk` or `external`."""
    booked = evidence.executions.get(row.row_id) if row.kind is Kind.EXECUTIONS else None
    if booked:
        return booked
    if is_ours(account.tag, row.link_id):
        code = row.link_id.split("-")[1]
        return next((profile.name for profile in account.profiles if profile.code == code), DESK)
    known = evidence.orders.get(row.order_id)
    if known:
        return known
    return _holder(row, evidence.trips) if row.made_by else EXTERNAL


def _holder(row: HistoryRow, trips: Sequence[Trip]) -> str:
    # What the exchange does by itself (stop, target, liquidation, funding) befalls whoever holds the position. Between
    # two trips that meet, the one that was open by more than a stamp's error.
    near = [
        trip
        for trip in trips
        if trip.symbol == row.symbol and trip.entry_ms - _NEAR_MS <= row.at_ms <= trip.exit_ms + _NEAR_MS
    ]
    near.sort(key=lambda trip: max(trip.entry_ms - row.at_ms, row.at_ms - trip.exit_ms))
    return near[0].profile if near and near[0].profile else EXTERNAL


def is_missing(row: HistoryRow, account: Account, evidence: Evidence) -> bool:
    """Tell whether an execution carries an id of ours and is in no book."""
    return row.kind is Kind.EXECUTIONS and is_ours(account.tag, row.link_id) and row.row_id not in evidence.executions
