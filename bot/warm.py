"""What would else be built in the middle of trading, in turns of a tenth of a second, is built before it begins."""

from aiogram import methods
from aiogram.methods.base import Response

from engine.indicators_kernels import library

# What the desk asks of Telegram all day. Others are rare, or asked at the start only.
_ASKED = (
    methods.GetUpdates,
    methods.SendMessage,
    methods.EditMessageText,
    methods.AnswerCallbackQuery,
    methods.SendPhoto,
    methods.PinChatMessage,
)
# pydantic remembers parametrised models weakly: each would be built again after every collection of garbage.
_kept: list[object] = []


def warm_up() -> None:
    """Load the indicator library and build the models of the requests and answers that a chat needs (0.4 s)."""
    library()
    for method in _ASKED:
        method.model_rebuild()
        answer = Response[method.__returning__]  # type: ignore[name-defined]  # known only when it runs
        # Only an answer that is read builds what reads it.
        answer.model_validate({"ok": False})
        _kept.append(answer)
