"""Remove secrets from text: bot tokens by their pattern, every registered value in each form it may take."""

import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

HIDDEN = "[hidden]"
_SHORTEST = 4
_BOT_TOKEN = re.compile(r"\d{6,20}(?::|%3A)[A-Za-z0-9_-]{30,}", re.IGNORECASE)


class Redactor:
    """Knows the secrets of this run. Values shorter than 4 characters are not hidden: they would blank out text.

    May be called from any thread: the compiled pattern is replaced whole.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Hide these values from now on, also as they look inside JSON and inside an address."""
        forms = {form for secret in secrets if len(secret) >= _SHORTEST for form in _forms(secret)}
        self._forms |= forms
        longest_first = sorted(self._forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def redact(self, text: str) -> str:
        """The text with every secret replaced by `[hidden]`."""
        if self._pattern is not None:
            text = self._pattern.sub(HIDDEN, text)
        return _BOT_TOKEN.sub(HIDDEN, text)


def _forms(secret: str) -> tuple[str, ...]:
    return (
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
    )
