"""What holds for every handler: flags, catalogue, roles, and a build that can be repeated."""

import inspect
import re
from collections.abc import Iterator

import pytest
from aiogram import Dispatcher
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.filters import Command

from handlers import build_router, catalogue
from handlers.ports import Role

GIVEN = {"ctx", "codes", "runs", "command", "callback_data", "bot", "asked"}
GIVEN |= {"charts", "research", "sync", "health", "quiet"}


def _handlers() -> Iterator[HandlerObject]:
    for router in build_router().sub_routers:
        yield from router.message.handlers
        yield from router.callback_query.handlers


def _commands() -> dict[str, HandlerObject]:
    found = {}
    for handler in _handlers():
        for part in handler.filters or []:
            if isinstance(part.callback, Command):
                found |= {str(name): handler for name in part.callback.commands}
    return found


HANDLERS = tuple(_handlers())
NAMES = [f"{handler.callback.__module__}.{handler.callback.__name__}" for handler in HANDLERS]


@pytest.mark.parametrize("handler", HANDLERS, ids=NAMES)
def test_every_handler_says_who_may_use_it_and_what_it_does_to_risk(handler: HandlerObject) -> None:
    assert isinstance(handler.flags["role"], Role)
    assert handler.flags["risk"] in {"reads", "reduces", "adds"}
    # What changes something is never a viewer's.
    assert handler.flags["risk"] == "reads" or handler.flags["role"].covers(Role.ADMIN)


@pytest.mark.parametrize("handler", HANDLERS, ids=NAMES)
def test_every_handler_asks_only_for_what_it_is_given(handler: HandlerObject) -> None:
    parameters = list(inspect.signature(handler.callback).parameters)
    assert set(parameters[1:]) <= GIVEN


def test_commands_and_catalogue_name_the_same_commands_with_the_same_roles() -> None:
    commands = _commands()
    assert set(commands) == {name for info in catalogue.COMMANDS for name in (info.name, *info.aliases)}
    for name, handler in commands.items():
        needed = handler.flags["role"]
        shown = catalogue.command(name).role
        assert shown == needed or (needed is Role.ADMIN and handler.flags["risk"] == "reads"), name


def test_the_menu_fits_telegrams_rules_and_shows_a_viewer_nothing_he_may_not_do() -> None:
    for role in Role:
        for name, description in catalogue.menu_for(role):
            assert re.fullmatch(r"[a-z0-9_]{1,32}", name)
            assert 1 <= len(description) <= 100
    viewer = {name for name, _ in catalogue.menu_for(Role.VIEWER)}
    admin = {name for name, _ in catalogue.menu_for(Role.ADMIN)}
    assert viewer < admin
    assert {"pause", "closeall", "panic", "limit"} & viewer == set()


def test_every_example_uses_its_command() -> None:
    for info in catalogue.COMMANDS:
        assert info.example.startswith(f"/{info.name}")
        assert info.usage.startswith(f"/{info.name}")
        assert info.topic in catalogue.TOPICS


def test_the_screens_can_be_built_for_several_dispatchers() -> None:
    for _ in range(2):
        Dispatcher().include_router(build_router())
    assert len(HANDLERS) == len(tuple(_handlers()))


def test_a_role_covers_itself_and_those_below() -> None:
    assert [role.covers(Role.ADMIN) for role in (Role.OWNER, Role.ADMIN, Role.VIEWER)] == [True, True, False]
