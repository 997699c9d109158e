"""The container asks for the desk's health every half minute, on the cores that trade: asking loads nothing of it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
_SCRIPT = """
import sys
sys.argv = ["pocketdesk", "health"]
from bot.cli import main
try:
    main()
except SystemExit as end:
    print(end.code, sorted({"aiogram", "bot.app", "engine", "pybit", "sqlalchemy", "talib"} & set(sys.modules)))
"""


def test_asking_for_health_loads_neither_the_desk_nor_its_libraries(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT],
        cwd=ROOT,
        env=kept | {"DESK_STATE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"no desk has written {tmp_path}" in done.stderr
    assert done.stdout.strip() == "1 []"
