"""Telegram updates seen, so that one delivered twice acts once and is answered the same."""

from sqlalchemy import Connection, delete, select, update

from engine.core.market import HOUR_MS
from storage.access import Access
from storage.tables_chat import updates
from storage.upsert import put_new

KEPT_MS = 48 * HOUR_MS


class UpdateStore:
    """Keyed by bot and update id."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def first_seen(self, bot_id: int, update_id: int, now_ms: int) -> bool:
        """Put an update on record; False when it was there before."""
        row = {"bot_id": bot_id, "update_id": update_id, "seen_ms": now_ms, "result": None}
        return bool(await self._access.writer.run(lambda connection: put_new(connection, updates, row)))

    async def finish(self, bot_id: int, update_id: int, result: str) -> None:
        """Keep what came of it."""

        def write(connection: Connection) -> None:
            here = (updates.c.bot_id == bot_id, updates.c.update_id == update_id)
            connection.execute(update(updates).where(*here).values(result=result))

        await self._access.writer.run(write)

    async def result(self, bot_id: int, update_id: int) -> str | None:
        """Return what came of it; None when it is unknown or was never finished."""
        here = (updates.c.bot_id == bot_id, updates.c.update_id == update_id)
        row = await self._access.reader.first(select(updates.c.result).where(*here))
        return row.result if row is not None else None

    async def prune(self, now_ms: int, older_than_ms: int = KEPT_MS) -> int:
        """Forget updates seen longer ago than that; returns how many."""

        def write(connection: Connection) -> int:
            done = connection.execute(delete(updates).where(updates.c.seen_ms < now_ms - older_than_ms))
            return done.rowcount

        count: int = await self._access.writer.run(write)
        return count
