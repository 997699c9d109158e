"""Trades, best quotes and funding rates from files, as validated columns."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.datafiles import symbol_of
from engine.datafiles_layout import BOOK_FIELDS, FUNDING_FIELDS, TRADE_FIELDS, DataFileError, Field
from engine.datafiles_read import Limits, read_table
from engine.datafiles_times import to_ms
from engine.validate import Floats, Mask, Times, readable

_BUY = frozenset({"buy", "b", "buyer", "bid", "true", "1"})
_SELL = frozenset({"sell", "s", "seller", "ask", "false", "0"})


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Trades:
    """Public trades in order of time (ms UTC): price in quote, quantity in base coin, `bought` where a buyer was the
    taker.
    """

    symbol: str
    time: Times
    price: Floats
    quantity: Floats
    bought: Mask

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Book:
    """Best bid and ask after each update, in order of time (ms UTC); bid below ask, sizes in base coin."""

    symbol: str
    time: Times
    bid: Floats
    bid_size: Floats
    ask: Floats
    ask_size: Floats

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Funding:
    """Funding rates (fractions; positive: longs pay) at their settlement times (ms UTC, strictly ascending)."""

    symbol: str
    time: Times
    rate: Floats

    def __len__(self) -> int:
        return len(self.time)


def load_trades(path: Path, *, symbol: str | None = None, limits: Limits | None = None) -> Trades:
    """Load public trades. Raises DataFileError for an unknown layout or side, or a row that cannot be."""
    source = _Source(path, TRADE_FIELDS, limits)
    price, quantity = source.table.numbers("price"), source.table.numbers("quantity")
    source.refuse(
        ~((price > 0) & (quantity > 0) & np.isfinite(price) & np.isfinite(quantity)), "price or quantity not above zero"
    )
    order = source.order
    return Trades(
        symbol=symbol_of(path, source.table, symbol),
        time=_fixed(source.time[order]),
        price=_fixed(price[order]),
        quantity=_fixed(quantity[order]),
        bought=_fixed(source.takers()[order]),
    )


def load_book(path: Path, *, symbol: str | None = None, limits: Limits | None = None) -> Book:
    """Load level-1 book updates. Raises DataFileError for an unknown layout, or a row with crossed or impossible
    quotes.
    """
    source = _Source(path, BOOK_FIELDS, limits)
    bid, ask, bid_size, ask_size = (source.table.numbers(name) for name in ("bid", "ask", "bid_size", "ask_size"))
    sound = (bid > 0) & (bid < ask) & np.isfinite(ask) & (bid_size >= 0) & (ask_size >= 0)
    source.refuse(
        ~(sound & np.isfinite(bid_size) & np.isfinite(ask_size)), "quotes crossed, not above zero or without a size"
    )
    order = source.order
    return Book(
        symbol=symbol_of(path, source.table, symbol),
        time=_fixed(source.time[order]),
        bid=_fixed(bid[order]),
        bid_size=_fixed(bid_size[order]),
        ask=_fixed(ask[order]),
        ask_size=_fixed(ask_size[order]),
    )


def load_funding(path: Path, *, symbol: str | None = None, limits: Limits | None = None) -> Funding:
    """Load funding rates. Raises DataFileError for an unknown layout, a rate beyond ±10 %, or two rates at one time."""
    source = _Source(path, FUNDING_FIELDS, limits)
    rate = source.table.numbers("rate")
    source.refuse(~(np.abs(rate) <= 0.1), "a rate beyond ±10 % or missing")
    time = source.time[source.order]
    source.refuse(np.diff(time, prepend=-1) == 0, "two rates at one time")
    return Funding(symbol=symbol_of(path, source.table, symbol), time=_fixed(time), rate=_fixed(rate[source.order]))


class _Source:
    def __init__(self, path: Path, fields: tuple[Field, ...], limits: Limits | None) -> None:
        self.path = path
        self.table = read_table(path, fields, limits or Limits())
        name = self._only("time")
        self.time = to_ms(self.table.columns[name], where=f"{path}, column {name!r}")
        self.order = np.argsort(self.time, kind="stable")

    def takers(self) -> Mask:
        side, maker = (self.table.layout.get(name) for name in ("side", "buyer_is_maker"))
        found = side or maker
        if not found:
            raise DataFileError(f"{self.path}: no column tells the taker's side (side, taker_side or is_buyer_maker)")
        texts, codes = np.unique(self._texts(found[0]), return_inverse=True)
        unknown = [text for text in texts if text not in _BUY | _SELL]
        if unknown:
            raise DataFileError(f"{self.path}, column {found[0]!r}: {str(unknown[0])!r} is neither buy nor sell")
        bought = np.array([text in _BUY for text in texts], dtype=np.bool_)[codes]
        return bought if side else ~bought

    def refuse(self, bad: Mask, why: str) -> None:
        if bad.any():
            row = int(np.argmax(bad))
            raise DataFileError(
                f"{self.path}: {why} in {int(bad.sum())} rows, first at row {row} ({readable(int(self.time[row]))})"
            )

    def _texts(self, column: str) -> npt.NDArray[np.str_]:
        values = self.table.columns[column].to_pylist()
        return np.array([str(value).strip().lower() for value in values])

    def _only(self, field: str) -> str:
        columns = self.table.layout[field]
        if len(columns) > 1:
            raise DataFileError(
                f"{self.path}: {field} could be {' and '.join(map(repr, columns))}: remove or rename one"
            )
        return columns[0]


def _fixed[T: np.generic](values: npt.NDArray[T]) -> npt.NDArray[T]:
    values.flags.writeable = False
    return values
