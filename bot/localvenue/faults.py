"""Faults to order: the next requests of a path, or the next messages of a socket, go wrong in a chosen way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

KINDS = ("delay", "lost_reply", "status", "ret_code", "html", "drop", "silence", "duplicate", "reorder", "miss")
SOCKETS = ("ws:private", "ws:public", "ws:trade")
_MESSAGE_KINDS = frozenset({"delay", "drop", "silence", "duplicate", "reorder", "miss"})
_FIELDS: dict[str, type] = {
    "path": str,
    "times": int,
    "kind": str,
    "delay_ms": int,
    "status": int,
    "body": str,
    "code": int,
    "text": str,
    "performed": bool,
    "topic": str,
    "key": str,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to the next `times` requests of `path` ("*": all), or messages of a socket path.

    Requests: `delay` answers `delay_ms` later; `lost_reply` is performed and its answer lost; `status` answers with
    an HTTP status and `body`, `ret_code` with `code` and `text`, `html` with a page; `drop` cuts the connection,
    `silence` never answers. The last five are not performed unless `performed`. `key` limits a fault to one account.
    Sockets: `drop` cuts `times` connections, `silence` keeps every one open and says nothing more until the faults
    are cleared (with `topic`, nothing of that topic); the others befall the next `times` messages, of `topic` where
    one is named.
    """

    path: str
    kind: str
    times: int = 1
    delay_ms: int = 0
    status: int = 0
    body: str = ""
    code: int = 0
    text: str = ""
    performed: bool = False
    topic: str = ""
    key: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the fault as the control API shows it."""
        shown = {name: getattr(self, name) for name in _FIELDS}
        return {name: value for name, value in shown.items() if value not in (0, "", False)}


class Faults:
    """The ordered faults still to come, first in, first out per path. `on_change` is told of every order."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self.on_change: Callable[[], None] = lambda: None

    def add(self, fault: Fault) -> None:
        """Order a fault."""
        self._waiting.append(fault)
        self.on_change()

    def clear(self) -> None:
        """Forget all faults."""
        self._waiting.clear()
        self.on_change()

    def listed(self) -> list[dict[str, Any]]:
        """Return the faults still to come."""
        return [fault.as_json() for fault in self._waiting]

    def take(self, path: str, *, key: str = "", topic: str = "", kinds: tuple[str, ...] = KINDS) -> Fault | None:
        """Return the fault that hits this request or message, and count it."""
        for fault in self._waiting:
            if _hits(fault, path, key, topic) and fault.kind in kinds:
                self._count(fault)
                return fault
        return None

    def standing(self, path: str, kind: str, *, key: str = "", topic: str = "") -> bool:
        """Whether a fault that lasts until it is cleared is in force."""
        return any(fault.kind == kind and _hits(fault, path, key, topic) for fault in self._waiting)

    def _count(self, fault: Fault) -> None:
        index = self._waiting.index(fault)
        if fault.times > 1:
            self._waiting[index] = replace(fault, times=fault.times - 1)
        else:
            del self._waiting[index]


def _hits(fault: Fault, path: str, key: str, topic: str) -> bool:
    if fault.path != path and (fault.path != "*" or path.startswith("ws:")):
        return False
    named = not fault.topic or topic == fault.topic or topic.startswith(f"{fault.topic}.")
    return named and (not fault.key or fault.key == key)


def fault_from(content: Mapping[str, Any]) -> Fault:
    """Return the fault a control call describes; a ValueError names what is wrong with it."""
    for name, value in content.items():
        kind = _FIELDS.get(name)
        if kind is None:
            raise ValueError(f"unknown field {name!r}: known are {', '.join(_FIELDS)}")
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise ValueError(f"{name} must be of type {kind.__name__}, got {value!r}")
    if "path" not in content or content.get("kind") not in KINDS:
        raise ValueError(f'"path" is needed, and "kind": one of {", ".join(KINDS)}')
    fault = Fault(**content)
    if fault.path.startswith("ws:"):
        if fault.path not in SOCKETS or fault.kind not in _MESSAGE_KINDS:
            raise ValueError(f"sockets are {', '.join(SOCKETS)}; they know {', '.join(sorted(_MESSAGE_KINDS))}")
    elif fault.kind in {"duplicate", "reorder", "miss"}:
        raise ValueError(f"{fault.kind} is for sockets: ws:private, ws:public or ws:trade")
    if fault.times < 1 or fault.delay_ms < 0:
        raise ValueError("times must be at least 1, delay_ms at least 0")
    return _completed(fault)


def _completed(fault: Fault) -> Fault:
    if fault.status and not 100 <= fault.status <= 599:
        raise ValueError(f"status must be an HTTP status, got {fault.status}")
    if fault.kind == "status" and not fault.status:
        return replace(fault, status=503)
    if fault.kind == "ret_code" and not fault.code:
        raise ValueError('ret_code needs a "code"')
    return fault
