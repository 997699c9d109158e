"""Everything a desk needs, tested one thing after another without changing anything."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace

from bot.accounts import Trading
from bot.check_findings import Area, Finding, has_fault
from bot.check_local import database_findings, disk_finding, folder_finding, lock_finding
from bot.check_rules import rule_findings
from bot.factor_file import FactorFile, FactorFileError
from config import DeskMode, Settings
from config.redaction import Redactor
from engine.core.money import to_money

_SETTINGS = Area("settings")


async def run_checks(settings: Settings, *tradings: Trading) -> list[Finding]:
    """Return what was found, in the order of looking; faults of network and machine are findings, never raised.

    `tradings` are those of `Settings.each_account`; with several accounts each finding about one names it.
    """
    import bot.lazy_aiogram  # noqa: F401  # before anything else imports aiogram
    from bot.check_telegram import telegram_findings

    accounts = tuple(zip(settings.each_account(), tradings, strict=True))
    found = [finding for alone, trading in accounts for finding in settings_findings(alone, trading)]
    folder = settings.desk_state_dir
    found += [folder_finding(folder), disk_finding(folder), lock_finding(folder)]
    found += await database_findings(settings)
    found += await telegram_findings(settings)
    for alone, trading in accounts:
        seen = await _market(alone, trading)
        seen += rule_findings(trading.account, trading.strategies, to_money(settings.initial_balance))
        named = f"{trading.account.name}: " if len(accounts) > 1 else ""
        found += [replace(finding, what=f"{named}{finding.what}") for finding in seen]
    return without_secrets(found, settings)


def settings_findings(settings: Settings, trading: Trading) -> list[Finding]:
    """Say what the settings ask for; they were read without a mistake."""
    account = trading.account
    limits = len(account.limits) + sum(len(profile.limits) for profile in account.profiles)
    named = ", ".join(profile.name for profile in account.profiles)
    what = f"desk {account.name}, {settings.desk_mode.value}; profiles {named}; {limits} limits"
    found = [_SETTINGS.ok(what)]
    if settings.desk_mode is DeskMode.LIVE:
        found.append(_live(settings))
    return found


def _live(settings: Settings) -> Finding:
    if not settings.allow_live:
        return _SETTINGS.fault("live mode is not allowed", "read Going live safely in the README, then ALLOW_LIVE=1")
    try:
        enrolled = FactorFile(settings.desk_state_dir).secrets()
    except FactorFileError as error:
        return _SETTINGS.fault(str(error), "mend it, or enrol anew: pocketdesk users totp enroll ID")
    if not enrolled:
        todo = "pocketdesk users totp enroll ID, for each who may add risk"
        return _SETTINGS.warning("live mode, and nobody has a second factor: nobody can confirm anything", todo)
    return _SETTINGS.ok("live mode: entries wait for /golive in the chat")


async def _market(settings: Settings, trading: Trading) -> list[Finding]:
    # Not before it is needed: pybit alone takes a second.
    from bot.check_exchange import exchange_findings

    return await exchange_findings(settings, trading)


def without_secrets(findings: Sequence[Finding], settings: Settings) -> list[Finding]:
    """Hide every secret of the settings: an exchange may quote what it was sent."""
    hide = Redactor(settings.secrets()).redact
    return [replace(finding, what=hide(finding.what), todo=hide(finding.todo)) for finding in findings]


def as_json(findings: list[Finding]) -> str:
    """Return {"ok": bool, "findings": [{"area", "grade", "what", "todo"}, …]}; ok is true without faults."""
    rows = [asdict(finding) for finding in findings]
    return json.dumps({"ok": not has_fault(findings), "findings": rows}, ensure_ascii=False)
