"""Dataclasses to JSON-able values and back, exactly and strictly: facts, alerts, actions, checkpoints of state.

Decimals become strings, enums their values, tuples and sets lists, other dataclasses objects; members of a union (and
every dataclass on the outside) carry their class name under `type`. Fields with a default may be missing, so that older
data stays readable; anything else that is missing, unknown or of the wrong shape raises CodecError. Codecs are built
once per type.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache
from math import isfinite
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, TypeAliasType, Union, get_args, get_origin, get_type_hints

TAG = "type"


class CodecError(ValueError):
    """A value cannot be written or read: `where` is the path to it, `what` the reason."""

    def __init__(self, what: str, where: str = "") -> None:
        self.what, self.where = what, where
        super().__init__(f"{where or 'value'}: {what}")

    def inside(self, step: str) -> "CodecError":
        """Return the same error seen from one level further out."""
        joint = "" if not self.where or self.where.startswith("[") else "."
        return CodecError(self.what, f"{step}{joint}{self.where}")


@dataclass(frozen=True, slots=True)
class Codec:
    """Both directions of one type. `plain` values are their own JSON and need no writing."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    plain: bool = False


def encode(value: Any, declared: Any = None) -> Any:
    """Return the JSON-able form of a dataclass, or of any value of a `declared` type; raises CodecError."""
    kind: Any = type(value) if declared is None else declared
    return codec_of(kind).write(value)


def decode(declared: Any, data: Any) -> Any:
    """Return the value of type `declared` (a dataclass, a union, any supported type) in `data`; raises CodecError."""
    return codec_of(declared).read(data)


@cache
def codec_of(declared: Any) -> Codec:
    """Return the codec of a type on the outside, where dataclasses are tagged; CodecError if it has no JSON form."""
    declared = _resolved(declared)
    return _tagged((declared,)) if is_dataclass(declared) else _codec(declared)


def _resolved(declared: Any) -> Any:
    while isinstance(declared, TypeAliasType):
        declared = declared.__value__
    return declared


@cache
def _codec(declared: Any) -> Codec:
    declared = _resolved(declared)
    if declared in _SCALARS:
        return _SCALARS[declared]
    origin, args = get_origin(declared), get_args(declared)
    if origin in {Union, UnionType}:
        return _union(_members(declared))
    if origin is tuple:
        return _sequence(tuple, args[0]) if args[-1] is Ellipsis else _row(args)
    if origin in {list, set, frozenset}:
        return _sequence(origin, args[0])
    if origin in {dict, Mapping}:
        return _mapping(*args)
    if isinstance(declared, type) and issubclass(declared, Enum):
        return _enum(declared)
    if is_dataclass(declared):
        return _record(declared)
    raise CodecError(f"{declared!r} has no JSON form")


def _members(declared: Any) -> tuple[Any, ...]:
    declared = _resolved(declared)
    if get_origin(declared) in {Union, UnionType}:
        return tuple(member for part in get_args(declared) for member in _members(part))
    return (declared,)


def _scalar(kind: type) -> Codec:
    def read(data: Any) -> Any:
        if type(data) is not kind:
            raise CodecError(f"expected {kind.__name__}, got {data!r}")
        return data

    return Codec(lambda value: value, read, plain=True)


def _write_float(value: float) -> float:
    if not isfinite(value):
        raise CodecError(f"{value!r} is not a finite number")
    return value


def _read_float(data: Any) -> float:
    if type(data) is not float and type(data) is not int:
        raise CodecError(f"expected float, got {data!r}")
    return _write_float(float(data))


def _write_decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise CodecError(f"{value!r} is not a finite number")
    return str(value)


def _read_decimal(data: Any) -> Decimal:
    if type(data) is not str:
        raise CodecError(f"expected a decimal as string, got {data!r}")
    try:
        value = Decimal(data)
    except InvalidOperation:
        raise CodecError(f"{data!r} is not a decimal number") from None
    if not value.is_finite():
        raise CodecError(f"{data!r} is not a finite number")
    return value


_SCALARS: dict[Any, Codec] = {
    str: _scalar(str),
    int: _scalar(int),
    bool: _scalar(bool),
    NoneType: _scalar(NoneType),
    float: Codec(_write_float, _read_float),
    Decimal: Codec(_write_decimal, _read_decimal),
}


def _enum(kind: type[Enum]) -> Codec:
    by_value = {member.value: member for member in kind}
    value_type = type(next(iter(by_value)))

    def read(data: Any) -> Any:
        if type(data) is not value_type or data not in by_value:
            raise CodecError(f"{data!r} is no {kind.__name__}")
        return by_value[data]

    return Codec(lambda value: value.value, read)


def _list_of(data: Any) -> list[Any]:
    if type(data) is not list:
        raise CodecError(f"expected a list, got {data!r}")
    return data


def _each(action: Callable[[Any], Any], values: Any) -> list[Any]:
    done: list[Any] = []
    try:
        for value in values:
            done.append(action(value))
    except CodecError as error:
        raise error.inside(f"[{len(done)}]") from None
    return done


def _sequence(kind: type, item: Any) -> Codec:
    inner = _codec(item)
    unordered = kind in {set, frozenset}

    def write(value: Any) -> list[Any]:
        done = list(value) if inner.plain else _each(inner.write, value)
        return sorted(done) if unordered else done

    return Codec(write, lambda data: kind(_each(inner.read, _list_of(data))))


def _row(items: tuple[Any, ...]) -> Codec:
    inner = [_codec(item) for item in items]

    def apply(actions: list[Callable[[Any], Any]], values: Any) -> list[Any]:
        if len(values) != len(actions):
            raise CodecError(f"expected {len(actions)} values, got {len(values)}")
        done: list[Any] = []
        try:
            for action, value in zip(actions, values, strict=True):
                done.append(action(value))
        except CodecError as error:
            raise error.inside(f"[{len(done)}]") from None
        return done

    writers, readers = [codec.write for codec in inner], [codec.read for codec in inner]
    return Codec(lambda value: apply(writers, value), lambda data: tuple(apply(readers, _list_of(data))))


def _mapping(key: Any, item: Any) -> Codec:
    if _resolved(key) is not str:
        pairs = _sequence(tuple, tuple[key, item])
        return Codec(lambda value: pairs.write(value.items()), lambda data: dict(pairs.read(data)))
    inner = _codec(item)

    def apply(action: Callable[[Any], Any], values: Any) -> dict[str, Any]:
        if not isinstance(values, Mapping):
            raise CodecError(f"expected an object, got {values!r}")
        done = {}
        for name, value in values.items():
            try:
                done[name] = action(value)
            except CodecError as error:
                raise error.inside(f"[{name}]") from None
        return done

    return Codec(lambda value: apply(inner.write, value), lambda data: apply(inner.read, data))


def _union(members: tuple[Any, ...]) -> Codec:
    solid = tuple(member for member in members if member is not NoneType)
    if len(solid) == 1:
        inner = _codec(solid[0])
    elif all(is_dataclass(member) for member in solid):
        inner = _tagged(solid)
    else:
        raise CodecError(f"a union of {', '.join(map(str, solid))} cannot be told apart")
    if len(solid) == len(members):
        return inner
    write, read = inner.write, inner.read
    return Codec(
        lambda value: None if value is None else write(value),
        lambda data: None if data is None else read(data),
        plain=inner.plain,
    )


def _tagged(classes: tuple[Any, ...]) -> Codec:
    by_class = {kind: _codec(kind) for kind in classes}
    by_name = {kind.__name__: codec for kind, codec in by_class.items()}
    if len(by_name) != len(by_class):
        raise CodecError(f"two classes of one name in {sorted(kind.__name__ for kind in classes)}")

    def write(value: Any) -> dict[str, Any]:
        kind = type(value)
        codec = by_class.get(kind)
        if codec is None:
            raise CodecError(f"{kind.__name__} is none of {', '.join(by_name)}")
        try:
            return {TAG: kind.__name__, **codec.write(value)}
        except CodecError as error:
            raise error.inside(kind.__name__) from None

    def read(data: Any) -> Any:
        name = data.get(TAG) if type(data) is dict else None
        codec = by_name.get(name) if type(name) is str else None
        if codec is None:
            raise CodecError(f"type {name!r} is none of {', '.join(by_name)}")
        try:
            return codec.read({key: value for key, value in data.items() if key != TAG})
        except CodecError as error:
            raise error.inside(str(name)) from None

    return Codec(write, read)


class _Record:
    # An object rather than closures: a class may contain itself, so its codec must exist before its fields are known.
    __slots__ = ("kind", "names", "optional", "readers", "values", "writers")

    def __init__(self, kind: Any) -> None:
        self.kind = kind
        self.names: tuple[str, ...] | None = None

    def build(self) -> tuple[str, ...]:
        hints = get_type_hints(self.kind)
        parts = [(part, _field_codec(self.kind, part, hints)) for part in fields(self.kind) if part.init]
        names = tuple(part.name for part, _ in parts)
        if TAG in names:
            raise CodecError(f"{self.kind.__name__} has a field named {TAG}, which marks the class")
        self.writers = tuple((part.name, codec.write) for part, codec in parts if not codec.plain)
        self.readers = {part.name: codec.read for part, codec in parts}
        self.optional = frozenset(
            part.name for part, _ in parts if part.default is not MISSING or part.default_factory is not MISSING
        )
        # attrgetter of one name returns the value itself, of several a tuple: the first is asked for twice.
        self.values = attrgetter(*names, names[0]) if names else lambda _: ()
        self.names = names
        return names

    def write(self, value: Any) -> dict[str, Any]:
        names = self.names if self.names is not None else self.build()
        if type(value) is not self.kind:
            raise CodecError(f"expected {self.kind.__name__}, got {type(value).__name__}")
        done = dict(zip(names, self.values(value), strict=False))
        name = ""
        try:
            for name, write in self.writers:
                done[name] = write(done[name])
        except CodecError as error:
            raise error.inside(name) from None
        return done

    def read(self, data: Any) -> Any:
        names = self.names if self.names is not None else self.build()
        if type(data) is not dict:
            raise CodecError(f"expected {self.kind.__name__}, got {data!r}")
        done, name = {}, ""
        try:
            for name, value in data.items():
                done[name] = self.readers[name](value)
        except KeyError:
            raise CodecError(f"{self.kind.__name__} has no such field", str(name)) from None
        except CodecError as error:
            raise error.inside(name) from None
        if len(done) < len(names):
            missing = [each for each in names if each not in done and each not in self.optional]
            if missing:
                raise CodecError(f"{self.kind.__name__} lacks {', '.join(missing)}")
        return self._made(done)

    def _made(self, arguments: dict[str, Any]) -> Any:
        try:
            return self.kind(**arguments)
        except ValueError as error:
            raise CodecError(f"{self.kind.__name__} refuses it: {error}") from None


def _field_codec(kind: Any, part: Field[Any], hints: dict[str, Any]) -> Codec:
    try:
        return _codec(hints[part.name])
    except CodecError as error:
        raise error.inside(f"{kind.__name__}.{part.name}") from None


def _record(kind: Any) -> Codec:
    record = _Record(kind)
    return Codec(record.write, record.read)
