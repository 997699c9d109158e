"""What is forgotten, and when."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, select

from engine.core.market import DAY_MS, HOUR_MS, MINUTE_MS
from storage.access import Access
from storage.outbox import DROPPED, FANNED, SENT
from storage.tables_chat import confirmations, equity, outbox, updates
from storage.updates import KEPT_MS

OUTBOX_DAYS = 30
FINE_DAYS = 30
COARSE_MS = 15 * MINUTE_MS


async def prune(access: Access, now_ms: int) -> dict[str, int]:
    """Delete what has had its time; returns the rows gone by table.

    Updates after 48 hours, confirmations a day after they expired, messages 30 days after they were made (never unsent
    ones); the equity curve keeps one point a minute, after 30 days one per 15 minutes.
    """

    def write(connection: Connection) -> dict[str, int]:
        gone: dict[str, int] = {}
        for name, statement in _deletions(access, now_ms):
            gone[name] = gone.get(name, 0) + connection.execute(statement).rowcount
        return gone

    counts: dict[str, int] = await access.writer.run(write)
    return counts


def _deletions(access: Access, now_ms: int) -> list[tuple[str, Any]]:
    over = outbox.c.state.in_((SENT, DROPPED, FANNED))
    old = outbox.c.created_ms < now_ms - OUTBOX_DAYS * DAY_MS
    return [
        ("updates", delete(updates).where(updates.c.seen_ms < now_ms - KEPT_MS)),
        ("confirmations", delete(confirmations).where(confirmations.c.expires_ms < now_ms - DAY_MS)),
        ("outbox", delete(outbox).where(*access.mine(outbox), over, old)),
        ("equity", _thin(access, now_ms - FINE_DAYS * DAY_MS, COARSE_MS)),
        ("equity", _thin(access, now_ms - HOUR_MS, MINUTE_MS)),
    ]


def _thin(access: Access, before_ms: int, step_ms: int) -> Any:
    # The last point of each step stays; whole steps only, so that thinning again changes nothing.
    before = before_ms - before_ms % step_ms
    mine: tuple[ColumnElement[bool], ...] = (*access.mine(equity), equity.c.at_ms < before)
    bucket = equity.c.at_ms - equity.c.at_ms % step_ms
    kept = select(func.max(equity.c.at_ms)).where(*mine).group_by(bucket)
    return delete(equity).where(*mine, equity.c.at_ms.not_in(kept))
