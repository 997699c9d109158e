"""The log of Bot API calls that tests and demonstrations read; it holds no token and no file contents."""

import json
from collections import deque
from dataclasses import dataclass, field

from bot.localchat.errors import JsonObject

KEPT_CALLS = 10_000


@dataclass(slots=True)
class CallLog:
    """The last 10,000 finished calls, numbered from 1."""

    _calls: deque[JsonObject] = field(default_factory=lambda: deque(maxlen=KEPT_CALLS))
    _last: int = 0

    def add(
        self, *, at: float, method: str, params: JsonObject, status: int | None, response: object, bot: int
    ) -> None:
        """Log a finished call; status and response are None where the answer was lost."""
        self._last += 1
        entry: JsonObject = {"n": self._last, "at": at, "method": method, "params": params, "status": status}
        self._calls.append({**entry, "response": response, "bot": bot})

    def after(self, number: int) -> list[JsonObject]:
        """Return the calls with a higher number, oldest first."""
        return [call for call in self._calls if call["n"] > number]


def without_secret(value: JsonObject, secret: str) -> JsonObject:
    """Return a JSON object in which a secret, should somebody have sent it, is blacked out."""
    text = json.dumps(value)
    if secret not in text:
        return value
    result: JsonObject = json.loads(text.replace(secret, "[token]"))
    return result
