"""A clean place to read settings from: an empty folder and an environment without the desk's names."""

import os
from pathlib import Path

import pytest

from config.settings import Settings


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder of the test."""
    names = {name.upper() for name in Settings.model_fields}
    for key in tuple(os.environ):
        if key.upper().removesuffix("_FILE") in names or key.upper().startswith(("DESK_", "TELEGRAM_", "BYBIT_")):
            monkeypatch.delenv(key)
    monkeypatch.chdir(tmp_path)
    return tmp_path
