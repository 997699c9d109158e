"""Lockdown and the confirmation of live trading: what holds, what lifts, over restarts and several accounts."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.going_live import NAME, Confirmable, GoingLive, fingerprint, is_confirmed, lock
from bot.lockdown import LIFT, STATE, Lockdown
from config import Settings
from engine.core.commands import FreeEntries
from engine.journal import JournalUnavailable
from handlers.ports import Actor, Role
from handlers.safety import LiveTerms
from tests.integration.bot.held import HeldDesk
from tests.unit.bot.hand_clock import HandClock
from tests.unit.views import examples as ex

ANNA = Actor(user_id=7, name="Anna", role=Role.ADMIN)
TERMS = LiveTerms(version="1", environment="live", host="Bybit")


class Memory:
    """Shared rows, or a database that is away."""

    def __init__(self) -> None:
        self.rows: dict[str, Any] = {}
        self.away = False

    async def get(self, key: str) -> Any:
        if self.away:
            raise JournalUnavailable("away")
        return self.rows.get(key)

    async def set(self, key: str, value: Any) -> None:
        if self.away:
            raise JournalUnavailable("away")
        self.rows[key] = value


def desks(number: int = 2) -> list[HeldDesk]:
    return [HeldDesk(ex.snapshot(account=f"a{each}", holds=())) for each in range(number)]


def lockdown(held: list[HeldDesk], memory: Memory, revoked: list[str] | None = None) -> Lockdown:
    async def revoke(request_id: str) -> None:
        if revoked is not None:
            revoked.append(request_id)

    return Lockdown(held, memory, HandClock(), mode="paper", revoke=revoke)


def going(story: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await story()

    asyncio.run(main())


def test_a_lockdown_needs_no_database_survives_a_restart_and_is_lifted_by_the_host_alone() -> None:
    async def story() -> None:
        held, memory, revoked = desks(), Memory(), list[str]()
        memory.away = True
        first = lockdown(held, memory)
        await first.begin(ANNA, "u1")
        (name,) = held[0].held
        assert held[1].held == [name]
        memory.away = False
        again = lockdown(held, memory, revoked)
        assert again.reason() == "locked down by Anna"
        assert await again.look() == []
        assert memory.rows[f"{STATE}.paper"]["holds"] == [name]
        memory.rows[f"{LIFT}.paper"] = {"holds": ["lockdown:other"]}
        assert await again.look() == []
        memory.rows[f"{LIFT}.paper"] = {"holds": [name]}
        assert await again.look() == [name]
        assert [desk.held for desk in held] == [[], []]
        assert (again.reason(), len(revoked)) == ("", 1)
        assert memory.rows[f"{STATE}.paper"]["holds"] == []

    going(story)


def test_a_lockdown_begun_after_a_lift_is_not_lifted_by_it() -> None:
    async def story() -> None:
        held, memory = desks(1), Memory()
        desk = lockdown(held, memory)
        await desk.begin(ANNA, "u1")
        memory.rows[f"{LIFT}.paper"] = {"holds": held[0].held}
        await desk.look()
        await desk.begin(ANNA, "u2")
        assert await desk.look() == []
        assert desk.reason() == "locked down by Anna"

    going(story)


def test_a_second_lockdown_keeps_the_first_and_reaches_accounts_that_came_later() -> None:
    async def story() -> None:
        held, memory = desks(), Memory()
        await lockdown(held[:1], memory).begin(ANNA, "u1")
        both = lockdown(held, memory)
        await both.look()
        assert held[0].held == held[1].held
        await both.begin(Actor(user_id=8, name="Ben", role=Role.OWNER), "u2")
        assert (len(held[0].held), both.reason()) == (1, "locked down by Anna")

    going(story)


def test_nothing_is_lifted_when_what_was_confirmed_cannot_be_taken_back() -> None:
    async def story() -> None:
        held, memory = desks(1), Memory()
        live = GoingLive({"a0": Confirmable(held[0], "f")}, Away(memory), HandClock(), terms=TERMS)
        desk = Lockdown(held, memory, HandClock(), mode="live", revoke=live.revoke)
        await desk.begin(ANNA, "u1")
        memory.rows[f"{LIFT}.live"] = {"holds": held[0].held}
        with pytest.raises(JournalUnavailable):
            await desk.look()
        assert desk.reason()
        assert NAME in held[0].held

    going(story)


class Away(Memory):
    """Cannot be written."""

    def __init__(self, other: Memory) -> None:
        super().__init__()
        self.rows = other.rows

    async def set(self, key: str, value: Any) -> None:
        raise JournalUnavailable("away")


def test_a_confirmation_is_of_one_key_and_configuration_and_ends_with_a_lockdown() -> None:
    async def story() -> None:
        held, memory = desks(1), Memory()
        live = GoingLive({"a0": Confirmable(held[0], "one")}, memory, HandClock(), terms=TERMS)
        await live.confirm("a0", ANNA, "n1")
        assert await is_confirmed(memory, "a0", "one")
        assert not await is_confirmed(memory, "a0", "two")
        assert not await is_confirmed(memory, "a1", "one")
        assert isinstance(held[0].commands[0], FreeEntries)
        desk = Lockdown(held, memory, HandClock(), mode="live", revoke=live.revoke)
        await desk.begin(ANNA, "u1")
        memory.rows[f"{LIFT}.live"] = {"holds": held[0].held}
        await desk.look()
        assert held[0].held == [NAME]
        assert not await is_confirmed(memory, "a0", "one")

    going(story)


def test_a_process_that_ends_between_keeping_a_confirmation_and_lifting_the_hold_asks_again() -> None:
    async def story() -> None:
        held, memory = desks(1), Memory()
        await held[0].command(lock(0, "start"))
        live = GoingLive({"a0": Confirmable(Dying(held[0].state), "f")}, memory, HandClock(), terms=TERMS)
        with pytest.raises(ConnectionError):
            await live.confirm("a0", ANNA, "n1")
        # The next process finds the confirmation and the hold: the hold counts, and the question is asked again.
        assert await is_confirmed(memory, "a0", "f")
        assert held[0].held == [NAME]
        again = GoingLive({"a0": Confirmable(held[0], "f")}, memory, HandClock(), terms=TERMS)
        await again.confirm("a0", ANNA, "n2")
        assert held[0].held == []

    going(story)


class Dying(HeldDesk):
    """Ends before it hears a command."""

    async def command(self, command: Any) -> Any:
        raise ConnectionError


def test_an_account_with_faults_is_not_confirmed() -> None:
    async def story() -> None:
        held, memory = desks(1), Memory()
        live = GoingLive({"a0": Confirmable(held[0], "f", lambda: ("not bound",))}, memory, HandClock(), terms=TERMS)
        answer = await live.confirm("a0", ANNA, "n1")
        assert "not bound" in str(answer)
        assert (memory.rows, held[0].commands) == ({}, [])

    going(story)


def test_the_fingerprint_changes_with_key_limits_and_profiles_and_with_nothing_else(tmp_path: Path) -> None:
    def of(**changes: Any) -> str:
        from bot.accounts import trading

        values = {"desk_mode": "live", "bybit_api_key": "k" * 10, "bybit_api_secret": "s" * 10} | changes
        alone = Settings(desk_state_dir=tmp_path, **values)
        return fingerprint(alone, trading(alone, tag=changes.get("desk_name", "p123")))

    first = of()
    assert of(log_level="DEBUG", telegram_admin_ids="9", desk_timezone="Europe/Berlin") == first
    other = [
        of(bybit_api_key="K" * 10),
        of(limits={"daily_equity": -4}),
        of(account_preset="prop"),
        of(day_reset_hour=5),
        of(guard_notional_a_day=7),
        of(approval={"daily_equity": "auto"}),
        of(profiles=[{"name": "cft", "strategy": "rules8"}]),
        of(profiles=[{"name": "cft", "strategy": "rules8", "settings": {"stop": 0.8}}]),
        of(profiles=[{"name": "cft", "strategy": "rules8", "params": {"cross_window": 2}}]),
    ]
    assert len({first, *other}) == 1 + len(other)
