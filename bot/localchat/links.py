"""Which link targets Telegram accepts, and how it writes them."""

import re

_SCHEMES = ("http", "https", "ftp", "tg", "ton", "tonsite")
_HOST = re.compile(r"^(?:[^/?#@]*@)?(\[[0-9a-fA-F:.]+\]|[^/?#:@\s]+)(?::(\d+))?([/?#].*)?$", re.DOTALL)
_INTERNAL = re.compile(r"^tg:(?://)?([a-z]+)/?(?:\?([^#]*))?(?:#.*)?$", re.IGNORECASE | re.DOTALL)
_DATE_FORMAT = re.compile(r"[rR]?|[tTdDwW]*")


def internal_link(target: str) -> tuple[str, dict[str, str]] | None:
    """Return the name and arguments of a tg:// link, or None for any other target."""
    match = _INTERNAL.match(target.strip())
    if match is None:
        return None
    pairs = (part.partition("=") for part in (match.group(2) or "").split("&"))
    return match.group(1).lower(), {key: value for key, _, value in pairs}


def mentioned_user(target: str) -> str | None:
    """Return the user id of a tg://user?id=N target."""
    link = internal_link(target)
    if link is None or link[0] != "user":
        return None
    return positive_number(link[1].get("id", ""))


def positive_number(text: str) -> str | None:
    """Return the digits of a positive 64-bit number written without leading zeros."""
    return text if re.fullmatch(r"[1-9]\d{0,18}", text, re.ASCII) and int(text) < 2**63 else None


def date_format_is_valid(text: str) -> bool:
    """Return whether a text is a date-time format: "r" for relative, or any of t T d D w W."""
    return _DATE_FORMAT.fullmatch(text) is not None


def checked_url(target: str) -> str:
    """Return the link as Telegram stores it (with its scheme, at least "/" as path), or "" where it is no link."""
    if internal_link(target) is not None:
        return "tg://" + target.strip().partition(":")[2].removeprefix("//")
    name, rest = _split(target)
    if name not in _SCHEMES or any(char.isspace() for char in rest):
        return ""
    host = _HOST.match(rest)
    if host is None:
        return ""
    label = host.group(1).lower()
    if not label.startswith("[") and (not re.search(r"\w\.\w", label)):
        return ""
    port = f":{host.group(2)}" if host.group(2) else ""
    tail = host.group(3) or "/"
    return f"{name}://{label}{port}{tail if tail.startswith('/') else '/' + tail}"


def _split(target: str) -> tuple[str, str]:
    scheme, mark, rest = target.partition("://")
    return (scheme.lower(), rest) if mark else ("http", target)
