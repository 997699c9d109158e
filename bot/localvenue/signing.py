"""Verification of requests: HMAC-SHA256 over the bytes as they came, and the time window of Bybit's guide."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from bot.localvenue.codes import CLOCK, SIGN, TEXTS, VenueError

DEFAULT_WINDOW_MS = 5000
_AHEAD_MS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """The signing headers of one request; `window` as text, "" when the client sent none."""

    key: str
    timestamp: str
    window: str
    sign: str

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> "Signed":
        """Read the headers (a case-insensitive mapping)."""
        names = ("X-BAPI-API-KEY", "X-BAPI-TIMESTAMP", "X-BAPI-RECV-WINDOW", "X-BAPI-SIGN")
        key, timestamp, window, sign = (headers.get(name, "") for name in names)
        return cls(key=key, timestamp=timestamp, window=window, sign=sign)


def signature(secret: str, content: bytes) -> str:
    """Return the lowercase hex HMAC-SHA256 of some bytes."""
    return hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


def check_window(timestamp: str, window: str, now_ms: int) -> None:
    """Raise 10002 unless now - window <= timestamp < now + 1000."""
    if not timestamp.isdecimal() or (window and not window.isdecimal()):
        raise VenueError(CLOCK, f"{TEXTS[CLOCK]} req_timestamp[{timestamp}],server_timestamp[{now_ms}]")
    span = int(window) if window else DEFAULT_WINDOW_MS
    if not now_ms - span <= int(timestamp) < now_ms + _AHEAD_MS:
        raise VenueError(
            CLOCK, f"{TEXTS[CLOCK]} req_timestamp[{timestamp}],server_timestamp[{now_ms}],recv_window[{span}]"
        )


def check_request(signed: Signed, secret: str, payload: bytes, now_ms: int) -> None:
    """Raise 10002 or 10004 unless a request is timely and signed over `payload`: raw query string or raw body."""
    check_window(signed.timestamp, signed.window, now_ms)
    content = f"{signed.timestamp}{signed.key}{signed.window}".encode() + payload
    if not hmac.compare_digest(signature(secret, content).encode(), signed.sign.lower().encode()):
        raise VenueError(SIGN, f"error sign! origin_string[{content.decode('utf-8', 'replace')}]")


def check_socket(secret: str, expires: object, sign: object, now_ms: int) -> str:
    """Return "" when a socket's auth is right, else what is wrong with it. `expires` may be a number or a string."""
    text = str(expires)
    if isinstance(expires, bool) or not text.isdecimal() or int(text) <= now_ms:
        return "Params Error"
    right = signature(secret, f"GET/realtime{text}".encode())
    if not isinstance(sign, str) or not hmac.compare_digest(right.encode(), sign.lower().encode()):
        return "Sign invalid"
    return ""
