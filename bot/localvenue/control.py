"""The control API under /sim: the market, faults and the log; what concerns one account is beside."""

from collections.abc import Awaitable, Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from aiohttp import web

from bot.localvenue import regrid
from bot.localvenue.account import Account
from bot.localvenue.codes import VenueError
from bot.localvenue.core import Core
from bot.localvenue.faults import fault_from
from bot.localvenue.listing import Change, changed, row
from engine.core.market import Instrument, Status

type Body = dict[str, Any]
type Answer = Callable[[web.Request, Body], Awaitable[object]]

_MOST_ADVANCE_S = 366 * 86_400
_INSTRUMENT_FIELDS = {
    "status": "status",
    "deliveryTime": "delivery_ms",
    "tickSize": "tick",
    "qtyStep": "step",
    "minOrderQty": "min_qty",
    "maxMktOrderQty": "max_market_qty",
    "minNotionalValue": "min_notional",
    "maxLeverage": "max_leverage",
}


class ControlError(Exception):
    """A control call that cannot be done; `status` is the HTTP status."""

    def __init__(self, text: str, *, status: int = 400) -> None:
        self.status = status
        super().__init__(text)


class Control:
    """The handlers about the venue as a whole."""

    def __init__(self, core: Core, *, changed: Callable[[], None]) -> None:
        self._core = core
        self._changed = changed

    def add_routes(self, app: web.Application) -> None:
        """Add the routes."""
        router = app.router
        router.add_get("/sim/state", answering(self._state))
        router.add_post("/sim/prices", answering(self._prices))
        router.add_post("/sim/clock", answering(self._clock))
        router.add_post("/sim/pause", answering(self._pause))
        router.add_post("/sim/resume", answering(self._resume))
        router.add_post("/sim/instruments/{symbol}", answering(self._instrument))
        router.add_get("/sim/requests", answering(self._requests))
        router.add_get("/sim/faults", answering(self._faults))
        router.add_post("/sim/faults", answering(self._add_fault))
        router.add_delete("/sim/faults", answering(self._clear_faults))

    def state(self) -> Body:
        """Return the body of /sim/state."""
        owners = [account.identity for account in self._core.accounts.values()]
        return {
            "time": self._core.now_ms(),
            "wall": self._core.clock.wall_ms(),
            "speed": self._core.clock.speed,
            "paused": self._core.clock.paused,
            "skew_ms": self._core.clock.skew_ms,
            "symbols": list(self._core.board.listing),
            "accounts": [
                {"key": owner.key, "secret": owner.secret, "mode": owner.mode, "name": owner.name, "uid": owner.uid}
                for owner in owners
            ],
        }

    async def _state(self, _request: web.Request, _body: Body) -> object:
        return self.state()

    async def _prices(self, _request: web.Request, body: Body) -> object:
        check_fields(body, {"symbol": (str,), "last": (str, int, float), "mark": (str, int, float)})
        instrument = self.instrument(body.get("symbol"))
        last = _ticks(body, "last", instrument)
        if last is None:
            raise ControlError('"last" is missing')
        mark = _ticks(body, "mark", instrument)
        await self._core.feed.catch_up()
        quote = self._core.board.set_price(instrument.symbol, last, mark, self._core.now_ms())
        self._core.feed.show(quote)
        self._changed()
        return {"symbol": quote.symbol, "last": str(instrument.price(last)), "mark": str(instrument.price(quote.mark))}

    async def _clock(self, _request: web.Request, body: Body) -> object:
        number = (int, float)
        check_fields(body, {"speed": number, "advance_s": number, "skew_ms": (int,)})
        clock = self._core.clock
        speed, advance = body.get("speed", clock.speed), body.get("advance_s", 0)
        if not 0 < speed <= 100_000 or not 0 <= advance <= _MOST_ADVANCE_S:
            raise ControlError(f"speed must be above 0 and at most 100000, advance_s 0 to {_MOST_ADVANCE_S}")
        clock.set_speed(speed)
        clock.skew_ms = body.get("skew_ms", clock.skew_ms)
        if advance:
            clock.jump(int(advance * 1000))
            await self._core.feed.catch_up()
        self._changed()
        return self.state()

    async def _pause(self, _request: web.Request, _body: Body) -> object:
        self._core.clock.pause(True)
        await self._core.feed.catch_up()
        return self.state()

    async def _resume(self, _request: web.Request, _body: Body) -> object:
        self._core.clock.pause(False)
        return self.state()

    def instrument(self, symbol: object) -> Instrument:
        """Return an instrument; 404 for an unknown symbol."""
        listing = self._core.board.listing
        if not isinstance(symbol, str) or symbol not in listing:
            raise ControlError(f"no symbol {symbol!r}: GET /sim/state lists them", status=404)
        return listing[symbol]

    async def _instrument(self, request: web.Request, body: Body) -> object:
        before = self.instrument(request.match_info["symbol"])
        text = (str, int, float)
        check_fields(body, {name: (str,) if name == "status" else text for name in _INSTRUMENT_FIELDS})
        try:
            after = changed(before, Change(**{_INSTRUMENT_FIELDS[name]: _value(name, body[name]) for name in body}))
            for account in self._core.accounts.values():
                regrid.check(account, before, after)
        except ValueError as error:
            raise ControlError(str(error)) from error
        self._adopt(before, after)
        self._changed()
        return row(after)

    def _adopt(self, before: Instrument, after: Instrument) -> None:
        core = self._core
        core.board.listing.put(after)
        regridded = (before.tick, before.step) != (after.tick, after.step)
        if regridded:
            core.board.regrid(after.symbol, before)
            core.publisher.forget(after.symbol)
        for account in core.accounts.values():
            if regridded:
                regrid.apply(account, before, after)
            else:
                account.relist(after)
            if after.status is Status.CLOSED and before.status is not Status.CLOSED:
                core.feed.settle(account, after.symbol)

    async def _requests(self, request: web.Request, _body: Body) -> object:
        return self._core.log.after(query_number(request, "after"))

    async def _faults(self, _request: web.Request, _body: Body) -> object:
        return self._core.faults.listed()

    async def _add_fault(self, _request: web.Request, body: Body) -> object:
        try:
            fault = fault_from(body)
        except ValueError as error:
            raise ControlError(str(error)) from error
        self._core.faults.add(fault)
        return fault.as_json()

    async def _clear_faults(self, _request: web.Request, _body: Body) -> object:
        self._core.faults.clear()
        self._core.limiter.pardon()
        return []


def account_of(core: Core, request: web.Request) -> Account:
    """Return the account a path names; 404 for an unknown key."""
    account = core.accounts.get(request.match_info["key"])
    if account is None:
        raise ControlError("no account has this key: GET /sim/state lists them", status=404)
    return account


def number_of(body: Body, name: str) -> Decimal | None:
    """Return a positive number given as JSON number or string; None when absent."""
    value = body.get(name)
    if value is None:
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number <= 0:
        raise ControlError(f"{name} must be a number above 0, got {value!r}")
    return number


def _ticks(body: Body, name: str, instrument: Instrument) -> int | None:
    number = number_of(body, name)
    if number is None:
        return None
    if number % instrument.tick:
        raise ControlError(f"{name} {number} is not a multiple of {instrument.tick}")
    return instrument.ticks(number)


def _value(name: str, value: Any) -> Any:
    if name == "status":
        return value
    if name == "deliveryTime":
        if not str(value).isdecimal():
            raise ControlError(f"deliveryTime must be UTC milliseconds, got {value!r}")
        return int(value)
    return number_of({name: value}, name)


def check_fields(body: Body, kinds: dict[str, tuple[type, ...]]) -> None:
    """Raise ControlError for unknown fields and fields of a wrong type."""
    for name, value in body.items():
        allowed = kinds.get(name)
        if allowed is None:
            raise ControlError(f"unknown field {name!r}: known are {', '.join(kinds)}")
        if not isinstance(value, allowed) or isinstance(value, bool):
            raise ControlError(f"{name} must be of type {' or '.join(k.__name__ for k in allowed)}, got {value!r}")


def query_number(request: web.Request, name: str) -> int:
    """Return a number of the query string, 0 when absent."""
    raw = request.query.get(name, "0")
    if not raw.isdecimal():
        raise ControlError(f"{name}={raw!r} is not a number")
    return int(raw)


def answering(answer: Answer) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Wrap a control call: JSON in and out, errors as {"error": "…"}."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return web.json_response(await answer(request, await _body(request)))
        except ControlError as error:
            return web.json_response({"error": str(error)}, status=error.status)
        except VenueError as error:
            return web.json_response({"error": error.text}, status=400)

    return handle


async def _body(request: web.Request) -> Body:
    if request.method != "POST":
        return {}
    if not request.can_read_body:
        return {}
    if request.content_type != "application/json":
        raise ControlError(f"Content-Type must be application/json, got {request.content_type}", status=415)
    try:
        content = await request.json()
    except (ValueError, RecursionError) as error:
        raise ControlError(f"the body is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ControlError("the body must be a JSON object")
    return content
