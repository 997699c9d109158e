"""The account's past as the exchange tells it, beside our own books, and how far it was read."""

from sqlalchemy import Index, Table

from storage.columns import desk, exact, flag, text, whole
from storage.tables_trading import metadata

venue_history = Table(
    "venue_history",
    metadata,
    *desk(),
    text("kind", key=True),
    text("row_id", key=True),
    text("order_id"),
    text("link_id"),
    text("symbol"),
    text("side"),
    exact("quantity"),
    exact("price", null=True),
    exact("fee", null=True),
    exact("pnl", null=True),
    text("made_by"),
    text("owner"),
    whole("at_ms"),
)
Index("venue_history_by_time", venue_history.c.mode, venue_history.c.account, venue_history.c.at_ms)
sync_windows = Table(
    "sync_windows",
    metadata,
    *desk(),
    text("kind", key=True),
    whole("start_ms", key=True),
    whole("end_ms"),
    flag("complete"),
    whole("rows"),
    whole("unreadable"),
    whole("done_ms"),
)
