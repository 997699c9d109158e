"""The accounts of the chat: which one each chat has chosen, and which one an update is about."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiogram import BaseMiddleware, Bot
from aiogram.types import CallbackQuery, Message, TelegramObject

from bot.outbox_compose import Seen
from engine.core.chat_events import ChatEvent
from engine.core.snapshot import Snapshot
from engine.journal import JournalUnavailable
from handlers.ports import DeskPort, HealthPort, ResearchPort, SyncPort
from handlers.seats import Seat
from handlers.spot import ACCOUNT_WORDS
from keyboards.binding import code_of, is_common, unbound
from storage.store import Store

_ASKED = re.compile(rf"^{ACCOUNT_WORDS} (\S+)$", re.MULTILINE)
_UNCLEAR = "This button is older than the accounts of this desk. Nothing was done. /menu opens a new panel."
_GONE = "This belongs to an account that the desk no longer has. Nothing was done. /account shows those it has."


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """One account as it is handed to the chat; `tell` takes in what the chat has to tell it."""

    store: Store
    desk: DeskPort
    research: ResearchPort
    health: HealthPort
    sync: SyncPort | None = None
    # What a confirmation of live trading is about; empty where nothing trades for real.
    fingerprint: str = ""
    faults: Callable[[], Sequence[str]] = tuple
    tell: Callable[[ChatEvent], None] = field(default=lambda _event: None)


class Memory(Protocol):
    """Where choices outlive the process."""

    async def get(self, key: str) -> Any: ...

    async def set(self, key: str, value: Any) -> None: ...


class Seats:
    """All accounts of a desk. A chat that has chosen none is about the first."""

    def __init__(self, seats: Sequence[Seat], memory: Memory, *, mode: str) -> None:
        self.all = tuple(seats)
        self._memory, self._key = memory, f"chosen_account.{mode}"
        self._chosen: dict[int, str] = {}
        codes = [code_of(seat.name) for seat in self.all]
        if len(set(codes)) < len(codes):
            raise ValueError(f"accounts {', '.join(seat.name for seat in self.all)}: give one of them another name")

    @property
    def several(self) -> bool:
        """Whether there is anything to choose."""
        return len(self.all) > 1

    async def load(self) -> None:
        """Read the choices; raises JournalUnavailable."""
        known = await self._memory.get(self._key) or {}
        self._chosen = {int(chat_id): str(name) for chat_id, name in known.items()}

    def of_chat(self, chat_id: int) -> Seat:
        """The account that commands typed in a chat act on."""
        return self.named(self._chosen.get(chat_id, "")) or self.all[0]

    def named(self, name: str) -> Seat | None:
        """An account by name."""
        return next((seat for seat in self.all if seat.name == name), None)

    def coded(self, code: str) -> Seat | None:
        """An account by the code that its buttons carry."""
        return next((seat for seat in self.all if code_of(seat.name) == code), None)

    async def choose(self, chat_id: int, name: str) -> bool:
        """Choose an account for a chat; False when the choice could not be stored."""
        self._chosen[chat_id] = name
        try:
            await self._memory.set(self._key, {str(chat): chosen for chat, chosen in self._chosen.items()})
        except JournalUnavailable:
            return False
        return True

    def snapshots(self, chat_id: int) -> list[Snapshot]:
        """The account of a chat, and behind it the others."""
        first = self.of_chat(chat_id)
        return [seat.desk.snapshot() for seat in (first, *(seat for seat in self.all if seat is not first))]

    def mark(self, account: str) -> str:
        """What the buttons of an account are bound to; nothing where there is only one."""
        return account if self.several else ""


class BindAccount(BaseMiddleware):
    """Outer middleware of messages and presses: hands handlers the parts of the one account that an update is about.

    That is the account a button carries, whatever the chat has chosen since; for typed text the chosen one, for the
    answer to a question the one of the question. A press of which the account is unknown ends here.
    """

    def __init__(self, seats: Seats) -> None:
        self._seats = seats

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        """Find the account, and go on with it."""
        if isinstance(event, CallbackQuery):
            plain, code = unbound(event.data or "")
            seat, event = self._of_press(event, plain, code), event.model_copy(update={"data": plain}).as_(data["bot"])
            if seat is None:
                return await _refuse(event, _GONE if code else _UNCLEAR, data)
        else:
            seat = self._of_text(event, data["bot"])
            if seat is None:
                return await _refuse(event, _GONE, data)
        data |= {
            "desk": seat.desk,
            "store": seat.store,
            "confirm": seat.confirm,
            "account": self._seats.mark(seat.name),
        }
        data |= {"research": seat.research, "health": seat.health, "sync": seat.sync}
        if self._seats.several:
            data["seats"] = self._seats
        return await handler(event, data)

    def _of_press(self, press: CallbackQuery, plain: str, code: str) -> Seat | None:
        if code:
            return self._seats.coded(code)
        if not self._seats.several or is_common(plain) or plain.startswith(f"{Seen.__prefix__}:"):
            return self._seats.of_chat(press.message.chat.id if press.message else press.from_user.id)
        return None

    def _of_text(self, event: TelegramObject, bot: Bot) -> Seat | None:
        if not isinstance(event, Message):
            return self._seats.all[0]
        asked = event.reply_to_message
        if asked is not None and asked.from_user is not None and asked.from_user.id == bot.id:
            found = _ASKED.search(asked.text or "")
            if found is not None:
                return self._seats.named(found[1])
        return self._seats.of_chat(event.chat.id)


async def _refuse(event: TelegramObject, words: str, data: dict[str, Any]) -> None:
    data["outcome"].text = f"refused: {words}"
    if isinstance(event, CallbackQuery):
        await event.answer(words, show_alert=True)
    elif isinstance(event, Message):
        await data["bot"].send_message(event.chat.id, words)
