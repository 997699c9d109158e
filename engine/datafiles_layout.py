"""Which column of a data file is what: the names in use for candles, trades, books and funding."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class DataFileError(ValueError):
    """A data file or folder that cannot be used; the message names it, what is wrong and what to do."""


class Kind(StrEnum):
    """How a column is read."""

    TIME = "time"
    NUMBER = "number"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Field:
    """One wanted column: its names in lower case without punctuation.

    `ranked` says that the names mean different things and the first one present is meant; otherwise two present names
    are an ambiguity. `fallbacks` are names that count only when there is no other.
    """

    name: str
    kind: Kind
    aliases: tuple[str, ...]
    required: bool = True
    ranked: bool = False
    fallbacks: tuple[str, ...] = ()


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_OPEN_TIMES = _words(
    "opentime opentimems opentimestamp timestamp timestampms time timems datetime date starttime start startat startms "
    "begin begintime ts t unix unixtime unixtimestamp unixtimestampms candletime bartime gmttime"
)
# The index of a saved data frame: unnamed in CSV, named so in Parquet.
_INDEX = ("index", "indexlevel0", "")
_SYMBOL = Field("symbol", Kind.TEXT, _words("symbol ticker instrument pair market tic"), required=False)

CANDLE_FIELDS = (
    Field("time", Kind.TIME, _OPEN_TIMES, required=False, fallbacks=_INDEX),
    Field("close_time", Kind.TIME, _words("closetime closetimems closetimestamp endtime end endms"), required=False),
    Field("clock", Kind.TEXT, _words("clock"), required=False),
    Field("open", Kind.NUMBER, _words("open o openprice priceopen op")),
    Field("high", Kind.NUMBER, _words("high h highprice pricehigh hi")),
    Field("low", Kind.NUMBER, _words("low l lowprice pricelow lo")),
    Field("close", Kind.NUMBER, _words("close c closeprice priceclose cl")),
    Field("volume", Kind.NUMBER, _words("volume v vol basevolume volumebase baseassetvolume volumefrom volumecoin")),
    _SYMBOL,
)
# The exchange's own moment of the trade beats the moment of publication, and that beats the moment of receipt.
_EVENT_TIMES = _words(
    "tradems tradetime transacttime txms transactiontime timestamp timestampms time timems ts t datetime date "
    "eventms eventtime recvns recvms receivetime"
)
TRADE_FIELDS = (
    Field("time", Kind.TIME, _EVENT_TIMES, ranked=True),
    Field("price", Kind.NUMBER, _words("price p tradeprice px")),
    Field("quantity", Kind.NUMBER, _words("qty quantity size amount q sz v volume")),
    Field("side", Kind.TEXT, _words("takerside side aggressor takerdirection direction"), required=False),
    Field("buyer_is_maker", Kind.TEXT, _words("isbuyermaker buyermaker buyerismaker m"), required=False),
    _SYMBOL,
)
BOOK_FIELDS = (
    Field("time", Kind.TIME, _EVENT_TIMES, ranked=True),
    Field("bid", Kind.NUMBER, _words("bid bidprice bestbid bestbidprice bidpx b")),
    Field(
        "bid_size", Kind.NUMBER, _words("bidqty bidsize bidquantity bestbidqty bestbidsize bidvolume bidamount bidsz")
    ),
    Field("ask", Kind.NUMBER, _words("ask askprice bestask bestaskprice askpx a")),
    Field(
        "ask_size", Kind.NUMBER, _words("askqty asksize askquantity bestaskqty bestasksize askvolume askamount asksz")
    ),
    _SYMBOL,
)
FUNDING_FIELDS = (
    Field("time", Kind.TIME, (*_OPEN_TIMES, "fundingtime", "fundingratetimestamp", "calctime")),
    Field("rate", Kind.NUMBER, _words("fundingrate rate lastfundingrate funding")),
    _SYMBOL,
)
HEADERLESS_CANDLES = ("time", "open", "high", "low", "close", "volume")

_QUOTE_VOLUME = re.compile(r"volume(usd[a-z]?|eur|quote.*|to|currency)")
_BASE_VOLUME = re.compile(r"volume[a-z0-9]{2,10}")

type Layout = Mapping[str, tuple[str, ...]]


def assign(fields: Sequence[Field], seen: Sequence[str], *, where: str) -> Layout:
    """Return field -> columns that hold it; more than one only for times, which must then agree.

    Raises DataFileError that names the columns seen when a field is missing, or could be several columns.
    """
    layout = {field.name: _candidates(field, seen) for field in fields}
    columns = ", ".join(repr(column) for column in seen)
    for field in fields:
        found = layout[field.name]
        if field.required and not found:
            raise DataFileError(f"{where}: no column for {field.name}; columns seen: {columns}")
        if len(found) > 1 and field.kind is not Kind.TIME:
            several = " and ".join(repr(column) for column in found)
            hint = f"remove or rename one; columns seen: {columns}"
            raise DataFileError(f"{where}: {field.name} could be {several}: {hint}")
    if "close_time" in layout and not layout["time"] and not layout["close_time"]:
        raise DataFileError(f"{where}: no column for time; columns seen: {columns}")
    return {name: found for name, found in layout.items() if found}


def plain(column: str) -> str:
    """Return a column name in lower case without punctuation: `Open Time (ms)` -> `opentimems`."""
    return re.sub(r"[^a-z0-9]", "", column.lower())


def _candidates(field: Field, seen: Sequence[str]) -> tuple[str, ...]:
    found = [column for alias in field.aliases for column in seen if plain(column) == alias]
    found = found or [column for alias in field.fallbacks for column in seen if plain(column) == alias]
    if field.name == "volume" and not found:
        named = [(column, plain(column)) for column in seen]
        found = [column for column, name in named if _BASE_VOLUME.fullmatch(name) and not _QUOTE_VOLUME.match(name)]
    return tuple(found[:1] if field.ranked else found)
