"""Failures of Bot API calls, worded and numbered as Telegram's server does."""

from collections.abc import Mapping
from typing import Any

type JsonObject = dict[str, Any]


class ApiError(Exception):
    """A refused Bot API call: HTTP status, description with its prefix, and `parameters` of the error envelope."""

    def __init__(self, *, code: int, description: str, parameters: Mapping[str, int] | None = None) -> None:
        super().__init__(f"{code} {description}")
        self.code = code
        self.description = description
        self.parameters = dict(parameters or {})

    def envelope(self) -> JsonObject:
        """Return the JSON body Telegram sends for this failure."""
        body: JsonObject = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = dict(self.parameters)
        return body


def bad_request(text: str) -> ApiError:
    """Return a 400; the text's first letter becomes small unless it opens a constant such as BUTTON_DATA_INVALID."""
    second = text[1:2]
    if not (second == "_" or "A" <= second <= "Z"):
        text = text[:1].lower() + text[1:]
    return ApiError(code=400, description=f"Bad Request: {text}")


def forbidden(text: str) -> ApiError:
    """Return a 403."""
    return ApiError(code=403, description=f"Forbidden: {text}")


def conflict(text: str) -> ApiError:
    """Return a 409."""
    return ApiError(code=409, description=f"Conflict: {text}")


def too_many_requests(retry_after_s: int) -> ApiError:
    """Return a 429 that names the seconds to wait."""
    return ApiError(
        code=429,
        description=f"Too Many Requests: retry after {retry_after_s}",
        parameters={"retry_after": retry_after_s},
    )
