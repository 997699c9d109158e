"""One desk per state folder, whatever became of the last one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.lock import AlreadyRunningError, InstanceLock

_HOLDER = """
import sys
from pathlib import Path
from bot.lock import InstanceLock
with InstanceLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
_ROOT = Path(__file__).resolve().parents[2]


def _start_holder(state: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(state)], cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_a_second_desk_is_refused_and_told_who_holds_the_lock(tmp_path: Path) -> None:
    with _start_holder(tmp_path) as holder:
        with pytest.raises(AlreadyRunningError) as caught, InstanceLock(tmp_path):
            pass
        holder.communicate("")
    assert caught.value.pid == holder.pid
    assert str(holder.pid) in str(caught.value)
    assert "DESK_STATE_DIR" in str(caught.value)


def test_a_killed_desk_leaves_the_lock_free(tmp_path: Path) -> None:
    with _start_holder(tmp_path) as holder:
        holder.kill()
        holder.wait()
    with InstanceLock(tmp_path):
        assert (tmp_path / "desk.lock").read_text().strip() == str(os.getpid())


def test_leaving_frees_the_lock_and_forgets_the_process(tmp_path: Path) -> None:
    state = tmp_path / "new" / "state"
    with InstanceLock(state):
        pass
    assert (state / "desk.lock").read_text() == ""
    with InstanceLock(state):
        assert (state / "desk.lock").read_text() == f"{os.getpid()}\n"


def test_a_lock_without_a_readable_process_id_still_refuses(tmp_path: Path) -> None:
    with InstanceLock(tmp_path):
        (tmp_path / "desk.lock").write_text("?")
        with pytest.raises(AlreadyRunningError, match="another process") as caught, InstanceLock(tmp_path):
            pass
    assert caught.value.pid is None


def test_two_state_folders_are_two_desks(tmp_path: Path) -> None:
    with InstanceLock(tmp_path / "one"), InstanceLock(tmp_path / "two"):
        assert (tmp_path / "two" / "desk.lock").exists()
