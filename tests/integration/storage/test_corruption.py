"""A corrupt file: set aside, replaced by the newest sound copy, and told."""

from pathlib import Path

import pytest

from engine.core.facts import Fact
from storage.sqlite_files import daily_copy, problems
from storage.store import Store
from tests.integration.storage.desk import beginning, round_trip, with_desk

DAY = 86_400_000


def overwrite(path: Path, *, first_page: int, pages: int = 8) -> None:
    with path.open("r+b") as file:
        file.seek(first_page * 4096)
        file.write(b"\xa5" * 4096 * pages)


async def fill(store: Store) -> None:
    await store.journal.submit(beginning(), [])
    await store.journal.bulk((round_trip(number), ()) for number in range(100))


async def state(store: Store) -> tuple[tuple[str, ...], list[Fact]]:
    return store.findings, (await store.journal.load()).facts


@pytest.mark.parametrize("first_page", [0, 2])
def test_a_corrupt_database_is_set_aside_and_the_newest_backup_restored(tmp_path: Path, first_page: int) -> None:
    async def backed_up(store: Store) -> None:
        await store.journal.submit(beginning(), [])
        await store.daily_backup(20_000 * DAY)
        await fill(store)

    with_desk(tmp_path, backed_up)
    overwrite(tmp_path / "desk.sqlite3", first_page=first_page)
    findings, facts = with_desk(tmp_path, state)
    assert "corrupt" in findings[0]
    assert "restored from desk-2024-10-04.sqlite3" in findings[1]
    assert facts == beginning()
    assert len(list(tmp_path.glob("desk.sqlite3.broken-*"))) == 1
    assert with_desk(tmp_path, state)[0] == ()


def test_without_a_backup_the_desk_starts_empty_and_says_so(tmp_path: Path) -> None:
    with_desk(tmp_path, fill)
    overwrite(tmp_path / "desk.sqlite3", first_page=0)
    findings, facts = with_desk(tmp_path, state)
    assert "no sound backup" in findings[1]
    assert facts == []


def test_a_damaged_backup_is_passed_over(tmp_path: Path) -> None:
    async def two_backups(store: Store) -> None:
        await store.journal.submit(beginning(), [])
        await store.daily_backup(20_000 * DAY)
        await store.journal.submit(round_trip(1), [])
        newest = await store.daily_backup(20_001 * DAY)
        assert newest is not None
        overwrite(newest, first_page=0, pages=1)

    with_desk(tmp_path, two_backups)
    overwrite(tmp_path / "desk.sqlite3", first_page=0)
    assert "restored from desk-2024-10-04" in with_desk(tmp_path, state)[0][1]


def test_backups_are_private_one_a_day_and_kept_for_fourteen_days(tmp_path: Path) -> None:
    with_desk(tmp_path, fill)
    path = tmp_path / "desk.sqlite3"
    made = [daily_copy(path, (20_000 + day) * DAY) for day in range(20)]
    assert daily_copy(path, 20_019 * DAY) is None
    kept = sorted((tmp_path / "backups").iterdir())
    assert kept == made[-14:]
    assert {file.stat().st_mode & 0o777 for file in (*kept, path)} == {0o600}
    assert problems(kept[0]) == []


def test_a_sound_database_has_no_problems(tmp_path: Path) -> None:
    async def check(store: Store) -> list[str]:
        await fill(store)
        return await store.check()

    assert with_desk(tmp_path, check) == []
