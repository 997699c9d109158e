"""What is built before trading begins stays built: a collection of garbage must not cost the next answer a stall."""

import gc
import weakref

from aiogram.methods import GetUpdates
from aiogram.methods.base import Response

from bot.warm import warm_up


def test_models_of_answers_outlive_a_collection_of_garbage() -> None:
    warm_up()
    built = weakref.ref(Response[GetUpdates.__returning__])  # type: ignore[name-defined]  # known only when it runs
    gc.collect()
    kept = built()
    assert kept is not None
    assert kept is Response[GetUpdates.__returning__]  # type: ignore[name-defined]  # known only when it runs
    assert kept.model_validate({"ok": True, "result": []}).result == []
