"""All Bot API methods of the local server, by lower-case name."""

from collections.abc import Awaitable, Callable

from bot.localchat.methods import callbacks, chats, edits, media, messages, pins, profile, session
from bot.localchat.methods.call import Call

type Method = Callable[[Call], Awaitable[object]]

_MODULES = (session, messages, edits, media, callbacks, pins, chats, profile)
NAMES = {name.lower(): name for module in _MODULES for name in module.METHODS}
METHODS: dict[str, Method] = {name.lower(): method for module in _MODULES for name, method in module.METHODS.items()}
