"""Who runs an account: one row for each account and mode."""

from sqlalchemy import Table

from storage.columns import desk, text, whole
from storage.tables_trading import metadata

leases = Table(
    "leases",
    metadata,
    *desk(),
    text("exchange_key"),
    text("owner"),
    text("holder"),
    whole("fence"),
    whole("since_ms"),
    whole("beat_ms"),
)
