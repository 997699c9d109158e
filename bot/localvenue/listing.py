"""The instruments as the venue lists them: trading rules, status, delisting, and their rows of instruments-info."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from bot.localvenue.codes import invalid
from bot.localvenue.numbers import on_grid, plain
from engine.core.market import Instrument, Status
from engine.universe import UNIVERSE

LAUNCH_MS = 1_609_459_200_000
FUNDING_MINUTES = 480
PRICE_RATIO = Decimal("0.05")
_LIMIT_QTY_FACTOR = 3


@dataclass(frozen=True, slots=True)
class Change:
    """What the control API may change of an instrument; None leaves it."""

    status: str | None = None
    delivery_ms: int | None = None
    tick: Decimal | None = None
    step: Decimal | None = None
    min_qty: Decimal | None = None
    max_market_qty: Decimal | None = None
    min_notional: Decimal | None = None
    max_leverage: Decimal | None = None


class Listing:
    """Every instrument by symbol."""

    def __init__(self, symbols: Iterable[str]) -> None:
        self._items: dict[str, Instrument] = {symbol: UNIVERSE[symbol].instrument() for symbol in symbols}

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __getitem__(self, symbol: str) -> Instrument:
        return self._items[symbol]

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._items

    def need(self, symbol: object) -> Instrument:
        """Return an instrument; 10001 for an unknown symbol."""
        if not isinstance(symbol, str) or symbol not in self._items:
            raise invalid("params error: symbol invalid" if not symbol else f"params error: symbol invalid {symbol}")
        return self._items[symbol]

    def put(self, instrument: Instrument) -> None:
        """Replace an instrument."""
        self._items[instrument.symbol] = instrument

    def stored(self) -> dict[str, dict[str, str]]:
        """Return what differs from the defaults, for the state file."""
        return {s: _plain(i) for s, i in self._items.items() if _plain(i) != _plain(UNIVERSE[s].instrument())}

    def restore(self, stored: Mapping[str, Mapping[str, str]]) -> None:
        """Take over stored differences."""
        for symbol, values in stored.items():
            if symbol in self._items:
                self._items[symbol] = _parsed(symbol, values)


def changed(instrument: Instrument, change: Change) -> Instrument:
    """Return an instrument with a change applied; ValueError where the rules contradict each other."""
    step = change.step or instrument.step
    smallest = instrument.quantity(instrument.min_qty) if change.min_qty is None else change.min_qty
    largest = instrument.quantity(instrument.max_market_qty) if change.max_market_qty is None else change.max_market_qty
    return replace(
        instrument,
        tick=change.tick or instrument.tick,
        step=step,
        min_qty=max(int(smallest / step), 1),
        max_market_qty=int(largest / step),
        min_notional=instrument.min_notional if change.min_notional is None else change.min_notional,
        max_leverage=instrument.max_leverage if change.max_leverage is None else change.max_leverage,
        status=instrument.status if change.status is None else Status(change.status),
        delivery_ms=instrument.delivery_ms if change.delivery_ms is None else change.delivery_ms,
    )


def max_limit_qty(instrument: Instrument) -> Decimal:
    """Return the largest quantity of a limit order."""
    return instrument.quantity(instrument.max_market_qty) * _LIMIT_QTY_FACTOR


def base_coin(symbol: str) -> str:
    """Return the base coin of a USDT perpetual."""
    return symbol.removesuffix("USDT")


def row(instrument: Instrument) -> dict[str, Any]:
    """Return an instrument as instruments-info shows it."""
    tick, step = instrument.tick, instrument.step
    largest = on_grid(max_limit_qty(instrument), step)
    return {
        "symbol": instrument.symbol,
        "contractType": "LinearPerpetual",
        "status": instrument.status.value,
        "baseCoin": base_coin(instrument.symbol),
        "quoteCoin": "USDT",
        "launchTime": str(LAUNCH_MS),
        "deliveryTime": str(instrument.delivery_ms),
        "deliveryFeeRate": "",
        "priceScale": str(-int(tick.as_tuple().exponent)),
        "leverageFilter": {
            "minLeverage": "1",
            "maxLeverage": format(instrument.max_leverage, ".2f"),
            "leverageStep": "1",
        },
        "priceFilter": {
            "minPrice": on_grid(tick, tick),
            "maxPrice": on_grid(tick * 20_000_000, tick),
            "tickSize": on_grid(tick, tick),
        },
        "lotSizeFilter": {
            "maxOrderQty": largest,
            "minOrderQty": on_grid(instrument.quantity(instrument.min_qty), step),
            "qtyStep": on_grid(step, step),
            "postOnlyMaxOrderQty": largest,
            "maxMktOrderQty": on_grid(instrument.quantity(instrument.max_market_qty), step),
            "minNotionalValue": plain(instrument.min_notional),
        },
        "unifiedMarginTrade": True,
        "fundingInterval": FUNDING_MINUTES,
        "settleCoin": "USDT",
        "copyTrading": "none",
        "upperFundingRate": "0.00375",
        "lowerFundingRate": "-0.00375",
        "isPreListing": instrument.status is Status.PRE_LAUNCH,
        "preListingInfo": None,
        "riskParameters": {"priceLimitRatioX": plain(PRICE_RATIO), "priceLimitRatioY": plain(PRICE_RATIO)},
        "symbolType": "",
    }


def _plain(instrument: Instrument) -> dict[str, str]:
    return {
        "tick": str(instrument.tick),
        "step": str(instrument.step),
        "min_qty": str(instrument.min_qty),
        "max_market_qty": str(instrument.max_market_qty),
        "min_notional": str(instrument.min_notional),
        "max_leverage": str(instrument.max_leverage),
        "status": instrument.status.value,
        "delivery_ms": str(instrument.delivery_ms),
    }


def _parsed(symbol: str, values: Mapping[str, str]) -> Instrument:
    return Instrument(
        symbol=symbol,
        tick=Decimal(values["tick"]),
        step=Decimal(values["step"]),
        min_qty=int(values["min_qty"]),
        max_market_qty=int(values["max_market_qty"]),
        min_notional=Decimal(values["min_notional"]),
        max_leverage=Decimal(values["max_leverage"]),
        status=Status(values["status"]),
        delivery_ms=int(values["delivery_ms"]),
    )
