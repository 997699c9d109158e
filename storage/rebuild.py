"""The projections computed anew from the journal, with the same result."""

import orjson
from sqlalchemy import Connection, delete, select

from engine.core.codec import decode
from engine.core.market import Instrument
from storage.history import pages
from storage.projections.projector import Projector
from storage.tables_trading import PROJECTIONS, instruments


def rebuild(connection: Connection, desk: dict[str, str]) -> int:
    """Empty a desk's projections and fold its journal again, in the transaction at hand; returns the facts read."""
    for table in PROJECTIONS:
        connection.execute(delete(table).where(table.c.mode == desk["mode"], table.c.account == desk["account"]))
    mine = (instruments.c.mode == desk["mode"], instruments.c.account == desk["account"])
    connection.execute(delete(instruments).where(*mine, instruments.c.given.is_(False)))
    given = connection.execute(select(instruments.c.from_seq, instruments.c.data).where(*mine)).all()
    projector = Projector(desk)
    projector.begin_anew([(row.from_seq, decode(Instrument, orjson.loads(row.data))) for row in given])
    count = 0
    for page in pages(connection, desk, 0):
        projector.project(connection, page)
        count += len(page)
    return count
