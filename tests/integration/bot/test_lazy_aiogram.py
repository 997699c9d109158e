"""Building aiogram's models on first use changes when they are built, and nothing else."""

import subprocess
import sys

_EVERY_MODEL = """
import bot.lazy_aiogram
import aiogram.methods, aiogram.types
from pydantic import BaseModel
built = 0
for module in (aiogram.types, aiogram.methods):
    for name in module.__all__:
        kind = getattr(module, name)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            assert kind.model_rebuild() is not False, name
            assert kind.__pydantic_complete__, name
            built += 1
print(built)
"""

_FIRST_USE = """
import bot.lazy_aiogram
from aiogram.methods import GetUpdates, SendMessage
from aiogram.methods.base import Response
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, Update
row = {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}, "text": "/hi"}
update = Update.model_validate({"update_id": 7, "message": row | {"entities": [
    {"type": "bot_command", "offset": 0, "length": 3}]}})
assert update.message.entities[0].extract_from(update.message.text) == "/hi"
keyboard = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="a", callback_data="b")]])
assert SendMessage(chat_id=1, text="x", reply_markup=keyboard).reply_markup is keyboard
answer = Response[list[Update]].model_validate({"ok": True, "result": [{"update_id": 8, "message": row}]})
assert answer.result[0].message
print("fine")
"""


def _run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_every_model_of_aiogram_can_be_built_later() -> None:
    assert int(_run(_EVERY_MODEL)) > 500


def test_models_are_built_when_they_are_first_used() -> None:
    assert _run(_FIRST_USE) == "fine"


def test_an_aiogram_that_is_loaded_already_is_left_as_it_is() -> None:
    before = "import aiogram.types as t; before = t.Message.model_rebuild"
    assert _run(f"{before}; import bot.lazy_aiogram; print(before == t.Message.model_rebuild)") == "True"
