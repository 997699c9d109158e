"""Names that must travel in 64 bytes of callback data: short ones as they are, long or awkward ones as a digest."""

import re
from collections.abc import Iterable
from hashlib import blake2b

_SAFE = re.compile(r"[A-Za-z0-9._-]{1,20}")
_MARK = "~"


def token(name: str) -> str:
    """At most 20 bytes that stand for a name, without the separator of callback data."""
    if _SAFE.fullmatch(name):
        return name
    return _MARK + blake2b(name.encode(), digest_size=8).hexdigest()


def named(wanted: str, names: Iterable[str]) -> str | None:
    """The name that a token stands for, among those that exist now; None when it is gone."""
    return next((name for name in names if token(name) == wanted), None)
