"""`pocketdesk users` on real files: what it changes, what it refuses, and what it says when it fails."""

import json
import re
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.cli_users import RoleName
from bot.factor_file import FILE
from bot.qr import drawn
from bot.second_factor import KEY
from handlers.ports import Role


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder that the settings name, and nothing else set."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "DESK_MODE", "DESK_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DESK_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TELEGRAM_ADMIN_IDS", "7,8")
    return tmp_path / "state"


def run(*words: str, code: int = 0) -> str:
    """Run a command; what it says, or on failure its one line on stderr."""
    done = CliRunner().invoke(app, ["users", *words], catch_exceptions=False)
    assert done.exit_code == code, (done.stdout, done.stderr)
    if code == 1:
        assert done.stderr.count("\n") == 1
        assert done.stderr.startswith("pocketdesk: ")
        assert done.stdout == ""
    return done.stdout if code == 0 else done.stderr


def found(*words: str) -> Any:
    return json.loads(run(*words, "--json"))


def sql(state: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(state / "desk.db")) as database:
        return database.execute(query).fetchall()


def test_roles_of_the_command_line_are_those_of_the_chat() -> None:
    assert [each.value for each in RoleName] == [each.value for each in Role]


def test_users_are_added_changed_listed_and_removed(state: Path) -> None:
    assert run("add", "42", "--role", "admin", "--name", "Ben") == "42 is admin now.\n"
    assert found("role", "42", "viewer") == {"id": 42, "role": "viewer"}
    rows = found("list")["users"]
    assert [(row["id"], row["role"], row["source"]) for row in rows] == [
        (7, "owner", "settings"),
        (8, "admin", "settings"),
        (42, "viewer", "host"),
    ]
    assert "Ben" in run("list")
    assert found("remove", "42") == {"id": 42, "role": None, "owned": True}
    assert len(found("list")["users"]) == 2
    assert [row[0] for row in sql(state, "SELECT action FROM audit ORDER BY id")] == [
        "user added",
        "role changed",
        "user removed",
    ]


def test_a_role_by_the_settings_is_not_changed_here(state: Path) -> None:
    for words in (("add", "8", "--role", "viewer"), ("remove", "8"), ("role", "8", "owner")):
        assert "TELEGRAM_ADMIN_IDS" in run(*words, code=1)
    assert state.exists()


def test_what_does_not_fit_is_told_in_one_line(state: Path) -> None:
    run("add", "42", "--role", "admin")
    assert "already" in run("add", "42", "--role", "admin", code=1)
    assert "has no role" in run("remove", "43", code=1)
    assert "has no role" in run("role", "43", "admin", code=1)
    assert "has no role" in run("totp", "enroll", "43", code=1)
    assert "no second factor" in run("totp", "reset", "42", code=1)
    assert "not locked down" in run("lockdown", "lift", code=1)
    assert state.exists()


@pytest.mark.parametrize(
    "words", [("add", "ben", "--role", "admin"), ("add", "0", "--role", "admin"), ("add", "5"), ("role", "5", "king")]
)
def test_bad_usage_exits_with_2(state: Path, words: tuple[str, ...]) -> None:
    run(*words, code=2)
    assert not state.exists()


def test_a_desk_that_loses_its_last_owner_is_told_so(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_ADMIN_IDS", "")
    assert "Nobody may use this desk" in run("list")
    run("add", "42", "--role", "owner")
    assert "next start prints a code" in run("remove", "42")
    assert state.exists()


def test_a_secret_is_shown_once_and_is_not_in_the_database(state: Path) -> None:
    secret = found("totp", "enroll", "7")["secret"]
    path = state / FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text()) == {"7": secret}
    assert "already" in run("totp", "enroll", "7", code=1)
    assert found("list")["users"][0]["second_factor"] is True
    assert secret not in run("list")
    assert all(secret.encode() not in each.read_bytes() for each in state.iterdir() if each != path)
    assert run("totp", "reset", "7") == "7 has no second factor any more.\n"
    shown = run("totp", "enroll", "7")
    fresh = json.loads(path.read_text())["7"]
    assert fresh != secret
    assert f"secret={fresh}&" in shown
    assert fresh in shown.replace(" ", "")


def test_a_new_secret_begins_without_failures_and_a_removed_user_keeps_none(state: Path) -> None:
    run("add", "42", "--role", "admin")
    run("totp", "enroll", "42")
    with closing(sqlite3.connect(state / "desk.db")) as database:
        database.execute("UPDATE settings SET value = '{\"until_ms\": 9}' WHERE user_id = 42")
        database.commit()
    run("totp", "reset", "42")
    run("totp", "enroll", "42")
    assert sql(state, f"SELECT value FROM settings WHERE key = '{KEY}' AND user_id = 42") == [("null",)]  # noqa: S608 - a fixed name
    run("remove", "42")
    assert json.loads((state / FILE).read_text()) == {}


def test_codes_that_were_locked_are_unlocked_and_stay_used(state: Path) -> None:
    run("totp", "enroll", "7")
    assert run("totp", "unlock", "7") == "The codes of 7 were not locked.\n"
    with closing(sqlite3.connect(state / "desk.db")) as database:
        locked = '{"used_step": 5, "failures": 0, "until_ms": 9}'
        database.execute("UPDATE settings SET value = ? WHERE user_id = 7", (locked,))
        database.commit()
    assert found("totp", "unlock", "7") == {"id": 7, "was_locked": True}
    ((kept,),) = sql(state, f"SELECT value FROM settings WHERE key = '{KEY}' AND user_id = 7")  # noqa: S608 - a fixed name
    assert json.loads(kept) == {"used_step": 5, "failures": 0, "until_ms": 0}
    assert "has no role" in run("totp", "unlock", "43", code=1)


def test_the_code_of_the_terminal_is_that_of_the_link(state: Path) -> None:
    shown = run("totp", "enroll", "7")
    link = next(line for line in shown.splitlines() if line.startswith("otpauth://"))
    plain = re.sub(r"\x1b\[[0-9;]*m", "", drawn(link))
    assert plain in shown
    assert state.exists()


def test_a_lockdown_is_shown_and_its_lifting_asked_for_by_name(state: Path) -> None:
    run("list")
    told = '{"holds": ["lockdown:ab"], "reason": "locked down by Ada", "at_ms": 1800000000000}'
    with closing(sqlite3.connect(state / "desk.db")) as database:
        database.execute("INSERT INTO settings (user_id, key, value) VALUES (0, 'lockdown.state.live', ?)", (told,))
        database.commit()
    assert found("lockdown", "status")["locked"] is True
    assert run("lockdown", "status") == "LIVE: locked down by Ada, 2027-01-15 08:00 UTC.\n"
    assert "/golive" in run("lockdown", "lift")
    ((wanted,),) = sql(state, "SELECT value FROM settings WHERE key = 'lockdown.lift.live'")
    assert json.loads(wanted)["holds"] == ["lockdown:ab"]
    assert "lifted as soon as the desk runs" in run("lockdown", "status")
    assert found("lockdown", "lift") == {"lifted": ["lockdown:ab"]}


def test_a_database_of_another_version_or_of_somebody_else_is_left_alone(state: Path) -> None:
    run("list")
    with closing(sqlite3.connect(state / "desk.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = 'older'")
        database.commit()
    assert "start the desk" in run("list", code=1)
    (state / "desk.db").unlink()
    with closing(sqlite3.connect(state / "desk.db")) as database:
        database.execute("CREATE TABLE somebodys (x)")
    assert "other tables" in run("add", "42", "--role", "admin", code=1)


def test_a_folder_that_cannot_be_made_and_a_broken_file_are_told(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("list")
    (state / FILE).write_text("{broken")
    assert "cannot be read" in run("list", code=1)
    (state.parent / "file").write_text("")
    monkeypatch.setenv("DESK_STATE_DIR", str(state.parent / "file" / "state"))
    assert "cannot be opened" in run("list", code=1)


def test_a_demo_is_reached_by_its_folder(state: Path) -> None:
    rows = found("list", "--state", str(state.parent / "demo"))["users"]
    assert [(row["id"], row["role"]) for row in rows] == [(1001, "owner"), (1002, "admin")]
    assert not state.exists()
