"""Words to the admins while a start waits for the exchange: there is no desk yet that could answer them."""

import time

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import ClientDecodeError, TelegramAPIError

from bot.second_channel import SecondChannel, Shout
from config import Settings
from config.logging import get_logger
from handlers.views.waiting import render_waiting

_log = get_logger(__name__)
_ANSWER_S = 10.0


class WaitingWords:
    """Tells each admin once, and the second channel; whoever could not be told is told the next time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._left = list(settings.telegram_admin_ids)
        self._channel: SecondChannel | None = SecondChannel(settings.alert_url)

    async def tell(self, why: str) -> None:
        """Say that the start waits, and why; never raises for what an outside server does."""
        settings = self._settings
        if self._channel is not None:
            text = f"The start waits for Bybit, which does not answer: {why}"
            shout = Shout(
                text=text, desk=settings.desk_name, mode=settings.desk_mode, at_ms=time.time_ns() // 1_000_000
            )
            if await self._channel.shout(shout):
                self._channel = None
        if not self._left or settings.telegram_bot_token is None:
            return
        text = render_waiting(settings.desk_name, settings.desk_mode, why)
        session = AiohttpSession(api=TelegramAPIServer.from_base(settings.telegram_api_url), timeout=_ANSWER_S)
        async with Bot(settings.telegram_bot_token.get_secret_value(), session=session) as sender:
            for user_id in tuple(self._left):
                try:
                    await sender.send_message(user_id, text, parse_mode="HTML")
                except (TelegramAPIError, ClientDecodeError, TypeError) as error:
                    _log.warning("an admin could not be told that the start waits", why=type(error).__name__)
                else:
                    self._left.remove(user_id)
