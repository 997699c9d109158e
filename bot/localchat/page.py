"""Serves the chat page under a policy that allows its own inline code only, by hash."""

import base64
import hashlib
import re
from pathlib import Path

from aiohttp import web

from bot.localchat.guard import KEY_COOKIE

PAGE = Path(__file__).with_name("page.html")


def policy(html: str) -> str:
    """Return the Content-Security-Policy of a page: its inline scripts and styles by hash, nothing foreign."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hashes(html, 'script')}",
            f"style-src {_hashes(html, 'style')}",
            "connect-src 'self'",
            "img-src 'self' blob: data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def _hashes(html: str, tag: str) -> str:
    # Browsers read CRLF as LF before they hash.
    text = html.replace("\r\n", "\n")
    contents = re.findall(rf"<{tag}\b[^>]*>(.*?)</{tag}\s*>", text, re.DOTALL | re.IGNORECASE)
    digests = (hashlib.sha256(content.encode()).digest() for content in contents)
    listed = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return listed or "'none'"


class Page:
    """The page with its headers, read once."""

    def __init__(self, *, key: str) -> None:
        self._html = PAGE.read_text(encoding="utf-8")
        self._key = key
        self._headers = {
            "Content-Security-Policy": policy(self._html),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer GET /; a key in the address moves into a cookie, so that it does not stay in the address bar."""
        if self._key and "key" in request.query:
            rest = request.rel_url.without_query_params("key")
            response = web.Response(status=303, headers={"Location": str(rest), "Referrer-Policy": "no-referrer"})
            response.set_cookie(KEY_COOKIE, self._key, httponly=True, samesite="Strict", path="/")
            return response
        return web.Response(text=self._html, content_type="text/html", charset="utf-8", headers=self._headers)
