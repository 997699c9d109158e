"""Tables computed from facts: what they say, and that a rebuild says the same."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

from engine.core.commands import ACCOUNT, Done, Refused
from engine.core.events import (
    ExecKind,
    Executed,
    FundingPaid,
    InstrumentChanged,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderRejected,
    OrderUnsent,
    ProtectionRefused,
    ProtectionReported,
)
from engine.core.facts import (
    CommandHandled,
    CooldownSet,
    Fact,
    Hold,
    HoldLifted,
    HoldSet,
    LimitChanged,
    LimitCrossed,
    OrderIntended,
    PositionAdopted,
    ProfileSwitched,
    ProtectionIntended,
    ReferenceSet,
    RuleSwitched,
    SlippageSeen,
    WalletCorrected,
)
from engine.core.market import DAY_MS, Instrument
from engine.core.profile import HoldLevel
from storage.projections.registry import PROJECTIONS, WITHOUT_ROWS
from storage.store import Store
from storage.tables_trading import PROJECTIONS as TABLES
from storage.tables_trading import instruments
from tests.integration.storage.desk import (
    BTC,
    at,
    beginning,
    closing_facts,
    executed,
    opening,
    round_trip,
    sql,
    ticket,
    with_desk,
)

FINER = Instrument(symbol="BTCUSDT", tick=Decimal("0.01"), step=Decimal("0.001"), min_qty=1, max_market_qty=100_000)
HOLD = Hold(
    hold_id="h1", scope=ACCOUNT, level=HoldLevel.NO_ENTRIES, reason="paused", lift="admin", set_ms=at(5), by="Ann"
)


SLIPPED = SlippageSeen(
    position_id="p",
    profile="cft",
    symbol="BTCUSDT",
    link_id="",
    what="stop",
    expected=Decimal("50000"),
    price=Decimal("49500"),
    ppm=10_000,
    limit_ppm=5_000,
    at_ms=at(6),
)


def decisions() -> list[Fact]:
    return [
        HoldSet(HOLD, at(5)),
        HoldLifted("h1", "Ann", at(6)),
        LimitCrossed(key="daily_equity", level="warned", value=-32_000, threshold=-40_000, at_ms=at(6)),
        LimitChanged(key="daily_equity", old=-40_000, new=-30_000, by="Ann", at_ms=at(6)),
        RuleSwitched("cft", "rule5", False, "Ann", at(6)),
        ProfileSwitched("cft", True, "Ann", at(6)),
        CooldownSet("BTCUSDT", at(60), "closed", at(6)),
        ReferenceSet("", "day", 500_000_000_000, at(6)),
        ReferenceSet("", "day", 500_100_000_000, at(6) + DAY_MS),
        CommandHandled("c1", "Pause", "Ann", Done("c1", (), ("entries are blocked",)), at(6)),
        CommandHandled("c2", "Resume", "Bob", Refused("c2", "not allowed"), at(6)),
        WalletCorrected(100, "transfer", at(6)),
        ProtectionRefused("BTCUSDT", "price beyond", at(6)),
        SLIPPED,
    ]


def troubles() -> list[Fact]:
    unknown = Executed("u1", "", "", "NEWUSDT", True, 1, 1, 1, ExecKind.MANUAL, at(8))
    return [
        *(OrderIntended(ticket(number), at(number)) for number in (7, 8, 9, 10)),
        OrderOutcomeUnknown(ticket(7).link_id, "timeout", at(7)),
        OrderNotFound(ticket(7).link_id, True, at(8)),
        OrderRejected(ticket(8).link_id, "110007", "no balance", at(8)),
        OrderUnsent(ticket(9).link_id, "expired", at(9)),
        OrderNotFound(ticket(10).link_id, False, at(10)),
        unknown,
        OrderRejected("foreign", "", "x", at(10)),
    ]


def life() -> list[list[Fact]]:
    """Return groups that touch every table, with duplicates and a change of the price grid."""
    moved = ProtectionIntended("BTCUSDT", 500_100, 520_000, "breakeven", at(3), 5_000)
    return [
        beginning(),
        [ProtectionIntended("BTCUSDT", 1, 1, "no position", at(1))],
        round_trip(1),
        [executed(1, qty=4), executed(1, entry=False)],
        opening(3),
        [
            moved,
            ProtectionReported("BTCUSDT", 500_200, 520_000, at(3), 4_000),
            FundingPaid("f1", "BTCUSDT", 5_000_000, at(3)),
        ],
        [FundingPaid("f1", "BTCUSDT", 5_000_000, at(3)), FundingPaid("f2", "BTCUSDT", -1, at(3))],
        [executed(3, entry=False, qty=3, part=7)],
        decisions(),
        troubles(),
        closing_facts(4),
        [PositionAdopted("BTCUSDT", -5, 25_000_000_000, "changed by hand", at(11))],
        [InstrumentChanged(FINER, at(12)), executed(12), PositionAdopted("BTCUSDT", 0, 0, "closed by hand", at(12))],
        opening(13),
    ]


async def live(store: Store) -> None:
    for group in life():
        await store.journal.submit(group, [])


def dump(folder: Path) -> dict[str, list[Any]]:
    names = [table.name for table in (*TABLES, instruments)]
    queries = {name: f"SELECT * FROM {name}" for name in names}  # noqa: S608 - names of our own tables
    return {name: sorted(sql(folder, query), key=repr) for name, query in queries.items()}


def test_rebuilt_projections_are_identical_to_the_ones_written_live(tmp_path: Path) -> None:
    with_desk(tmp_path, live)
    before = dump(tmp_path)
    assert all(before.values())
    sql(tmp_path, "UPDATE fills SET fee = '9'")
    sql(tmp_path, "DELETE FROM orders")
    assert with_desk(tmp_path, Store.rebuild_projections, instruments=[]) == sum(map(len, life()))
    assert dump(tmp_path) == before


def test_it_does_not_matter_how_often_the_store_was_reopened(tmp_path: Path) -> None:
    for name in ("once", "often"):
        (tmp_path / name).mkdir()
    with_desk(tmp_path / "once", live, instruments=[])
    for group in life():

        async def write(store: Store, group: list[Fact] = group) -> None:
            await store.journal.submit(group, [])

        with_desk(tmp_path / "often", write, instruments=[])
    assert dump(tmp_path / "often") == dump(tmp_path / "once")


def test_slippage_is_on_record_with_its_numbers_and_can_be_counted(tmp_path: Path) -> None:
    with_desk(tmp_path, live)
    rows = sql(tmp_path, "SELECT subject, detail, count(*) FROM risk_events WHERE kind = 'slippage' GROUP BY subject")
    assert rows == [("BTCUSDT", "stop of cft: 49500 instead of 50000, 10000 ppm with a limit of 5000", 1)]


def test_the_trail_of_an_open_position_is_in_its_row(tmp_path: Path) -> None:
    async def work(store: Store) -> None:
        for group in life()[:6]:
            await store.journal.submit(group, [])

    with_desk(tmp_path, work)
    ((state, stop),) = sql(tmp_path, "SELECT state, stop FROM positions WHERE quantity <> '0'")
    kept = json.loads(state)
    assert (kept["trail"], kept["held_trail"]) == (4_000, 4_000)
    # Where the exchange trails, a better stop of its own is the one wanted.
    assert (kept["stop"], stop) == (500_200, "50020")


def test_a_repeated_execution_changes_nothing(tmp_path: Path) -> None:
    async def work(store: Store) -> None:
        await store.journal.submit([*beginning(), *opening(1)], [])
        once = dump(tmp_path)
        await store.journal.submit([executed(1, qty=4), executed(1, qty=6, part=1)], [])
        assert dump(tmp_path) == once

    with_desk(tmp_path, work)


def test_orders_end_as_the_core_says(tmp_path: Path) -> None:
    with_desk(tmp_path, live)
    found = dict(sql(tmp_path, "SELECT substr(link_id, -1), status || ':' || why FROM orders WHERE side = 'buy'"))
    assert found == {
        "1": "filled:",
        "3": "filled:",
        "7": "cancelled:not found on the exchange",
        "8": "rejected:no balance (110007)",
        "9": "rejected:expired",
        "a": "created:",
        "d": "filled:",
    }


def test_a_fact_of_an_unknown_instrument_is_kept_and_put_on_record(tmp_path: Path) -> None:
    with_desk(tmp_path, live)
    assert sql(tmp_path, "SELECT subject FROM system_events WHERE kind = 'unprojected'") == [("NEWUSDT",)]


def test_instruments_given_at_the_start_serve_facts_that_come_before_any_other(tmp_path: Path) -> None:
    async def work(store: Store) -> None:
        await store.journal.submit(opening(1), [])

    with_desk(tmp_path, work, instruments=[BTC])
    assert sql(tmp_path, "SELECT price, quantity FROM fills LIMIT 1") == [("50000", "0.004")]
    with_desk(tmp_path, Store.rebuild_projections, instruments=[FINER])
    assert sql(tmp_path, "SELECT price, quantity FROM fills LIMIT 1") == [("50000", "0.004")]


def test_every_fact_has_a_projection_or_is_named_as_having_none() -> None:
    assert set(PROJECTIONS) | WITHOUT_ROWS == set(get_args(Fact.__value__))
