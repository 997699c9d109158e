"""The outbox: alerts become durable with their facts, reach every chat once, in order."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.core.alerts import HoldAlert, ProtectionAlert, StopMovedAlert
from engine.core.codec import decode
from engine.journal import AnyAlert
from storage.outbox import OutboxNew
from storage.priority import Priority
from storage.store import Store
from tests.integration.storage.desk import beginning, with_desk

MOVED = StopMovedAlert(
    account="main",
    mode="paper",
    at_ms=7,
    position_id="p1",
    symbol="BTCUSDT",
    profile="cft",
    long=True,
    stop=Decimal("1.10"),
    target=None,
    why="breakeven",
)
NAKED = ProtectionAlert(
    account="main",
    mode="paper",
    at_ms=8,
    position_id="p1",
    symbol="BTCUSDT",
    profile="cft",
    why="refused",
    doing="closing",
)
HALT = HoldAlert(
    account="main", mode="paper", at_ms=9, scope="account", level="HALTED", set=True, by="desk", reason="r"
)


def message(chat_id: int) -> OutboxNew:
    return OutboxNew(chat_id=chat_id, kind="alert", payload={"text": "x"}, priority=Priority.ALERT, thread="p1")


def test_alerts_are_stored_with_their_facts_the_critical_ones_first(tmp_path: Path) -> None:
    async def work(store: Store) -> list[tuple[Any, ...]]:
        await store.journal.submit(beginning(), [MOVED, NAKED, HALT])
        rows = await store.outbox.pending(10)
        assert decode(AnyAlert, rows[2].payload) == MOVED
        return [(row.chat_id, row.kind, row.priority, row.thread, row.critical, row.created_ms) for row in rows]

    assert with_desk(tmp_path, work) == [
        (None, "ProtectionAlert", 0, "p1", True, 8),
        (None, "HoldAlert", 0, None, True, 9),
        (None, "StopMovedAlert", 2, "p1", False, 7),
    ]


def test_an_alert_is_fanned_out_once(tmp_path: Path) -> None:
    async def work(store: Store) -> tuple[Any, ...]:
        await store.journal.submit([], [MOVED])
        alert = (await store.outbox.pending(1))[0]
        first = await store.outbox.fan_out(alert.id, [message(1), message(2)])
        again = await store.outbox.fan_out(alert.id, [message(1), message(2)])
        return len(first), again, [row.chat_id for row in await store.outbox.pending(9)], await store.outbox.counts()

    assert with_desk(tmp_path, work) == (2, [], [1, 2], {"fanned": 1, "pending": 2})


def test_a_message_goes_through_its_states(tmp_path: Path) -> None:
    async def work(store: Store) -> tuple[Any, ...]:
        box = store.outbox
        ids = [await box.add(5, "reply", {"n": n}, Priority.REPLY, "p1", created_ms=1) for n in range(3)]
        await box.failed([ids[0]], "timeout", 99)
        await box.sent([ids[1]], 77, 2)
        await box.dropped([ids[2]], "blocked")
        row = (await box.pending(9))[0]
        assert (row.id, row.attempts, row.retry_at_ms, row.payload) == (ids[0], 1, 99, {"n": 0})
        return await box.message_of("p1", 5), await box.message_of("p1", 6), await box.counts()

    assert with_desk(tmp_path, work) == (77, None, {"pending": 1, "sent": 1, "dropped": 1})


def test_pending_messages_survive_the_process(tmp_path: Path) -> None:
    async def write(store: Store) -> None:
        await store.outbox.add(5, "reply", {}, Priority.REPLY, created_ms=1)

    async def read(store: Store) -> int:
        return len(await store.outbox.pending(9))

    with_desk(tmp_path, write)
    assert with_desk(tmp_path, read) == 1
