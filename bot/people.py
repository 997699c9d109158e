"""Everybody with a role: those of the settings, above them nobody, then those given on the host."""

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from bot.access import roles_of
from bot.factor_file import FactorFile, FactorFileError
from handlers.ports import Role
from handlers.safety import Person
from storage.small_stores import UserRow

_ORDER = (Role.OWNER, Role.ADMIN, Role.VIEWER)


class UserSource(Protocol):
    """Where roles given on the host are kept."""

    async def all(self) -> list[UserRow]: ...


def people_of(admin_ids: Sequence[int], rows: Iterable[UserRow], enrolled: Collection[int]) -> list[Person]:
    """Return everybody with a role, owners first."""
    rows = list(rows)
    names = {row.user_id: row.name for row in rows}
    roles = roles_of(admin_ids, [(row.user_id, row.role) for row in rows])
    made = [
        Person(
            user_id=user_id,
            name=names.get(user_id, ""),
            role=role,
            configured=user_id in admin_ids,
            enrolled=user_id in enrolled,
        )
        for user_id, role in roles.items()
    ]
    return sorted(made, key=lambda person: (_ORDER.index(person.role), person.user_id))


class People:
    """PeoplePort over the settings and the store."""

    def __init__(self, admin_ids: Sequence[int], source: UserSource, file: FactorFile) -> None:
        self._admin_ids, self._source, self._file = tuple(admin_ids), source, file

    async def all(self) -> Sequence[Person]:
        """Owners first; raises JournalUnavailable. A file that cannot be read counts as nobody enrolled."""
        try:
            enrolled = self._file.secrets()
        except FactorFileError:
            enrolled = {}
        return people_of(self._admin_ids, await self._source.all(), enrolled)
