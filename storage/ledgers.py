"""The ledgers of all accounts behind the one writer of a database."""

from sqlalchemy import Connection

from storage.groups import Group
from storage.ledger import SqlLedger


class Ledgers:
    """Gives each group to the ledger of its account. What fails, fails for all: they share every transaction."""

    def __init__(self) -> None:
        self._by_account: dict[str, SqlLedger] = {}

    def add(self, account: str, ledger: SqlLedger) -> None:
        """Take on an account; raises ValueError when it is there."""
        if account in self._by_account:
            raise ValueError(f"account {account!r} is open already")
        # Anew, not in place: the writer's thread may be going through the others.
        self._by_account = {**self._by_account, account: ledger}

    def write(self, connection: Connection, groups: list[Group]) -> list[int]:
        """Write groups in order; returns the last sequence number of each in its account."""
        places: dict[str, list[int]] = {}
        for place, group in enumerate(groups):
            places.setdefault(group.account, []).append(place)
        numbers = [0] * len(groups)
        for account, mine in places.items():
            written = self._by_account[account].write(connection, [groups[place] for place in mine])
            for place, number in zip(mine, written, strict=True):
                numbers[place] = number
        return numbers

    def probe(self, connection: Connection) -> None:
        """Write something small, to learn whether the database takes writes again."""
        for ledger in self._by_account.values():
            ledger.probe(connection)

    def undo(self) -> None:
        """Forget what was assumed of the transaction that failed."""
        for ledger in self._by_account.values():
            ledger.undo()

    def set_aside(self, groups: list[Group]) -> str:
        """Keep groups that could not be written; returns what went wrong with that, in words."""
        troubles: dict[str, None] = {}
        for account, ledger in self._by_account.items():
            mine = [group for group in groups if group.account == account]
            if mine:
                troubles[ledger.set_aside(mine)] = None
        return "".join(troubles)

    def backlog(self) -> list[Group]:
        """Return the groups that still have to be written, in order within each account."""
        return [group for ledger in self._by_account.values() for group in ledger.backlog()]

    def merged(self) -> None:
        """Forget the backlogs: they are durable now."""
        for ledger in self._by_account.values():
            ledger.merged()
