"""Writes docs/failures.md: `python -m tests.failures`."""

from pathlib import Path

from tests.failures.page import page

Path("docs/failures.md").write_text(page(), encoding="utf-8")
