"""The desk panel: the one message from which the state of the desk is understood in three seconds."""

import re
from collections.abc import Sequence
from hashlib import blake2b
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardMarkup

from engine.core.snapshot import Snapshot
from handlers.views import words
from handlers.views.accounts import account_line
from handlers.views.format import clock, esc, money, percent, relative, signed
from handlers.views.freshness import data_ms, feed_words, is_stale
from handlers.views.table import Table, paragraphs

_AGE = re.compile(r'<tg-time unix="(\d+)"[^>]*>[^<]*</tg-time>')
_FOLD_S = 60
_LABEL = 14


def render_panel(snapshot: Snapshot, *, wall_ms: int, zone: ZoneInfo, others: Sequence[Snapshot] = ()) -> str:
    """HTML of the panel. Data older than 15 s of wall time reads STALE and shows no profit or loss; `others` are the
    desk's other accounts, a line each.
    """
    stale = is_stale(snapshot, wall_ms=wall_ms)
    table = Table(_LABEL)
    if stale:
        _old_numbers(table, snapshot)
    else:
        _numbers(table, snapshot)
    _nearest_limit(table, snapshot, stale=stale)
    return paragraphs(
        f"<b>{esc(words.header(snapshot))}{' · STALE' if stale else ''}</b>",
        *(f"Why: {esc(reason)}" for reason in snapshot.reasons),
        _stale_note(snapshot, zone) if stale else "",
        table.html(),
        "\n".join(account_line(other, wall_ms=wall_ms) for other in others),
        "" if snapshot.store_ok else "<b>Database is not writing.</b> Entries are blocked; exits go on.",
        " · ".join(
            (feed_words(snapshot, wall_ms=wall_ms), f"Exchange {esc(snapshot.venue)}", relative(snapshot.wall_ms, zone))
        ),
    )


def panel_hash(text: str, keyboard: InlineKeyboardMarkup) -> str:
    """Equal for panels that differ in the second of their age only; its minute counts, so a live panel is renewed."""
    folded = _AGE.sub(lambda found: f"<minute {int(found[1]) // _FOLD_S}>", text)
    return blake2b(f"{folded}\0{keyboard.model_dump_json(exclude_none=True)}".encode(), digest_size=16).hexdigest()


def _numbers(table: Table, snapshot: Snapshot) -> None:
    table.row("Equity", f"{money(snapshot.equity)} USDT")
    table.row("Today UTC", signed(snapshot.today), percent(snapshot.today_percent))
    table.row(f"Open {len(snapshot.positions)}", signed(snapshot.unrealised) if snapshot.positions else "no positions")
    if snapshot.positions:
        risk = snapshot.if_all_stop
        share = percent(risk * 100 / snapshot.equity) if risk is not None and snapshot.equity > 0 else ""
        table.row("If all stop", signed(risk) if risk is not None else "a stop is missing", *([share] if share else []))


def _old_numbers(table: Table, snapshot: Snapshot) -> None:
    table.row("Wallet", words.wallet(snapshot))
    table.row(f"Open {len(snapshot.positions)}", "P&L hidden" if snapshot.positions else "no positions")


def _nearest_limit(table: Table, snapshot: Snapshot, *, stale: bool) -> None:
    if not snapshot.limits:
        table.row("Limits", "none set")
        return
    nearest = max(snapshot.limits, key=lambda limit: limit.used)
    name = words.limit_name(nearest)
    threshold = words.amount(nearest.threshold, in_money=nearest.in_money)
    cells = [threshold] if stale else [threshold, words.used(nearest.used)]
    if len(name) + 6 < _LABEL:
        table.row(f"Limit {name}", *cells)
    else:
        table.row("Limit", name, *cells)


def _stale_note(snapshot: Snapshot, zone: ZoneInfo) -> str:
    if not snapshot.opened:
        return "The account has not been read yet. No entries before that."
    newest = data_ms(snapshot)
    since = "No prices yet." if newest is None else f"No prices since {clock(newest, zone)}."
    if newest is not None and not snapshot.measurable:
        since = "A position has no price yet."
    return f"{since} No new entries on old data; closing works."
