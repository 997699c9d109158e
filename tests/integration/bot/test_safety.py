"""Lockdown, roles and codes in a running chat side, with the host's commands beside it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.factor_file import FactorFile
from bot.going_live import NAME, Confirmable, GoingLive, fingerprint, is_confirmed, lock
from bot.lockdown import LIFT, STATE, Lockdown
from bot.totp import code_at, step_at
from config import Settings
from engine.core.commands import ChangeLimit, FreeEntries, LockEntries, Pause, SwitchSymbol
from engine.core.facts import Hold
from engine.core.profile import HoldLevel
from engine.journal import JournalUnavailable
from handlers.ports import Actor, Role
from handlers.safety import LiveTerms
from storage.host import host_book
from tests.integration.bot.scene import ADA, BEN, STRANGER, VERA, Scene, in_scene
from tests.unit.bot.hand_clock import HandClock
from tests.unit.handlers.fakes import FakeDesk
from tests.unit.views import examples as ex

ANNA = Actor(user_id=7, name="Anna", role=Role.ADMIN)
TERMS = LiveTerms(version="1", environment="live", host="Bybit")


class HeldDesk(FakeDesk):
    """A desk whose holds follow the commands."""

    async def command(self, command: Any) -> Any:
        holds = {hold.hold_id: hold for hold in self.state.holds}
        if isinstance(command, LockEntries):
            holds[command.name] = Hold(
                hold_id=command.name,
                scope=ex.PAUSE.scope,
                level=HoldLevel.REDUCE_ONLY,
                reason=command.reason,
                lift=command.lift,
                set_ms=0,
                by=command.by,
            )
        if isinstance(command, FreeEntries):
            holds.pop(command.name, None)
        self.state = replace(self.state, holds=tuple(holds.values()))
        return await super().command(command)

    @property
    def held(self) -> list[str]:
        return [hold.hold_id for hold in self.state.holds]


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


# In the chat


def test_a_lockdown_refuses_every_way_to_add_risk_and_nothing_that_reduces_it(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        desk = scene.desk = held_of(scene)
        await scene.write("/lockdown", user=BEN)
        before = len(desk.commands)
        for text in ("/resume", "/long sol 100", "/unlock sol", "/watch sol", "/golive"):
            await scene.passing(3)  # messages of a chat are paced
            await scene.write(text)
            assert "locked down by" in (await scene.said())[-1], text
        await scene.passing(5)
        await scene.write("/limit daily_equity -9")
        assert "Nothing was changed" in (await scene.said())[-1]
        assert len(desk.commands) == before
        await scene.write("/pause")
        await scene.write("/unwatch sol")
        assert [type(each) for each in desk.commands[before:]] == [Pause, SwitchSymbol]
        lines = await scene.store.audit.latest(20)
        assert "lockdown" in {line.action for line in lines}
        assert any("locked down" in line.answer for line in lines)

    in_scene(tmp_path, story)


def held_of(scene: Scene) -> HeldDesk:
    """Give the scene's desk holds that follow commands, in every place that has it."""
    made = HeldDesk(ex.snapshot(holds=()))
    scene.service._safety.lockdown._desks = (made,)
    for seat in scene.service._seats.all:
        object.__setattr__(seat, "desk", made)
    return made


def test_the_host_lifts_a_lockdown_of_a_running_desk_within_seconds(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        desk = held_of(scene)
        listening = asyncio.create_task(scene.service._listen(lambda: None))
        await scene.write("/lockdown")
        (name,) = desk.held
        url = f"sqlite:///{tmp_path}/desk.sqlite3"

        async def told() -> bool:
            await scene.clock.settle()
            async with host_book(url, mode="paper", account="main") as book:
                row = await book.settings.get(f"{STATE}.paper")
            return row is not None and row["holds"] == [name]

        await scene.until(told)
        async with host_book(url, mode="paper", account="main") as book:
            await book.settings.set(f"{LIFT}.paper", {"holds": [name]})
        await _after(scene, lambda: not desk.held)
        await scene.write("/watch sol")
        assert "Switch on" in (await scene.said())[-1]
        assert ("host", "lockdown lift") in {(line.name, line.action) for line in await scene.store.audit.latest(9)}
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)

    in_scene(tmp_path, story)


async def _after(scene: Scene, is_so: Callable[[], bool]) -> None:
    """Let four seconds pass in which something must become so."""
    for _ in range(8):
        await scene.clock.advance(0.5)
        for _ in range(10):
            if is_so():
                return
            await scene.sim("state")
            await scene.clock.settle()
    raise AssertionError("nothing happened")


def test_a_role_given_or_taken_on_the_host_counts_within_seconds_and_is_told(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        listening = asyncio.create_task(scene.service._listen(lambda: None))
        async with host_book(f"sqlite:///{tmp_path}/desk.sqlite3", mode="paper", account="main") as book:
            await book.users.set(STRANGER, "admin", "Sam", 0)
            await book.users.remove(VERA)
        await _after(scene, lambda: STRANGER in scene.parts.roles.now and VERA not in scene.parts.roles.now)
        await scene.write("/pause", user=STRANGER)
        assert [type(each) for each in scene.desk.commands] == [Pause]
        await scene.write("/status", user=VERA)
        assert (await scene.said(VERA))[-1].startswith("This is a private")
        await scene.sent()
        told = next(text for text in await scene.said() if "Roles were changed" in text)
        assert f"{STRANGER}: no role → admin" in told
        assert f"{VERA}: viewer → no role" in told
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)

    in_scene(tmp_path, story)


def test_who_only_reads_confirms_nothing_and_gives_no_code(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        for user in (ADA, VERA):
            FactorFile(tmp_path).set(user, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
        await scene.write("/status", user=VERA)
        mine = (await scene.messages(VERA))[-1]["message_id"]
        await scene.write("/limit daily_equity -9")
        asked = (await scene.messages())[-1]
        scene.clock.jump(1)
        forged = await scene.press(mine, asked["buttons"][0][0]["data"], VERA, forge=True)
        assert "needs the role admin" in (await scene.sim(f"callbacks/{forged['callback_query_id']}"))["text"]
        for _ in range(2):
            asked = (await scene.messages())[-1]
            scene.clock.jump(1)
            await scene.press(asked["message_id"], asked["buttons"][0][0]["text"])
        code = code_at("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", step_at(scene.clock.wall_ms()))
        await scene.write(code, user=VERA)
        assert "needs the role admin" in (await scene.said(VERA))[-1]
        assert scene.desk.commands == []
        await scene.write(code)
        assert [type(each) for each in scene.desk.commands] == [ChangeLimit]

    in_scene(tmp_path, story, desk_mode="live")


def test_a_role_that_was_taken_meanwhile_confirms_nothing(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.store.users.set(STRANGER, "admin", "Sam", 0)
        await scene.parts.roles.refresh()
        await scene.write("/unlock sol", user=STRANGER)
        await scene.write("/watch sol", user=STRANGER)
        asked = (await scene.messages(STRANGER))[-1]
        await scene.store.users.remove(STRANGER)
        await scene.parts.roles.refresh()
        scene.clock.jump(1)
        await scene.press(asked["message_id"], asked["buttons"][0][0]["text"], STRANGER)
        assert scene.desk.commands == []

    in_scene(tmp_path, story)


def test_in_live_mode_a_code_is_asked_for_is_deleted_and_stays_nowhere(tmp_path: Path) -> None:
    secret, codes = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", list[str]()

    async def story(scene: Scene) -> None:
        FactorFile(tmp_path).set(ADA, secret)
        await scene.write("/limit daily_equity -9")
        for _ in range(2):
            asked = (await scene.messages())[-1]
            scene.clock.jump(1)
            await scene.press(asked["message_id"], asked["buttons"][0][0]["text"])
        assert scene.desk.commands == []
        code = code_at(secret, step_at(scene.clock.wall_ms()))
        mine = await scene.write(code)
        assert [type(each) for each in scene.desk.commands] == [ChangeLimit]
        rows = await scene.sim(f"chats/{ADA}/messages")
        assert next(row for row in rows if row["message_id"] == mine["message_id"])["deleted"]
        await scene.write(code, user=VERA)
        await scene.sim(f"users/{ADA}/messages", {"text": code})
        scene.clock.jump(120)
        await scene.hear()
        rows = [row for user in (ADA, VERA) for row in await scene.sim(f"chats/{user}/messages")]
        assert all(row["deleted"] for row in rows if row["text"] == code)
        lines = repr(await scene.store.audit.latest(50))
        assert "a code" in lines
        assert code not in lines
        codes.append(code)

    in_scene(tmp_path, story, desk_mode="live")
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("desk.sqlite3*"))
    assert len(codes) == 1
    assert all(hidden.encode() not in kept for hidden in (secret, *codes))
