"""One WebSocket connection as the stream client sees it, and the real one over aiohttp."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import aiohttp

# The largest message is a snapshot of many rows; anything beyond this is not the exchange.
_MOST_BYTES = 8 * 1024 * 1024
_CONNECT_S = 10.0


class LinkLostError(Exception):
    """The connection is gone or could not be made; the text says how."""


class Link(Protocol):
    """An open connection. `receive` and `send` raise LinkLostError."""

    async def send(self, text: str) -> None:
        """Send one text message."""

    async def receive(self) -> bytes | str:
        """Wait for the next message."""

    async def close(self) -> None:
        """Close; never raises."""


type Dial = Callable[[str], Awaitable[Link]]


class _AiohttpLink:
    def __init__(self, session: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._session = session
        self._socket = socket

    async def send(self, text: str) -> None:
        try:
            await self._socket.send_str(text)
        except (aiohttp.ClientError, OSError) as error:
            raise LinkLostError(type(error).__name__) from error

    async def receive(self) -> bytes | str:
        message = await self._socket.receive()
        if message.type is aiohttp.WSMsgType.TEXT:
            return str(message.data)
        if message.type is aiohttp.WSMsgType.BINARY:
            return bytes(message.data)
        raise LinkLostError(f"closed, code {self._socket.close_code}")

    async def close(self) -> None:
        await self._session.close()


async def dial(url: str) -> Link:
    """Open a connection; raises LinkLostError."""
    # Compression is declined: it costs more CPU per message than it saves, and the exchange does not ask for it.
    session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, connect=_CONNECT_S))
    socket = None
    try:
        socket = await session.ws_connect(url, max_msg_size=_MOST_BYTES, autoping=True, compress=0)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise LinkLostError(f"no connection ({type(error).__name__})") from error
    finally:
        if socket is None:
            await session.close()
    return _AiohttpLink(session, socket)
