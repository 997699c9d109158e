"""The lease of an account: whoever holds it trades, whoever lost it writes no journal any more.

The row carries a fencing number that grows with every taking. A holder shows life with `beat`; a lease without life for
30 s may be taken by another process. Machines that share a database need clocks that agree to a few seconds.

LeaseHeldError (RuntimeError)
  another process holds the lease
LeaseLostError (RuntimeError)
  another process has taken the lease since
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Row, or_, select, update

from storage.tables_lease import leases
from storage.upsert import put, put_new
from storage.writer import Writer

TTL_MS = 30_000
BEAT_S = 5.0
_RELEASED = 0


class LeaseHeldError(RuntimeError):
    """The account is run by another process; the message says which, since when, and what to do."""


class LeaseLostError(RuntimeError):
    """The account was taken over by another process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRequest:
    """Who asks: `owner` is the same for every process of one state folder, which only one process can be using;
    `holder` names this process for people; `exchange_key` stands for the account's key at the exchange ("" = none).
    """

    owner: str
    holder: str
    exchange_key: str
    wall_ms: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Held:
    """Another process holds the lease."""

    account: str
    mode: str
    holder: str
    since_ms: int
    beat_ms: int

    def words(self, now_ms: int) -> str:
        """Say who holds it, since when, and what to do."""
        since = datetime.fromtimestamp(self.since_ms // 1000, UTC)
        ago = max(0, now_ms - self.beat_ms) / 1000
        return (
            f"account {self.account} ({self.mode}) is run by {self.holder} since {since:%Y-%m-%d %H:%M:%S} UTC, "
            f"last sign of life {ago:.0f} s ago: stop it, or wait until {TTL_MS // 1000} s after its end"
        )


class Lease:
    """The lease of one account as this process has it; `fence` is None until it was taken."""

    def __init__(self, desk: dict[str, str], request: LeaseRequest) -> None:
        self._desk, self._request = desk, request
        self._mine = (leases.c.mode == desk["mode"], leases.c.account == desk["account"])
        # On a server the row stays as it is until the transaction that asks is over. Made once: every group asks.
        self._holder = select(leases.c.fence, leases.c.holder).where(*self._mine).with_for_update(read=True)
        self.fence: int | None = None

    def take(self, connection: Connection) -> Held | int:
        """Take the lease in the connection's transaction; returns the fencing number, or who holds it instead.

        The number counts once the transaction is durable: it is for `took`.
        """
        now, request = self._request.wall_ms(), self._request
        fresh = {"owner": request.owner, "holder": request.holder, "exchange_key": request.exchange_key}
        row = {**self._desk, **fresh, "fence": 1, "since_ms": now, "beat_ms": now}
        for held in self._rivals(connection):
            if held.owner != request.owner and held.beat_ms + TTL_MS > now:
                return Held(held.account, held.mode, held.holder, held.since_ms, held.beat_ms)
        if put_new(connection, leases, row):
            return 1
        known = connection.execute(select(leases.c.fence).where(*self._mine).with_for_update()).one()
        put(connection, leases, [{**row, "fence": known.fence + 1}])
        return int(known.fence) + 1

    def took(self, answer: Held | int) -> None:
        """Take note of what `take` gave; raises LeaseHeldError."""
        if isinstance(answer, Held):
            raise LeaseHeldError(answer.words(self._request.wall_ms()))
        self.fence = answer

    def _rivals(self, connection: Connection) -> list[Row[tuple[object, ...]]]:
        # The same key under another name is the same account.
        key = self._request.exchange_key
        here = leases.c.account == self._desk["account"]
        same = or_(here, leases.c.exchange_key == key) if key else here
        query = select(leases).where(leases.c.mode == self._desk["mode"], same).with_for_update()
        return list(connection.execute(query))

    def check(self, connection: Connection) -> None:
        """Raise LeaseLostError when another process has taken the lease since; does nothing before it was taken."""
        if self.fence is None:
            return
        found = connection.execute(self._holder).first()
        if found is None or found.fence != self.fence:
            who = found.holder if found is not None else "somebody who deleted the lease"
            raise LeaseLostError(f"account {self._desk['account']} ({self._desk['mode']}) was taken over by {who}")

    def beat(self, connection: Connection) -> str:
        """Show life; returns what is wrong in words, empty when the lease is held."""
        try:
            self.check(connection)
        except LeaseLostError as error:
            return str(error)
        connection.execute(update(leases).where(*self._mine).values(beat_ms=self._request.wall_ms()))
        return ""

    def release(self, connection: Connection) -> None:
        """Let another process take it at once."""
        held = (*self._mine, leases.c.fence == self.fence)
        connection.execute(update(leases).where(*held).values(beat_ms=_RELEASED))


class LeaseStore:
    """A lease on the one writer; without a lease (`None`) everything does nothing."""

    def __init__(self, lease: Lease | None, writer: Writer) -> None:
        self._lease, self._writer = lease, writer

    async def beat(self) -> None:
        """Show life, or take what could not be taken yet; raises LeaseLostError, LeaseHeldError, JournalUnavailable."""
        lease = self._lease
        if lease is None:
            return
        if lease.fence is None:
            lease.took(await self._writer.run(lease.take))
        elif wrong := await self._writer.run(lease.beat):
            raise LeaseLostError(wrong)

    async def release(self) -> None:
        """Give it back; raises JournalUnavailable."""
        if self._lease is not None and self._lease.fence is not None:
            await self._writer.run(self._lease.release)
