"""Check, backup, restore and export as the command line uses them."""

import asyncio
import csv
from pathlib import Path

import pytest

from engine.core.facts import Fact, HoldSet, LimitChanged
from engine.core.profile import HoldLevel
from storage import maintenance
from storage.store import Store
from tests.integration.storage.desk import START, beginning, opening, round_trip, sql, url, with_desk


async def fill(store: Store) -> None:
    await store.journal.submit([*beginning(), *round_trip(1)], [])
    await store.audit.add(1, 7, "=cmd()", "pause", "-5", "done")
    await store.users.set(7, "owner", "Ann", 1)
    await store.outbox.add(1, "alert", {}, 2, created_ms=1)


async def loosen(store: Store) -> None:
    change = LimitChanged(key="daily_equity", old=-40_000, new=-30_000, by="Ann", at_ms=START)
    await store.journal.submit([change, *opening(2)], [])


async def facts_of(store: Store) -> list[Fact]:
    return (await store.journal.load()).facts


def test_a_restore_brings_back_the_backup_halted_without_roles_and_old_messages(tmp_path: Path) -> None:
    with_desk(tmp_path, fill)
    copy = tmp_path / "copy.sqlite3"
    asyncio.run(maintenance.backup(url(tmp_path), copy))
    assert copy.stat().st_mode & 0o777 == 0o600
    with_desk(tmp_path, loosen)

    done = asyncio.run(maintenance.restore(url(tmp_path), copy))

    assert (done.desks, done.loosened) == ((("paper", "main"),), ("paper/main daily_equity",))
    assert done.aside is not None and done.aside.exists()
    *facts, last = with_desk(tmp_path, facts_of)
    assert facts == [*beginning(), *round_trip(1)]
    assert isinstance(last, HoldSet)
    assert (last.hold.level, last.hold.lift) == (HoldLevel.HALTED, "admin")
    assert sql(tmp_path, "SELECT count(*) FROM users") == [(0,)]
    assert sql(tmp_path, "SELECT state FROM outbox") == [("dropped",)]


def test_a_backup_that_is_not_sound_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    with_desk(tmp_path, fill)
    broken = tmp_path / "broken.sqlite3"
    for content in (b"", b"not a database at all" * 500):
        broken.write_bytes(content)
        with pytest.raises(ValueError, match="no sound backup"):
            asyncio.run(maintenance.restore(url(tmp_path), broken))
    assert with_desk(tmp_path, facts_of) == [*beginning(), *round_trip(1)]


def test_check_names_a_gap_in_the_journal_and_a_changed_audit_line(tmp_path: Path) -> None:
    with_desk(tmp_path, fill)
    assert asyncio.run(maintenance.check(url(tmp_path))) == []
    sql(tmp_path, "DELETE FROM journal WHERE seq = 3")
    sql(tmp_path, "UPDATE audit SET answer = 'x'")
    journal, audit = asyncio.run(maintenance.check(url(tmp_path)))
    assert "12 facts, the last has number 13" in journal
    assert "line 1 was changed" in audit


def test_check_of_a_file_that_is_absent_or_broken_says_so(tmp_path: Path) -> None:
    assert asyncio.run(maintenance.check(url(tmp_path))) == [f"{tmp_path}/desk.sqlite3 does not exist"]
    (tmp_path / "desk.sqlite3").write_bytes(b"x" * 5000)
    assert "not a database" in asyncio.run(maintenance.check(url(tmp_path)))[0]


def test_an_export_holds_every_table_and_no_running_formula(tmp_path: Path) -> None:
    with_desk(tmp_path, fill)
    files = asyncio.run(maintenance.export(url(tmp_path), tmp_path / "out"))
    rows = {file.stem: list(csv.DictReader(file.read_text().splitlines())) for file in files}
    assert len(rows["journal"]) == 13
    assert (rows["audit"][0]["name"], rows["audit"][0]["detail"]) == ("'=cmd()", "'-5")
    assert (rows["trades"][0]["fees"], rows["fills"][0]["price"]) == ("8.25", "50000")


def test_a_server_is_left_to_its_own_tools(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pg_dump"):
        asyncio.run(maintenance.backup("postgresql://desk@localhost/desk", tmp_path / "x"))
