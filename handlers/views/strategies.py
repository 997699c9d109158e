"""Profiles and their rules."""

from engine.core.snapshot import ProfileView, Snapshot
from handlers.views import words
from handlers.views.format import count, esc, plain, signed
from handlers.views.table import Table, paragraphs


def render_strategies(snapshot: Snapshot) -> str:
    """HTML of all profiles: on or off, positions, result."""
    head = f"<b>Strategies</b> · {esc(words.mode(snapshot.mode))}"
    if not snapshot.profiles:
        return paragraphs(head, "No profile is configured.")
    table = Table()
    for profile in snapshot.profiles:
        table.columns((profile.name, on_off(profile.enabled), f"today {signed(profile.today_net)}"), (12, 3, -17))
        table.line("", profile.strategy, profile.timeframe, count(len(profile.symbols), "symbol"))
        table.line("", f"open {profile.open_positions}/{profile.max_positions}", signed(profile.unrealised))
        if profile.warming:
            table.line("", profile.warming)
    return paragraphs(
        head, table.html(), "Tap a profile for its rules. Off blocks entries; open positions keep their exits."
    )


def render_rules(profile: ProfileView, snapshot: Snapshot) -> str:
    """HTML of one profile: sizing, protection, symbols and each rule."""
    table = Table(8)
    table.row("Trades", profile.strategy, profile.timeframe, f"{profile.leverage}x")
    table.row("Size", profile.size)
    if profile.allocation_percent != 100:
        table.row("Share", f"{plain(profile.allocation_percent)}% of equity")
    table.row("Stop", profile.stop)
    table.row("Target", profile.target)
    table.row("Open", f"{profile.open_positions} of {profile.max_positions}", signed(profile.unrealised))
    table.row("Today", signed(profile.today_net), "closed trades")
    rules = Table()
    for name, on in profile.rules:
        rules.line(on_off(on).ljust(3), words.rule(profile.strategy, name))
    return paragraphs(
        f"<b>{esc(profile.name)}</b> is <b>{on_off(profile.enabled)}</b> · {esc(words.mode(snapshot.mode))}",
        table.html(),
        rules.html() or "This strategy has no rules to switch.",
        esc(profile.warming),
        f"Symbols: {esc(', '.join(profile.symbols) or 'none')}",
    )


def render_strategy(profile: ProfileView, snapshot: Snapshot) -> str:
    """HTML of one profile whole: what `render_rules` says, what protects its positions, and every parameter."""
    protection = "\n".join(f"• {esc(line)}" for line in profile.protection)
    table = Table()
    for name, value in profile.parameters:
        table.columns((name.replace("_", " "), value), (22, -11))
    return paragraphs(
        render_rules(profile, snapshot),
        f"<b>Open positions</b>\n{protection}" if protection else "",
        f"<b>Parameters</b>\n{table.html()}" if profile.parameters else "",
        "\n".join(["<b>Does not go together</b>", *(f"• {esc(line)}" for line in profile.contradicted)])
        if profile.contradicted
        else "",
    )


def render_switch_preview(what: str, snapshot: Snapshot) -> str:
    """HTML of what switching something on means."""
    return paragraphs(
        f"<b>Switch on {esc(what)}</b> · {esc(words.where(snapshot))}",
        "New positions may be opened by it from the next closed bar on.",
        "Valid for 30 s.",
    )


def on_off(on: bool) -> str:
    """`on` or `OFF`."""
    return "on" if on else "OFF"
