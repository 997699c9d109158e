"""A person, a chat and a desk: types commands and presses buttons through aiogram's dispatcher."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.types import CallbackQuery, InaccessibleMessage, InlineKeyboardButton, Message, Update, User

from engine.core.snapshot import Snapshot
from handlers import build_router
from handlers.jobs import Jobs
from handlers.ports import Actor, BacktestCancelled, Role
from tests.unit.handlers.fakes import FakeCharts, FakeConfirm, FakeDesk, FakeHealth, FakeResearch, FakeStore, FakeSync
from tests.unit.handlers.safety import FakeSafety
from tests.unit.handlers.session import CHAT, TOKEN, FakeTelegram, Shown, as_message
from tests.unit.views import examples as ex

USER = User(id=7, is_bot=False, first_name="Anna")


class World:
    """Everything a test needs; `hold` keeps previews from expiring until it is set."""

    def __init__(self, state: Snapshot | None = None) -> None:
        self.telegram = FakeTelegram()
        self.bot = Bot(TOKEN, session=self.telegram)
        self.desk = FakeDesk(state or ex.snapshot(mode="paper"))
        self.store, self.confirm, self.charts = FakeStore(), FakeConfirm(), FakeCharts()
        self.research = FakeResearch(BacktestCancelled())
        self.sync: FakeSync | None = FakeSync()
        self.safety = FakeSafety()
        self.expire = asyncio.Event()
        self.jobs = Jobs(sleep=lambda _seconds: self._until_expired())
        self.dispatcher = Dispatcher()
        self.dispatcher.include_router(build_router(self.jobs))
        self.actor = Actor(user_id=7, name="Anna", role=Role.OWNER)
        self._update = 0

    async def _until_expired(self) -> None:
        await self.expire.wait()

    async def feed(self, **event: Any) -> None:
        """Deliver one update."""
        self._update += 1
        await self.dispatcher.feed_update(
            self.bot,
            Update(update_id=self._update, **event),
            actor=self.actor,
            desk=self.desk,
            store=self.store,
            confirm=self.confirm,
            safety=self.safety.ports,
            charts=self.charts,
            research=self.research,
            health=FakeHealth(),
            sync=self.sync,
            zone=ex.UTC_ZONE,
        )

    async def type(self, text: str, *, age_s: float = 0.0, reply_to: Message | None = None) -> None:
        """Send a text."""
        date = datetime.now(UTC) - timedelta(seconds=age_s)
        message = Message(message_id=1, date=date, chat=CHAT, from_user=USER, text=text, reply_to_message=reply_to)
        await self.feed(message=message)

    async def press(self, label: str, shown: Shown | None = None) -> None:
        """Press a button by the beginning of its label, on the newest message unless told otherwise."""
        where = shown or self.telegram.last
        await self.send_data(_find(where, label).callback_data or "", where)

    async def send_data(self, data: str, shown: Shown | None = None) -> None:
        """Send callback data, as a client of any kind could."""
        message = as_message(shown) if shown else InaccessibleMessage(chat=CHAT, message_id=5, date=0)
        callback = CallbackQuery(id="c", from_user=USER, chat_instance="i", message=message, data=data)
        await self.feed(callback_query=callback.as_(self.bot))

    @property
    def screen(self) -> str:
        """The text of the newest message."""
        return self.telegram.last.text

    def labels(self, shown: Shown | None = None) -> list[str]:
        """The labels of its buttons."""
        keyboard = (shown or self.telegram.last).keyboard
        return [button.text for row in keyboard.inline_keyboard for button in row] if keyboard else []


def _find(shown: Shown, label: str) -> InlineKeyboardButton:
    rows = shown.keyboard.inline_keyboard if shown.keyboard else []
    return next(button for row in rows for button in row if button.text.startswith(label))


def walk(state: Snapshot | None = None) -> Callable[[Callable[[World], Awaitable[None]]], Callable[[], None]]:
    """Turn an async claim into a test that gets its own world; work still waiting at the end is ended."""

    def wrap(test: Callable[[World], Awaitable[None]]) -> Callable[[], None]:
        async def main() -> None:
            world = World(state)
            try:
                await test(world)
            finally:
                await world.jobs.close()

        def run() -> None:
            asyncio.run(main())

        run.__name__, run.__doc__ = test.__name__, test.__doc__
        return run

    return wrap
