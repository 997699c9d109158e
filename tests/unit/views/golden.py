"""Golden texts: one file a view, as the reader sees it with its keyboard. POCKETDESK_GOLDEN=write writes them anew."""

import os
from pathlib import Path

from aiogram.types import InlineKeyboardMarkup

FOLDER = Path(__file__).parents[2] / "golden"


def pictured(text: str, keyboard: InlineKeyboardMarkup | None = None) -> str:
    """The message with its buttons, `!` marking a red, `+` a green and `*` a blue one."""
    marks = {"danger": "!", "success": "+", "primary": "*", None: ""}
    rows = keyboard.inline_keyboard if keyboard else []
    lines = [" ".join(f"[{marks[button.style]}{button.text}]" for button in row) for row in rows]
    return "\n".join([text, *(["", *lines] if lines else [])]) + "\n"


def check(name: str, text: str, keyboard: InlineKeyboardMarkup | None = None) -> None:
    """Compare with the golden file, or write it."""
    path, found = FOLDER / f"{name}.txt", pictured(text, keyboard)
    if os.environ.get("POCKETDESK_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(found, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == found, f"{path.name} differs; POCKETDESK_GOLDEN=write accepts the change"
