"""Placing and cancelling: request bodies, and exits that find a second way when the first is used up."""

import asyncio
import math
from collections import deque
from typing import Any

from engine.core.market import Instrument
from engine.core.orders import Purpose, Ticket
from engine.exchanges.bybit.caller import Caller, Said
from engine.exchanges.bybit.codes import Action, Answer, Verdict, judge
from engine.exchanges.bybit.endpoints import CATEGORY, CREATE, CREATE_BATCH
from engine.exchanges.bybit.rest import Reply
from engine.limiter import Lane

_BATCH = 10
_BATCH_TRIES = 3


def order_body(ticket: Ticket, instrument: Instrument) -> dict[str, Any]:
    """Return the request that places a ticket: a market order, with stop and target inside when it is an entry,
    reduce-only otherwise. `instrument` is on the grid that the ticket counts in. Numbers are plain decimal strings.
    """
    body: dict[str, Any] = {
        "category": CATEGORY,
        "symbol": ticket.symbol,
        "side": "Buy" if ticket.buy else "Sell",
        "orderType": "Market",
        "qty": f"{instrument.quantity(ticket.qty - ticket.qty % instrument.lot):f}",
        "orderLinkId": ticket.link_id,
        "positionIdx": 0,
    }
    if ticket.purpose is not Purpose.ENTRY:
        body["reduceOnly"] = True
        if ticket.whole and (ticket.qty < instrument.min_qty or ticket.qty % instrument.lot):
            # What is left is no quantity that an order may have: the exchange closes it when asked for one of 0.
            body |= {"qty": "0", "closeOnTrigger": True}
        return body
    if ticket.stop:
        body |= {"stopLoss": f"{instrument.price(ticket.stop):f}", "slTriggerBy": "LastPrice", "slOrderType": "Market"}
    if ticket.target:
        price = f"{instrument.price(ticket.target):f}"
        body |= {"takeProfit": price, "tpTriggerBy": "LastPrice", "tpOrderType": "Market"}
    if ticket.stop or ticket.target:
        body["tpslMode"] = "Full"
    return body


def stop_body(symbol: str, stop: int, target: int, instrument: Instrument, *, trail: int = 0) -> dict[str, Any]:
    """Return the request that sets stop, target and trailing distance of a whole position; 0 removes. Without an
    activation price a trailing stop is active at once.
    """
    return {
        "category": CATEGORY,
        "symbol": symbol,
        "tpslMode": "Full",
        "positionIdx": 0,
        "stopLoss": f"{instrument.price(stop):f}" if stop else "0",
        "takeProfit": f"{instrument.price(target):f}" if target else "0",
        "trailingStop": f"{instrument.price(trail):f}" if trail else "0",
        "slTriggerBy": "LastPrice",
        "tpTriggerBy": "LastPrice",
    }


class OrderDesk:
    """Sends order requests. Exits beyond the budget of the single-order endpoint go together through the batch
    endpoint, whose budget is another one.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._queue: deque[tuple[dict[str, Any], asyncio.Future[Said]]] = deque()
        self._flushing: asyncio.Task[None] | None = None

    async def send(self, body: dict[str, Any], lane: Lane, until_s: float = math.inf) -> Said:
        """Place one order and return what was said of it; an entry is not sent after `until_s`."""
        if lane is not Lane.EXIT or self._caller.rest.limiter.ready(CREATE.group, lane):
            return await self._caller.ask(Action.PLACE, CREATE, body, lane, until_s=until_s)
        future: asyncio.Future[Said] = asyncio.get_running_loop().create_future()
        self._queue.append((body, future))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        return await asyncio.shield(future)

    async def _flush(self) -> None:
        while self._queue:
            part = [self._queue.popleft() for _ in range(min(_BATCH, len(self._queue)))]
            # Whoever waits must not wait for ever when this is interrupted: what was sent may have arrived.
            answers = [_unknown("interrupted while sending")] * len(part)
            try:
                answers = await self._together([body for body, _ in part])
            finally:
                for (_, future), said in zip(part, answers, strict=True):
                    if not future.done():
                        future.set_result(said)

    async def _together(self, bodies: list[dict[str, Any]]) -> list[Said]:
        answers: dict[str, Said] = {}
        left = bodies
        for _ in range(_BATCH_TRIES):
            request = [{name: value for name, value in body.items() if name != "category"} for body in left]
            params = {"category": CATEGORY, "request": request}
            said = await self._caller.ask(Action.PLACE, CREATE_BATCH, params, Lane.EXIT, weight=len(left))
            for body, each in zip(left, _each(said, len(left)), strict=True):
                answers[body["orderLinkId"]] = each
            # Orders above the exchange's limit were not processed, the others were.
            left = [body for body in left if answers[body["orderLinkId"]].verdict is Verdict.LIMITED]
            if not left or said.verdict is not Verdict.DONE:
                break
        return [answers[body["orderLinkId"]] for body in bodies]


def _each(said: Said, orders: int) -> list[Said]:
    if said.verdict is not Verdict.DONE:
        # A refused envelope does not say what became of the orders in it, unless it never was processed.
        clear = {Verdict.CLOCK, Verdict.LIMITED, Verdict.FATAL, Verdict.UNKNOWN, Verdict.BANNED}
        return [said if said.verdict in clear else Said(Verdict.UNKNOWN, said.reply)] * orders
    extra = said.reply.body.get("retExtInfo")
    codes = extra.get("list") if isinstance(extra, dict) else None
    rows = said.reply.result.get("list")
    if not (isinstance(codes, list) and isinstance(rows, list) and len(codes) == len(rows) == orders):
        return [_unknown("the batch's answer does not fit its orders")] * orders
    return [_one(code, row) for code, row in zip(codes, rows, strict=True)]


def _one(code: object, row: object) -> Said:
    number = code.get("code") if isinstance(code, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or not isinstance(row, dict):
        return _unknown("an order's answer cannot be read")
    answer = Answer(200, number, str(code.get("msg", "")) if isinstance(code, dict) else "")
    return Said(judge(Action.PLACE, answer), Reply(answer, {"result": row}))


def _unknown(why: str) -> Said:
    return Said(Verdict.UNKNOWN, Reply(Answer(0, None, why), {}))
