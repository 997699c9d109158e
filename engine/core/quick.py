"""Faster constructors for the small frozen values that are made for every bar, order and fill."""

from typing import Any


def quick[C: type](kind: C) -> C:
    """Give a frozen, slotted dataclass a constructor that writes its slots directly: a third of the usual time.

    The value stays as frozen as before, and its signature the same. For classes whose fields are all arguments and
    that need no `__post_init__`; raises TypeError for others.
    """
    made: Any = kind
    code = made.__init__.__code__
    positional = code.co_varnames[1 : code.co_argcount]
    keyword = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    names = (*positional, *keyword)
    if set(names) != set(made.__dataclass_fields__) or hasattr(kind, "__post_init__"):
        raise TypeError(f"{kind.__name__}: every field must be an argument, and __post_init__ is not for quick values")
    arguments = ", ".join(("self", *positional, *(("*", *keyword) if keyword else ())))
    body = "; ".join(f"set_{name}(self, {name})" for name in names)
    space: dict[str, Any] = {f"set_{name}": getattr(kind, name).__set__ for name in names}
    exec(f"def __init__({arguments}): {body}", space)  # noqa: S102  # made of field names, as dataclasses itself does
    swift = space["__init__"]
    swift.__defaults__, swift.__kwdefaults__ = made.__init__.__defaults__, made.__init__.__kwdefaults__
    swift.__qualname__ = made.__init__.__qualname__
    swift.__annotations__ = made.__init__.__annotations__
    made.__init__ = swift
    return kind
