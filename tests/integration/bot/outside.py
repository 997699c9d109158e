"""A server of somebody else's that is told what cannot be told in the chat."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web


@asynccontextmanager
async def outside(answers: list[int]) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """Its address, and what it heard; it answers with these statuses, then 200."""
    heard: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        heard.append(await request.json())
        return web.Response(status=answers.pop(0) if answers else 200)

    app = web.Application()
    app.router.add_post("/alert", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/alert", heard
    finally:
        await runner.cleanup()
