"""Who may talk to the server: known Host headers only, no foreign web page, a key when it is exposed."""

import ipaddress
import secrets
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

KEY_COOKIE = "localchat_key"
_LOOPBACK_NAMES = frozenset(("127.0.0.1", "localhost", "::1"))


def is_loopback(host: str) -> bool:
    """Return whether a host to bind to is reachable from this machine only."""
    return host in _LOOPBACK_NAMES


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Checks every request. `key` is "" on loopback; exposed, everything but the Bot API needs it."""

    host: str
    exposed: bool
    key: str

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what comes from elsewhere, then hand the request on."""
        refusal = self._refusal(request)
        if refusal is not None:
            return web.json_response({"error": refusal[1]}, status=refusal[0])
        return await handler(request)

    def _refusal(self, request: web.Request) -> tuple[int, str] | None:
        host = request.headers.get("Host", "")
        if not self._is_known(_name(host)):
            return 403, f"unknown Host header {host!r}: use the address that was printed at start"
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return 403, f"foreign Origin {origin!r}: only the page of this server may call it"
        if self.key and not request.path.startswith(("/bot", "/file/bot")) and not self._has_key(request):
            return 401, "a key is needed: open the address with the key that was printed at start"
        return None

    def _is_known(self, name: str) -> bool:
        if name in _LOOPBACK_NAMES or name == self.host:
            return True
        if not self.exposed:
            return False
        return name == socket.gethostname().lower() or _is_address(name)

    def _has_key(self, request: web.Request) -> bool:
        header = request.headers.get("Authorization", "").removeprefix("Bearer ")
        offered = (header, request.query.get("key", ""), request.cookies.get(KEY_COOKIE, ""))
        return any(secrets.compare_digest(value.encode(), self.key.encode()) for value in offered if value)


@web.middleware
async def plain_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer unknown paths and verbs with JSON: the control API's error under /sim, Telegram's envelope elsewhere."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        if request.path.startswith("/sim"):
            return web.json_response({"error": f"{request.method} {request.path}: {error.reason}"}, status=error.status)
        envelope = {"ok": False, "error_code": error.status, "description": error.reason}
        return web.json_response(envelope, status=error.status)


def _name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    # A rebinding attack needs a name under the attacker's control, a bare address cannot be one.
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
