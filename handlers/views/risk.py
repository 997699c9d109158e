"""What is at risk now: exposure, stops, nearest limits, holds; and the symbols that rest."""

from zoneinfo import ZoneInfo

from engine.core.snapshot import LimitView, Snapshot, SymbolView
from handlers.views import words
from handlers.views.format import clock, esc, grouped, moment, money, percent, signed, span
from handlers.views.freshness import is_stale
from handlers.views.status import hold_line
from handlers.views.table import Table, paragraphs

_NEAREST = 4
_SHOWN = 20


def render_risk(snapshot: Snapshot, *, wall_ms: int, zone: ZoneInfo) -> str:
    """HTML of the risk screen."""
    stale = is_stale(snapshot, wall_ms=wall_ms)
    table = Table(13)
    table.row("Equity", "STALE" if stale else f"{money(snapshot.equity)} USDT")
    table.row("Open", f"{len(snapshot.positions)}", "" if stale else signed(snapshot.unrealised))
    table.row("Exposure", money(snapshot.exposure), _times(snapshot))
    table.row("Margin used", money(snapshot.margin_used))
    table.row("If all stop", "no stop on one" if _unknown(snapshot) else signed(snapshot.if_all_stop))
    table.row("Today", "" if stale else f"{signed(snapshot.today)} {percent(snapshot.today_percent)}")
    if snapshot.entered_most is not None:
        table.row("Entered", f"{grouped(snapshot.entered_today, 0)} of {grouped(snapshot.entered_most, 0)}")
    return paragraphs(
        f"<b>Risk</b> · {esc(words.header(snapshot))}",
        table.html(),
        _nearest(snapshot),
        "\n".join(f"• {esc(hold_line(hold, zone))}" for hold in snapshot.holds) or "Nothing is held.",
        _questions(snapshot, zone),
        _rest(snapshot),
    )


def _times(snapshot: Snapshot) -> str:
    return f"{grouped(snapshot.exposure / snapshot.equity, 2)}x" if snapshot.equity > 0 else ""


def _unknown(snapshot: Snapshot) -> bool:
    return bool(snapshot.positions) and snapshot.if_all_stop is None


def _nearest(snapshot: Snapshot) -> str:
    found: list[LimitView] = sorted(snapshot.limits, key=lambda limit: -limit.used)[:_NEAREST]
    if not found:
        return ""
    table = Table()
    for limit in found:
        name = words.limit_name(limit) if limit.profile else f"account {words.limit_name(limit)}"
        table.columns((name, words.used(limit.used).removeprefix("used ")), (24, -9))
        now = words.measured(limit.value, in_money=limit.in_money)
        threshold = f"limit {words.amount(limit.threshold, in_money=limit.in_money)}"
        table.line("", f"now {now}", threshold, "asks" if limit.approval == "ask" else limit.approval)
    return paragraphs("<b>Nearest limits</b>", table.html())


def _questions(snapshot: Snapshot, zone: ZoneInfo) -> str:
    said = {
        "asked": "waits for an answer until {until}, then closes",
        "kept": "kept open until {until}",
        "paused": "paused only, nothing closes",
    }
    found = []
    for limit in snapshot.limits:
        if limit.question in said:
            until = clock(limit.question_until_ms, zone)
            found.append(f"• Emergency {words.limit_name(limit)}: {said[limit.question].format(until=until)}")
    return esc("\n".join(found))


def resting(snapshot: Snapshot) -> tuple[SymbolView, ...]:
    """The symbols in cooldown, the first to be free first."""
    found = [symbol for symbol in snapshot.symbols if symbol.cooldown_until_ms is not None]
    return tuple(sorted(found, key=lambda symbol: (symbol.cooldown_until_ms or 0, symbol.symbol)))


def _rest(snapshot: Snapshot) -> str:
    number = len(resting(snapshot))
    return f"{number} symbol{'' if number == 1 else 's'} in cooldown." if number else ""


def render_cooldowns(snapshot: Snapshot, zone: ZoneInfo) -> str:
    """HTML of the symbols that rest."""
    head = f"<b>Cooldowns</b> · {esc(words.mode(snapshot.mode))}"
    found = resting(snapshot)
    if not found:
        return paragraphs(head, "No symbol rests.")
    table = Table()
    for symbol in found[:_SHOWN]:
        table.line(symbol.symbol, f"{span((symbol.cooldown_until_ms or 0) - snapshot.market_ms)} left")
        table.line("", f"until {moment(symbol.cooldown_until_ms or 0, zone)}")
    rest = f"and {len(found) - _SHOWN} more, later." if len(found) > _SHOWN else ""
    return paragraphs(
        head, table.html(), rest, "A symbol rests after an entry and after a close. /unlock SYMBOL ends it."
    )


def render_unlock_preview(symbol: SymbolView, snapshot: Snapshot, zone: ZoneInfo) -> str:
    """HTML of what ending a cooldown means."""
    return paragraphs(
        f"<b>Unlock {esc(symbol.symbol)}</b> · {esc(words.where(snapshot))}",
        f"It rests until {esc(moment(symbol.cooldown_until_ms or 0, zone))}.",
        "Unlocked, the next signal may open a position at once.",
        "Valid for 30 s.",
    )
