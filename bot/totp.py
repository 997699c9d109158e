"""Codes of an authenticator app (TOTP, RFC 6238: SHA-1, 30 s, six digits)."""

import binascii
import hmac

import pyotp

STEP_MS = 30_000
_ISSUER = "pocketdesk"


def new_secret() -> str:
    """Return a random secret of 160 bits in base32, as authenticators read it."""
    return pyotp.random_base32()


def step_at(wall_ms: int) -> int:
    """Return the number of the time step at a wall time."""
    return wall_ms // STEP_MS


def code_at(secret: str, step: int) -> str:
    """Return the code of a time step; raises ValueError for a secret that is no base32."""
    try:
        return pyotp.HOTP(secret).at(step)
    except binascii.Error as error:
        raise ValueError("the secret is not written in base32") from error


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
    return pyotp.TOTP(secret).provisioning_uri(name=user, issuer_name=f"{_ISSUER} {desk}")


def grouped(secret: str) -> str:
    """Return a secret in groups of four, for typing."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
