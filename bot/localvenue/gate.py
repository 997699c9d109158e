"""The key of an exposed venue's control API, and JSON errors for paths that do not exist."""

import secrets

from aiohttp import web
from aiohttp.typedefs import Handler


class Gate:
    """Asks for the key under /sim where there is one; V5 paths carry keys of their own."""

    def __init__(self, key: str) -> None:
        self._key = key

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse control calls without the key, and speak JSON about unknown paths."""
        if self._key and request.path.startswith("/sim") and not self._has_key(request):
            return web.json_response({"error": "a key is needed: it was printed at start"}, status=401)
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            text = f"{request.method} {request.path}: {error.reason}"
            return web.json_response({"error": text}, status=error.status)

    def _has_key(self, request: web.Request) -> bool:
        offered = request.headers.get("Authorization", "").removeprefix("Bearer ") or request.query.get("key", "")
        return secrets.compare_digest(offered.encode(), self._key.encode())
