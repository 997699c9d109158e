"""`pocketdesk users`: who may use the desk, second factors and the lockdown; on the host only, also beside a running
desk, which notices within seconds.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from handlers.safety import Person
    from storage.host import HostBook

users = typer.Typer(name="users", help="Who may use the desk; second factors; the lockdown.", no_args_is_help=True)

Config = Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Settings file (desk.yaml).")]
State = Annotated[Path | None, typer.Option(help="State folder of a demo; without it the settings' database.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable.")]
UserId = Annotated[int, typer.Argument(min=1, metavar="ID", help="Telegram user id, a number.")]
_HOST = "host"


class RoleName(StrEnum):
    """The roles as the command line takes them: what a role may do is known to the chat alone."""

    OWNER = "owner"
    ADMIN = "admin"
    VIEWER = "viewer"


Given = Annotated[RoleName, typer.Argument(metavar="ROLE", help="owner, admin or viewer.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a desk keeps what is changed here."""

    database: str
    folder: Path
    admin_ids: tuple[int, ...]
    mode: str
    account: str


def place_of(config: Path | None, state: Path | None) -> Place:
    """Find the desk of the settings, or a demo's; exits with 2 when the settings are wrong."""
    if state is not None:
        from bot.demo import ADMIN_ROLES
        from bot.localchat.server import DEMO_USERS

        ids = tuple(number for number, _, role in DEMO_USERS if role in ADMIN_ROLES)
        url = f"sqlite+aiosqlite:///{state / 'desk.db'}"
        return Place(database=url, folder=state, admin_ids=ids, mode="paper", account="main")
    from bot.cli_settings import settings_or_exit

    settings = settings_or_exit(config)
    return Place(
        database=settings.database,
        folder=settings.desk_state_dir,
        admin_ids=settings.telegram_admin_ids,
        mode=settings.desk_mode.value,
        account=settings.each_account()[0].desk_name,
    )


def fail(message: str) -> typer.Exit:
    """Say what failed, in one line."""
    typer.echo(f"pocketdesk: {message}", err=True)
    return typer.Exit(1)


def told(found: Any, words: str, *, as_json: bool) -> None:
    """Say what was done, or found."""
    typer.echo(json.dumps(found, ensure_ascii=False) if as_json else words)


def in_book[T](place: Place, work: Callable[["HostBook"], Awaitable[T]]) -> T:
    """Do something in the desk's database; exits with 1 and one line when that fails."""
    import bot.lazy_aiogram  # noqa: F401  # before anything else imports aiogram
    from bot.factor_file import FactorFileError
    from engine.journal import JournalUnavailable
    from storage.host import host_book
    from storage.schema import SchemaError

    async def run() -> T:
        async with host_book(place.database, mode=place.mode, account=place.account) as book:
            return await work(book)

    try:
        return asyncio.run(run())
    except (JournalUnavailable, SchemaError, FactorFileError, ValueError, ImportError) as error:
        raise fail(" ".join(str(error).split())) from None


def now_ms() -> int:
    """Wall time, for the audit."""
    return time.time_ns() // 1_000_000


async def audit(book: "HostBook", action: str, detail: str) -> None:
    """Keep a line of what the host did."""
    await book.audit.add(now_ms(), 0, _HOST, action, detail, "done")


async def people(place: Place, book: "HostBook") -> "list[Person]":
    """Return everybody with a role, owners first."""
    from bot.factor_file import FactorFile
    from bot.people import people_of

    return people_of(place.admin_ids, await book.users.all(), FactorFile(place.folder).secrets())


async def one(place: Place, book: "HostBook", user_id: int) -> "Person":
    """Return a person with a role; exits with 1 when there is none of that id."""
    found = next((each for each in await people(place, book) if each.user_id == user_id), None)
    if found is None:
        raise fail(f"{user_id} has no role; pocketdesk users add {user_id} --role viewer gives one")
    return found


def _not_configured(person: "Person") -> None:
    if person.configured:
        raise fail(f"{person.user_id} is {person.role.value} by TELEGRAM_ADMIN_IDS: change that setting and restart")


@users.command(name="list")
def list_users(config: Config = None, state: State = None, as_json: Json = False) -> None:
    """List everybody with a role."""
    place = place_of(config, state)
    found = in_book(place, lambda book: people(place, book))
    rows = [
        {
            "id": each.user_id,
            "name": each.name,
            "role": each.role.value,
            "source": "settings" if each.configured else "host",
            "second_factor": each.enrolled,
        }
        for each in found
    ]
    lines = [_line(each) for each in found] or ["Nobody may use this desk; a start prints a code for its first owner."]
    told({"users": rows}, "\n".join(lines), as_json=as_json)


def _line(person: "Person") -> str:
    marks = [" (TELEGRAM_ADMIN_IDS)"] if person.configured else []
    marks += ["  second factor"] if person.enrolled else []
    return f"{person.user_id:<12} {person.role.value:<7} {person.name}{''.join(marks)}".rstrip()


@users.command()
def add(
    user_id: UserId,
    role: Annotated[RoleName, typer.Option(help="owner, admin or viewer.")],
    name: Annotated[str, typer.Option(help="How the lists call this user.")] = "",
    config: Config = None,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Give a user a role."""
    place = place_of(config, state)

    async def work(book: "HostBook") -> None:
        known = next((each for each in await people(place, book) if each.user_id == user_id), None)
        if known is not None:
            _not_configured(known)
            raise fail(f"{user_id} is {known.role.value} already; pocketdesk users role {user_id} ROLE changes it")
        await book.users.set(user_id, role.value, name, now_ms())
        await audit(book, "user added", f"{user_id} {role.value}")

    in_book(place, work)
    told({"id": user_id, "role": role.value}, f"{user_id} is {role.value} now.", as_json=as_json)


@users.command()
def remove(user_id: UserId, config: Config = None, state: State = None, as_json: Json = False) -> None:
    """Take a user's role and second factor away."""
    place = place_of(config, state)

    async def work(book: "HostBook") -> bool:
        from bot.factor_file import FactorFile

        _not_configured(await one(place, book, user_id))
        await book.users.remove(user_id)
        FactorFile(place.folder).remove(user_id)
        await audit(book, "user removed", f"{user_id}")
        return any(each.role.value == RoleName.OWNER for each in await people(place, book))

    owned = in_book(place, work)
    alone = "" if owned else " Nobody owns the desk now: its next start prints a code for a new owner."
    told({"id": user_id, "role": None, "owned": owned}, f"{user_id} has no role any more.{alone}", as_json=as_json)


@users.command(name="role")
def change_role(
    user_id: UserId, role: Given, config: Config = None, state: State = None, as_json: Json = False
) -> None:
    """Change a user's role."""
    place = place_of(config, state)

    async def work(book: "HostBook") -> None:
        person = await one(place, book, user_id)
        _not_configured(person)
        await book.users.set(user_id, role.value, person.name, now_ms())
        await audit(book, "role changed", f"{user_id} {person.role.value} to {role.value}")

    in_book(place, work)
    told({"id": user_id, "role": role.value}, f"{user_id} is {role.value} now.", as_json=as_json)
