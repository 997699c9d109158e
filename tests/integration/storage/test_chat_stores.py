"""Confirmations, updates, audit, panels, users, settings, reports, heartbeats and what is forgotten."""

import asyncio
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.core.market import DAY_MS, HOUR_MS, MINUTE_MS
from storage.claims import Expired, Foreign, TooSoon, Used
from storage.confirmations import Claimed
from storage.rows import EquityPoint
from storage.store import Store
from tests.integration.storage.desk import sql, with_desk

NOW = 20_000 * DAY_MS


async def bound(store: Store, nonce: str = "n") -> None:
    await store.confirmations.create(nonce, 1, 2, '{"a":1}', 0, 30_000)
    await store.confirmations.bind(nonce, 3)


def test_a_confirmation_claimed_by_twenty_tasks_is_claimed_once(tmp_path: Path) -> None:
    async def work(store: Store) -> Counter[type]:
        await bound(store)
        claims = await asyncio.gather(*(store.confirmations.claim("n", 1, 2, 3, 1_000) for _ in range(20)))
        assert Claimed('{"a":1}') in claims
        return Counter(map(type, claims))

    assert with_desk(tmp_path, work) == {Claimed: 1, Used: 19}


@pytest.mark.parametrize(
    ("press", "answer"),
    [
        (("n", 1, 2, 3, 700), Claimed('{"a":1}')),
        (("n", 1, 2, 3, 699), TooSoon()),
        (("n", 1, 2, 3, 30_000), Expired()),
        (("n", 9, 2, 3, 1_000), Foreign()),
        (("n", 1, 9, 3, 1_000), Foreign()),
        (("n", 1, 2, 9, 1_000), Foreign()),
        (("other", 1, 2, 3, 1_000), Expired()),
    ],
)
def test_a_press_counts_only_from_its_user_chat_message_and_time(tmp_path: Path, press: Any, answer: object) -> None:
    async def work(store: Store) -> object:
        await bound(store)
        return await store.confirmations.claim(*press)

    assert with_desk(tmp_path, work) == answer


def test_a_confirmation_without_its_message_cannot_be_claimed_yet(tmp_path: Path) -> None:
    async def work(store: Store) -> list[object]:
        await store.confirmations.create("n", 1, 2, "{}", 0, 30_000)
        early = await store.confirmations.claim("n", 1, 2, 3, 1_000)
        await store.confirmations.bind("n", 3)
        await store.confirmations.bind("n", 4)
        return [early, await store.confirmations.claim("n", 1, 2, 3, 1_000)]

    assert with_desk(tmp_path, work) == [TooSoon(), Claimed("{}")]


def test_an_update_is_seen_first_once_and_keeps_its_result(tmp_path: Path) -> None:
    async def work(store: Store) -> list[object]:
        updates = store.updates
        seen = await asyncio.gather(*(updates.first_seen(1, 5, NOW) for _ in range(10)))
        await updates.finish(1, 5, "answered")
        before = [
            sum(seen),
            await updates.first_seen(2, 5, NOW),
            await updates.result(1, 5),
            await updates.result(1, 6),
        ]
        return [*before, await updates.prune(NOW + 48 * HOUR_MS), await updates.prune(NOW + 48 * HOUR_MS + 1)]

    assert with_desk(tmp_path, work) == [1, True, "answered", None, 0, 2]


async def three_lines(store: Store) -> None:
    for number in range(3):
        await store.audit.add(NOW + number, 7, "Ann", "pause", f"line {number}", "done")


@pytest.mark.parametrize(
    ("tampering", "bad"),
    [
        ("UPDATE audit SET answer = 'refused' WHERE id = 2", 2),
        ("DELETE FROM audit WHERE id = 2", 3),
        ("DELETE FROM audit WHERE id = 1", 2),
        ("UPDATE audit SET previous = '' WHERE id = 3", 3),
        ("UPDATE audit SET detail = detail", None),
    ],
)
def test_a_changed_or_removed_audit_line_is_found(tmp_path: Path, tampering: str, bad: int | None) -> None:
    with_desk(tmp_path, three_lines)
    sql(tmp_path, tampering)

    async def verify(store: Store) -> tuple[int | None, bool]:
        return await store.audit.verify(), bool(await store.check())

    assert with_desk(tmp_path, verify) == (bad, bad is not None)


def test_the_audit_is_read_newest_first(tmp_path: Path) -> None:
    async def work(store: Store) -> list[str]:
        await three_lines(store)
        return [row.detail for row in await store.audit.latest(2, 1)]

    assert with_desk(tmp_path, work) == ["line 1", "line 0"]


def test_small_stores_keep_what_they_are_given(tmp_path: Path) -> None:
    async def work(store: Store) -> list[object]:
        await store.panels.set(1, 10)
        await store.panels.set(1, 11)
        await store.panels.set(2, 20)
        await store.panels.remove(2)
        await store.users.set(5, "owner", "Ann", NOW)
        await store.users.set(6, "viewer", "Bob", NOW)
        await store.users.remove(6)
        await store.settings.set("zone", "UTC")
        await store.settings.set("mute", ["cooldown"], user_id=5)
        await store.heartbeats.beat("engine", NOW, "ok")
        users = [user.name for user in await store.users.all()]
        settings = [await store.settings.get("zone"), await store.settings.get("zone", 5), await store.settings.all(5)]
        return [await store.panels.all(), await store.panels.get(2), users, await store.users.get(6), *settings]

    expected = [{1: 11}, None, ["Ann"], None, "UTC", None, {"mute": ["cooldown"]}]
    assert with_desk(tmp_path, work) == expected

    async def beats(store: Store) -> object:
        return await store.heartbeats.all()

    assert with_desk(tmp_path, beats) == {"engine": (NOW, "ok")}


def test_a_report_is_claimed_once_and_remembered_until_sent(tmp_path: Path) -> None:
    async def work(store: Store) -> list[object]:
        day = date(2026, 11, 20)
        claims = await asyncio.gather(*(store.reports.claim("daily", day) for _ in range(5)))
        before = await store.reports.unsent()
        await store.reports.mark_sent("daily", "2026-11-20", NOW)
        return [sum(claims), before, await store.reports.unsent(), await store.reports.claim("weekly", day)]

    assert with_desk(tmp_path, work) == [1, [("daily", "2026-11-20")], [], True]


def test_pruning_forgets_what_had_its_time_and_never_an_unsent_message(tmp_path: Path) -> None:
    async def work(store: Store) -> dict[str, int]:
        await store.updates.first_seen(1, 1, NOW - 49 * HOUR_MS)
        await store.confirmations.create("old", 1, 1, "{}", 0, NOW - 2 * DAY_MS)
        await store.confirmations.create("new", 1, 1, "{}", 0, NOW)
        for _ in range(2):
            number = await store.outbox.add(1, "x", {}, 1, created_ms=NOW - 31 * DAY_MS)
        await store.outbox.sent([number], 5, NOW)
        gone = await store.prune(NOW)
        assert await store.outbox.counts() == {"pending": 1}
        return gone

    assert with_desk(tmp_path, work) == {"updates": 1, "confirmations": 1, "outbox": 1, "equity": 0}


def test_the_equity_curve_is_thinned_to_its_last_point_per_step(tmp_path: Path) -> None:
    month = NOW - 31 * DAY_MS
    times = [month + minute * MINUTE_MS for minute in range(30)]
    times += [NOW - DAY_MS, NOW - DAY_MS + 5, NOW - DAY_MS + MINUTE_MS, NOW - 10, NOW - 5]
    zero = Decimal(0)

    async def work(store: Store) -> list[int]:
        points = [EquityPoint(at_ms=at, wallet=zero, equity=zero, margin=zero, unrealised=zero) for at in times]
        await store.queries.add_equity(*points)
        await store.prune(NOW)
        await store.prune(NOW)
        return [point.at_ms - NOW for point in await store.queries.equity()]

    kept = [month + 14 * MINUTE_MS - NOW, month + 29 * MINUTE_MS - NOW]
    assert with_desk(tmp_path, work) == [*kept, 5 - DAY_MS, MINUTE_MS - DAY_MS, -10, -5]
