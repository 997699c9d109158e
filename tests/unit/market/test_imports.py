"""The desk starts fast: heavy libraries are loaded where they are used, not before."""

import subprocess
import sys
from pathlib import Path

_MODULES = ("datafiles", "datafiles_ticks", "generator", "indicators_live", "replay", "resample")
_SCRIPT = f"""
import sys
import {", ".join(f"engine.{module}" for module in _MODULES)}
print(sorted({{"pandas", "pyarrow", "talib"}} & set(sys.modules)))
"""


def test_market_data_is_imported_without_pandas_pyarrow_and_talib() -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", _SCRIPT], cwd=root, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
