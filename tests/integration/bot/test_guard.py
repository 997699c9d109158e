"""Who gets in, once, in time: every kind of stranger, forgery, repeat and late update against every screen."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiogram import Router
from aiogram.dispatcher.event.handler import HandlerObject

from engine.core.commands import CloseAll, Pause, Resume
from handlers import build_router, catalogue
from handlers.ports import Role
from keyboards.data import Ask, Close, DeskOrder
from storage.store import Store
from tests.integration.bot.scene import ADA, BEN, STRANGER, VERA, Scene, in_scene, running, serving
from tests.unit.bot.hand_clock import HandClock

GROUP = -1001
ALL_TYPED = [f"/{info.name}" for info in catalogue.COMMANDS] + ["/panic", "/closeall now", "/seen", "hello"]


def _handlers(router: Router) -> list[HandlerObject]:
    own = [*router.message.handlers, *router.callback_query.handlers]
    return own + [handler for child in router.sub_routers for handler in _handlers(child)]


def test_every_handler_declares_its_role_and_its_risk() -> None:
    handlers = _handlers(build_router())
    assert len(handlers) > 40
    for handler in handlers:
        assert isinstance(handler.flags.get("role"), Role), handler.callback
        assert handler.flags.get("risk") in {"reads", "reduces", "adds"}, handler.callback
        assert handler.flags["risk"] == "reads" or handler.flags["role"] is not Role.VIEWER, handler.callback


async def _rows(store: Store, names: tuple[str, ...] = ("updates", "confirmations", "outbox", "panels")) -> int:
    from sqlalchemy import text

    reader = store._parts.reader
    found = [await reader.first(text(f"SELECT count(*) FROM {name}")) for name in names]  # noqa: S608 - fixed names
    return sum(row[0] for row in found if row is not None)


def test_a_stranger_reaches_no_screen_costs_no_storage_and_gets_one_polite_line(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        shown = (await scene.write("/menu"))["message_id"] + 1
        before = await _rows(scene.store)
        for text in ALL_TYPED:
            await scene.write(text, user=STRANGER)
        own = (await scene.messages(STRANGER))[0]["message_id"]
        for data in (Ask(order=DeskOrder.CLOSE_ALL).pack(), Close(symbol="SOLUSDT", percent=100).pack(), "x"):
            await scene.press(own, data, user=STRANGER, forge=True)
        assert scene.desk.commands == []
        assert await scene.said(STRANGER) == ["This is a private trading desk. It answers only to its owners."]
        assert await _rows(scene.store) == before
        assert [line.user_id for line in await scene.store.audit.latest(10)] == [STRANGER]
        assert shown

    in_scene(tmp_path, story)


FORGERIES: list[dict[str, Any]] = [
    {"forward": True},
    {"via_bot": True},
    {"sender_chat": -500},
    {"photo": True},
]


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: next(iter(forgery)))
def test_no_command_works_when_the_owner_did_not_write_it_himself(tmp_path: Path, forgery: dict[str, Any]) -> None:
    async def story(scene: Scene) -> None:
        for text in ALL_TYPED:
            await scene.write(text, **forgery)
        assert scene.desk.commands == []
        assert await _rows(scene.store) == 0
        assert len(await scene.said()) <= 1

    in_scene(tmp_path, story)


def test_an_edited_command_does_nothing(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        written = await scene.write("hello")
        await scene.write("/closeall now", edit=written["message_id"])
        assert scene.desk.commands == []

    in_scene(tmp_path, story)


def test_a_foreign_group_is_left_and_its_commands_do_nothing(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.sim("chats", {"id": GROUP, "title": "Crowd", "members": [ADA, STRANGER]})
        await scene.write("/closeall now", chat_id=GROUP)
        assert scene.desk.commands == []
        assert len(await scene.calls("leaveChat")) >= 1
        assert await scene.said(GROUP) == []

    in_scene(tmp_path, story)


def test_a_viewer_reads_everything_and_changes_nothing(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        for info in catalogue.COMMANDS:
            if info.acts:
                scene.clock.jump(5)
                await scene.write(f"/{info.name} {info.example.partition(' ')[2]}", user=VERA)
        scene.clock.jump(5)
        await scene.write("/closeall now", user=VERA)
        assert scene.desk.commands == []
        assert all("needs the role admin" in text for text in await scene.said(VERA))
        await scene.write("/status", user=VERA)
        assert "needs the role" not in (await scene.said(VERA))[-1]

    in_scene(tmp_path, story)


def test_a_command_delivered_twice_acts_once_even_after_a_restart(tmp_path: Path) -> None:
    async def main() -> None:
        clock = HandClock()
        async with serving(clock) as chat:
            async with running(chat, tmp_path, clock) as scene:
                update = (await scene.write("/pause"))["update_id"]
                await scene.sim("redeliver", {"update_id": update})
                assert await scene.hear() == 1
                assert [type(command) for command in scene.desk.commands] == [Pause]
                assert (await scene.said())[-1].startswith("This arrived twice. The first one: done")
            async with running(chat, tmp_path, clock) as scene:
                await scene.sim("redeliver", {"update_id": update})
                assert await scene.hear() == 1
                assert scene.desk.commands == []

    asyncio.run(main())


def test_a_double_tap_on_confirm_acts_once_and_another_admin_cannot_take_it(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.write("/closeall")
        preview = (await scene.messages())[-1]
        label = preview["buttons"][0][0]["text"]
        data = preview["buttons"][0][0]["data"]
        await scene.press(preview["message_id"], label)
        assert not [command for command in scene.desk.commands if isinstance(command, CloseAll)]
        scene.clock.jump(1)
        await scene.write("/menu", user=BEN)
        other = (await scene.messages(BEN))[-1]["message_id"]
        await scene.press(other, data, user=BEN, forge=True)
        assert not [command for command in scene.desk.commands if isinstance(command, CloseAll)]
        await asyncio.gather(*(_forged(scene, preview["message_id"], data) for _ in range(2)))
        await scene.hear()
        assert len([command for command in scene.desk.commands if isinstance(command, CloseAll)]) == 1

    in_scene(tmp_path, story)


async def _forged(scene: Scene, message_id: int, data: str) -> None:
    body = {"message_id": message_id, "button": data, "forge": True}
    await scene.sim(f"users/{ADA}/presses", body)


def test_what_adds_risk_is_refused_after_a_minute_and_what_reduces_it_is_not(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.sim(f"users/{ADA}/messages", {"text": "/resume"})
        scene.clock.jump(61)
        await scene.hear()
        assert scene.desk.commands == []
        assert "more than a minute ago" in (await scene.said())[-1]
        await scene.sim(f"users/{ADA}/messages", {"text": "/resume"})
        scene.clock.jump(59)
        await scene.hear()
        assert [type(command) for command in scene.desk.commands] == [Resume]

    in_scene(tmp_path, story)


def test_a_press_that_may_have_waited_at_telegram_adds_no_risk(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.write("/menu")
        panel = (await scene.messages())[-1]["message_id"]
        body = {"message_id": panel, "button": Ask(order=DeskOrder.RESUME).pack(), "forge": True}
        await scene.sim(f"users/{ADA}/presses", body)
        await scene.hear(after_gap=True)
        assert scene.desk.commands == []
        await scene.sim(f"users/{ADA}/presses", body | {"button": Ask(order=DeskOrder.PAUSE).pack()})
        await scene.hear(after_gap=True)
        assert [type(command) for command in scene.desk.commands] == [Pause]

    in_scene(tmp_path, story)


def test_a_handler_that_breaks_is_answered_and_the_next_command_works(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.write("/health")
        assert (await scene.said())[-1].startswith("That did not work. An error in the desk's chat")
        await scene.write("/status")
        assert not (await scene.said())[-1].startswith("That did not work")

    in_scene(tmp_path, story)


def test_the_first_owner_claims_the_desk_with_the_code_of_the_terminal(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        code = scene.service.claim_code
        assert code is not None
        await scene.write("/pause")
        await scene.write("/claim WRONG", user=STRANGER)
        assert scene.desk.commands == []
        await scene.write(f"/claim {code}")
        await scene.write("/pause")
        assert len(scene.desk.commands) == 1
        await scene.write(f"/claim {code}", user=STRANGER)
        await scene.write("/pause", user=STRANGER)
        assert len(scene.desk.commands) == 1
        assert scene.service.claim_code is None

    in_scene(tmp_path, story, telegram_admin_ids="")
