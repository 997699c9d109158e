"""The journal and its projections."""

from sqlalchemy import Index, MetaData, Table

from storage.columns import blob, desk, exact, flag, text, whole

metadata = MetaData()

journal = Table(
    "journal",
    metadata,
    *desk(),
    whole("seq", key=True),
    whole("group_id"),
    whole("at_ms"),
    text("type"),
    text("data"),
    sqlite_with_rowid=False,
)
checkpoints = Table("checkpoints", metadata, *desk(), whole("seq", key=True), blob("state"))
instruments = Table(
    "instruments",
    metadata,
    *desk(),
    text("symbol", key=True),
    whole("from_seq", key=True),
    flag("given"),
    text("data"),
)
orders = Table(
    "orders",
    metadata,
    *desk(),
    text("link_id", key=True),
    whole("seq"),
    text("order_id"),
    text("position_id"),
    text("profile"),
    text("symbol"),
    text("side"),
    text("purpose"),
    exact("quantity", null=True),
    exact("filled", null=True),
    exact("average", null=True),
    exact("expected", null=True),
    exact("stop", null=True),
    exact("target", null=True),
    text("reason"),
    text("status"),
    text("why"),
    whole("decided_ms"),
    whole("heard_ms"),
    text("state"),
    Index("orders_by_seq", "mode", "account", "seq"),
)
fills = Table(
    "fills",
    metadata,
    *desk(),
    text("exec_id", key=True),
    whole("seq"),
    text("link_id"),
    text("order_id"),
    text("position_id"),
    text("profile"),
    text("symbol"),
    text("side"),
    exact("price"),
    exact("quantity"),
    exact("fee"),
    text("kind"),
    flag("maker"),
    flag("ambiguous"),
    whole("at_ms"),
    Index("fills_by_seq", "mode", "account", "seq"),
)
funding = Table(
    "funding",
    metadata,
    *desk(),
    text("exec_id", key=True),
    whole("seq"),
    text("profile"),
    text("symbol"),
    exact("amount"),
    whole("at_ms"),
)
trades = Table(
    "trades",
    metadata,
    *desk(),
    text("position_id", key=True),
    whole("seq"),
    text("profile"),
    text("symbol"),
    flag("long"),
    exact("quantity"),
    whole("entry_ms"),
    whole("exit_ms"),
    exact("expected_entry"),
    exact("entry"),
    exact("expected_exit", null=True),
    exact("exit"),
    exact("initial_stop", null=True),
    exact("initial_target", null=True),
    exact("gross"),
    exact("fees"),
    exact("funding"),
    exact("risk", null=True),
    exact("mae"),
    exact("mfe"),
    text("rule"),
    text("reason"),
    flag("ambiguous"),
    Index("trades_by_exit", "mode", "account", "exit_ms"),
)
positions = Table(
    "positions",
    metadata,
    *desk(),
    text("symbol", key=True),
    text("position_id"),
    text("profile"),
    exact("quantity"),
    exact("entry", null=True),
    exact("stop", null=True),
    exact("target", null=True),
    exact("fees"),
    exact("funding"),
    whole("opened_ms", null=True),
    whole("updated_ms"),
    text("state", null=True),
)
stop_moves = Table(
    "stop_moves",
    metadata,
    *desk(),
    whole("seq", key=True),
    text("position_id"),
    text("symbol"),
    exact("stop", null=True),
    exact("target", null=True),
    text("why"),
    whole("at_ms"),
    Index("stop_moves_by_position", "mode", "account", "position_id"),
)
signals = Table(
    "signals",
    metadata,
    *desk(),
    text("signal_id", key=True),
    whole("seq"),
    text("profile"),
    text("symbol"),
    whole("at_ms"),
    text("side"),
    text("rule"),
    text("also"),
    exact("price"),
    text("indicators"),
    text("outcome"),
    text("gate"),
    text("detail"),
    Index("signals_by_seq", "mode", "account", "seq"),
)
daily_snapshots = Table(
    "daily_snapshots",
    metadata,
    *desk(),
    text("day", key=True),
    exact("start_equity", null=True),
    exact("end_equity", null=True),
    exact("net"),
    exact("fees"),
    exact("funding"),
    whole("trades"),
    whole("wins"),
    whole("losses"),
    whole("fills"),
)


def _events(name: str) -> Table:
    columns = (
        *desk(),
        whole("seq", key=True),
        whole("at_ms"),
        text("kind"),
        text("subject"),
        text("detail"),
        text("who"),
    )
    return Table(name, metadata, *columns)


risk_events = _events("risk_events")
system_events = _events("system_events")

limits = Table(
    "limits", metadata, *desk(), text("key", key=True), whole("old"), whole("value"), text("who"), whole("at_ms")
)
cooldowns = Table(
    "cooldowns", metadata, *desk(), text("symbol", key=True), whole("until_ms"), text("why"), whole("at_ms")
)
risk_references = Table(
    "risk_references",
    metadata,
    *desk(),
    text("scope", key=True),
    text("name", key=True),
    whole("value"),
    whole("at_ms"),
)

# Rebuilt from the journal; everything else in these files is not.
PROJECTIONS = (
    orders,
    fills,
    funding,
    trades,
    positions,
    stop_moves,
    signals,
    daily_snapshots,
    risk_events,
    system_events,
    limits,
    cooldowns,
    risk_references,
)
