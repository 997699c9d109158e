"""What a bot says about itself: commands, names and descriptions, the menu button."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from bot.localchat.commands import Scope, visible_commands
from bot.localchat.errors import ApiError, JsonObject, bad_request
from bot.localchat.methods.call import Call

MAX_COMMANDS = 100
_OPEN_SCOPES = ("default", "all_private_chats", "all_group_chats", "all_chat_administrators")
_CHAT_SCOPES = ("chat", "chat_administrators", "chat_member")
_BUTTONS = ("default", "commands", "web_app")
_TEXTS = {"Name": ("name", 64), "Description": ("description", 512), "ShortDescription": ("short_description", 120)}


def _language(call: Call) -> str:
    code = call.params.text("language_code").lower()
    if code and re.fullmatch(r"[a-z]{2}", code) is None:
        raise bad_request("invalid language code specified")
    return code


def _scope(call: Call) -> Scope:
    content = call.params.structure("scope", "can't parse BotCommandScope JSON object")
    if content is None:
        return Scope(kind="default")
    kind = content.get("type") if isinstance(content, dict) else None
    if kind in _OPEN_SCOPES:
        return Scope(kind=kind)
    if kind not in _CHAT_SCOPES:
        raise bad_request("can't parse BotCommandScope: Unsupported type specified")
    return _chat_scope(call, kind, content)


def _chat_scope(call: Call, kind: str, content: JsonObject) -> Scope:
    try:
        chat_id, user_id = int(content.get("chat_id", "")), int(content.get("user_id", 0))
    except (TypeError, ValueError) as error:
        raise bad_request("chat not found") from error
    world = call.core.world
    if chat_id not in world.users and chat_id not in world.groups:
        raise bad_request("chat not found")
    if kind != "chat" and chat_id in world.users:
        raise bad_request("can't change commands in private chats")
    if kind == "chat_member" and user_id <= 0:
        raise bad_request("invalid user_id specified")
    return Scope(kind=kind, chat_id=chat_id, user_id=user_id if kind == "chat_member" else 0)


def _broken(words: str) -> ApiError:
    return bad_request(f"can't parse BotCommand: {words}")


def _command(item: Any) -> JsonObject:
    if not isinstance(item, dict):
        raise bad_request("expected an Object")
    for name in ("command", "description"):
        if not isinstance(item.get(name), str):
            raise _broken(f'Can\'t find field "{name}"')
    command = item["command"].strip().removeprefix("/")
    description = item["description"].strip()
    if not command:
        raise bad_request("command must be non-empty")
    if len(command) > 32:
        raise bad_request("command length must not exceed 32")
    if not description:
        raise bad_request("command description must be non-empty")
    if len(description) > 256:
        raise bad_request("command description length must not exceed 256")
    if re.fullmatch(r"[a-z0-9_]+", command) is None:
        raise bad_request("BOT_COMMAND_INVALID")
    return {"command": command, "description": description}


def _announce(call: Call) -> None:
    # Pages ask again for the user they show; the list told here is the first user's.
    first = next(iter(call.core.world.users), 0)
    shown = visible_commands(call.core.world, call.bot, chat_id=first, user_id=first)
    call.core.tell(call.bot, {"type": "commands", "commands": shown})


async def set_my_commands(call: Call) -> bool:
    """Bot API setMyCommands."""
    content = call.params.structure("commands", "can't parse commands JSON object")
    if not isinstance(content, list):
        raise bad_request("expected an Array of BotCommand")
    if len(content) > MAX_COMMANDS:
        raise bad_request("too many commands specified")
    commands = [_command(item) for item in content]
    key = _scope(call).key(_language(call))
    call.core.world.commit("setting", bot=call.bot.id, name=key, value=commands or None)
    _announce(call)
    return True


async def get_my_commands(call: Call) -> list[JsonObject]:
    """Bot API getMyCommands."""
    return list(call.bot.settings.get(_scope(call).key(_language(call)), []))


async def delete_my_commands(call: Call) -> bool:
    """Bot API deleteMyCommands."""
    key = _scope(call).key(_language(call))
    call.core.world.commit("setting", bot=call.bot.id, name=key, value=None)
    _announce(call)
    return True


def _setter(name: str, limit: int) -> Callable[[Call], Awaitable[bool]]:
    async def set_text(call: Call) -> bool:
        text = call.params.text(name).strip()
        if len(text) > limit:
            raise bad_request(f"{name.replace('_', ' ')} length must not exceed {limit}")
        call.core.world.commit("setting", bot=call.bot.id, name=f"{name}:{_language(call)}", value=text or None)
        return True

    return set_text


def _getter(name: str) -> Callable[[Call], Awaitable[JsonObject]]:
    async def get_text(call: Call) -> JsonObject:
        settings = call.bot.settings
        fallback = call.bot.username if name == "name" else ""
        return {name: settings.get(f"{name}:{_language(call)}") or settings.get(f"{name}:") or fallback}

    return get_text


def _button_key(call: Call) -> str:
    if not call.params.text("chat_id"):
        return "menu_button:"
    chat_id = call.known_chat()
    if chat_id not in call.core.world.users:
        raise bad_request("chat not found")
    return f"menu_button:{chat_id}"


async def set_chat_menu_button(call: Call) -> bool:
    """Bot API setChatMenuButton."""
    content = call.params.structure("menu_button", "can't parse menu button JSON object") or {"type": "default"}
    kind = content.get("type") if isinstance(content, dict) else None
    if kind not in _BUTTONS:
        raise bad_request("unsupported menu button type specified")
    app = content.get("web_app") if kind == "web_app" else {"url": "https://"}
    if not isinstance(app, dict) or not str(app.get("url", "")).startswith("https://"):
        raise bad_request("menu button Web App URL is invalid: Only HTTPS links are allowed")
    value = None if kind == "default" else content
    call.core.world.commit("setting", bot=call.bot.id, name=_button_key(call), value=value)
    return True


async def get_chat_menu_button(call: Call) -> JsonObject:
    """Bot API getChatMenuButton."""
    settings = call.bot.settings
    found: JsonObject = settings.get(_button_key(call)) or settings.get("menu_button:") or {"type": "default"}
    return found


METHODS: dict[str, Callable[[Call], Awaitable[object]]] = {
    "setMyCommands": set_my_commands,
    "getMyCommands": get_my_commands,
    "deleteMyCommands": delete_my_commands,
    "setChatMenuButton": set_chat_menu_button,
    "getChatMenuButton": get_chat_menu_button,
}
for _name, (_field, _limit) in _TEXTS.items():
    METHODS[f"setMy{_name}"] = _setter(_field, _limit)
    METHODS[f"getMy{_name}"] = _getter(_field)
