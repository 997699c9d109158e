"""Lockdown, roles and codes in a running chat side, with the host's commands beside it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from bot.factor_file import FactorFile
from bot.lockdown import LIFT, STATE
from bot.totp import code_at, step_at
from engine.core.commands import ChangeLimit, Pause, SwitchSymbol
from storage.host import host_book
from tests.integration.bot.held import HeldDesk
from tests.integration.bot.scene import ADA, BEN, STRANGER, VERA, Scene, in_scene
from tests.unit.views import examples as ex


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
