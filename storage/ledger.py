"""Journal rows, projections and alert rows of groups in one transaction, and the groups that wait for the database."""

import time
from collections.abc import Sequence

from sqlalchemy import Connection, select

from engine.core.alerts import Alert
from engine.core.facts import Fact
from storage.emergency import EmergencyFile
from storage.groups import Group, alert_row, journal_rows, make_group
from storage.lease import Lease
from storage.projections.projector import Projector
from storage.tables_chat import heartbeats, outbox
from storage.tables_trading import journal
from storage.upsert import add, put

_ID_BITS = 20


class SqlLedger:
    """What the writer writes. Group ids grow, so a group at or below the last written one is already in the journal."""

    def __init__(
        self, desk: dict[str, str], projector: Projector, emergency: EmergencyFile | None, lease: Lease | None = None
    ) -> None:
        self._desk, self._projector, self._emergency, self._lease = desk, projector, emergency, lease
        self._backlog: list[Group] = []
        self._filed = 0
        self._next_seq: int | None = None
        self._last_group = 0
        self._given_id = 0

    def resume(self, connection: Connection) -> list[str]:
        """Read where the journal ends and what was set aside; returns findings in words."""
        self._position(connection)
        waiting, findings = self._emergency.read() if self._emergency is not None else ([], [])
        self._backlog = [group for group in waiting if group.group_id > self._last_group]
        self._filed = len(self._backlog)
        self._given_id = max([self._last_group, *(group.group_id for group in waiting)])
        if self._backlog:
            count = sum(len(group.facts) for group in self._backlog)
            findings.append(f"{count} journal facts were waiting in the emergency file and are merged")
        return findings

    def group(self, facts: Sequence[Fact], alerts: Sequence[Alert]) -> Group:
        """Encode a group under the next id; raises CodecError."""
        self._given_id = max(time.time_ns() // 1_000_000 << _ID_BITS, self._given_id + 1)
        return make_group(self._given_id, facts, alerts, self._desk["account"])

    def write(self, connection: Connection, groups: list[Group]) -> list[int]:
        """Write groups in order; returns the last sequence number of each. Raises LeaseLostError."""
        if self._lease is not None:
            # Before the first row: the journal belongs to whoever has the lease now.
            self._lease.check(connection)
        seq = self._next_seq if self._next_seq is not None else self._position(connection)
        rows, entries, told, numbers = [], [], [], []
        for group in groups:
            if group.group_id > self._last_group:
                rows += journal_rows(group, seq, self._desk)
                entries += list(enumerate(group.facts, seq))
                told += [alert_row(alert, self._desk) for alert in group.alerts]
                seq += len(group.facts)
                self._last_group = group.group_id
            numbers.append(seq - 1)
        if rows:
            add(connection, journal, rows)
            self._projector.project(connection, entries)
        add(connection, outbox, told)
        self._next_seq = seq
        return numbers

    def probe(self, connection: Connection) -> None:
        """Write something small, to learn whether the database takes writes again."""
        beat = {**self._desk, "name": "storage", "at_ms": time.time_ns() // 1_000_000, "detail": "writes again"}
        put(connection, heartbeats, [beat])

    def undo(self) -> None:
        """Forget what was assumed of the transaction that failed."""
        self._next_seq = None
        self._projector.reset()

    def set_aside(self, groups: list[Group]) -> str:
        """Keep groups that could not be written, in memory and in the file; returns what is wrong with the file."""
        self._backlog += groups
        if self._emergency is None:
            return ""
        try:
            self._emergency.append(self._backlog[self._filed :])
        except OSError as error:
            return f"; the emergency file cannot be written either: {error}"
        self._filed = len(self._backlog)
        return ""

    def backlog(self) -> list[Group]:
        """Return the groups that still have to be written, in order."""
        return list(self._backlog)

    def merged(self) -> None:
        """Forget the backlog: it is durable now."""
        if self._backlog:
            self._backlog, self._filed = [], 0
            if self._emergency is not None:
                self._emergency.clear()

    def _position(self, connection: Connection) -> int:
        here = (journal.c.mode == self._desk["mode"], journal.c.account == self._desk["account"])
        newest = select(journal.c.seq, journal.c.group_id).where(*here).order_by(journal.c.seq.desc()).limit(1)
        row = connection.execute(newest).first()
        self._next_seq, self._last_group = (row.seq + 1, row.group_id) if row is not None else (1, 0)
        return self._next_seq
