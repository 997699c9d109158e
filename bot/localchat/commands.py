"""Command lists by scope and language: which one a user sees in a chat."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.localchat.errors import JsonObject
from bot.localchat.world import Bot, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A Bot API BotCommandScope."""

    kind: str
    chat_id: int = 0
    user_id: int = 0

    def key(self, language: str) -> str:
        """Return the name of the setting that holds this scope's commands in a language."""
        return f"commands:{self.kind}/{self.chat_id}/{self.user_id}:{language}"


def visible_commands(world: World, bot: Bot, *, chat_id: int, user_id: int) -> list[JsonObject]:
    """Return the commands a user's app shows in a chat: the narrowest scope first, in each his language first."""
    user = world.users.get(user_id)
    language = user.language if user is not None else ""
    for scope in _scopes(world, chat_id, user_id):
        for code in dict.fromkeys((language, "")):
            found = bot.settings.get(scope.key(code))
            if found:
                return list(found)
    return []


def _scopes(world: World, chat_id: int, user_id: int) -> Iterator[Scope]:
    group = world.groups.get(chat_id)
    if group is None:
        yield Scope(kind="chat", chat_id=chat_id)
        yield Scope(kind="all_private_chats")
    else:
        is_admin = user_id in group.admins
        yield Scope(kind="chat_member", chat_id=chat_id, user_id=user_id)
        if is_admin:
            yield Scope(kind="chat_administrators", chat_id=chat_id)
        yield Scope(kind="chat", chat_id=chat_id)
        if is_admin:
            yield Scope(kind="all_chat_administrators")
        yield Scope(kind="all_group_chats")
    yield Scope(kind="default")
