"""While the loop computes, a thread that sends gets the interpreter only for moments: it stands aside for orders."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import pytest

from engine.clock import SystemClock
from engine.exchanges.bybit.connection import Connection, Credentials
from engine.exchanges.bybit.endpoints import CREATE, OPEN_ORDERS, Endpoint
from engine.exchanges.bybit.hosts import Hosts
from engine.limiter import Lane

ORDER = {"category": "linear", "symbol": "BTCUSDT"}
TURNS = 5


@contextmanager
def exchange() -> Iterator[socket.socket]:
    """Somebody who is connected to, is sent requests, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@asynccontextmanager
async def asked(server: socket.socket, endpoint: Endpoint, lane: Lane) -> AsyncIterator[None]:
    """Ask, and give the loop only so many turns as it takes to hand the request to its thread."""
    base = f"http://127.0.0.1:{server.getsockname()[1]}"
    connection = Connection(
        Hosts(rest=base, public="", private=""), SystemClock(), Credentials(key="key", secret="secret")
    )
    call = asyncio.create_task(connection.rest.call(endpoint, ORDER, lane))
    try:
        for _ in range(TURNS):
            await asyncio.sleep(0)
        yield
    finally:
        with suppress(BlockingIOError, TimeoutError):
            server.settimeout(0)
            server.accept()[0].close()
        await call
        await connection.close()


@pytest.mark.parametrize("lane", [Lane.EXIT, Lane.PROTECTION, Lane.ENTRY])
def test_an_order_has_left_when_the_loop_goes_on(monkeypatch: pytest.MonkeyPatch, lane: Lane) -> None:
    monkeypatch.setattr("engine.exchanges.bybit.rest._ASIDE_S", 10.0)

    async def main(server: socket.socket) -> bytes:
        began = time.monotonic()
        async with asked(server, CREATE, lane):
            assert time.monotonic() - began < 5
            server.settimeout(0)
            with server.accept()[0] as accepted:
                accepted.settimeout(0)
                return accepted.recv(65_536)

    with exchange() as server:
        assert asyncio.run(main(server)).startswith(b"POST /v5/order/create HTTP/1.1")


@pytest.mark.parametrize(("lane", "least_s"), [(Lane.QUERY, 0.0), (Lane.ENTRY, 0.05), (Lane.EXIT, 0.05)])
def test_what_cannot_leave_holds_the_loop_for_a_moment_only_and_a_question_not_at_all(
    monkeypatch: pytest.MonkeyPatch, lane: Lane, least_s: float
) -> None:
    monkeypatch.setattr("engine.exchanges.bybit.rest._ASIDE_S", least_s or 10.0)
    released = threading.Event()

    def stuck(*_: object) -> None:
        released.wait(10)
        raise OSError

    monkeypatch.setattr("engine.exchanges.bybit.rest._Client.send", stuck)

    async def main(server: socket.socket) -> float:
        began = time.monotonic()
        async with asked(server, OPEN_ORDERS, lane):
            took = time.monotonic() - began
            released.set()
            return took

    with exchange() as server:
        assert least_s <= asyncio.run(main(server)) < 5
