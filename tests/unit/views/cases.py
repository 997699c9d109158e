"""Every view with an example: (name of the golden file, text, keyboard)."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from aiogram.types import InlineKeyboardMarkup

from engine.core.commands import ACCOUNT, Done, Filter, Refused, Scope
from engine.core.snapshot import OrderResult
from handlers import catalogue
from handlers.ports import HealthReport, Role, TaskBeat
from handlers.views import (
    adopting,
    confirm,
    limits,
    outcome,
    panel,
    performance,
    positions,
    research,
    status,
    strategies,
    summary,
    trades,
    why,
    words,
)
from handlers.views import help as help_views
from handlers.views.balance import render_balance
from handlers.views.health import render_health, render_version
from handlers.views.waiting import render_waiting
from keyboards import confirm as confirm_keys
from keyboards import help as help_keys
from keyboards import limits as limit_keys
from keyboards import lists
from keyboards import panel as panel_keys
from keyboards import positions as position_keys
from keyboards import research as research_keys
from keyboards import strategies as strategy_keys
from keyboards.base import PRIMARY
from keyboards.data import Place
from tests.unit.views import examples as ex
from tests.unit.views.safety_cases import safety_screens

type Case = tuple[str, str, InlineKeyboardMarkup | None]
AT = {"wall_ms": ex.NOW_MS + 3_600, "zone": ex.UTC_ZONE}
WALL = {"wall_ms": ex.NOW_MS}


def screens() -> Iterator[Case]:
    """Panel, status, positions, balance, trades, days."""
    for name, desk in (("running", ex.snapshot()), ("paused", ex.PAUSED), ("flat", ex.FLAT), ("stale", ex.STALE)):
        yield f"panel_{name}", panel.render_panel(desk, **AT), panel_keys.panel_keyboard(desk)
    yield "panel_never_fed", panel.render_panel(ex.snapshot(feed_age_ms=None, store_ok=False), **AT), None
    unread = ex.snapshot(opened=False, measurable=False, feed_age_ms=None, positions=(), wallet=0, equity=0)
    yield "panel_unread", panel.render_panel(unread, **AT), None
    yield "panel_unpriced", panel.render_panel(ex.snapshot(measurable=False), **AT), None
    yield "balance_unread", render_balance(unread, **AT), None
    why = "/v5/market/instruments-info: HTTP 503, no return code"
    yield "waiting", render_waiting("main", "live", why), None
    yield "waiting_paper", render_waiting("main", "paper", why), None
    busy = replace(ex.PAUSED, orders=(ex.ENTRY_ORDER,))
    yield "status", status.render_status(busy, **AT), panel_keys.refresh_keyboard(Place.STATUS)
    yield "balance", render_balance(ex.snapshot(), **AT), None
    yield "balance_stale", render_balance(ex.STALE, **AT), None
    ticks = words.ticks(ex.snapshot())
    text = trades.render_trades(ex.TRADES, total=9, page=1, mode="paper", zone=ex.VIENNA, ticks=ticks)
    yield "trades", text, lists.trades_keyboard(until_ms=ex.NOW_MS, page=1, pages=2)
    yield "trades_none", trades.render_trades((), total=0, page=1, mode="paper", zone=ex.VIENNA, ticks=ticks), None


def held() -> Iterator[Case]:
    """The list of positions and their cards."""
    late = replace(ex.TRAILED, symbol="XRPUSDT", trail_on_exchange=False)
    many = ex.snapshot(
        positions=tuple(
            ex.position(f"{name}USDT") for name in ["ADA", "BTC", "DOGE", "DOT", "ETH", "LINK", "LTC", "SOL"]
        )
    )
    for name, desk, start in (
        ("positions", ex.snapshot(positions=(ex.position(), ex.BITCOIN, ex.BY_HAND)), ""),
        ("positions_stale", ex.STALE, ""),
        ("positions_trailed", ex.snapshot(positions=(ex.TRAILED, late)), ""),
        ("positions_none", ex.FLAT, ""),
        ("positions_page_2", many, "LTCUSDT"),
    ):
        keyboard = position_keys.positions_keyboard(
            positions.in_order(desk), positions.positions_page(desk, start), page_size=positions.PAGE
        )
        yield name, positions.render_positions(desk, start, **AT), keyboard
    cards = {"card": ex.position(), "card_short": ex.BITCOIN, "card_external": ex.BY_HAND, "card_trailed": ex.TRAILED}
    for name, position in cards.items():
        yield name, positions.render_card(position, ex.snapshot(), **AT), position_keys.card_keyboard(position)
    ours = ex.ADOPTABLE
    yield "card_adoptable", positions.render_card(ours, ex.snapshot(), **AT), position_keys.card_keyboard(ours)
    yield "adopt_preview", adopting.render_adopt_preview(ours, ex.snapshot()), None
    bare = replace(ours, adopt_stop=None, adopt_target=None, stop_on_exchange=False)
    yield "adopt_preview_bare", adopting.render_adopt_preview(bare, ex.snapshot()), None
    yield "adopt_nobody", adopting.render_no_adopter(ex.BY_HAND), position_keys.taken_keyboard("1000PEPEUSDT")
    yield "adopt_owned", adopting.render_no_adopter(ex.position()), None
    yield "adopted", adopting.render_adopted("SOLUSDT", "manual", Done("1"), by="Anna"), None
    refused = Refused("1", "SOLUSDT would go to manual, not to cft.")
    yield "adopt_refused", adopting.render_adopted("SOLUSDT", "cft", refused, by="Anna"), None
    yield "card_stale", positions.render_card(ex.position(closing=True), ex.STALE, **AT), None


def risk() -> Iterator[Case]:
    """Limits, strategies and their previews."""
    desk = ex.snapshot(limits=(ex.limit(), ex.PROFILE_LIMIT, ex.MONEY_LIMIT))
    ordered = limits.in_order(desk)
    labels = tuple(words.limit_name(limit) for limit in ordered)
    yield "limits", limits.render_limits(desk, ex.UTC_ZONE), limit_keys.limits_keyboard(ordered, labels)
    yield "limits_none", limits.render_limits(ex.FLAT, ex.UTC_ZONE), None
    for name, limit, draft in (
        ("limit", ex.limit(), Decimal("-4")),
        ("limit_trying", ex.limit(), Decimal("-4.5")),
        ("limit_money", ex.MONEY_LIMIT, Decimal("-4.5")),
    ):
        keyboard = limit_keys.limit_keyboard(limit, draft, words.amount(draft, in_money=limit.in_money))
        yield name, limits.render_limit(limit, draft, desk), keyboard
    preview = limits.render_limit_preview
    yield (
        "limit_tighten",
        preview(ex.limit(), Decimal("-3"), desk, loosens=False, second=False),
        confirm_keys.confirm_keyboard("Tighten to −3% · LIVE", "n0nce", adds=False, style=PRIMARY),
    )
    yield "limit_tighten_closes", preview(ex.limit(), Decimal("-0.5"), desk, loosens=False, second=False), None
    yield "limit_loosen", preview(ex.limit(), Decimal("-6"), desk, loosens=True, second=False), None
    yield "limit_loosen_twice", preview(ex.limit(), Decimal("-6"), desk, loosens=True, second=True), None
    yield "limit_bounds", limits.render_out_of_bounds(ex.limit(), Decimal("-40")), None
    yield "strategies", strategies.render_strategies(desk), strategy_keys.strategies_keyboard(desk.profiles)
    for name, profile in (("rules", ex.CFT), ("rules_none", ex.MA_CROSS)):
        yield (
            name,
            strategies.render_rules(profile, desk),
            strategy_keys.rules_keyboard(profile, [words.rule(profile.strategy, rule) for rule, _ in profile.rules]),
        )
    yield "switch_on", strategies.render_switch_preview("profile ma_cross", desk), None


def confirmations() -> Iterator[Case]:
    """Previews and what became of them."""
    desk = ex.snapshot(positions=(ex.position(), ex.BITCOIN, ex.BY_HAND), orders=(ex.ENTRY_ORDER,))
    one = confirm.render_close_preview(ex.position(), 100, desk, **WALL)
    yield "close_preview", one, confirm_keys.confirm_keyboard("Close SOLUSDT · LIVE", "n0nce", adds=False)
    yield "close_half_preview", confirm.render_close_preview(ex.BITCOIN, 50, desk, **WALL), None
    yield "close_preview_stale", confirm.render_close_preview(ex.position(), 100, ex.STALE, wall_ms=ex.NOW_MS), None
    paused = "Entries of the whole account are paused already, whatever you press."
    everything = confirm.render_close_all_preview(desk, Filter.ALL, "", paused=paused, **WALL)
    yield "closeall_preview", everything, confirm_keys.confirm_keyboard("Close 3 · LIVE", "n0nce", adds=False)
    yield "closeall_losers", confirm.render_close_all_preview(desk, Filter.LOSERS, "cft", paused=paused, **WALL), None
    yield "closeall_nothing", confirm.render_close_all_preview(ex.FLAT, Filter.ALL, "", paused=paused, **WALL), None
    crowd = ex.snapshot(positions=tuple(ex.position(f"COIN{number:02}USDT") for number in range(15)))
    yield "closeall_many", confirm.render_close_all_preview(crowd, Filter.ALL, "", paused=paused, **WALL), None
    yield "expired", confirm.render_expired(one), None
    yield "cancelled", confirm.render_cancelled(one, "Entries stay paused; /resume allows them again."), None
    yield "unconfirmable", confirm.render_unconfirmable(one, "disk full", adds=False), None
    yield "unconfirmable_adds", confirm.render_unconfirmable(one, "disk full", adds=True), None
    yield "late", confirm.render_late("Closing all"), None


RESULTS = (
    OrderResult(
        link_id="a",
        symbol="SOLUSDT",
        status="filled",
        quantity=Decimal("1.0"),
        filled=Decimal("1.0"),
        average=Decimal("143.40"),
        why="",
    ),
    OrderResult(
        link_id="b",
        symbol="BTCUSDT",
        status="cancelled",
        quantity=Decimal("0.017"),
        filled=Decimal("0.010"),
        average=Decimal("88915.23"),
        why="no_liquidity",
    ),
    OrderResult(
        link_id="c",
        symbol="1000PEPEUSDT",
        status="unknown",
        quantity=Decimal("120000"),
        filled=Decimal(0),
        average=None,
        why="timeout",
    ),
)


def outcomes() -> Iterator[Case]:
    """What was done."""
    desk, done = ex.snapshot(), Done("1")
    yield "paused", outcome.render_paused(done, ACCOUNT, None, ex.VIENNA, by="Anna"), confirm_keys.paused_keyboard()
    until_ms = ex.NOW_MS + 4 * ex.HOUR_MS
    yield "paused_profile", outcome.render_paused(done, Scope("profile", "cft"), until_ms, ex.VIENNA, by="Anna"), None
    yield (
        "paused_refused",
        outcome.render_paused(Refused("1", "There is no profile x."), ACCOUNT, None, ex.VIENNA, by="Anna"),
        None,
    )
    breached = ex.snapshot(limits=(ex.limit(value=Decimal("-4.2"), used=Decimal("1.05"), state="breached"),))
    yield "resumed", outcome.render_resumed(done, ACCOUNT, desk, by="Anna"), confirm_keys.running_keyboard()
    still = Done("1", notes=("Still held: daily_equity until midnight",))
    yield "resumed_breached", outcome.render_resumed(still, ACCOUNT, breached, by="Anna"), None
    halted = replace(breached, state="halted", reasons=("daily_equity reached −4%",))
    yield "resume_preview", outcome.render_resume_preview(halted, ACCOUNT), None
    yield "closing", outcome.render_closing(3), None
    before = {position.symbol: position for position in (ex.position(), ex.BITCOIN, ex.BY_HAND)}
    answer = Done("1", orders=("a", "b", "c", "d"))
    yield "closed_partly", outcome.render_closed(RESULTS, before, desk, answer=answer, by="Anna"), None
    whole = Done("1", orders=("a",))
    text = outcome.render_closed(RESULTS[:1], before, ex.FLAT, answer=whole, by="Anna")
    yield "closed", text, confirm_keys.after_close_keyboard(held=True)
    yield (
        "closed_nothing",
        outcome.render_closed((), before, ex.FLAT, answer=Done("1", notes=("Nothing to close.",)), by="Anna"),
        None,
    )
    yield "close_no_news", outcome.render_no_news(3, "TimeoutError"), None
    yield "changed", outcome.render_changed("limit daily_equity", Done("1", notes=("−4% → −3%",)), by="Anna"), None
    yield (
        "change_refused",
        outcome.render_changed("Limit daily_equity", Refused("1", "It must lie between −1% and −10%."), by="Anna"),
        None,
    )


def reading() -> Iterator[Case]:
    """Help, why, health, days, backtests."""
    admin = catalogue.commands_for(Role.ADMIN)
    yield "help", help_views.render_help(admin), help_keys.help_keyboard(catalogue.TOPICS)
    yield "help_viewer", help_views.render_help(catalogue.commands_for(Role.VIEWER)), None
    yield "help_topic", help_views.render_topic("control", [info for info in admin if info.topic == "control"]), None
    yield (
        "usage",
        help_views.render_usage(
            catalogue.command("close"), trouble="The percentage is a whole number from 1 to 100.", understood="sol 500"
        ),
        None,
    )
    yield "unknown_command", help_views.render_unknown_command("positins", catalogue.close_names("positins")), None
    yield "small_talk", help_views.render_small_talk(), None
    yield "why_unknown", why.render_unknown_symbol("slo", ("SOLUSDT",)), None
    yield "no_position", why.render_no_position("ETHUSDT"), None
    yield from reports()
    yield from days()
    args = {"since_ms": ex.NOW_MS - 7 * 24 * ex.HOUR_MS, "until_ms": ex.NOW_MS}
    yield "backtest_progress", research.render_progress("cft", "BTCUSDT", share=0.42, **args), None
    yield "backtest_stopped", research.render_stopped("cft", "BTCUSDT", why="cancelled.", **args), None


def reports() -> Iterator[Case]:
    """Health and version."""
    report = HealthReport(
        mode="paper",
        uptime_ms=93_784_000,
        memory_bytes=148_300_000,
        tasks=(TaskBeat(name="engine", age_ms=300, ok=True), TaskBeat(name="outbox sender", age_ms=95_000, ok=False)),
        feed_age_ms=420,
        exchange="ok",
        database_ok=False,
        database_bytes=5_120_000,
        disk_free_bytes=640_000_000,
        outbox_waiting=3,
        versions=(("pocketdesk", "0.1.0"), ("Python", "3.13.0"), ("aiogram", "3.31.0")),
    )
    yield "health_troubled", render_health(report), None
    well = replace(report, database_ok=True, disk_free_bytes=64_000_000_000, tasks=report.tasks[:1], outbox_waiting=0)
    yield "health", render_health(well), panel_keys.refresh_keyboard(Place.HEALTH)
    yield "version", render_version(report), None


def days() -> Iterator[Case]:
    """The daily summary and the table of days."""
    day_ms = ex.NOW_MS - ex.NOW_MS % 86_400_000
    points = tuple(ex.Point(equity=Decimal(value)) for value in ("10176.08", "10202.10", "10110.00", "10214.50"))
    text = summary.render_daily(ex.TRADES, points, ex.snapshot(), day_ms=day_ms)
    yield "daily", text, lists.day_keyboard(day_ms=day_ms, today_ms=day_ms)
    past = ex.snapshot(market_ms=ex.NOW_MS + 86_400_000)
    yield "daily_past_late", summary.render_daily(ex.TRADES, points, past, day_ms=day_ms, late=True), None
    yield "daily_empty", summary.render_daily((), (), ex.FLAT, day_ms=day_ms), None
    lines = summary.day_lines(ex.TRADES, first_ms=day_ms - 3 * 86_400_000, days=4)
    yield "days", summary.render_days(lines, ex.snapshot()), None
    yield "period_keyboard", "(performance)", lists.period_keyboard("p", "30d")


def symbols() -> Iterator[Case]:
    """What holds a symbol back."""
    rows = (
        ex.Signal(outcome="refused", check="cooldown", detail="until 16:00"),
        ex.Signal(at_ms=ex.NOW_MS - ex.HOUR_MS, side="short", rule="8 MACD bearish crossover", outcome="traded"),
    )
    resting = ex.symbol("ETHUSDT", cooldown_until_ms=ex.NOW_MS + ex.HOUR_MS, held_back=("paused by Anna", "cooldown"))
    yield "why", why.render_why(resting, ex.PAUSED, rows, **AT), position_keys.why_keyboard("ETHUSDT")
    yield "why_free", why.render_why(ex.symbol("SOLUSDT"), ex.snapshot(), (), **AT), None
    silent = ex.symbol("XRPUSDT", "0.0001", last=None, mark=None, age_ms=None, held_back=("no price yet",))
    yield "why_no_price", why.render_why(silent, ex.STALE, (), **AT), None


def figures() -> Iterator[Case]:
    """Metrics of a period and the card of a backtest."""
    metrics, nothing = ex.metrics(ex.TRADES), ex.metrics(())
    yield "performance", performance.render_performance(metrics, mode="live"), lists.period_keyboard("p", "30d")
    yield "performance_none", performance.render_performance(nothing, mode="live"), None
    yield "analytics", performance.render_analytics(metrics, mode="live"), lists.period_keyboard("a", "7d")
    yield "analytics_none", performance.render_analytics(nothing, mode="live"), None
    result = ex.backtest(ex.TRADES)
    yield "backtest_result", research.render_result(result), research_keys.result_keyboard("1")
    holding = replace(result, final_equity=result.final_equity + Decimal("21.81"))
    yield "backtest_still_open", research.render_result(holding), None
    yield "backtest_no_trades", research.render_result(ex.backtest(())), None
    yield "backtest_buttons", "(running)", research_keys.running_keyboard("1")


CASES: tuple[Case, ...] = (
    *symbols(),
    *figures(),
    *screens(),
    *held(),
    *risk(),
    *confirmations(),
    *outcomes(),
    *reading(),
    *safety_screens(),
)
