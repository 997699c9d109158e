"""Reading the journal back, in order, page by page."""

from collections.abc import Iterator

from sqlalchemy import Connection, select

from engine.core.codec import CodecError
from engine.core.facts import Fact
from storage.groups import read_fact
from storage.tables_trading import journal

_PAGE = 500


def pages(connection: Connection, desk: dict[str, str], after_seq: int) -> Iterator[list[tuple[int, Fact]]]:
    """Give the numbered facts of a desk after a sequence number; raises CodecError naming a row it cannot read."""
    here = (journal.c.mode == desk["mode"], journal.c.account == desk["account"])
    while True:
        query = select(journal.c.seq, journal.c.data).where(*here, journal.c.seq > after_seq)
        rows = connection.execute(query.order_by(journal.c.seq).limit(_PAGE)).all()
        if not rows:
            return
        yield [(row.seq, _read(row.seq, row.data)) for row in rows]
        after_seq = rows[-1].seq


def last_group(connection: Connection, desk: dict[str, str]) -> int:
    """Return the id of the newest group in the journal, 0 in an empty one."""
    here = (journal.c.mode == desk["mode"], journal.c.account == desk["account"])
    newest = select(journal.c.group_id).where(*here).order_by(journal.c.seq.desc()).limit(1)
    return connection.execute(newest).scalar() or 0


def _read(seq: int, data: str) -> Fact:
    try:
        return read_fact(data)
    except CodecError as error:
        raise error.inside(f"journal row {seq}") from None
