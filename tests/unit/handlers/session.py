"""A Telegram that lives in memory: it records every call and answers with true objects."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import (
    AnswerCallbackQuery,
    EditMessageMedia,
    EditMessageText,
    SendDocument,
    SendMessage,
    SendPhoto,
    TelegramMethod,
)
from aiogram.types import Chat, Document, InlineKeyboardMarkup, Message, MessageEntity, PhotoSize

from bot.localchat.html import parse_html

CHAT = Chat(id=77, type="private", first_name="Anna")
TOKEN = "42:" + "TEST"


@dataclass
class Shown:
    """What one message of the bot shows now."""

    message_id: int
    text: str
    keyboard: InlineKeyboardMarkup | None
    photo: bool = False


@dataclass
class FakeTelegram(BaseSession):
    """Messages by id; `calls` in order; `refusals` are error texts for the next calls of a method, by its name."""

    calls: list[TelegramMethod[Any]] = field(default_factory=list)
    messages: dict[int, Shown] = field(default_factory=dict)
    refusals: dict[str, list[str]] = field(default_factory=dict)
    next_id: int = 1000

    def __post_init__(self) -> None:
        super().__init__()

    async def make_request(self, bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:  # noqa: ASYNC109 - the base class names it
        self.calls.append(method)
        waiting = self.refusals.get(type(method).__name__)
        if waiting:
            raise TelegramBadRequest(method=method, message=f"Bad Request: {waiting.pop(0)}")
        if isinstance(method, SendMessage | SendPhoto | SendDocument):
            self.next_id += 1
            return self._message(self.next_id, method).as_(bot)
        if isinstance(method, EditMessageText | EditMessageMedia):
            assert method.message_id is not None
            return self._message(method.message_id, method).as_(bot)
        return True

    def _message(self, message_id: int, method: Any) -> Message:
        media = getattr(method, "media", None)
        text = (
            getattr(method, "text", None) or getattr(method, "caption", None) or getattr(media, "caption", None) or ""
        )
        markup = method.reply_markup if isinstance(method.reply_markup, InlineKeyboardMarkup) else None
        picture = isinstance(method, SendPhoto | EditMessageMedia)
        self.messages[message_id] = Shown(message_id, text, markup, picture)
        return as_message(self.messages[message_id], document=isinstance(method, SendDocument))

    async def close(self) -> None:
        """Nothing is open."""

    async def stream_content(self, *args: Any, **kwargs: Any) -> AsyncGenerator[bytes, None]:
        """Nothing is downloaded."""
        yield b""

    def answers(self) -> list[str | None]:
        """The texts with which presses were answered."""
        return [call.text for call in self.calls if isinstance(call, AnswerCallbackQuery)]

    @property
    def last(self) -> Shown:
        """The newest message."""
        return self.messages[max(self.messages)]


def as_message(shown: Shown, *, document: bool = False) -> Message:
    """The message as Telegram sends it back."""
    text, parsed = parse_html(shown.text)
    entities = [MessageEntity(**entity.as_json()) for entity in parsed]
    body: dict[str, Any] = {"text": text, "entities": entities}
    if shown.photo or document:
        body = {"caption": text, "caption_entities": entities}
    if shown.photo:
        body["photo"] = [PhotoSize(file_id="f", file_unique_id="u", width=1, height=1)]
    elif document:
        body["document"] = Document(file_id="f", file_unique_id="u")
    return Message(message_id=shown.message_id, date=datetime.now(UTC), chat=CHAT, reply_markup=shown.keyboard, **body)
