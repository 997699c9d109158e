"""One Bot API call on its way through a method, and what most methods need: the chat, the reply, the pace."""

import re
from dataclasses import dataclass

from bot.localchat.core import Core
from bot.localchat.errors import ApiError, bad_request, forbidden
from bot.localchat.markup import read_markup
from bot.localchat.model import Message
from bot.localchat.params import Params
from bot.localchat.world import Bot

_KIND_NAMES = {"group": "group", "supergroup": "supergroup", "channel": "channel"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A method's arguments and the bot that makes the call."""

    core: Core
    bot: Bot
    params: Params

    async def pace(self, chat_id: int, *, cost: int = 1) -> None:
        """Wait for the flood limits' sake, or raise their 429."""
        if self.core.limiter is not None:
            now = self.core.clock()
            wait = self.core.limiter.reserve(bot_id=self.bot.id, chat_id=chat_id, cost=cost, now=now)
            if wait > 0:
                await self.core.sleep(wait)

    def known_chat(self, name: str = "chat_id") -> int:
        """Return the id of a chat the bot knows; Telegram's 400 otherwise."""
        raw = self.params.text(name).strip()
        if not raw:
            raise bad_request("chat_id is empty" if name == "chat_id" else f"{name} is empty")
        if re.fullmatch(r"-?\d{1,18}", raw, re.ASCII) is None:
            raise bad_request("chat not found")
        chat_id = int(raw)
        if chat_id not in self.core.world.users and chat_id not in self.core.world.groups:
            if chat_id in self.core.world.bots:
                raise forbidden("the bot can't send messages to the bot")
            raise bad_request("chat not found")
        return chat_id

    def writable_chat(self, name: str = "chat_id") -> int:
        """Return the id of a chat the bot may write to; Telegram's 400 or 403 otherwise."""
        chat_id = self.known_chat(name)
        user = self.core.world.users.get(chat_id)
        if user is not None:
            if not user.active:
                raise forbidden("user is deactivated")
            if not user.started and chat_id not in self.bot.dialogs:
                raise forbidden("bot can't initiate conversation with a user")
            if self.bot.settings.get(f"blocked:{chat_id}"):
                raise forbidden("bot was blocked by the user")
            return chat_id
        absent = self.absence(chat_id)
        if absent is not None:
            raise absent
        return chat_id

    def absence(self, chat_id: int) -> ApiError | None:
        """Return the 403 for a group the bot is not in."""
        group = self.core.world.groups[chat_id]
        state = self.bot.settings.get(f"left:{chat_id}")
        if state == "kicked":
            return forbidden(f"bot was kicked from the {_KIND_NAMES[group.kind]} chat")
        if state == "left" or self.bot.id not in group.members:
            return forbidden(f"bot is not a member of the {_KIND_NAMES[group.kind]} chat")
        return None

    def message(self, *, missing: str, name: str = "message_id", chat: str = "chat_id") -> Message:
        """Return the message a call names; a 400 where no id is given or no such message exists."""
        chat_id = self.known_chat(chat)
        message_id = self.params.integer(name)
        if message_id <= 0:
            raise bad_request("message identifier is not specified")
        found = self.core.world.bots[self.bot.id].message(chat_id, message_id)
        if found is None:
            raise bad_request(missing)
        return found

    def reply_to(self, chat_id: int) -> int:
        """Return the id of the message replied to, 0 for none; a 400 where it does not exist and must."""
        content = self.params.structure("reply_parameters", "can't parse reply parameters JSON object")
        if content is not None and not isinstance(content, dict):
            raise bad_request("object expected as reply parameters")
        message_id = self.params.integer("reply_to_message_id")
        lenient = self.params.flag("allow_sending_without_reply")
        if content:
            raw = content.get("message_id", 0)
            message_id = raw if isinstance(raw, int) else Params(values={"id": str(raw)}).integer("id")
            lenient = bool(content.get("allow_sending_without_reply"))
            chat_id = self._reply_chat(content.get("chat_id"), chat_id)
        if message_id <= 0:
            return 0
        if self.bot.message(chat_id, message_id) is not None:
            return message_id
        if not lenient:
            raise bad_request("message to be replied not found")
        return 0

    def _reply_chat(self, raw: object, chat_id: int) -> int:
        return raw if isinstance(raw, int) and not isinstance(raw, bool) else chat_id

    def draft(self, chat_id: int) -> Message:
        """Return a message to be sent now, with markup, reply and flags from the arguments, without content."""
        markup = read_markup(self.params)
        reply_to = self.reply_to(chat_id)
        return Message(
            chat_id=chat_id,
            message_id=self.core.world.next_message_id(self.bot, chat_id),
            date=self.core.now(),
            sender=self.bot.id,
            outgoing=True,
            keyboard=markup.inline,
            reply_keyboard=markup.reply,
            reply_to=reply_to,
            thread_id=max(0, self.params.integer("message_thread_id")),
            silent=self.params.flag("disable_notification"),
            protected=self.params.flag("protect_content"),
        )
