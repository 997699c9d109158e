"""The written reference of the strategies says what the code does."""

from pathlib import Path

from engine.presets import PROFILES
from engine.strategies.registry import FACTORIES, known_parameters
from engine.strategy_reference import FILE, strategies_page, write_page

ROOT = Path(__file__).resolve().parents[3]


def test_the_written_page_is_up_to_date() -> None:
    assert (ROOT / FILE).read_text(encoding="utf-8") == strategies_page(), "run: make docs"


def test_the_page_names_every_strategy_parameter_and_preset(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    write_page(tmp_path)
    page = (tmp_path / FILE).read_text(encoding="utf-8")
    for name in FACTORIES:
        assert f"## {name}\n" in page
        assert all(f"| `{parameter}` | " in page for parameter in known_parameters(name))
    assert all(f"### {name}\n" in page for name in PROFILES)
