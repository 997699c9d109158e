"""What is installed is pinned, hashed and the same everywhere."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

_ROOT = Path(__file__).resolve().parents[2]
_RUNTIME = "requirements.lock"
_LOCKS = (_RUNTIME, "requirements-dev.lock", "requirements-postgres.lock")


def _pins(lock: str) -> dict[str, str]:
    """Name to version of every package of the lock."""
    text = (_ROOT / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+)", text, re.MULTILINE))


@pytest.mark.parametrize("lock", _LOCKS)
def test_every_pinned_package_has_a_hash_and_nothing_else_is_in_a_lock(lock: str) -> None:
    logical = (_ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    entries = [line for line in logical if line and not line.startswith("#")]
    assert len(entries) == len(_pins(lock))
    assert [line for line in entries if not re.search(r"==\S+.* --hash=sha256:[0-9a-f]{64}", line)] == []


@pytest.mark.parametrize("lock", _LOCKS[1:])
def test_every_lock_holds_the_runtime_packages_in_the_same_version(lock: str) -> None:
    pins = _pins(lock)
    assert {name: pins.get(name) for name in _pins(_RUNTIME)} == _pins(_RUNTIME)


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = {
        _RUNTIME: project["dependencies"],
        "requirements-dev.lock": extras["dev"],
        "requirements-postgres.lock": extras["postgres"],
    }
    for lock, requirements in wanted.items():
        names = {re.split(r"[\[<>=]", requirement)[0].lower() for requirement in requirements}
        assert names <= set(_pins(lock)), lock


def test_the_image_is_built_from_a_digest_and_installs_only_hashed_binaries() -> None:
    text = (_ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^ARG BASE=python:3\.13\S*-slim-bookworm@sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"${BASE}"}
    assert "--only-binary :all: --require-hashes" in text
    assert re.search(r"^USER (?!0)\d+:\d+$", text, re.MULTILINE)
    assert "EXPOSE" not in text


def test_the_container_is_read_only_and_publishes_no_port() -> None:
    services = yaml.safe_load((_ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert services["desk"]["read_only"] is True
    assert services["desk"]["cap_drop"] == ["ALL"]
    assert {name for name, service in services.items() if "ports" in service} == set()
