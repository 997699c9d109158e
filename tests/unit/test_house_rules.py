"""The house rules hold for every file of the project, and each check can fail."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import house_rules as rules
from tests.support.house_rules import Source

_ROOT = Path(__file__).resolve().parents[2]
_OVER_SOURCES = [
    rules.too_long_files,
    rules.too_long_functions,
    rules.without_docstring,
    rules.broad_excepts,
    rules.impurities,
]
_OVER_FILES = [rules.misplaced, rules.leaks]


@pytest.fixture(scope="module")
def files() -> list[str]:
    return rules.project_files(_ROOT)


@pytest.fixture(scope="module")
def sources(files: list[str]) -> list[Source]:
    return rules.read_sources(_ROOT, files)


@pytest.mark.parametrize("rule", _OVER_SOURCES, ids=lambda rule: rule.__name__)
def test_no_source_breaks_the_rule(rule: Callable[[list[Source]], list[str]], sources: list[Source]) -> None:
    assert len(sources) > len(rules.PACKAGES)
    assert rule(sources) == []


@pytest.mark.parametrize("rule", _OVER_FILES, ids=lambda rule: rule.__name__)
def test_no_file_breaks_the_rule(rule: Callable[[Path, list[str]], list[str]], files: list[str]) -> None:
    assert "pyproject.toml" in files
    assert rule(_ROOT, files) == []


def test_every_package_is_looked_at(sources: list[Source]) -> None:
    assert {source.path.split("/")[0] for source in sources} == {*rules.PACKAGES, "tests"}


def _sample(tmp_path: Path, name: str, text: str) -> list[Source]:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return rules.read_sources(tmp_path, [name])


def test_a_file_above_the_limit_is_found(tmp_path: Path) -> None:
    found = rules.too_long_files(_sample(tmp_path, "bot/big.py", "x = 1\n" * 401))
    assert found == ["bot/big.py: 401 lines, at most 400", "median file: 401 lines, at most 120"]
    assert rules.too_long_files(_sample(tmp_path, "bot/fits.py", "x = 1\n" * 120)) == []


def test_a_function_above_the_limit_is_found(tmp_path: Path) -> None:
    found = rules.too_long_functions(_sample(tmp_path, "bot/a.py", "def f():\n" + "    pass\n" * 50))
    assert found[0] == "bot/a.py:1 f: 51 lines, at most 50"
    assert rules.too_long_functions(_sample(tmp_path, "bot/b.py", "def f():\n" + "    pass\n" * 24)) == []


def test_too_many_long_functions_are_found(tmp_path: Path) -> None:
    long = "def long():\n" + "    pass\n" * 25
    short = "def short():\n    pass\n"
    assert rules.too_long_functions(_sample(tmp_path, "bot/a.py", long + short * 18)) != []
    assert rules.too_long_functions(_sample(tmp_path, "bot/a.py", long + short * 19)) == []


def test_a_module_without_docstring_is_found(tmp_path: Path) -> None:
    assert rules.without_docstring(_sample(tmp_path, "bot/a.py", "x = 1\n")) == ["bot/a.py"]
    assert rules.without_docstring(_sample(tmp_path, "bot/a.py", '"""Duty."""\n')) == []


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    f()\nexcept:\n    pass\n",
        "try:\n    f()\nexcept Exception:\n    pass\n",
        "try:\n    f()\nexcept (ValueError, BaseException):\n    pass\n",
        "with contextlib.suppress(Exception):\n    f()\n",
    ],
)
def test_a_broad_except_is_found_outside_the_boundaries(tmp_path: Path, text: str) -> None:
    assert len(rules.broad_excepts(_sample(tmp_path, "bot/a.py", text))) == 1
    assert rules.broad_excepts(_sample(tmp_path, "bot/tasks.py", text)) == []


def test_a_narrow_except_is_fine(tmp_path: Path) -> None:
    text = "try:\n    f()\nexcept (ValueError, OSError):\n    pass\nwith suppress(KeyError):\n    f()\n"
    assert rules.broad_excepts(_sample(tmp_path, "bot/a.py", text)) == []


@pytest.mark.parametrize(
    "line",
    [
        "import time",
        "import random",
        "from numpy import array",
        "import engine.live",
        "from engine.corefoo import x",
        "x = datetime.now(UTC)",
        "x = datetime.datetime.utcnow()",
        "x = date.today()",
    ],
)
def test_an_impurity_of_the_core_is_found(tmp_path: Path, line: str) -> None:
    for folder in ("core", "strategies"):
        assert len(rules.impurities(_sample(tmp_path, f"engine/{folder}/a.py", f"{line}\n"))) == 1
    assert rules.impurities(_sample(tmp_path, "engine/live.py", f"{line}\n")) == []


def test_pure_imports_are_fine(tmp_path: Path) -> None:
    text = "import math\nfrom decimal import Decimal\nfrom engine.core.money import x\nfrom . import y\n"
    assert rules.impurities(_sample(tmp_path, "engine/core/a.py", text)) == []


@pytest.mark.parametrize("name", ["tools/a.txt", "main.py", "NOTES.md"])
def test_a_misplaced_file_is_found(tmp_path: Path, name: str) -> None:
    _sample(tmp_path, name, "line\n" * 401)
    assert len(rules.misplaced(tmp_path, [name])) == 1


def test_small_root_files_and_the_fixed_folders_are_fine(tmp_path: Path) -> None:
    for name in ("README.md", "docs/settings.md", "bot/a.py", ".ci/run"):
        _sample(tmp_path, name, "line\n")
    _sample(tmp_path, "requirements.lock", "line\n" * 5000)
    names = ["README.md", "docs/settings.md", "bot/a.py", ".ci/run", "requirements.lock"]
    assert rules.misplaced(tmp_path, names) == []


@pytest.mark.parametrize(
    "pieces",
    [
        ("https://py", "pi.org/simple"),
        ("files.python", "hosted.org"),
        ("cd /wo", "rk/main"),
        ('"/ro', 'ot/.config"'),
        ("123456789", ":" + "A" * 35),
        ("-----BEG", "IN RSA PRIVATE KEY"),
        ("AK", "IA" + "A" * 16),
    ],
)
def test_a_leak_is_found_with_its_line(tmp_path: Path, pieces: tuple[str, str]) -> None:
    place, home = "work", "root"
    (tmp_path / "a.md").write_text(f"fine\n{''.join(pieces)}\n")
    (found,) = rules.leaks(tmp_path, ["a.md"])
    assert found.startswith("a.md:2 ")
    (tmp_path / "a.md").write_text(f"fine\nhttps://host/{place}/a ~/{place}/b docs/{home}/c 12:30\n")
    assert rules.leaks(tmp_path, ["a.md"]) == []


def test_files_not_yet_tracked_are_looked_at_and_ignored_ones_are_not(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for name in (".gitignore", "new.md", "secret.env"):
        (tmp_path / name).write_text("*.env\n")
    assert rules.project_files(tmp_path) == [".gitignore", "new.md"]
