"""Where an answer appears: a new message, or the message whose button was pressed, edited in place."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from aiogram import Bot
from aiogram.enums import ParseMode
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    BufferedInputFile,
    CallbackQuery,
    ForceReply,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    LinkPreviewOptions,
    Message,
)

from handlers.views.labels import labelled
from keyboards.binding import bound

# What is asked for with the reply field has no buttons: its text says which account it is about.
ACCOUNT_WORDS = "Account:"
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
# Telegram's words for: the message is gone, too old, or of a kind that cannot become what is wanted.
_CANNOT_EDIT = ("not found", "can't be edited", "no text in the message", "message_id_invalid", "no media")


@dataclass(frozen=True, slots=True)
class Screen:
    """A text in HTML with its keyboard."""

    text: str
    keyboard: InlineKeyboardMarkup | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A picture (PNG) with a caption in HTML and its keyboard."""

    png: bytes
    name: str
    caption: str
    keyboard: InlineKeyboardMarkup | None = None


class Spot:
    """A place in a chat. The first `put` of a new one sends, every later one edits what was sent.

    Buttons shown here act on `account`; it is empty where there is only one. Texts name the account `label`.
    """

    def __init__(
        self,
        bot: Bot,
        *,
        chat_id: int,
        thread_id: int | None = None,
        message_id: int | None = None,
        account: str = "",
    ) -> None:
        self.bot, self.chat_id, self.thread_id, self.message_id = bot, chat_id, thread_id, message_id
        self.account = self.label = account

    @classmethod
    def after(cls, message: Message, bot: Bot) -> Self:
        """A new message in the chat (and topic) of a message."""
        thread = message.message_thread_id if message.is_topic_message else None
        return cls(bot, chat_id=message.chat.id, thread_id=thread)

    @classmethod
    def of_press(cls, callback: CallbackQuery, bot: Bot, *, fresh: bool) -> Self:
        """The message with the pressed button, or a new one after it."""
        pressed = callback.message
        if pressed is None:
            return cls(bot, chat_id=callback.from_user.id)
        if not isinstance(pressed, Message):
            return cls(bot, chat_id=pressed.chat.id)
        spot = cls.after(pressed, bot)
        spot.message_id = None if fresh else pressed.message_id
        return spot

    def about(self, account: str) -> None:
        """Bind what is shown here to an account."""
        self.account = self.label = account

    async def put(self, screen: Screen) -> int:
        """Show a text; returns the message id."""
        if self.message_id is not None and await self._edited(screen):
            return self.message_id
        sent = await self.bot.send_message(
            self.chat_id,
            labelled(screen.text, self.label),
            message_thread_id=self.thread_id,
            parse_mode=ParseMode.HTML,
            reply_markup=bound(screen.keyboard, self.account),
            link_preview_options=_NO_PREVIEW,
        )
        self.message_id = sent.message_id
        return sent.message_id

    async def ask_typed(self, text: str, hint: str) -> None:
        """Ask for a typed answer with a new message that opens the reply field."""
        await self.bot.send_message(
            self.chat_id,
            f"{text}\n{ACCOUNT_WORDS} {self.account}" if self.account else text,
            message_thread_id=self.thread_id,
            parse_mode=ParseMode.HTML,
            reply_markup=ForceReply(input_field_placeholder=hint),
        )

    async def show(self, shot: Shot) -> None:
        """Show a picture."""
        photo = BufferedInputFile(shot.png, filename=f"{shot.name}.png")
        if self.message_id is not None and await self._replaced(shot, photo):
            return
        sent = await self.bot.send_photo(
            self.chat_id,
            photo,
            message_thread_id=self.thread_id,
            caption=labelled(shot.caption, self.label),
            parse_mode=ParseMode.HTML,
            reply_markup=bound(shot.keyboard, self.account),
        )
        self.message_id = sent.message_id

    async def attach(self, shot: Shot) -> None:
        """Send a picture as a file of full size, as a new message."""
        await self.bot.send_document(
            self.chat_id,
            BufferedInputFile(shot.png, filename=f"{shot.name}.png"),
            message_thread_id=self.thread_id,
            caption=labelled(shot.caption, self.label),
            parse_mode=ParseMode.HTML,
        )

    def elsewhere(self) -> "Spot":
        """A new message in the same chat."""
        return Spot(self.bot, chat_id=self.chat_id, thread_id=self.thread_id, account=self.account)

    def of_account(self, account: str, *, elsewhere: bool) -> "Spot":
        """The same place for an answer about another account, or a new message in the same chat."""
        message_id = None if elsewhere else self.message_id
        return Spot(self.bot, chat_id=self.chat_id, thread_id=self.thread_id, message_id=message_id, account=account)

    async def _edited(self, screen: Screen) -> bool:
        try:
            await self.bot.edit_message_text(
                text=labelled(screen.text, self.label),
                chat_id=self.chat_id,
                message_id=self.message_id,
                parse_mode=ParseMode.HTML,
                reply_markup=bound(screen.keyboard, self.account),
                link_preview_options=_NO_PREVIEW,
            )
        except TelegramBadRequest as error:
            return _stays(error)
        return True

    async def _replaced(self, shot: Shot, photo: BufferedInputFile) -> bool:
        media = InputMediaPhoto(media=photo, caption=labelled(shot.caption, self.label), parse_mode=ParseMode.HTML)
        keyboard = bound(shot.keyboard, self.account)
        try:
            await self.bot.edit_message_media(
                media=media, chat_id=self.chat_id, message_id=self.message_id, reply_markup=keyboard
            )
        except TelegramBadRequest as error:
            return _stays(error)
        return True


def _stays(error: TelegramBadRequest) -> bool:
    # "Not modified" is success: the reader sees what was wanted.
    if "not modified" in error.message:
        return True
    if any(words in error.message.lower() for words in _CANNOT_EDIT):
        return False
    raise error


async def acknowledge(callback: CallbackQuery, text: str = "", *, alert: bool = False) -> None:
    """Answer a press, so that its spinner ends; a press too old to be answered is none the worse."""
    with suppress(TelegramBadRequest):
        await callback.answer(text or None, show_alert=alert)
