"""Confirmations while the database is away: what reduces risk can be confirmed, once; nothing else can."""

import asyncio
from decimal import Decimal

import pytest

from bot.confirmations import Confirm
from engine.journal import JournalUnavailable
from handlers.actions import CloseEverything, LimitChange
from handlers.ports import Actor, Claimed, Expired, Foreign, Role, TooSoon, Used
from storage import confirmations as stored
from tests.unit.bot.hand_clock import HandClock

ADA = Actor(user_id=1, name="Ada", role=Role.OWNER)
BEN = Actor(user_id=2, name="Ben", role=Role.ADMIN)
CLOSE = CloseEverything(seen_positions=2)
LOOSEN = LimitChange(key="daily_equity", old=Decimal(-4), new=Decimal(-5), loosens=True)


class Away:
    """A store whose database is away, or does not answer at all."""

    def __init__(self, *, silent: bool = False) -> None:
        self._silent = silent

    async def create(self, *_: object) -> None:
        if self._silent:
            await asyncio.Event().wait()
        raise JournalUnavailable("locked")

    async def bind(self, *_: object) -> None:
        raise JournalUnavailable("locked")

    async def claim(self, *_: object) -> stored.Claim:
        raise JournalUnavailable("locked")


@pytest.mark.parametrize("silent", [False, True])
def test_closing_can_be_confirmed_once_while_the_database_is_away(silent: bool) -> None:
    async def main() -> None:
        clock = HandClock()
        confirm = Confirm(Away(silent=silent), clock)
        nonce = await confirm.ask(ADA, 1, CLOSE)
        await confirm.bind(nonce, 10)
        assert await confirm.claim(nonce, ADA, 1, 10) == TooSoon()
        clock.jump(0.7)
        assert await confirm.claim(nonce, BEN, 1, 10) == Foreign()
        assert await confirm.claim(nonce, ADA, 1, 11) == Foreign()
        assert await confirm.claim(nonce, ADA, 1, 10) == Claimed(CLOSE)
        assert await confirm.claim(nonce, ADA, 1, 10) == Used()
        late = await confirm.ask(ADA, 1, CLOSE)
        await confirm.bind(late, 12)
        clock.jump(30)
        assert await confirm.claim(late, ADA, 1, 12) == Expired()

    asyncio.run(main())


def test_what_adds_risk_cannot_be_asked_while_the_database_is_away() -> None:
    async def main() -> None:
        with pytest.raises(JournalUnavailable):
            await Confirm(Away(), HandClock()).ask(ADA, 1, LOOSEN)

    asyncio.run(main())
