"""Polling: who else polls, what ends the process and what does not, and an orderly end."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiogram import Bot
from aiogram.types import Update, User

from bot.polling import Poller, PollingRefusedError, Signals, Trouble, findings
from engine.core.commands import Pause
from tests.integration.bot.scene import ADA, Scene, in_scene

CONFLICT = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"


@dataclass
class Desk:
    """Hears updates and troubles."""

    updates: list[Update] = field(default_factory=list)
    gaps: list[bool] = field(default_factory=list)
    troubles: list[Trouble | None] = field(default_factory=list)
    held: asyncio.Event = field(default_factory=asyncio.Event)
    finished: int = 0

    async def feed(self, _bot: Bot, update: Update, *, after_gap: bool) -> None:
        self.updates.append(update)
        self.gaps.append(after_gap)
        await self.held.wait()
        self.finished += 1

    async def on_trouble(self, trouble: Trouble, _words: str) -> None:
        self.troubles.append(trouble)

    async def on_clear(self) -> None:
        self.troubles.append(None)


def polling(folder: Path, story: Callable[[Scene, Desk, Poller], Awaitable[None]]) -> None:
    async def main(scene: Scene) -> None:
        desk = Desk()
        poller = Poller(
            scene.parts.bot, desk.feed, scene.clock, Signals(on_trouble=desk.on_trouble, on_clear=desk.on_clear)
        )
        await story(scene, desk, poller)

    in_scene(folder, main)


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_updates_come_in_with_only_the_kinds_that_are_wanted(tmp_path: Path) -> None:
    async def story(scene: Scene, desk: Desk, poller: Poller) -> None:
        task = asyncio.create_task(poller.run())
        await scene.sim(f"users/{ADA}/messages", {"text": "/menu"})
        await scene.until(lambda: _true(len(desk.updates) == 1))
        asked = (await scene.calls("getUpdates"))[0]["params"]["allowed_updates"]
        assert "my_chat_member" in str(asked)
        assert "edited_message" not in str(asked)
        assert len(await scene.calls("deleteWebhook")) == 1
        desk.held.set()
        await _ended(task)

    polling(tmp_path, story)


async def _true(value: bool) -> bool:
    return value


def test_a_conflict_at_the_start_ends_the_newcomer_with_one_line(tmp_path: Path) -> None:
    async def story(scene: Scene, _desk: Desk, poller: Poller) -> None:
        await scene.fault("getUpdates", status=409, description=CONFLICT)
        with pytest.raises(PollingRefusedError) as caught:
            await poller.run()
        assert caught.value.trouble is Trouble.CONFLICT
        assert "\n" not in str(caught.value)

    polling(tmp_path, story)


def test_a_refused_token_at_the_start_ends_the_process(tmp_path: Path) -> None:
    async def story(scene: Scene, _desk: Desk, poller: Poller) -> None:
        await scene.fault("deleteWebhook", status=401, description="Unauthorized")
        with pytest.raises(PollingRefusedError) as caught:
            await poller.run()
        assert caught.value.trouble is Trouble.UNAUTHORIZED

    polling(tmp_path, story)


def test_a_later_conflict_is_told_once_and_polling_goes_on(tmp_path: Path) -> None:
    async def story(scene: Scene, desk: Desk, poller: Poller) -> None:
        task = asyncio.create_task(poller.run())
        desk.held.set()
        await scene.sim(f"users/{ADA}/messages", {"text": "one"})
        await scene.until(lambda: _true(len(desk.updates) == 1))
        scene.clock.jump(100)
        await scene.fault("getUpdates", status=409, description=CONFLICT, times=2)
        await scene.sim(f"users/{ADA}/messages", {"text": "two"})
        await scene.until(lambda: _true(desk.troubles == [Trouble.CONFLICT]))
        await scene.sim(f"users/{ADA}/messages", {"text": "three"})
        while len(desk.updates) < 3 or len(desk.troubles) < 2:
            await scene.passing(5)
        assert desk.troubles == [Trouble.CONFLICT, None]
        assert [update.message.text for update in desk.updates if update.message] == ["one", "two", "three"]
        await _ended(task)

    polling(tmp_path, story)


def test_an_outage_ends_nothing_and_marks_what_comes_after_it(tmp_path: Path) -> None:
    async def story(scene: Scene, desk: Desk, poller: Poller) -> None:
        desk.held.set()
        await scene.fault("getUpdates", status=502, body="<html>bad gateway</html>")
        await scene.fault("getUpdates", status=500, body='{"ok":false}')
        await scene.fault("getUpdates", drop="before", times=3)
        task = asyncio.create_task(poller.run())
        await scene.sim(f"users/{ADA}/messages", {"text": "one"})
        while not desk.updates:
            await scene.passing(5)
        await scene.sim(f"users/{ADA}/messages", {"text": "two"})
        await scene.until(lambda: _true(len(desk.updates) == 2))
        assert desk.gaps == [True, False]
        assert desk.troubles == []
        await _ended(task)

    polling(tmp_path, story)


def test_the_end_waits_for_handlers_and_confirms_what_they_took(tmp_path: Path) -> None:
    async def story(scene: Scene, desk: Desk, poller: Poller) -> None:
        task = asyncio.create_task(poller.run())
        await scene.sim(f"users/{ADA}/messages", {"text": "one"})
        await scene.until(lambda: _true(len(desk.updates) == 1))
        await _ended(task)
        draining = asyncio.create_task(poller.drain(30))
        await scene.clock.settle()
        assert desk.finished == 0
        desk.held.set()
        assert await draining == 0
        assert desk.finished == 1
        assert await scene.hear() == 0

    polling(tmp_path, story)


def test_a_conflict_while_the_desk_trades_pauses_entries_and_alarms(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.service._on_trouble(Trouble.CONFLICT, "Another program polls.")
        assert [type(command) for command in scene.desk.commands] == [Pause]
        await scene.sent()
        assert any(text.startswith("Telegram commands do not come in") for text in await scene.said())
        assert len(scene.parts.watch.unseen) == 1

    in_scene(tmp_path, story)


def _me(**flags: Any) -> User:
    return User.model_validate({"id": 1, "is_bot": True, "first_name": "Desk", **flags})


def test_a_bot_account_that_is_open_wider_than_it_need_be_is_found() -> None:
    assert findings(_me(can_join_groups=False, supports_inline_queries=False)) == []
    assert len(findings(_me(can_join_groups=True, supports_guest_queries=True, can_connect_to_business=True))) == 3
