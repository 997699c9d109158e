"""The first tables."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None

_TYPES: dict[str, Any] = {
    "text": sa.Text(),
    "whole": sa.BigInteger(),
    "exact": sa.Text().with_variant(sa.Numeric(), "postgresql"),
    "flag": sa.Boolean(),
    "blob": sa.LargeBinary(),
}


def upgrade() -> None:
    """Create them."""
    _journal()
    _orders()
    _executions()
    _trades()
    _positions()
    _risk()
    _desk()
    _outbox()
    _people()


def _columns(words: str, *, null: bool = False) -> list[sa.Column[Any]]:
    # Columns as words keep a table on a few lines, fixed as at this version whatever the program says later.
    pairs = [word.split() for word in words.split(",")]
    return [sa.Column(name, _TYPES[kind], nullable=null) for name, kind in pairs]


def _table(name: str, columns: list[sa.Column[Any]], key: str, **options: Any) -> None:
    op.create_table(name, *columns, sa.PrimaryKeyConstraint(*key.split()), **options)


def _journal() -> None:
    columns = [
        *_columns("mode text, account text, seq whole, group_id whole, at_ms whole, type text, data text"),
    ]
    _table("journal", columns, "mode account seq", sqlite_with_rowid=False)
    columns = [
        *_columns("mode text, account text, seq whole, state blob"),
    ]
    _table("checkpoints", columns, "mode account seq")
    columns = [
        *_columns("mode text, account text, symbol text, from_seq whole, given flag, data text"),
    ]
    _table("instruments", columns, "mode account symbol from_seq")


def _orders() -> None:
    columns = [
        *_columns(
            "mode text, account text, link_id text, seq whole, order_id text, position_id text, profile text, "
            "symbol text, side text, purpose text"
        ),
        *_columns("quantity exact, filled exact, average exact, expected exact, stop exact, target exact", null=True),
        *_columns("reason text, status text, why text, decided_ms whole, heard_ms whole, state text"),
    ]
    _table("orders", columns, "mode account link_id")
    op.create_index("orders_by_seq", "orders", ["mode", "account", "seq"])
    columns = [
        *_columns(
            "mode text, account text, signal_id text, seq whole, profile text, symbol text, at_ms whole, side "
            "text, rule text, also text, price exact, indicators text, outcome text, gate text, detail text"
        ),
    ]
    _table("signals", columns, "mode account signal_id")
    op.create_index("signals_by_seq", "signals", ["mode", "account", "seq"])


def _executions() -> None:
    columns = [
        *_columns(
            "mode text, account text, exec_id text, seq whole, link_id text, order_id text, position_id text, "
            "profile text, symbol text, side text, price exact, quantity exact, fee exact, kind text, maker "
            "flag, ambiguous flag, at_ms whole"
        ),
    ]
    _table("fills", columns, "mode account exec_id")
    op.create_index("fills_by_seq", "fills", ["mode", "account", "seq"])
    columns = [
        *_columns(
            "mode text, account text, exec_id text, seq whole, profile text, symbol text, amount exact, at_ms whole"
        ),
    ]
    _table("funding", columns, "mode account exec_id")


def _trades() -> None:
    columns = [
        *_columns(
            "mode text, account text, position_id text, seq whole, profile text, symbol text, long flag, "
            "quantity exact, entry_ms whole, exit_ms whole, expected_entry exact, entry exact"
        ),
        *_columns("expected_exit exact", null=True),
        *_columns("exit exact"),
        *_columns("initial_stop exact, initial_target exact", null=True),
        *_columns("gross exact, fees exact, funding exact"),
        *_columns("risk exact", null=True),
        *_columns("mae exact, mfe exact, rule text, reason text, ambiguous flag"),
    ]
    _table("trades", columns, "mode account position_id")
    op.create_index("trades_by_exit", "trades", ["mode", "account", "exit_ms"])


def _positions() -> None:
    columns = [
        *_columns("mode text, account text, symbol text, position_id text, profile text, quantity exact"),
        *_columns("entry exact, stop exact, target exact", null=True),
        *_columns("fees exact, funding exact"),
        *_columns("opened_ms whole", null=True),
        *_columns("updated_ms whole"),
        *_columns("state text", null=True),
    ]
    _table("positions", columns, "mode account symbol")
    columns = [
        *_columns("mode text, account text, seq whole, position_id text, symbol text"),
        *_columns("stop exact, target exact", null=True),
        *_columns("why text, at_ms whole"),
    ]
    _table("stop_moves", columns, "mode account seq")
    op.create_index("stop_moves_by_position", "stop_moves", ["mode", "account", "position_id"])
    columns = [
        *_columns("mode text, account text, day text"),
        *_columns("start_equity exact, end_equity exact", null=True),
        *_columns("net exact, fees exact, funding exact, trades whole, wins whole, losses whole, fills whole"),
    ]
    _table("daily_snapshots", columns, "mode account day")


def _risk() -> None:
    columns = [
        *_columns("mode text, account text, seq whole, at_ms whole, kind text, subject text, detail text, who text"),
    ]
    _table("risk_events", columns, "mode account seq")
    columns = [
        *_columns("mode text, account text, seq whole, at_ms whole, kind text, subject text, detail text, who text"),
    ]
    _table("system_events", columns, "mode account seq")
    columns = [
        *_columns("mode text, account text, key text, old whole, value whole, who text, at_ms whole"),
    ]
    _table("limits", columns, "mode account key")
    columns = [
        *_columns("mode text, account text, symbol text, until_ms whole, why text, at_ms whole"),
    ]
    _table("cooldowns", columns, "mode account symbol")
    columns = [
        *_columns("mode text, account text, scope text, name text, value whole, at_ms whole"),
    ]
    _table("risk_references", columns, "mode account scope name")


def _desk() -> None:
    columns = [
        *_columns("mode text, account text, at_ms whole, wallet exact, equity exact, margin exact, unrealised exact"),
    ]
    _table("equity", columns, "mode account at_ms")
    columns = [
        *_columns(
            "mode text, account text, id whole, at_ms whole, user_id whole, name text, action text, detail "
            "text, answer text, previous text, hash text"
        ),
    ]
    _table("audit", columns, "mode account id")
    columns = [
        *_columns("mode text, account text, name text, at_ms whole, detail text"),
    ]
    _table("heartbeats", columns, "mode account name")
    columns = [
        *_columns("mode text, account text, chat_id whole, message_id whole"),
    ]
    _table("panels", columns, "mode account chat_id")
    columns = [
        *_columns("mode text, account text, report text, date text"),
        *_columns("sent_ms whole", null=True),
    ]
    _table("reports", columns, "mode account report date")


def _outbox() -> None:
    columns = [
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, autoincrement=True),
        *_columns("mode text, account text"),
        *_columns("chat_id whole", null=True),
        *_columns("kind text, payload text, priority whole"),
        *_columns("thread text", null=True),
        *_columns("critical flag, created_ms whole, state text, attempts whole, retry_at_ms whole"),
        *_columns("message_id whole, sent_ms whole", null=True),
        *_columns("why text"),
    ]
    _table("outbox", columns, "id", sqlite_autoincrement=True)
    op.create_index("outbox_by_state", "outbox", ["mode", "account", "state", "priority", "id"])
    op.create_index("outbox_by_thread", "outbox", ["mode", "account", "thread", "chat_id"])


def _people() -> None:
    columns = [
        *_columns("nonce text, user_id whole, chat_id whole"),
        *_columns("message_id whole", null=True),
        *_columns("action text, created_ms whole, expires_ms whole"),
        *_columns("used_ms whole", null=True),
    ]
    _table("confirmations", columns, "nonce")
    columns = [
        *_columns("bot_id whole, update_id whole, seen_ms whole"),
        *_columns("result text", null=True),
    ]
    _table("updates", columns, "bot_id update_id")
    columns = [
        *_columns("user_id whole, name text, role text, at_ms whole"),
    ]
    _table("users", columns, "user_id")
    columns = [
        *_columns("user_id whole, key text, value text"),
    ]
    _table("settings", columns, "user_id key")
