"""`pocketdesk users totp` and `pocketdesk users lockdown`."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from bot.cli_users import Config, Json, Place, State, UserId, audit, fail, in_book, now_ms, one, place_of, told

if TYPE_CHECKING:
    from storage.host import HostBook

totp = typer.Typer(name="totp", help="Second factors: codes of an authenticator app.", no_args_is_help=True)
lockdown = typer.Typer(name="lockdown", help="The lockdown that somebody began in the chat.", no_args_is_help=True)


@totp.command()
def enroll(user_id: UserId, config: Config = None, state: State = None, as_json: Json = False) -> None:
    """Make a user's secret and show it, once: as a QR code and for typing."""
    from bot.qr import drawn
    from bot.totp import grouped, uri

    place = place_of(config, state)
    secret = in_book(place, lambda book: _enrolled(place, book, user_id))
    link = uri(secret, desk=place.account, user=str(user_id))
    words = [f"Scan this with the authenticator of {user_id}. It is shown this once:", "", drawn(link), "", link, ""]
    words += [f"Or type it:  {grouped(secret)}", "Kind: TOTP, SHA-1, 6 digits, 30 s."]
    told({"id": user_id, "secret": secret, "uri": link}, "\n".join(words), as_json=as_json)


async def _enrolled(place: Place, book: "HostBook", user_id: int) -> str:
    from bot.factor_file import FactorFile
    from bot.second_factor import KEY
    from bot.totp import new_secret

    person = await one(place, book, user_id)
    if person.enrolled:
        raise fail(f"{user_id} has a second factor already; pocketdesk users totp reset {user_id} takes it away first")
    secret = new_secret()
    await book.settings.set(KEY, None, user_id)
    FactorFile(place.folder).set(user_id, secret)
    await audit(book, "second factor enrolled", f"{user_id}")
    return secret


@totp.command()
def reset(user_id: UserId, config: Config = None, state: State = None, as_json: Json = False) -> None:
    """Take a user's second factor away, for a lost phone; enroll makes a new one."""
    place = place_of(config, state)

    async def work(book: "HostBook") -> None:
        from bot.factor_file import FactorFile

        if not FactorFile(place.folder).remove(user_id):
            raise fail(f"{user_id} has no second factor")
        await audit(book, "second factor reset", f"{user_id}")

    in_book(place, work)
    told({"id": user_id, "second_factor": False}, f"{user_id} has no second factor any more.", as_json=as_json)


@totp.command()
def unlock(user_id: UserId, config: Config = None, state: State = None, as_json: Json = False) -> None:
    """Let codes be tried again at once after five wrong ones; used ones stay used."""
    place = place_of(config, state)

    async def work(book: "HostBook") -> bool:
        from bot.second_factor import KEY, without_failures

        await one(place, book, user_id)
        kept = await book.settings.get(KEY, user_id)
        fresh = without_failures(kept)
        if fresh == kept:
            return False
        await book.settings.set(KEY, fresh, user_id)
        await audit(book, "second factor unlocked", f"{user_id}")
        return True

    was = in_book(place, work)
    said = f"The codes of {user_id} count again." if was else f"The codes of {user_id} were not locked."
    told({"id": user_id, "was_locked": was}, said, as_json=as_json)


async def _standing(book: "HostBook") -> list[dict[str, Any]]:
    from bot.lockdown import LIFT, STATE

    rows = await book.settings.starting(f"{STATE}.")
    lifted = await book.settings.starting(f"{LIFT}.")
    return [
        {"mode": mode, **row, "lifting": _wanted(lifted.get(f"{LIFT}.{mode}")) >= set(row["holds"])}
        for key, row in sorted(rows.items())
        if isinstance(row, dict) and row["holds"]
        for mode in [key.removeprefix(f"{STATE}.")]
    ]


def _wanted(row: Any) -> set[str]:
    return set(row["holds"]) if isinstance(row, dict) else set()


def _words(row: dict[str, Any]) -> str:
    since = f"{datetime.fromtimestamp(row['at_ms'] / 1000, UTC):%Y-%m-%d %H:%M} UTC"
    pending = "; lifted as soon as the desk runs" if row["lifting"] else ""
    return f"{row['mode'].upper()}: {row['reason']}, {since}{pending}."


@lockdown.command()
def status(config: Config = None, state: State = None, as_json: Json = False) -> None:
    """Say whether the desk is locked down."""
    found = in_book(place_of(config, state), _standing)
    words = "\n".join(_words(row) for row in found) or "The desk is not locked down."
    told({"locked": bool(found), "lockdowns": found}, words, as_json=as_json)


@lockdown.command(name="lift")
def lift(config: Config = None, state: State = None, as_json: Json = False) -> None:
    """Lift the lockdown: a running desk does it within seconds, another one at its next start."""
    from bot.lockdown import LIFT

    async def work(book: "HostBook") -> list[dict[str, Any]]:
        found = await _standing(book)
        if not found:
            raise fail("the desk is not locked down")
        for row in found:
            await book.settings.set(f"{LIFT}.{row['mode']}", {"holds": row["holds"], "at_ms": now_ms()})
            await audit(book, "lockdown lift", f"{row['mode']}: {row['reason']}")
        return found

    found = in_book(place_of(config, state), work)
    words = [f"{row['mode'].upper()}: {row['reason']}: lifted. A running desk notices within seconds." for row in found]
    if any(row["mode"] == "live" for row in found):
        words.append("Live trading then waits for /golive in the chat.")
    told({"lifted": [name for row in found for name in row["holds"]]}, "\n".join(words), as_json=as_json)
