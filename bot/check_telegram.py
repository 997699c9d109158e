"""Checks of the chat side: the bot's token, what BotFather allows it, and whether the admins can be reached."""

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNotFound,
    TelegramUnauthorizedError,
)
from aiogram.types import User

from bot.check_findings import ASK_S, NETWORK, Area, Finding, within
from bot.polling import findings as doubts
from config import Settings

_AREA = Area("Telegram")


async def telegram_findings(settings: Settings) -> list[Finding]:
    """Ask Telegram who the bot is and whether it knows the admins."""
    if settings.telegram_bot_token is None:
        return [_AREA.fault("there is no bot token", "get one from BotFather and set TELEGRAM_BOT_TOKEN")]
    session = AiohttpSession(api=TelegramAPIServer.from_base(settings.telegram_api_url), timeout=ASK_S)
    async with Bot(settings.telegram_bot_token.get_secret_value(), session=session) as asking:
        try:
            me = await within(asking.get_me(request_timeout=int(ASK_S)))
        except (TelegramUnauthorizedError, TelegramNotFound):
            todo = "check TELEGRAM_BOT_TOKEN, or get a new one from BotFather"
            return [_AREA.fault("Telegram refuses the bot token", todo)]
        except (TelegramAPIError, ClientDecodeError, TypeError, TimeoutError) as error:
            return [_unreachable(error)]
        return [*bot_findings(me), *await _admins(asking, me, settings.telegram_admin_ids)]


def bot_findings(me: User) -> list[Finding]:
    """Judge what Telegram says of the bot; each doubt of `polling.findings` is a warning."""
    split = (words.partition(": ") for words in doubts(me))
    return [_AREA.ok(f"the token belongs to @{me.username}"), *(_AREA.warning(what, todo) for what, _, todo in split)]


async def _admins(asking: Bot, me: User, admins: tuple[int, ...]) -> list[Finding]:
    if not admins:
        todo = "set TELEGRAM_ADMIN_IDS, or send the bot the /claim that the desk shows when it starts"
        return [_AREA.warning("nobody may use the desk: TELEGRAM_ADMIN_IDS is empty", todo)]
    found = []
    for user_id in admins:
        try:
            await within(asking.get_chat(user_id, request_timeout=int(ASK_S)))
        except (TelegramBadRequest, TelegramForbiddenError):
            todo = f"check the id, and let that person open @{me.username} and press Start"
            found.append(_AREA.warning(f"admin {user_id} has never opened the bot", todo))
        except (TelegramAPIError, ClientDecodeError, TypeError, TimeoutError) as error:
            return [*found, _unreachable(error)]
        else:
            found.append(_AREA.ok(f"admin {user_id} can be reached"))
    return found


def _unreachable(error: Exception) -> Finding:
    return _AREA.fault(f"Telegram cannot be asked ({type(error).__name__})", f"{NETWORK} (TELEGRAM_API_URL)")
