"""The durable journal: the engine's protocol on the writer and the tables."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection, delete, select

from engine.core.alerts import Alert
from engine.core.facts import Fact, OrderIntended
from engine.core.orders import Purpose
from engine.journal import Group as Step
from engine.journal import Loaded
from storage.database import Reader
from storage.history import last_group, pages
from storage.ledger import SqlLedger
from storage.tables_trading import checkpoints
from storage.upsert import put
from storage.writer import Writer

_KEPT_CHECKPOINTS = 3
_BULK_FACTS = 500


class SqlJournal:
    """Facts of one desk (mode and account), durable when the future of their group is done."""

    def __init__(self, desk: dict[str, str], writer: Writer, reader: Reader, ledger: SqlLedger) -> None:
        self._desk, self._writer, self._reader, self._ledger = desk, writer, reader, ledger

    def submit(self, facts: Sequence[Fact], alerts: Sequence[Alert]) -> asyncio.Future[int]:
        """Queue a group; raises CodecError at once for a fact that cannot be written."""
        return self._writer.put(self._ledger.group(facts, alerts), urgent=any(map(_is_waited_for, facts)))

    async def load(self) -> Loaded:
        """Return the newest checkpoint, the facts after it, and those that still wait for the database."""
        backlog = self._ledger.backlog()
        mine = (checkpoints.c.mode == self._desk["mode"], checkpoints.c.account == self._desk["account"])
        newest = select(checkpoints.c.seq, checkpoints.c.state).where(*mine).order_by(checkpoints.c.seq.desc()).limit(1)
        row = await self._reader.first(newest)
        seq = row.seq if row is not None else 0
        async with self._reader.connection() as connection:
            facts = await connection.run_sync(self._facts_after, seq)
            last = await connection.run_sync(last_group, self._desk)
        # The writer may have merged a part of the backlog while this snapshot was read.
        waiting = [fact for group in backlog if group.group_id > last for fact in group.facts]
        return Loaded(row.state if row is not None else None, seq, facts + waiting)

    def _facts_after(self, connection: Connection, seq: int) -> list[Fact]:
        return [fact for page in pages(connection, self._desk, seq) for _, fact in page]

    async def checkpoint(self, state: bytes, seq: int) -> None:
        """Keep the state as of `seq`, and the two before it; raises JournalUnavailable."""

        def write(connection: Connection) -> None:
            put(connection, checkpoints, [{**self._desk, "seq": seq, "state": state}])
            mine = (checkpoints.c.mode == self._desk["mode"], checkpoints.c.account == self._desk["account"])
            kept = select(checkpoints.c.seq).where(*mine).order_by(checkpoints.c.seq.desc()).limit(_KEPT_CHECKPOINTS)
            connection.execute(delete(checkpoints).where(*mine, checkpoints.c.seq.not_in(kept)))

        await self._writer.run(write)

    async def bulk(self, groups: Iterable[Step]) -> None:
        """Append history in transactions of some hundred facts; its alerts are dropped. Raises JournalUnavailable."""
        before: asyncio.Future[int] | None = None
        for facts in _chunks(groups):
            # One chunk is encoded while the one before it is written.
            now = self._writer.put(self._ledger.group(facts, ()))
            if before is not None:
                await before
            before = now
        if before is not None:
            await before


def _is_waited_for(fact: Fact) -> bool:
    # Nothing else waits until it is on record.
    return isinstance(fact, OrderIntended) and fact.ticket.purpose is Purpose.ENTRY


def _chunks(groups: Iterable[Step]) -> Iterator[list[Fact]]:
    facts: list[Fact] = []
    for step, _ in groups:
        facts += step
        if len(facts) >= _BULK_FACTS:
            yield facts
            facts = []
    if facts:
        yield facts
