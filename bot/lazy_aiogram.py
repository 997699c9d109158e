"""aiogram, imported with its models built when they are first used. Import this before anything imports aiogram.

aiogram builds every one of its several hundred pydantic models while it is imported, although it asks pydantic to defer
that: five seconds of a start and 90 MB, of which a desk uses a tenth. Here that loop finds nothing to do, and a model
that is used is built then, with the names aiogram would have given it. Where aiogram is loaded already nothing changes.
"""

import sys
from importlib import import_module
from typing import Any

from pydantic import BaseModel

# Not typed: no annotation allows a method of a class to be replaced.
_base: Any = BaseModel
_build: Any = BaseModel.__dict__["model_rebuild"]


def _import_without_building() -> None:
    def later(_cls: Any, /, **_: object) -> None:
        """Stand in for `model_rebuild` during the import."""

    _base.model_rebuild = classmethod(later)
    try:
        import_module("aiogram.methods")
        import_module("aiogram.types")
    finally:
        _base.model_rebuild = _build


def _build_when_used() -> None:
    from aiogram import types
    from aiogram.client.default import Default
    from aiogram.methods.base import Response, TelegramMethod
    from aiogram.types.base import TelegramObject

    names: dict[str, Any] = {name: getattr(types, name) for name in types.__all__} | {"Default": Default}

    def rebuild(cls: Any, /, *, _parent_namespace_depth: int = 2, **how: Any) -> bool | None:
        """Build the model with aiogram's names in sight, as aiogram's own loop does."""
        how["_types_namespace"] = how.get("_types_namespace") or names
        built: bool | None = _build.__func__(cls, _parent_namespace_depth=_parent_namespace_depth + 1, **how)
        return built

    bases: tuple[Any, ...] = (TelegramObject, TelegramMethod, Response)
    for base in bases:
        base.model_rebuild = classmethod(rebuild)


if "aiogram.types" not in sys.modules:
    _import_without_building()
    _build_when_used()
