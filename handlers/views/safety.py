"""Lockdown, codes, going live and users, in words."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from engine.core.commands import Answer, Refused
from engine.core.snapshot import ProfileView, Snapshot
from handlers.safety import LiveTerms, Person, Shut, Unready, Verdict
from handlers.views import words
from handlers.views.confirm import bare
from handlers.views.format import clock, esc, money
from handlers.views.limits import in_order
from handlers.views.outcome import render_refused
from handlers.views.table import Table, paragraphs

LIFT = "pocketdesk users lockdown lift"
_NOTHING = "<b>Nothing was changed.</b>"
_REDUCING = "Pause, close, close all and tightening work as ever; stops and limits go on."
_SHOWN_SYMBOLS = 6


def lockdown_words(reason: str) -> str:
    """Why nothing that adds risk is accepted, in one sentence, not escaped."""
    return f"The desk is {reason}: nothing that adds risk is accepted until the host lifts it ({LIFT})."


def trouble_words(verdict: Verdict | None, zone: ZoneInfo) -> str:
    """Why a code cannot be taken, as a sentence that is not escaped; empty when it can."""
    match verdict:
        case Shut(until_ms=until_ms):
            return f"Too many wrong codes: none is looked at until {clock(until_ms, zone)}."
        case Unready(why=why):
            return why
        case _:
            return ""


def render_barred(preview: str, why: str) -> str:
    """HTML of a preview that cannot be confirmed."""
    return paragraphs(bare(preview), f"{_NOTHING} {esc(why)}")


def render_locked_down(snapshot: Snapshot, reason: str, *, again: bool) -> str:
    """HTML after a lockdown: what it means, and how it is lifted."""
    stood = " It was already." if again else ""
    then = {"live": "Live trading then waits for /golive again.", "paper": "For a demo add --state and its folder."}
    return paragraphs(
        f"<b>The desk is {esc(reason)}.</b>{stood} · {esc(words.mode(snapshot.mode))}",
        "On every account nothing that adds risk is accepted: no entries, no resume, no looser limits. "
        f"Entries on their way are cancelled. {_REDUCING}",
        f"No button and no restart lifts it, only this command on the host:\n<code>{LIFT}</code>",
        then.get(snapshot.mode, ""),
    )


def render_code_wanted(preview: str) -> str:
    """HTML that asks for the code of what was confirmed."""
    return paragraphs(
        bare(preview),
        "<b>Now the code.</b> Send the six digits your authenticator shows. They confirm this alone and work once; "
        "your message is deleted.",
        "Valid for 2 minutes.",
    )


def render_no_code(preview: str, why: str) -> str:
    """HTML of what was confirmed and not carried out."""
    return paragraphs(bare(preview), f"{_NOTHING} {esc(why)}")


def render_unasked() -> str:
    """HTML for a code that nothing waits for."""
    return "No code is wanted now, and nothing was done with this one. It comes after a confirmation that asks for it."


def render_too_late() -> str:
    """HTML for a right code whose action waits no more."""
    return f"{_NOTHING} What this code was for waits no more. Ask for it again; the next code counts."


def render_wrong(left: int) -> str:
    """HTML for a wrong code."""
    tries = "try is" if left == 1 else "tries are"
    return f"<b>Wrong code.</b> {left} {tries} left. If it goes on, look whether the phone's clock is right."


def render_spent() -> str:
    """HTML for a code that was used."""
    return "<b>This code was used already.</b> Wait for the next one, at most 30 s."


def render_not_live(snapshot: Snapshot) -> str:
    """HTML for going live on a desk that does not."""
    return (
        f"This desk is {esc(words.mode(snapshot.mode))}: nothing here trades for real. Live mode is set on the host, "
        "as the README says under Going live safely."
    )


def render_live_already(snapshot: Snapshot) -> str:
    """HTML for going live where that was confirmed before."""
    held = "".join(f"\n• {esc(reason)}" for reason in snapshot.reasons)
    return f"{esc(words.header(snapshot))}: live trading is confirmed already.{f' Held by:{held}' if held else ''}"


def render_unfit(snapshot: Snapshot, why: str) -> str:
    """HTML for going live with an account or a key that is not fit for it."""
    return paragraphs(
        f"<b>Not live.</b> {esc(words.where(snapshot))}",
        f"The account is not fit to trade: {esc(why)}",
        "Mend it on the exchange's site: the desk looks every ten minutes and says when it is in order. Then /golive. "
        "Closing works meanwhile.",
    )


def render_golive_preview(snapshot: Snapshot, terms: LiveTerms) -> str:
    """HTML of everything that would trade for real."""
    table = Table(8)
    table.row("Version", terms.version)
    table.row("Mode", words.mode(snapshot.mode), terms.environment)
    table.row("Host", terms.host)
    table.row("Account", snapshot.account)
    table.row("Equity", f"{money(snapshot.equity)} USDT" if snapshot.measurable else "not known yet")
    other = [reason for hold in snapshot.holds if hold.lift != "golive" for reason in [hold.reason]]
    return paragraphs(
        f"<b>Go live</b> · {esc(words.where(snapshot))}",
        table.html(),
        "\n".join(["<b>Profiles</b>", *(_profile(profile) for profile in snapshot.profiles)]),
        "\n".join(["<b>Limits</b>", *_limits(snapshot)]),
        "\n".join(["Held besides:", *(f"• {esc(reason)}" for reason in other)]) if other else "",
        "From the confirmation on orders are real. It counts for this account, key and configuration, until /lockdown.",
        "Valid for 30 s.",
    )


def _profile(profile: ProfileView) -> str:
    symbols = ", ".join(profile.symbols[:_SHOWN_SYMBOLS])
    more = len(profile.symbols) - _SHOWN_SYMBOLS
    named = f"{symbols} and {more} more" if more > 0 else symbols
    state = "" if profile.enabled else " (off)"
    return f"• {esc(profile.name)}{state}: {esc(profile.size)}, {profile.leverage}x, {esc(named)}"


def _limits(snapshot: Snapshot) -> list[str]:
    return [
        f"• {esc(words.limit_name(limit))} {esc(words.amount(limit.threshold, in_money=limit.in_money))}: "
        f"{esc(words.action(limit.action))}"
        for limit in in_order(snapshot)
    ] or ["• none"]


def render_gone_live(snapshot: Snapshot, answer: Answer, *, by: str) -> str:
    """HTML after the confirmation."""
    if isinstance(answer, Refused):
        return render_refused("Go live", answer)
    held = [f"Still held: {esc(reason)}" for reason in snapshot.reasons]
    head = f"<b>Live trading confirmed</b> by {esc(by)}. {esc(words.header(snapshot))}"
    return paragraphs(head, *held, "/lockdown takes it back at once, /pause stops entries.")


def render_users(people: Sequence[Person], *, required: bool) -> str:
    """HTML of everybody with a role."""
    lines = []
    for person in people:
        marks = [person.role.value]
        marks += ["by TELEGRAM_ADMIN_IDS"] if person.configured else []
        marks += ["second factor"] if person.enrolled else []
        name = f" {person.name}" if person.name else ""
        lines.append(f"• <code>{person.user_id}</code>{esc(name)}: {', '.join(marks)}")
    factor = "What adds risk needs a code of an authenticator." if required else ""
    return paragraphs(
        "<b>Users</b>",
        "\n".join(lines) or "Nobody.",
        factor,
        "They are changed on the host: <code>pocketdesk users</code>",
    )
