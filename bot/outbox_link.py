"""Whether Telegram can be reached: asked with a harmless request, so that no message is risked on a broken line."""

import asyncio

from aiogram import Bot
from aiogram.exceptions import ClientDecodeError, TelegramAPIError

from bot.clock import Clock
from bot.pacer import TryLaterError

_FIRST_S, _LONGEST_S = 1.0, 60.0


class Link:
    """Shared by all senders: whoever fails waits here, and one of them asks."""

    def __init__(self, bot: Bot, clock: Clock) -> None:
        self._bot, self._clock = bot, clock
        self._asking: asyncio.Task[None] | None = None

    @property
    def is_down(self) -> bool:
        """Whether somebody waits for Telegram to come back."""
        return self._asking is not None and not self._asking.done()

    async def wait_up(self) -> None:
        """Return when Telegram answers again; asks after 1, 2, 4 … 60 s."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        await asyncio.shield(self._asking)

    async def close(self) -> None:
        """Stop asking."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait({self._asking})

    async def _ask(self) -> None:
        pause = _FIRST_S
        while True:
            await self._clock.sleep(pause)
            try:
                await self._bot.get_me(request_timeout=10)
            except (TelegramAPIError, ClientDecodeError, TypeError, TryLaterError):
                pause = min(_LONGEST_S, pause * 2)
            else:
                return
