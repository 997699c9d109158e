"""Instruments known before the journal speaks of them: needed to turn ticks and steps into prices and quantities."""

from collections.abc import Iterable

import orjson
from sqlalchemy import Connection, func, select

from engine.core.codec import decode, encode
from engine.core.market import Instrument
from storage.groups import dumps
from storage.tables_trading import instruments, journal
from storage.upsert import put


def remember(connection: Connection, desk: dict[str, str], known: Iterable[Instrument]) -> None:
    """Keep instruments that are new or differ from the newest kept; they hold for facts after the journal's end."""
    mine = (instruments.c.mode == desk["mode"], instruments.c.account == desk["account"])
    kept: dict[str, Instrument] = {}
    for row in connection.execute(select(instruments.c.data).where(*mine).order_by(instruments.c.from_seq)):
        instrument = decode(Instrument, orjson.loads(row.data))
        kept[instrument.symbol] = instrument
    here = (journal.c.mode == desk["mode"], journal.c.account == desk["account"])
    last = connection.execute(select(func.max(journal.c.seq)).where(*here)).scalar() or 0
    base = {**desk, "from_seq": last, "given": True}
    rows = [
        {**base, "symbol": each.symbol, "data": dumps(encode(each))} for each in known if kept.get(each.symbol) != each
    ]
    put(connection, instruments, rows)
