"""The instruments of the exchange, as last read: loaded whole, compared on every refresh."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace

from engine.core.market import Instrument, Status
from engine.exchanges.base import QueryFailedError
from engine.exchanges.bybit.caller import Caller
from engine.exchanges.bybit.endpoints import INSTRUMENTS
from engine.exchanges.bybit.parse import BadData
from engine.exchanges.bybit.parse_market import Skipped, instrument
from engine.exchanges.bybit.queries import rows_of

log = logging.getLogger(__name__)


class InstrumentBook(Mapping[str, Instrument]):
    """Every perpetual the desk could trade, by symbol."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._known: dict[str, Instrument] = {}
        self._bad: set[str] = set()

    def __getitem__(self, symbol: str) -> Instrument:
        return self._known[symbol]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    async def refresh(self) -> list[Instrument]:
        """Read all instruments again and return those that are new or changed; raises QueryFailedError. One that
        vanished is closed; one whose row cannot be read stays as it was.
        """
        rows = await rows_of(self._caller, INSTRUMENTS, {"limit": "1000"})
        if not rows:
            raise QueryFailedError("no instruments are listed")
        found: dict[str, Instrument] = {}
        unreadable: set[str] = set()
        for row in rows:
            read = instrument(row)
            if isinstance(read, BadData):
                unreadable.add(str(read))
            elif not isinstance(read, Skipped):
                found[read.symbol] = read
        if unreadable - self._bad:
            log.warning("instruments that cannot be read: %s", "; ".join(sorted(unreadable)[:5]))
        self._bad = unreadable
        return self._adopt(found, gone_too=not unreadable)

    def _adopt(self, found: Mapping[str, Instrument], *, gone_too: bool) -> list[Instrument]:
        changed = [each for symbol, each in found.items() if self._known.get(symbol) != each]
        if gone_too:
            changed += [
                replace(each, status=Status.CLOSED)
                for symbol, each in self._known.items()
                if symbol not in found and each.status is not Status.CLOSED
            ]
        self._known.update((each.symbol, each) for each in changed)
        return changed

    def halt(self, symbol: str) -> Instrument | None:
        """Mark a symbol as not trading because the exchange refused it as a whole; the next refresh knows better.
        Return it when that is new.
        """
        known = self._known.get(symbol)
        if known is None or known.status is not Status.TRADING:
            return None
        self._known[symbol] = replace(known, status=Status.DELIVERING)
        return self._known[symbol]
