"""Views of risk, cooldowns, symbols, signals and trades by hand, with examples."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from aiogram.types import InlineKeyboardMarkup

from engine.core.snapshot import LimitView, OrderResult
from handlers.actions import OpenPosition
from handlers.views import manual, quiet, risk, signals, strategies, symbols, sync
from keyboards import lists
from keyboards import manual as manual_keys
from keyboards import risk as risk_keys
from keyboards import symbols as symbol_keys
from keyboards import sync as sync_keys
from tests.unit.views import examples as ex
from tests.unit.views import examples_risk as more

type Case = tuple[str, str, InlineKeyboardMarkup | None]
PROFILE = replace(
    ex.CFT,
    symbols_off=("ETHUSDT",),
    parameters=(("cross_window", "3"), ("rsi_oversold", "30")),
    protection=("Breakeven at +8 USDT", "Losing after 8 h: closed", "Cooldown to the next 4h UTC"),
    allocation_percent=Decimal(50),
)
WISH = OpenPosition(
    symbol="SOLUSDT", long=True, quantity=Decimal("0.7"), seen_price=Decimal("142.31"), seen_mode="paper"
)
FILLED = OrderResult(
    link_id="m",
    symbol="SOLUSDT",
    status="filled",
    quantity=Decimal("0.7"),
    filled=Decimal("0.7"),
    average=Decimal("142.33"),
    why="",
)


def _emergencies() -> tuple[LimitView, ...]:
    until = {"question_until_ms": ex.NOW_MS + 30_000}
    return (
        ex.limit(question="asked", **until),
        ex.limit("cft.daily_equity", profile="cft", question="kept", approval_ms=90_000, **until),
        ex.limit("cft.unrealised", profile="cft", measure="unrealised", question="paused", approval="auto"),
        ex.limit("lx.daily_equity", profile="lx", question="closed"),
    )


def risk_screens() -> Iterator[Case]:
    """Risk, cooldowns, unlocking."""
    at = {"wall_ms": ex.NOW_MS + 3_600, "zone": ex.UTC_ZONE}
    yield "risk", risk.render_risk(more.RESTING, **at), risk_keys.risk_keyboard()
    yield "risk_paused", risk.render_risk(replace(ex.PAUSED, if_all_stop=None), **at), None
    asked = replace(more.RESTING, limits=_emergencies())
    yield "risk_emergencies", risk.render_risk(asked, **at), None
    yield "quiet", quiet.render_quiet((1_380, 420), ex.VIENNA, wall_ms=ex.NOW_MS), None
    yield "quiet_off", quiet.render_quiet(None, ex.VIENNA, wall_ms=ex.NOW_MS, note="It was not stored."), None
    yield "risk_flat", risk.render_risk(replace(ex.FLAT, exposure=Decimal(0)), **at), None
    found = risk.resting(more.RESTING)
    yield "cooldowns", risk.render_cooldowns(more.RESTING, ex.VIENNA), risk_keys.cooldowns_keyboard(found)
    yield "cooldowns_none", risk.render_cooldowns(ex.FLAT, ex.VIENNA), None
    yield "unlock_preview", risk.render_unlock_preview(found[1], more.RESTING, ex.VIENNA), None


def symbol_screens() -> Iterator[Case]:
    """Symbols, the card of a profile, signals."""
    page = symbols.shown_symbols(PROFILE, "")
    text = symbols.render_symbols(PROFILE, page, more.RESTING)
    yield "symbols", text, symbol_keys.symbols_keyboard(PROFILE, page)
    yield "strategy", strategies.render_strategy(PROFILE, ex.snapshot()), None
    denied = ex.Signal(outcome="refused", check="cooldown", detail="cooldown, 31 min left", symbol="BTCUSDT")
    rows = (ex.Signal(), denied)
    text = signals.render_signals(rows, page=1, mode="paper", zone=ex.VIENNA)
    yield "signals", text, lists.signals_keyboard(page=1, more=True)
    yield "signals_none", signals.render_signals((), page=1, mode="paper", zone=ex.VIENNA), None


def by_hand() -> Iterator[Case]:
    """Trades by hand."""
    desk = ex.snapshot(mode="paper")
    yield (
        "manual_preview",
        manual.render_manual_preview(more.ENTRY_PREVIEW, desk),
        manual_keys.opened_keyboard("SOLUSDT"),
    )
    refused = replace(more.ENTRY_PREVIEW, refusal="cooldown, 31 min left", stop=None, risk=None)
    yield "manual_refused", manual.render_manual_preview(refused, desk), None
    yield "manual_no_price", manual.render_no_entry("SOLUSDT", "No price of SOLUSDT yet.", long=False), None
    yield "manual_opening", manual.render_opening("SOLUSDT", long=True), None
    yield "manual_opened", manual.render_opened(FILLED, desk, WISH, by="Anna"), None
    partly = replace(FILLED, filled=Decimal("0.3"))
    yield "manual_partly", manual.render_opened(partly, desk, WISH, by="Anna"), None
    none = replace(FILLED, filled=Decimal(0), status="rejected", average=None, why="110007: not enough balance")
    yield "manual_rejected", manual.render_opened(none, desk, WISH, by="Anna"), None
    yield "manual_no_news", manual.render_opened(None, desk, WISH, by="Anna"), None


def past() -> Iterator[Case]:
    """The account's past."""
    yield "syncing", sync.render_syncing(3, 159), sync_keys.running_keyboard()
    yield "synced", sync.render_synced(sync.outcome_lines(more.SYNCED), "main · DEMO"), None
    agreed = replace(more.SYNCED, differences=[], missing=[], unreadable=0, skipped=0)
    yield "synced_agreed", sync.render_synced(sync.outcome_lines(agreed), "main · DEMO"), None


RISK_CASES = (*past(), *risk_screens(), *symbol_screens(), *by_hand())
