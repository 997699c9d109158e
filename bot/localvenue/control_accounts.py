"""The control API about one account: what its owner does by hand, and the venue's truth, unpaged."""

from decimal import Decimal

from aiohttp import web

from bot.localvenue import forced
from bot.localvenue.account import Account
from bot.localvenue.control import Body, Control, ControlError, account_of, answering, check_fields, number_of
from bot.localvenue.core import Core
from bot.localvenue.rows import execution_push, order_push
from bot.localvenue.wallet import position_row, wallet_row
from engine.core.money import to_money

_AMOUNT = (str, int, float)


class AccountControl:
    """The handlers of /sim/accounts/{key}/…"""

    def __init__(self, core: Core, control: Control) -> None:
        self._core = core
        self._control = control

    def add_routes(self, app: web.Application) -> None:
        """Add the routes."""
        deeds = {
            "trades": self._trade,
            "deposits": self._deposit,
            "withdrawals": self._withdraw,
            "liquidate": self._liquidate,
            "adl": self._deleverage,
        }
        truths = {
            "orders": self._orders,
            "executions": self._executions,
            "positions": self._positions,
            "wallet": self._wallet,
        }
        for name, deed in deeds.items():
            app.router.add_post(f"/sim/accounts/{{key}}/{name}", answering(deed))
        for name, truth in truths.items():
            app.router.add_get(f"/sim/accounts/{{key}}/{name}", answering(truth))

    async def _trade(self, request: web.Request, body: Body) -> object:
        check_fields(body, {"symbol": (str,), "side": (str,), "qty": _AMOUNT})
        account, instrument = account_of(self._core, request), self._control.instrument(body.get("symbol"))
        qty = number_of(body, "qty")
        if body.get("side") not in {"Buy", "Sell"} or qty is None:
            raise ControlError('"side" Buy or Sell and "qty" are needed')
        try:
            forced.trade(account, instrument.symbol, buy=body["side"] == "Buy", qty=qty, at_ms=self._core.now_ms())
        except ValueError as error:
            raise ControlError(str(error)) from error
        return self._done(account)

    async def _deposit(self, request: web.Request, body: Body) -> object:
        return self._transfer(request, body, 1)

    async def _withdraw(self, request: web.Request, body: Body) -> object:
        return self._transfer(request, body, -1)

    def _transfer(self, request: web.Request, body: Body, sign: int) -> object:
        check_fields(body, {"amount": _AMOUNT})
        account, amount = account_of(self._core, request), number_of(body, "amount")
        if amount is None:
            raise ControlError('"amount" is missing')
        forced.transfer(account, sign * to_money(amount), self._core.now_ms())
        return self._done(account)

    async def _liquidate(self, request: web.Request, body: Body) -> object:
        check_fields(body, {"symbol": (str,)})
        account, instrument = account_of(self._core, request), self._control.instrument(body.get("symbol"))
        try:
            forced.liquidate(account, instrument.symbol, self._core.now_ms())
        except ValueError as error:
            raise ControlError(str(error)) from error
        return self._done(account)

    async def _deleverage(self, request: web.Request, body: Body) -> object:
        check_fields(body, {"symbol": (str,), "qty": _AMOUNT})
        account, instrument = account_of(self._core, request), self._control.instrument(body.get("symbol"))
        qty: Decimal | None = number_of(body, "qty")
        try:
            forced.deleverage(account, instrument.symbol, qty, self._core.now_ms())
        except ValueError as error:
            raise ControlError(str(error)) from error
        return self._done(account)

    def _done(self, account: Account) -> object:
        account.flush()
        held = [leg for leg in account.book.legs.values() if leg.qty]
        return {"positions": [position_row(account, leg) for leg in held], "wallet": wallet_row(account)}

    async def _orders(self, request: web.Request, _body: Body) -> object:
        account = account_of(self._core, request)
        return [order_push(order, account.instrument(order.symbol)) for order in account.book.orders.values()]

    async def _executions(self, request: web.Request, _body: Body) -> object:
        account = account_of(self._core, request)
        return [execution_push(row, account.instrument(row.symbol)) for row in account.book.executions]

    async def _positions(self, request: web.Request, _body: Body) -> object:
        account = account_of(self._core, request)
        return [position_row(account, leg) for leg in account.book.legs.values() if leg.qty]

    async def _wallet(self, request: web.Request, _body: Body) -> object:
        return wallet_row(account_of(self._core, request))
