"""The way out that is not Telegram: a POST to ALERT_URL, and the ping that says the desk is well.

Both addresses may hold secrets: they are never logged, nor is what aiohttp says about them.
"""

from dataclasses import dataclass

import aiohttp
from pydantic import SecretStr

from config.logging import get_logger

_log = get_logger(__name__)
_TIMEOUT = aiohttp.ClientTimeout(total=10, sock_connect=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shout:
    """What the second channel is told: plain text, the desk it is about, and when it happened (UTC ms)."""

    text: str
    desk: str
    mode: str
    at_ms: int


class SecondChannel:
    """Without an address it says nothing and is content."""

    def __init__(self, url: SecretStr | None) -> None:
        self._url = url

    async def shout(self, shout: Shout) -> bool:
        """POST as JSON; True when it was taken (2xx) or there is nobody to tell."""
        body = {"text": shout.text, "desk": shout.desk, "mode": shout.mode, "at_ms": shout.at_ms}
        return await _request("POST", self._url, body)


class Pulse:
    """The ping for a dead man's switch."""

    def __init__(self, url: SecretStr | None) -> None:
        self._url = url

    async def beat(self) -> bool:
        """GET the address; True when it was taken or there is none."""
        return await _request("GET", self._url, None)


async def _request(verb: str, url: SecretStr | None, body: dict[str, object] | None) -> bool:
    if url is None:
        return True
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.request(verb, url.get_secret_value(), json=body, allow_redirects=False) as answer,
        ):
            taken = 200 <= answer.status < 300
            if not taken:
                _log.warning("outside address refused", verb=verb, status=answer.status)
            return taken
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        _log.warning("outside address not reached", verb=verb, why=type(error).__name__)
        return False
