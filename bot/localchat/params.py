"""The arguments of one Bot API call, from query, form, multipart or JSON, read with Telegram's leniency."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from bot.localchat.errors import ApiError, JsonObject, bad_request

_NUMBER = re.compile(r"\s*([+-]?\d{1,19})", re.ASCII)
_STRUCTURED = frozenset(
    (
        "allowed_updates", "caption_entities", "commands", "entities", "link_preview_options", "media", "menu_button",
        "message_ids", "reaction", "reply_markup", "reply_parameters", "scope",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file part of a multipart body."""

    name: str
    mime: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """Arguments by name. Absent and empty are the same, numbers are clamped, junk reads as zero."""

    values: dict[str, str]
    files: dict[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return an argument, "" where it is absent."""
        return self.values.get(name, "")

    def integer(self, name: str, *, default: int = 0, low: int = -(2**63), high: int = 2**63 - 1) -> int:
        """Return an argument as a number within bounds; 0 where it cannot be read, `default` where it is absent."""
        if name not in self.values:
            return default
        match = _NUMBER.match(self.values[name])
        return min(max(int(match.group(1)) if match else 0, low), high)

    def flag(self, name: str) -> bool:
        """Return whether an argument says yes."""
        return self.values.get(name, "").strip().lower() in {"true", "yes", "1"}

    def structure(self, name: str, failure: str) -> Any:
        """Return an argument read as JSON, None where it is absent; `failure` is the 400's text for broken JSON."""
        raw = self.values.get(name, "")
        if not raw.strip():
            return None
        try:
            return json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise bad_request(failure) from error

    def shown(self) -> JsonObject:
        """Return the arguments for the call log: JSON ones as values, files by their size."""
        result: JsonObject = {name: _shown(name, value) for name, value in self.values.items()}
        for name, upload in self.files.items():
            result[name] = {"file_name": upload.name, "bytes": len(upload.content)}
        return result


def dumped(value: object) -> str:
    """Return a nested value as the JSON string a form would have carried."""
    return value if isinstance(value, str) else json.dumps(value)


def _shown(name: str, value: str) -> object:
    if name not in _STRUCTURED:
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def params_from_json(body: bytes) -> dict[str, str]:
    """Return the arguments of a JSON body as the strings a form would have carried."""
    try:
        content = json.loads(body) if body.strip() else {}
    except (ValueError, RecursionError) as error:
        raise ApiError(code=400, description="Bad Request: can't parse request: invalid JSON") from error
    if not isinstance(content, dict):
        raise ApiError(code=400, description="Bad Request: can't parse request: JSON object expected")
    return {str(name): dumped(value) for name, value in content.items() if value is not None}
