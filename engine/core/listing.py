"""What becomes of a symbol: new grids, halts, delisting. Entries are judged by `risk`; here the people are told."""

from dataclasses import replace
from datetime import UTC, datetime

from engine.core import alerts as a
from engine.core.effects import SetProtection
from engine.core.events import InstrumentChanged
from engine.core.market import Instrument, Regrid, Status
from engine.core.workspace import Workspace

_ENDING = {Status.DELIVERING, Status.CLOSED}


def on_instrument(ws: Workspace, event: InstrumentChanged) -> None:
    """Take over what the exchange says of a symbol. The books change their grid with the fact; stop and target are sent
    again, because the exchange's new grid may have moved them.
    """
    after = event.instrument
    before = ws.instrument(after.symbol)
    if before == after:
        return
    ws.record(event)
    if before is not None and (before.tick, before.step) != (after.tick, after.step):
        _regridded(ws, before, after)
    if _ends(after) != (_ends(before) if before is not None else ""):
        _tell_end(ws, after)


def _regridded(ws: Workspace, before: Instrument, after: Instrument) -> None:
    symbol = after.symbol
    if before.tick != after.tick:
        _recount(ws, symbol, Regrid(before, after))
    position = ws.positions.get(symbol)
    if position is None:
        return
    ws.dirty = True
    if position.stop or position.target:
        ws.emit(SetProtection(symbol, position.stop, position.target, position.held_trail))
    changes = [f"tick {before.tick} → {after.tick}"] if before.tick != after.tick else []
    changes += [f"quantity step {before.step} → {after.step}"] if before.step != after.step else []
    detail = f"{' and '.join(changes)}. The open position is counted anew; its stop and target are set again."
    ws.alert(a.SystemAlert, topic="exchange", title=f"{symbol} has new price or quantity steps", detail=detail)


def _recount(ws: Workspace, symbol: str, grid: Regrid) -> None:
    # A signal's close and levels mean something else now; prices do too, and no position may be without one meanwhile.
    ws.reversals.pop(symbol, None)
    if symbol in ws.prices:
        ws.marks[symbol] = grid.near(ws.marks[symbol])
        old = ws.prices[symbol]
        last, mark, bid, ask = (grid.near(price) for price in (old.last, old.mark, old.bid, old.ask))
        low, high = grid.near(old.low), grid.near(old.high)
        ws.prices[symbol] = replace(old, last=last, mark=mark, bid=bid, ask=ask, low=low, high=high)


def _ends(instrument: Instrument) -> str:
    if instrument.status in _ENDING:
        return f"{instrument.status.value} {instrument.delivery_ms}"
    return str(instrument.delivery_ms) if instrument.delivery_ms else ""


def _tell_end(ws: Workspace, after: Instrument) -> None:
    symbol = after.symbol
    at = f"{datetime.fromtimestamp(after.delivery_ms // 1000, UTC):%Y-%m-%d %H:%M} UTC" if after.delivery_ms else ""
    if not _ends(after):
        ws.alert(a.SystemAlert, topic="exchange", title=f"{symbol} trades again", detail="Entries are allowed.")
        return
    closed = after.status is Status.CLOSED
    words = "is closed" if closed else "is to be delisted" if at else "does not trade"
    title = f"{symbol} {words}" + (f" at {at}" if at and not closed else "")
    position = ws.positions.get(symbol)
    detail = "No new entries on it; other symbols go on."
    if position is not None:
        held = f"The open {'long' if position.long else 'short'} of {after.quantity(position.size)}"
        detail += f" {held} {_fate(at, closed=closed)}"
    ws.alert(a.SystemAlert, topic="exchange", title=title, detail=detail, critical=position is not None)


def _fate(at: str, *, closed: bool) -> str:
    if closed:
        return "is settled by the exchange; its result is booked when the exchange reports it."
    when = f"at {at}" if at else "if the symbol is not traded again"
    return f"is settled by the exchange at its own price {when}; close it before that if you would rather choose."
