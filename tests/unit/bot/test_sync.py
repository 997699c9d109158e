"""Whose a row of the past is, and where books and exchange differ: pure rules."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.sync_compare import differences
from bot.sync_owners import DESK, Evidence, is_missing, owner
from engine.core.market import DAY_MS
from engine.core.portfolio import EXTERNAL
from engine.exchanges.bybit.backfill import HistoryRow, Kind, execution
from engine.exchanges.bybit.parse import BadData
from engine.exchanges.bybit.queries import WINDOW_MS
from engine.presets import account
from storage.sync_books import Booked, Trip
from tests.unit.bybit import documented as doc

ACCOUNT = account(tag="pd00")
HERE = 20_000 * DAY_MS
TRIP = Trip(symbol="SOLUSDT", profile="cft", entry_ms=HERE, exit_ms=HERE + 60_000)
NOTHING = Evidence(executions={}, orders={}, trips=())
ROW = HistoryRow(
    kind=Kind.EXECUTIONS,
    row_id="e",
    order_id="o",
    link_id="",
    symbol="SOLUSDT",
    buy=False,
    quantity=Decimal(1),
    price=Decimal(1),
    fee=Decimal(0),
    pnl=None,
    made_by="",
    at_ms=HERE + 30_000,
)
STOP = replace(ROW, made_by="StopLoss")


@pytest.mark.parametrize(
    ("row", "evidence", "whose"),
    [
        (replace(ROW, link_id="pd00-cft-e0-1"), NOTHING, "cft"),
        (replace(ROW, link_id="pd00-gone-e0-1"), NOTHING, DESK),
        (replace(ROW, link_id="zz99-cft-e0-1"), NOTHING, EXTERNAL),
        (ROW, NOTHING, EXTERNAL),
        (ROW, replace(NOTHING, trips=(TRIP,)), EXTERNAL),
        (ROW, replace(NOTHING, executions={"e": ""}), EXTERNAL),
        (ROW, replace(NOTHING, orders={"o": "cft"}), "cft"),
        (STOP, NOTHING, EXTERNAL),
        (STOP, replace(NOTHING, trips=(TRIP,)), "cft"),
        (STOP, replace(NOTHING, executions={"e": "lx"}, trips=(TRIP,)), "lx"),
        (STOP, replace(NOTHING, trips=(replace(TRIP, symbol="BTCUSDT"),)), EXTERNAL),
        (STOP, replace(NOTHING, trips=(replace(TRIP, profile=""),)), EXTERNAL),
        (replace(STOP, at_ms=HERE + 64_999), replace(NOTHING, trips=(TRIP,)), "cft"),
        (replace(STOP, at_ms=HERE + 65_001), replace(NOTHING, trips=(TRIP,)), EXTERNAL),
        (replace(STOP, at_ms=HERE - 5_001), replace(NOTHING, trips=(TRIP,)), EXTERNAL),
    ],
)
def test_a_row_belongs_to_whom_the_evidence_says(row: HistoryRow, evidence: Evidence, whose: str) -> None:
    assert owner(row, ACCOUNT, evidence) == whose


def test_between_two_trips_the_one_that_was_open_holds_what_befell() -> None:
    later = replace(TRIP, profile="lx", entry_ms=HERE + 62_000, exit_ms=HERE + 99_000)
    for trips in ((TRIP, later), (later, TRIP)):
        near = replace(NOTHING, trips=trips)
        assert owner(replace(STOP, at_ms=HERE + 59_000), ACCOUNT, near) == "cft"
        assert owner(replace(STOP, at_ms=HERE + 63_000), ACCOUNT, near) == "lx"


def test_only_an_execution_by_our_id_can_be_missing_from_the_books() -> None:
    ours = replace(ROW, link_id="pd00-cft-e0-1")
    assert is_missing(ours, ACCOUNT, NOTHING)
    assert not is_missing(ours, ACCOUNT, replace(NOTHING, executions={"e": ""}))
    assert not is_missing(replace(ours, kind=Kind.ORDERS), ACCOUNT, NOTHING)
    assert not is_missing(ROW, ACCOUNT, NOTHING)


@pytest.mark.parametrize(
    ("changes", "made_by"),
    [
        ({}, ""),
        ({"createType": "CreateByClosing"}, ""),
        ({"stopOrderType": "StopLoss", "createType": "CreateByStopLoss"}, "StopLoss"),
        ({"stopOrderType": "UNKNOWN", "createType": "CreateByTrailingStop"}, "CreateByTrailingStop"),
        ({"stopOrderType": "Stop", "createType": "CreateByUser"}, ""),
        ({"execType": "Funding"}, "Funding"),
        ({"execType": "BustTrade"}, "BustTrade"),
    ],
)
def test_what_the_exchange_did_by_itself_is_told_apart(changes: dict[str, str], made_by: str) -> None:
    read = execution({**doc.EXECUTION, "stopOrderType": "UNKNOWN", "createType": "CreateByUser", **changes})
    assert not isinstance(read, BadData)
    assert read.made_by == made_by


START = HERE // WINDOW_MS * WINDOW_MS
BOOKED = Booked(
    symbol="SOLUSDT",
    profile="cft",
    entry_ms=START,
    exit_ms=START + WINDOW_MS,
    result=Decimal("-1.2"),
    order_ids=("in", "half", "out"),
)
READ = frozenset({START, START + WINDOW_MS})


@pytest.mark.parametrize(
    ("closed", "theirs"),
    [
        ({"half": "-0.7", "out": "-0.5"}, []),
        ({"half": "-0.7", "out": "-0.509"}, []),
        ({"half": "-0.7", "out": "-0.511"}, [Decimal("-1.211")]),
        ({"half": "-0.7", "stranger": "-0.5"}, [Decimal("-0.7")]),
        ({}, [None]),
    ],
)
def test_a_trade_differs_by_more_than_a_cent_or_by_being_absent(
    closed: dict[str, str], theirs: list[Decimal | None]
) -> None:
    compared, found = differences([BOOKED], {name: Decimal(pnl) for name, pnl in closed.items()}, READ)
    assert compared == 1
    assert [one.theirs for one in found] == theirs


def test_what_was_not_read_in_whole_or_is_not_ours_is_not_compared() -> None:
    assert differences([BOOKED], {}, frozenset({START})) == (0, [])
    assert differences([replace(BOOKED, profile=EXTERNAL)], {}, READ) == (0, [])
