"""Loss limits: stored references, what each limit measures now, and which crossings are new.

Every limit reads one ledger and the references of its scope: the account's, or a profile's against its allocated
equity. A value is ppm of what its scope was worth at the reference, or money.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.core.market import day_start, week_start
from engine.core.money import PPM, Money, ppm_of, share
from engine.core.profile import LimitSpec, Measure
from engine.core.quick import quick


@quick
@dataclass(frozen=True, slots=True)
class Ledger:
    """What a scope is worth now. `balance` without and `equity` with unrealised results, transfers left out; both start
    at the scope's base.

    A profile's percentages are shares of what it is allocated: `allocation_ppm` of the account's balance
    `account_balance` and equity `account_equity`. Both are None for the account itself.
    """

    balance: Money
    equity: Money
    unrealised: Money
    account_balance: Money | None = None
    account_equity: Money | None = None
    allocation_ppm: int = PPM


@dataclass(frozen=True, slots=True)
class Crossing:
    """A limit reached a level it was not at before (`warned`, `breached`) or came back (`cleared`)."""

    spec: LimitSpec
    level: str
    value: int
    threshold: int


type References = Mapping[str, Money]


def renewals(ledger: Ledger, references: References, now_ms: int, day_begins_ms: int = 0) -> list[tuple[str, Money]]:
    """Return the references that must be set now: day and week when theirs began, the peak when passed, the start once.

    `day.at` and `week.at` hold the instant the reference belongs to, so that a restart neither renews nor forgets one.
    """
    day, week = day_start(now_ms, day_begins_ms), week_start(now_ms)
    # The week may begin within a day that does not begin at midnight.
    begun = references.get("day.at") == day and references.get("week.at") == week
    if begun and ledger.equity <= references.get("peak", 0):
        return []
    found = [] if "start" in references else [("start", ledger.equity)]
    if references.get("day.at") != day:
        found += [("day.at", day), ("day", ledger.equity), ("day.balance", ledger.balance)]
    if references.get("week.at") != week:
        found += [("week.at", week), ("week", ledger.equity)]
    if ledger.equity > references.get("peak", 0):
        found.append(("peak", ledger.equity))
    return found


_REFERENCES = {
    Measure.DAILY_BALANCE: "day.balance",
    Measure.DAILY_EQUITY: "day",
    Measure.GUARD_LOSS: "day",
    Measure.WEEKLY_EQUITY: "week",
    Measure.PEAK_EQUITY: "peak",
    Measure.DAILY_LOSS: "day",
    Measure.TOTAL_LOSS: "start",
}


def measure(spec: LimitSpec, ledger: Ledger, references: References) -> int | None:
    """Return what a limit measures now, in ppm or money; None where that is not known or what it is a share of is not
    positive.
    """
    change = _change(spec, ledger, references)
    if spec.in_money:
        return change or 0
    base = base_of(spec, ledger, references)
    if change is None or base is None or base <= 0:
        return None
    # Towards zero: a loss reaches its limit exactly at the limit, not within the last millionth before it.
    return share(change, PPM, base)


def _change(spec: LimitSpec, ledger: Ledger, references: References) -> Money | None:
    if spec.measure is Measure.UNREALISED:
        return ledger.unrealised
    reference = references.get(_REFERENCES[spec.measure])
    if reference is None:
        return None
    return (ledger.balance if spec.measure is Measure.DAILY_BALANCE else ledger.equity) - reference


def base_of(spec: LimitSpec, ledger: Ledger, references: References) -> Money | None:
    """Return the money that a limit in percent is taken of: what the scope would be worth now without what it has made
    or lost since the reference. For the account that is the reference itself, for a profile its allocation.
    """
    change = _change(spec, ledger, references)
    if change is None:
        return None
    if spec.measure is Measure.UNREALISED:
        change = 0
    if spec.measure in {Measure.UNREALISED, Measure.DAILY_BALANCE}:
        whole = ledger.balance if ledger.account_balance is None else ledger.account_balance
    else:
        whole = ledger.equity if ledger.account_equity is None else ledger.account_equity
    return ppm_of(whole - change, ledger.allocation_ppm)


def level_of(value: int | None, threshold: int, warn_ppm: int) -> str:
    """Return `breached`, `warned` or `` for a measured value."""
    if value is None:
        return ""
    if value <= threshold:
        return "breached"
    return "warned" if value <= ppm_of(threshold, warn_ppm) else ""


_ORDER = {"": 0, "cleared": 0, "warned": 1, "breached": 2}


def crossing(spec: LimitSpec, threshold: int, value: int | None, before: str) -> Crossing | None:
    """Return the crossing between the stored level and the measured one.

    A level rises once per crossing. It clears only above half the warning distance back to safety, so that a value that
    trembles at the line
    is one crossing and not many; what was breached for a day or a week stays so until the next one begins.
    """
    level = level_of(value, threshold, spec.warn_ppm)
    if value is None or level == before:
        return None
    if _ORDER[level] > _ORDER[before]:
        return Crossing(spec, level, value, threshold)
    if before == "breached" and spec.period:
        return None
    if not level and value > ppm_of(threshold, spec.warn_ppm) // 2:
        return Crossing(spec, "cleared", value, threshold)
    return None


def floor_equity(spec: LimitSpec, threshold: int, level: str, ledger: Ledger, references: References) -> Money:
    """Return the equity at or below which the next level of a limit is reached, for skipping quiet bars.

    Rounded up by one unit per division so that the true crossing is never missed.
    """
    goal = threshold if level == "warned" else ppm_of(threshold, spec.warn_ppm)
    if spec.in_money:
        return references.get(_REFERENCES[spec.measure], ledger.equity) + goal
    unrealised = spec.measure is Measure.UNREALISED
    reference = ledger.balance if unrealised else references.get(_REFERENCES[spec.measure], 0)
    base = base_of(spec, ledger, references) or 0
    return reference + base * goal // PPM + 1
