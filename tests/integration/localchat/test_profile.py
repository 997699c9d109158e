"""Commands by scope and language, names, the menu button, chats."""

import pytest
from aiogram.types import BotCommand, BotCommandScopeAllPrivateChats, BotCommandScopeChat, MenuButtonCommands

from tests.integration.localchat.room import ADA, STRANGER, Room, in_room


def _command(name: str) -> BotCommand:
    return BotCommand(command=name, description=f"does {name}")


async def _shown(room: Room, user: int) -> list[str]:
    return [entry["command"] for entry in await room.sim(f"chats/{user}/commands?user_id={user}")]


def test_the_narrowest_scope_wins_and_within_it_the_users_language() -> None:
    async def story(room: Room) -> None:
        assert await _shown(room, ADA) == []
        await room.bot.set_my_commands([_command("default")])
        await room.bot.set_my_commands([_command("private")], scope=BotCommandScopeAllPrivateChats())
        await room.bot.set_my_commands([_command("mine")], scope=BotCommandScopeChat(chat_id=ADA))
        await room.bot.set_my_commands(
            [_command("english")], scope=BotCommandScopeChat(chat_id=ADA), language_code="en"
        )
        assert (await _shown(room, ADA), await _shown(room, STRANGER)) == (["english"], ["private"])
        await room.bot.delete_my_commands(scope=BotCommandScopeChat(chat_id=ADA), language_code="en")
        assert await _shown(room, ADA) == ["mine"]
        assert [c.command for c in await room.bot.get_my_commands()] == ["default"]

    in_room(story)


@pytest.mark.parametrize(
    ("command", "description", "words"),
    [
        ("/", "x", "command must be non-empty"),
        ("a" * 33, "x", "command length must not exceed 32"),
        ("a", " ", "command description must be non-empty"),
        ("a", "x" * 257, "command description length must not exceed 256"),
        ("Menu", "x", "BOT_COMMAND_INVALID"),
    ],
)
def test_a_command_telegram_would_refuse_is_refused(command: str, description: str, words: str) -> None:
    async def story(room: Room) -> None:
        commands = [{"command": command, "description": description}]
        assert await room.refusal("setMyCommands", commands=commands) == f"Bad Request: {words}"

    in_room(story)


def test_names_descriptions_and_menu_button_are_kept() -> None:
    async def story(room: Room) -> None:
        await room.bot.set_my_name("Desk")
        await room.bot.set_my_description("trades", language_code="de")
        await room.bot.set_my_short_description("short")
        assert (await room.bot.get_my_name()).name == "Desk"
        assert (await room.bot.get_me()).first_name == "Desk"
        assert (await room.bot.get_my_description(language_code="de")).description == "trades"
        assert (await room.bot.get_my_description()).description == ""
        assert (await room.bot.get_my_short_description(language_code="fr")).short_description == "short"
        await room.bot.set_chat_menu_button(chat_id=ADA, menu_button=MenuButtonCommands())
        assert (await room.bot.get_chat_menu_button(chat_id=ADA)).type == "commands"
        assert (await room.bot.get_chat_menu_button(chat_id=STRANGER)).type == "default"

    in_room(story)


def test_chats_and_members_are_told() -> None:
    async def story(room: Room) -> None:
        chat = await room.bot.get_chat(ADA)
        assert (chat.type, chat.first_name) == ("private", "Ada")
        assert (await room.bot.get_chat_member(ADA, ADA)).status == "member"
        assert (await room.bot.get_user_profile_photos(ADA)).total_count == 0
        assert await room.refusal("getChat", chat_id=5) == "Bad Request: chat not found"
        words = await room.refusal("getChatAdministrators", chat_id=ADA)
        assert words == "Bad Request: there are no administrators in the private chat"

    in_room(story)
