"""The account looked at again: what became worse holds once, warnings are told daily, what was mended is told soon."""

import asyncio
from collections.abc import Sequence

from bot.recheck import Looked, Recheck, faults
from engine.core.events import AccountTroubled, Event
from engine.core.feed_events import AccountMended
from engine.exchanges.base import QueryFailedError
from engine.exchanges.bybit.adapter import BybitExchange
from engine.exchanges.bybit.checks import Finding, Grade
from engine.exchanges.paper import PaperExchange
from tests.support.virtual import VirtualClock, run

DAY_S = 86_400
SOON_S = 600
MENDED = "mended"
WIDE = Finding(Grade.STOP, "the API key may do more than it needs (Wallet/Withdraw)", "take that away")
LOOSE = Finding(Grade.STOP, "the API key is not bound to an address", "bind it")
EXPIRING = Finding(Grade.WARN, "the API key expires in 13 days", "renew it")


class Account:
    """Finds what is scripted, day after day; None is no answer."""

    def __init__(self, start: Sequence[Finding], looks: Sequence[Sequence[Finding] | None]) -> None:
        self.findings = list(start)
        self.looks = list(looks)
        self.times: list[float] = []

    async def look(self) -> list[Finding]:
        """Answer the next look."""
        self.times.append(asyncio.get_running_loop().time())
        found = self.looks.pop(0) if self.looks else []
        if found is None:
            raise QueryFailedError("no answer")
        return list(found)


def told(account: Account, days: float) -> list[tuple[bool, str] | str]:
    events: list[Event] = []

    async def main() -> None:
        task = asyncio.create_task(Recheck(account, events.append, VirtualClock(), lambda: 5).run())
        await asyncio.sleep(days * DAY_S + 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(main())
    assert all(isinstance(event, AccountTroubled | AccountMended) for event in events)
    return [(event.grave, event.why) if isinstance(event, AccountTroubled) else MENDED for event in events]


def test_a_right_gained_overnight_holds_once_and_is_looked_at_every_ten_minutes() -> None:
    account = Account([], [[], [WIDE], [WIDE], [WIDE, LOOSE]])
    assert told(account, 2 + 2 * SOON_S / DAY_S) == [(True, str(WIDE)), (True, str(LOOSE))]
    assert account.times == [DAY_S, 2 * DAY_S, 2 * DAY_S + SOON_S, 2 * DAY_S + 2 * SOON_S]


def test_what_was_mended_is_told_within_ten_minutes_and_then_a_day_passes_until_the_next_look() -> None:
    account = Account([WIDE, LOOSE], [[WIDE], [], []])
    assert told(account, 2) == [MENDED]
    assert account.times == [SOON_S, 2 * SOON_S, 2 * SOON_S + DAY_S]


def test_what_went_away_and_came_back_holds_again() -> None:
    assert told(Account([], [[WIDE], [], [WIDE]]), 2.1) == [(True, str(WIDE)), MENDED, (True, str(WIDE)), MENDED]


def test_what_the_start_told_already_is_not_told_again_until_it_was_gone() -> None:
    assert told(Account([WIDE], [[WIDE], [], [WIDE], [WIDE]]), 1.02) == [MENDED, (True, str(WIDE))]


def test_an_expiring_key_is_told_at_the_start_and_once_a_day() -> None:
    assert told(Account([EXPIRING], [[EXPIRING], [EXPIRING]]), 2) == [(False, str(EXPIRING))] * 3


def test_warnings_are_told_once_a_day_while_something_grave_is_looked_at_every_ten_minutes() -> None:
    account = Account([WIDE, EXPIRING], [[WIDE, EXPIRING]] * 300)
    assert told(account, 2) == [(False, str(EXPIRING))] * 3
    assert len(account.times) == 2 * DAY_S / SOON_S


def test_a_look_that_failed_is_repeated_soon_and_concludes_nothing() -> None:
    account = Account([], [None, [EXPIRING]])
    assert told(account, 1.5) == [(False, str(EXPIRING))]
    assert account.times == [DAY_S, DAY_S + SOON_S]
    account = Account([WIDE], [None, [WIDE], []])
    assert told(account, 1) == [MENDED]
    assert account.times == [SOON_S, 2 * SOON_S, 3 * SOON_S]


def test_only_an_exchange_that_can_be_looked_at_is() -> None:
    assert not issubclass(PaperExchange, BybitExchange)
    assert isinstance(Account([], []), Looked)
    assert not hasattr(PaperExchange, "look")
    assert hasattr(BybitExchange, "look")


def unfit(account: Account, days: float) -> list[float]:
    """The days on which the account was found unfit."""
    found: list[float] = []

    async def main() -> None:
        def note() -> None:
            found.append(round(asyncio.get_running_loop().time() / DAY_S, 1))

        recheck = Recheck(account, lambda _event: None, VirtualClock(), lambda: 5, unfit=note)
        task = asyncio.create_task(recheck.run())
        await asyncio.sleep(days * DAY_S + 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(main())
    return found


def test_whoever_must_know_is_told_whenever_an_account_becomes_unfit() -> None:
    account = Account([WIDE], [[WIDE], [EXPIRING], [EXPIRING], [LOOSE]])
    assert unfit(account, 2.02) == [0.0, 2.0]
    assert faults(account) == (str(LOOSE),)
    assert unfit(Account([EXPIRING], [[], []]), 2) == []


def test_an_account_found_unfit_only_after_the_exchange_answered_is_told_soon() -> None:
    class Away(Account):
        @property
        def findings(self) -> list[Finding]:
            return [WIDE] if asyncio.get_running_loop().time() > 600 and not self.times else []

        @findings.setter
        def findings(self, found: list[Finding]) -> None:
            assert self is not None

    assert unfit(Away([], []), 0.5) == [0.0]


def test_an_exchange_that_cannot_be_looked_at_has_no_faults() -> None:
    assert faults(object()) == ()
