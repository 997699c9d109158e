"""Stored state survives a kill at any byte, and damage is named."""

from pathlib import Path

import pytest

from bot.localvenue.store import Store, StoreError


def written(folder: Path, count: int) -> Store:
    store = Store(folder)
    store.load()
    store.compact({"n": 0})
    for number in range(1, count + 1):
        store.append({"n": number})
    return store


def test_changes_come_back_after_the_snapshot(tmp_path: Path) -> None:
    written(tmp_path, 3)
    assert Store(tmp_path).load() == ({"n": 0}, [{"n": 1}, {"n": 2}, {"n": 3}])


def test_a_log_older_than_the_snapshot_is_not_applied_twice(tmp_path: Path) -> None:
    store = written(tmp_path, 2)
    log = (tmp_path / "changes.ndjson").read_bytes()
    store.compact({"n": 2})
    (tmp_path / "changes.ndjson").write_bytes(log)
    assert Store(tmp_path).load() == ({"n": 2}, [])


def test_a_kill_in_the_middle_of_a_line_loses_only_that_line(tmp_path: Path) -> None:
    written(tmp_path, 3)
    log = tmp_path / "changes.ndjson"
    whole = log.read_bytes()
    kept = [len(Store(tmp_path).load()[1]) for cut in range(len(whole)) if log.write_bytes(whole[:cut]) >= 0]
    assert kept == sorted(kept)
    assert set(kept) == {0, 1, 2}


def test_damage_before_the_last_line_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    written(tmp_path, 3)
    log = tmp_path / "changes.ndjson"
    log.write_bytes(b"?" + log.read_bytes())
    with pytest.raises(StoreError, match=r"changes\.ndjson: unreadable"):
        Store(tmp_path).load()


def test_files_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    written(tmp_path / "state", 1)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "state").iterdir()} == {0o600}


def test_writing_before_the_first_snapshot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="compact"):
        Store(tmp_path).append({})
