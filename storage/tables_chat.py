"""What the chat side keeps, and the equity curve."""

from sqlalchemy import Index, Table

from storage.columns import desk, exact, flag, serial, text, whole
from storage.tables_trading import metadata

equity = Table(
    "equity",
    metadata,
    *desk(),
    whole("at_ms", key=True),
    exact("wallet"),
    exact("equity"),
    exact("margin"),
    exact("unrealised"),
)
audit = Table(
    "audit",
    metadata,
    *desk(),
    whole("id", key=True),
    whole("at_ms"),
    whole("user_id"),
    text("name"),
    text("action"),
    text("detail"),
    text("answer"),
    text("previous"),
    text("hash"),
)
outbox = Table(
    "outbox",
    metadata,
    serial("id"),
    *desk(key=False),
    whole("chat_id", null=True),
    text("kind"),
    text("payload"),
    whole("priority"),
    text("thread", null=True),
    flag("critical"),
    whole("created_ms"),
    text("state"),
    whole("attempts"),
    whole("retry_at_ms"),
    whole("message_id", null=True),
    whole("sent_ms", null=True),
    text("why"),
    Index("outbox_by_state", "mode", "account", "state", "priority", "id"),
    Index("outbox_by_thread", "mode", "account", "thread", "chat_id"),
    sqlite_autoincrement=True,
)
confirmations = Table(
    "confirmations",
    metadata,
    text("nonce", key=True),
    whole("user_id"),
    whole("chat_id"),
    whole("message_id", null=True),
    text("action"),
    whole("created_ms"),
    whole("expires_ms"),
    whole("used_ms", null=True),
)
updates = Table(
    "updates",
    metadata,
    whole("bot_id", key=True),
    whole("update_id", key=True),
    whole("seen_ms"),
    text("result", null=True),
)
users = Table("users", metadata, whole("user_id", key=True), text("name"), text("role"), whole("at_ms"))
settings = Table("settings", metadata, whole("user_id", key=True), text("key", key=True), text("value"))
panels = Table("panels", metadata, *desk(), whole("chat_id", key=True), whole("message_id"))
reports = Table(
    "reports",
    metadata,
    *desk(),
    text("report", key=True),
    text("date", key=True),
    whole("sent_ms", null=True),
)
heartbeats = Table("heartbeats", metadata, *desk(), text("name", key=True), whole("at_ms"), text("detail"))
