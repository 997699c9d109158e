"""Loss limits of an account with one profile, measured on every close: what they still allow."""

from dataclasses import dataclass

from tests.acceptance.plain.candles import DAY
from tests.acceptance.plain.rules import MILLION

WEEK = 7 * DAY
# The first Monday of the epoch.
MONDAY = 4 * DAY


@dataclass(slots=True)
class Losses:
    """Shares (parts per million) below a reference at which a day's entries stop, a week's sizes are halved, and the
    account is halted until somebody resumes it.
    """

    day: int
    week: int
    halt_day: int
    halt_week: int
    halt_peak: int
    day_start: int = 0
    week_start: int = 0
    peak: int = 0
    resting: bool = False
    halved: bool = False
    halted: bool = False

    def measure(self, equity: int, at_ms: int) -> None:
        """Take in the equity of a close. A close at midnight is where the new day begins, and Monday's the week."""
        if not self.peak:
            self.day_start = self.week_start = self.peak = equity
        if at_ms % DAY == 0:
            self.day_start, self.resting = equity, False
        if (at_ms - MONDAY) % WEEK == 0:
            self.week_start, self.halved = equity, False
        self.peak = max(self.peak, equity)
        self.resting |= below(equity, self.day_start, self.day)
        self.halved |= below(equity, self.week_start, self.week)
        self.halted |= below(equity, self.day_start, self.halt_day)
        self.halted |= below(equity, self.week_start, self.halt_week)
        self.halted |= below(equity, self.peak, self.halt_peak)


def below(equity: int, reference: int, share: int) -> bool:
    """Whether equity has lost a share of the reference."""
    return (equity - reference) * MILLION <= -share * reference


def account_losses(*, day: int = MILLION, week: int = MILLION) -> Losses:
    """The account's own −10 %, −15 % and −25 % beside a profile's limits."""
    return Losses(day=day, week=week, halt_day=100_000, halt_week=150_000, halt_peak=250_000)
