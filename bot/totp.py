"""Codes of an authenticator app (TOTP, RFC 6238: SHA-1, 30 s, six digits) from nothing but the standard library."""

import base64
import binascii
import hashlib
import hmac
import secrets
from urllib.parse import quote

STEP_MS = 30_000
DIGITS = 6
# 160 bits, what RFC 4226 asks for.
_SECRET_BYTES = 20
_ISSUER = "pocketdesk"


def new_secret() -> str:
    """Return a random secret in base32, as authenticators read it."""
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def step_at(wall_ms: int) -> int:
    """Return the number of the time step at a wall time."""
    return wall_ms // STEP_MS


def code_at(secret: str, step: int) -> str:
    """Return the code of a time step (RFC 4226, 5.3); raises ValueError for a secret that is no base32."""
    try:
        key = base64.b32decode(secret, casefold=True)
    except binascii.Error as error:
        raise ValueError("the secret is not written in base32") from error
    digest = hmac.digest(key, step.to_bytes(8), hashlib.sha1)
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def matching_step(secret: str, code: str, wall_ms: int) -> int | None:
    """Return the time step that a code belongs to: the present one, or one beside it for clocks that differ."""
    now = step_at(wall_ms)
    found = None
    for step in (now - 1, now, now + 1):
        # Every step is compared whatever was found, so that the time it takes says nothing.
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode()):
            found = step
    return found


def uri(secret: str, *, desk: str, user: str) -> str:
    """Return what a QR code says to an authenticator app."""
    label = quote(f"{_ISSUER} {desk}:{user}", safe=":")
    return (
        f"otpauth://totp/{label}?secret={secret}&issuer={quote(_ISSUER + ' ' + desk)}&algorithm=SHA1&digits=6&period=30"
    )


def grouped(secret: str) -> str:
    """Return a secret in groups of four, for typing."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
