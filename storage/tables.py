"""Every table of the desk."""

from storage import tables_chat, tables_lease
from storage.tables_trading import metadata

__all__ = ["metadata", "tables_chat", "tables_lease"]
