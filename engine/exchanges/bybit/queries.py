"""Questions to the exchange, complete or failed: all pages to the end, all time windows without a gap."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from engine.core.market import DAY_MS
from engine.exchanges.base import QueryFailedError
from engine.exchanges.bybit.caller import Caller
from engine.exchanges.bybit.codes import Action, Verdict
from engine.exchanges.bybit.endpoints import CATEGORY, Endpoint
from engine.exchanges.bybit.parse import BadData, page
from engine.limiter import Lane

# The longest span the exchange answers for in one question, and how far back it remembers.
WINDOW_MS = 7 * DAY_MS
MEMORY_MS = 729 * DAY_MS
_MOST_PAGES = 500


async def result_of(
    caller: Caller, endpoint: Endpoint, params: Mapping[str, Any], lane: Lane = Lane.QUERY
) -> dict[str, Any]:
    """Return the result of one question; raises QueryFailedError."""
    said = await caller.ask(Action.QUERY, endpoint, params, lane)
    if said.verdict is not Verdict.DONE:
        raise QueryFailedError(f"{endpoint.path}: {said.why if said.code in said.why else f'{said.code} {said.why}'}")
    return said.reply.result


async def rows_of(
    caller: Caller, endpoint: Endpoint, params: Mapping[str, Any], *, lane: Lane = Lane.QUERY, pages: int = _MOST_PAGES
) -> list[Any]:
    """Return the rows of all pages (of the first `pages`) in the exchange's order; raises QueryFailedError. An empty
    parameter is not sent, so an empty category asks for all.
    """
    rows: list[Any] = []
    asked = {name: value for name, value in {"category": CATEGORY, **params}.items() if value != ""}
    async for part in _pages(caller, endpoint, asked, lane):
        rows.extend(part)
        pages -= 1
        if not pages:
            break
    return rows


async def _pages(caller: Caller, endpoint: Endpoint, params: Mapping[str, Any], lane: Lane) -> AsyncIterator[list[Any]]:
    cursor, seen = "", set[str]()
    for _ in range(_MOST_PAGES):
        asked = {**params, "cursor": cursor} if cursor else params
        part = page(await result_of(caller, endpoint, asked, lane), endpoint.path)
        if isinstance(part, BadData):
            raise QueryFailedError(str(part))
        rows, cursor = part
        yield rows
        if not cursor or not rows:
            return
        if cursor in seen:
            raise QueryFailedError(f"{endpoint.path}: the cursor {cursor[:40]!r} came twice")
        seen.add(cursor)
    raise QueryFailedError(f"{endpoint.path}: no end after {_MOST_PAGES} pages")


async def rows_between(
    caller: Caller, endpoint: Endpoint, params: Mapping[str, Any], *, since_ms: int, until_ms: int
) -> list[Any]:
    """Return the rows of [since, until], oldest window first, however long; raises QueryFailedError.

    The windows are contiguous: deriving the next one from the oldest row would leave gaps.
    """
    rows: list[Any] = []
    start = max(since_ms, until_ms - MEMORY_MS, 1)
    while start <= until_ms:
        end = min(start + WINDOW_MS - 1, until_ms)
        rows.extend(await rows_of(caller, endpoint, {**params, "startTime": str(start), "endTime": str(end)}))
        start = end + 1
    return rows
