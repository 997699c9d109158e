"""Whatever a client sends, it gets an answer in the venue's form, and the books stay in step."""

import asyncio
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.localvenue.rest import ENDPOINTS
from tests.integration.localvenue.rig import Rig, connected, open_rig

_PATHS = [endpoint.path for endpoint in ENDPOINTS if endpoint.method == "POST"]
_QUERIES = [endpoint.path for endpoint in ENDPOINTS if endpoint.method == "GET"]
_NAMES = ["symbol", "side", "orderType", "qty", "price", "triggerPrice", "triggerDirection", "stopLoss", "takeProfit"]
_NAMES += ["reduceOnly", "closeOnTrigger", "orderLinkId", "orderId", "timeInForce", "positionIdx", "mode", "request"]
_NAMES += [
    "trailingStop",
    "activePrice",
    "tpslMode",
    "tpSize",
    "slSize",
    "buyLeverage",
    "sellLeverage",
    "setMarginMode",
]
_NAMES += ["utaDemoApplyMoney", "orderFilter", "startTime", "endTime", "limit", "cursor", "interval", "start", "end"]
_VALUES: list[Any] = ["BTCUSDT", "Buy", "Sell", "Market", "Limit", "0", "1", "0.010", "83000.0", "84000.1", "0.001", ""]
_VALUES += [0, 1, 2, -1, 1.5, True, None, "Full", "Partial", "IOC", "PostOnly", "x", [], {}, [{}], "1e5", "٣", "5", "D"]
_VALUES += ["99999999999999999999", "1790000000000", "M", [{"coin": "USDT", "amountStr": "1"}], "MarkPrice"]
_BODIES = st.dictionaries(st.sampled_from(_NAMES), st.sampled_from(_VALUES) | st.text(max_size=5), max_size=10)
_REQUESTS = st.lists(st.tuples(st.sampled_from(_PATHS + _QUERIES), _BODIES), min_size=1, max_size=25)


async def send(rig: Rig, path: str, body: dict[str, Any]) -> None:
    if path in _PATHS:
        reply = await rig.post(path, **({"category": "linear", "symbol": "BTCUSDT"} | body))
    else:
        texts = {name: value for name, value in body.items() if isinstance(value, str) and value.isalnum()}
        reply = await rig.get(path, **({"category": "linear", "symbol": "BTCUSDT"} | texts))
    assert isinstance(reply["retCode"], int)


async def bombard(requests: list[tuple[str, dict[str, Any]]]) -> None:
    async with open_rig(rate_limits=False, symbols=("BTCUSDT",), match_delay_s=0.0) as rig:
        await rig.order()
        await rig.filled("0.100")
        for path, body in requests:
            await send(rig, path, body)
        await rig.price(f"{await rig.last() - 50:.1f}")
        account = rig.venue.core.accounts[rig.venue.credentials()[0]]
        assert account.book.settings.cash == account.sim.wallet
        held = {(leg.symbol, leg.qty) for leg in account.book.legs.values() if leg.qty}
        engine = {
            (s, account.instrument(s).quantity(r.qty)) for s, r in account.sim.positions().items() if "SIDE" not in s
        }
        assert {pair for pair in held if pair[1] > 0} >= {pair for pair in engine if pair[1] > 0}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_REQUESTS)
def test_no_request_breaks_the_venue(requests: list[tuple[str, dict[str, Any]]]) -> None:
    asyncio.run(bombard(requests))


def test_no_message_breaks_a_socket() -> None:
    async def main() -> None:
        async with open_rig() as rig:
            junk = [
                "",
                "{",
                "[]",
                "1",
                '"x"',
                "null",
                '{"op":5}',
                '{"op":"subscribe"}',
                '{"op":"subscribe","args":[1]}',
            ]
            junk += ['{"op":"auth","args":"x"}', '{"op":"order.create","args":[5],"header":[]}', json.dumps({"op": {}})]
            for url in (rig.venue.public_url, rig.venue.private_url, rig.venue.trade_url):
                for text in junk:
                    async with connected(rig, url) as stream:
                        await stream.ws.send_str(text)
                        heard = await stream.ws.receive_json(timeout=5)
                        assert isinstance(heard, dict)
                async with connected(rig, url) as stream:
                    assert "pong" in str(await stream.ask(op="ping"))

    asyncio.run(main())
