"""The account's past as the exchange tells it."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"

_EXACT: Any = sa.Text().with_variant(sa.Numeric(), "postgresql")


def upgrade() -> None:
    """Create its tables."""
    op.create_table(
        "venue_history",
        *(_text(name) for name in ("mode", "account", "kind", "row_id", "order_id", "link_id", "symbol", "side")),
        sa.Column("quantity", _EXACT, nullable=False),
        *(sa.Column(name, _EXACT, nullable=True) for name in ("price", "fee", "pnl")),
        *(_text(name) for name in ("made_by", "owner")),
        _whole("at_ms"),
        sa.PrimaryKeyConstraint("mode", "account", "kind", "row_id"),
    )
    op.create_index("venue_history_by_time", "venue_history", ["mode", "account", "at_ms"])
    op.create_table(
        "sync_windows",
        *(_text(name) for name in ("mode", "account", "kind")),
        *(_whole(name) for name in ("start_ms", "end_ms")),
        sa.Column("complete", sa.Boolean(), nullable=False),
        *(_whole(name) for name in ("rows", "unreadable", "done_ms")),
        sa.PrimaryKeyConstraint("mode", "account", "kind", "start_ms"),
    )


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)


def _whole(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=False)
