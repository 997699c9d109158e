"""Faults to order: the next calls of a method fail, are slow, lose their request or their answer."""

from dataclasses import dataclass, replace
from typing import Any

from bot.localchat.errors import JsonObject

_FIELDS = {
    "method": str,
    "times": int,
    "status": int,
    "description": str,
    "retry_after": int,
    "delay_ms": int,
    "drop": str,
    "body": str,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to the next `times` calls of `method` ("*" for all).

    Without status, drop and body the call is only delayed. `drop` is "before" (not performed) or "after" (performed,
    answer lost). `body` is sent as it stands, with `status` or 200.
    """

    method: str = "*"
    times: int = 1
    status: int = 0
    description: str | None = None
    retry_after: int = 0
    delay_ms: int = 0
    drop: str = ""
    body: str | None = None

    def as_json(self) -> JsonObject:
        """Return the fault as the control API shows it."""
        shown = {name: getattr(self, name) for name in _FIELDS}
        return {name: value for name, value in shown.items() if value not in (0, "", None)}


class Faults:
    """The ordered faults still to come, first in first out per method."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Order a fault."""
        self._waiting.append(fault)

    def clear(self) -> None:
        """Forget all faults."""
        self._waiting.clear()

    def listed(self) -> list[JsonObject]:
        """Return the faults still to come."""
        return [fault.as_json() for fault in self._waiting]

    def take(self, method: str) -> Fault | None:
        """Return the fault that hits this call, and count it."""
        for index, fault in enumerate(self._waiting):
            if fault.method.lower() in {"*", method.lower()}:
                if fault.times > 1:
                    self._waiting[index] = replace(fault, times=fault.times - 1)
                else:
                    del self._waiting[index]
                return fault
        return None


def fault_from(content: JsonObject) -> Fault:
    """Return the fault a control call describes; a ValueError names what is wrong with it."""
    values: dict[str, Any] = {}
    for name, value in content.items():
        kind = _FIELDS.get(name)
        if kind is None:
            raise ValueError(f"unknown field {name!r}: known are {', '.join(_FIELDS)}")
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ValueError(f"{name} must be of type {kind.__name__}, got {value!r}")
        values[name] = value
    if values.get("retry_after"):
        values.setdefault("status", 429)
    fault = Fault(**values)
    if fault.times < 1 or fault.delay_ms < 0 or fault.drop not in {"", "before", "after"}:
        raise ValueError('times must be at least 1, delay_ms at least 0, drop "before" or "after"')
    if fault.status and not 100 <= fault.status <= 599:
        raise ValueError(f"status must be an HTTP status, got {fault.status}")
    return fault
