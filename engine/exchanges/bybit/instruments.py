"""The instruments of the exchange, as last read: loaded whole, compared on every refresh.

What the desk counts in need not be what the exchange lists: a tick and a finer quantity step are taken over at once,
a coarser step is not while this process lives, because what is held may not fit it. Orders are then whole lots.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from engine.core.market import Instrument, Status
from engine.core.money import Money
from engine.exchanges.base import QueryFailedError
from engine.exchanges.bybit.caller import Caller
from engine.exchanges.bybit.endpoints import INSTRUMENTS
from engine.exchanges.bybit.parse import BadData
from engine.exchanges.bybit.parse_market import Skipped, instrument
from engine.exchanges.bybit.queries import rows_of

log = logging.getLogger(__name__)


class InstrumentBook(Mapping[str, Instrument]):
    """Every perpetual the desk could trade, by symbol, on the grid it counts in."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._known: dict[str, Instrument] = {}
        self._past: dict[str, dict[int, Instrument]] = {}
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

    def remember(self, held: Iterable[Instrument]) -> list[Instrument]:
        """Go on counting as the books do where something is held or ordered, and know symbols that are no longer
        listed; return those that are different for it.
        """
        before = dict(self._known)
        for each in held:
            listed = self._known.get(each.symbol)
            self._know(replace(each, status=Status.CLOSED) if listed is None else counted(listed, each))
        return [each for symbol, each in self._known.items() if before.get(symbol) != each]

    def at(self, symbol: str, unit: Money) -> Instrument | None:
        """Return a symbol as it was counted when a tick of a step was worth `unit` (0: as it is now)."""
        now = self._known.get(symbol)
        return now if not unit or now is None or now.unit == unit else self._past.get(symbol, {}).get(unit)

    def _know(self, instrument: Instrument) -> None:
        before = self._known.get(instrument.symbol)
        if before is not None and before.unit != instrument.unit:
            self._past.setdefault(before.symbol, {})[before.unit] = before
        self._known[instrument.symbol] = instrument

    def _adopt(self, found: Mapping[str, Instrument], *, gone_too: bool) -> list[Instrument]:
        now = (counted(each, self._known.get(each.symbol)) for each in found.values())
        changed = [each for each in now if self._known.get(each.symbol) != each]
        if gone_too:
            changed += [
                replace(each, status=Status.CLOSED)
                for symbol, each in self._known.items()
                if symbol not in found and each.status is not Status.CLOSED
            ]
        for each in changed:
            self._know(each)
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


def counted(listed: Instrument, before: Instrument | None) -> Instrument:
    """Return a listed instrument on the grid to count in: its own, but with the finer steps counted in so far."""
    if before is None or before.step >= listed.step or listed.step % before.step:
        return listed
    lot = int(listed.step / before.step)
    least, most = listed.min_qty * lot, listed.max_market_qty * lot
    try:
        return replace(listed, step=before.step, min_qty=least, max_market_qty=most, lot=lot)
    except ValueError:
        # The finer step with the new tick would be finer than money is counted.
        return listed
