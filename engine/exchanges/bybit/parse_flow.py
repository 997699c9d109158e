"""Public payloads as order flow: what was traded and by whom, and the sizes that wait at the best prices."""

from dataclasses import dataclass

from engine.exchanges.bybit.parse import Fields, UnreadableError, guarded

_SIDES = {"Buy": True, "Sell": False}


@dataclass(frozen=True, slots=True)
class Taken:
    """One public trade: time in ms, quantity in base coin, whether a buyer was the taker."""

    at_ms: int
    quantity: float
    bought: bool


@dataclass(frozen=True, slots=True)
class Top:
    """Best bid and ask with their sizes in base coin; zero where a side is empty."""

    bid: float
    bid_size: float
    ask: float
    ask_size: float


@guarded
def taken(rows: object, symbol: str) -> tuple[Taken, ...]:
    """Read the data of a publicTrade message; block trades, which are agreed elsewhere, are left out."""
    where = f"{symbol}.publicTrade"
    if not isinstance(rows, list):
        raise UnreadableError(where, "a list is wanted")
    return tuple(_taken(fields, where) for row in rows if not (fields := Fields(row, where)).flag("BT"))


def _taken(fields: Fields, where: str) -> Taken:
    side = _SIDES.get(fields.text("S"))
    if side is None:
        raise UnreadableError(where, f"neither Buy nor Sell: {fields.text('S')[:20]!r}")
    return Taken(fields.time_ms("T"), float(fields.positive("v")), side)


@guarded
def top(data: object, symbol: str) -> Top:
    """Read the data of an orderbook.1 message."""
    where = f"{symbol}.orderbook"
    if not isinstance(data, dict):
        raise UnreadableError(where, "an object is wanted")
    return Top(*_level(data.get("b"), where), *_level(data.get("a"), where))


def _level(side: object, where: str) -> tuple[float, float]:
    if not isinstance(side, list):
        raise UnreadableError(where, "a side is missing")
    if not side:
        return 0.0, 0.0
    if not isinstance(side[0], list) or len(side[0]) != 2:
        raise UnreadableError(where, "a level of price and size is wanted")
    fields = Fields({"price": side[0][0], "size": side[0][1]}, where)
    size = fields.decimal("size")
    if size < 0:
        raise UnreadableError(f"{where}.size", f"below zero: {size}")
    return float(fields.positive("price")), float(size)
