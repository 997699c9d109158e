"""Every table of the desk."""

from storage import tables_chat, tables_lease, tables_sync
from storage.tables_trading import metadata

__all__ = ["metadata", "tables_chat", "tables_lease", "tables_sync"]
