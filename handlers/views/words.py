"""The desk's terms in plain words, shared by several screens."""

from collections.abc import Mapping
from decimal import Decimal

from engine.core.commands import Scope
from engine.core.snapshot import LimitView, Snapshot
from engine.strategies.rules8 import NAMES
from handlers.views.format import money, plain, short_percent, signed

_MEASURES = {
    "unrealised": "open loss",
    "daily_balance": "day balance",
    "daily_equity": "day",
    "weekly_equity": "week",
    "peak_equity": "peak",
    "daily_loss": "day loss",
    "total_loss": "total loss",
    "guard_loss": "guard",
}
_EXPLAINED = {
    "unrealised": "Unrealised loss of open positions against the balance",
    "daily_balance": "Balance against the start of the day (UTC)",
    "daily_equity": "Equity against the start of the day (UTC)",
    "weekly_equity": "Equity against Monday 00:00 UTC",
    "peak_equity": "Equity against its highest point",
    "daily_loss": "Realised and unrealised loss today",
    "total_loss": "Loss since the start",
    "guard_loss": "Runaway guard: equity against the start of the day (UTC)",
}
_ACTIONS = {
    "alert": "tell you",
    "halve_size": "halve the size of entries",
    "no_entries": "block entries",
    "close": "close the positions and block entries",
    "halt": "halt: no entries until lifted",
    "emergency": "close everything and halt",
}
_RULES: Mapping[str, Mapping[str, str]] = {"rules8": NAMES}
CLOSING_ACTIONS = frozenset({"close", "emergency"})


def mode(snapshot_mode: str) -> str:
    """`PAPER`, `LIVE` …"""
    return snapshot_mode.upper()


def where(snapshot: Snapshot) -> str:
    """Account and mode, not escaped: `main · LIVE`."""
    return f"{snapshot.account} · {mode(snapshot.mode)}"


def wallet(snapshot: Snapshot) -> str:
    """The wallet's balance, which is no number before the account was read once."""
    return f"{money(snapshot.wallet)} USDT" if snapshot.opened else "not read yet"


def limit_name(limit: LimitView) -> str:
    """A limit in two or three words: `day`, `cft open loss`."""
    words = _MEASURES.get(limit.measure, limit.key.rpartition(".")[2].replace("_", " "))
    return f"{limit.profile} {words}".strip()


def limit_explained(limit: LimitView) -> str:
    """What a limit looks at, as a phrase."""
    return _EXPLAINED.get(limit.measure, limit.key)


def action(name: str) -> str:
    """What a breached limit does, as a phrase that follows "then"."""
    return _ACTIONS.get(name, name.replace("_", " "))


def approval(limit: LimitView) -> str:
    """Whether an emergency limit asks first: `ask 30s`, `auto`; empty for other limits."""
    return f"ask {limit.approval_ms // 1000}s" if limit.approval == "ask" else limit.approval


def approval_explained(limit: LimitView) -> str:
    """The same as a sentence; empty for what is no emergency."""
    if limit.approval != "ask":
        return "It asks nobody first." if limit.approval else ""
    return f"It asks the admins first: {limit.approval_ms // 1000} s without an answer close everything."


def amount(value: Decimal | None, *, in_money: bool) -> str:
    """A limit's value in its unit: `−4%`, `−5 USDT`, `–` when not known."""
    if value is None:
        return money(None)
    return f"{plain(value)} USDT" if in_money else short_percent(value)


def measured(value: Decimal | None, *, in_money: bool) -> str:
    """A measured value with two decimals: `−0.82%`, `−1.20 USDT`."""
    if value is None:
        return signed(None)
    return f"{signed(value)} USDT" if in_money else f"{signed(value)}%"


def used(share: Decimal) -> str:
    """The used share of a limit: `used 21%`."""
    return f"used {int(share * 100)}%"


def scope(value: Scope) -> str:
    """What a hold or a command reaches: `the whole account`, `profile cft`, `SOLUSDT`."""
    if value.kind == "account":
        return "the whole account"
    return value.name if value.kind == "symbol" else f"profile {value.name}"


def header(snapshot: Snapshot) -> str:
    """`LIVE · main · RUNNING`, not escaped."""
    return f"{mode(snapshot.mode)} · {snapshot.account} · {snapshot.state.upper()}"


def rule(strategy: str, name: str) -> str:
    """A rule with its meaning: `5 lower band touch`."""
    meaning = _RULES.get(strategy, {}).get(name, "")
    return f"{name} {meaning}".strip()


def caused(why: str, by: str) -> str:
    """A reason and who is behind it, named once: `Paused by Anna`."""
    text = reason(why)
    text = text[0].upper() + text[1:]
    return text if by in text else f"{text}, by {by}"


def reason(text: str) -> str:
    """An internal reason such as `stop_loss` in words."""
    return text.replace("_", " ") or "not given"


def ticks(snapshot: Snapshot) -> Mapping[str, Decimal]:
    """Price steps by symbol, of everything the desk watches or holds."""
    held = {position.symbol: position.tick for position in snapshot.positions}
    return {symbol.symbol: symbol.tick for symbol in snapshot.symbols} | held
