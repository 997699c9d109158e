"""Whatever arrives: parsers never raise, and nothing but a plain number becomes one."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.market import MINUTE_MS, Instrument
from engine.exchanges.bybit import backfill
from engine.exchanges.bybit import parse_account as account
from engine.exchanges.bybit import parse_flow as flow
from engine.exchanges.bybit import parse_market as market
from engine.exchanges.bybit import parse_orders as orders
from engine.exchanges.bybit.parse import BadData, page, server_time_ms
from engine.exchanges.bybit.rest import read
from tests.unit.bybit import documented as doc

SCALE = market.Scale.of(doc.KNOWN["BTCUSDT"])
MINUTES = 60 * MINUTE_MS


def _envelope(read: Any) -> Any:
    """What an envelope's reader itself says; the rows inside are read by others."""
    if isinstance(read, market.Message):
        return read.topic, read.at_ms
    return read if isinstance(read, BadData) else read[1]


PARSERS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "instrument": (market.instrument, doc.INSTRUMENT),
    "candle": (lambda row: market.candle(row, "BTCUSDT", MINUTES), doc.KLINE_ROW),
    "streamed": (
        lambda row: market.streamed_candle(row, "BTCUSDT", 5 * MINUTE_MS),
        doc.STREAMED_KLINE["data"][0] | {"confirm": True},
    ),
    "ticker": (lambda row: market.ticker(row, SCALE), doc.TICKER["data"]),
    "book": (lambda row: market.best_quotes(row, SCALE), doc.BOOK["data"]),
    "trades": (lambda row: market.public_trades(row, SCALE), doc.TRADES["data"]),
    "message": (lambda row: _envelope(market.message(row)), doc.TICKER),
    "order": (lambda row: orders.order(row, doc.KNOWN), doc.ORDER),
    "execution": (lambda row: orders.execution(row, doc.KNOWN), doc.EXECUTION),
    "funding": (lambda row: orders.execution(row, doc.KNOWN), doc.EXECUTION | {"execType": "Funding"}),
    "position": (lambda row: account.position(row, doc.KNOWN), doc.POSITION),
    "wallet": (account.wallet, doc.WALLET),
    "account": (account.account_info, doc.ACCOUNT_INFO),
    "transaction": (account.transaction, doc.TRANSACTION),
    "closed": (account.closed_pnl, doc.CLOSED),
    "key": (account.key_info, doc.KEY),
    "flow book": (lambda row: flow.top(row, "BTCUSDT"), doc.BOOK["data"]),
    "flow trades": (lambda row: flow.taken(row, "BTCUSDT"), doc.TRADES["data"]),
    "past execution": (backfill.execution, doc.EXECUTION),
    "past order": (backfill.order, doc.ORDER),
    "past closed": (backfill.closed, doc.CLOSED),
    "page": (lambda row: _envelope(page(row, "page")), {"list": [], "nextPageCursor": ""}),
    "time": (server_time_ms, {"time": 1672025956592}),
}

NASTY = st.sampled_from(
    [
        "NaN",
        "Infinity",
        "-0",
        "0",
        "",
        "1e309",
        "1E-9",
        "0x1",
        "\uff11\uff12",
        "-5",
        "1_000",
        " 1",
        "1.",
        ".5",
        "9" * 40,
        "\x00",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | NASTY
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)


def _numbers(value: Any) -> list[Any]:
    if isinstance(value, Instrument | str | bool) or value is None:
        return []
    if isinstance(value, int | float | Decimal):
        return [value]
    if is_dataclass(value):
        return [n for part in fields(value) for n in _numbers(getattr(value, part.name))]
    if isinstance(value, list | tuple):
        return [n for part in value for n in _numbers(part)]
    return []


def _sane(value: Any) -> None:
    if isinstance(value, BadData):
        assert value.where
        assert value.why
        return
    for number in _numbers(value):
        assert abs(Decimal(number)) < Decimal(10) ** 24
        assert Decimal(number).is_finite()


@pytest.mark.parametrize("name", PARSERS)
def test_the_unharmed_payload_parses(name: str) -> None:
    parser, payload = PARSERS[name]
    assert not isinstance(parser(payload), BadData)


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=60)
@given(payload=JSON)
def test_arbitrary_json_never_raises_and_never_becomes_a_number(name: str, payload: Any) -> None:
    parser, _ = PARSERS[name]
    _sane(parser(payload))


def _paths(payload: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below: list[tuple[Any, ...]] = []
    if isinstance(payload, dict):
        below = [p for key, value in payload.items() for p in _paths(value, (*path, key))]
    elif isinstance(payload, list):
        below = [p for at, value in enumerate(payload) for p in _paths(value, (*path, at))]
    return [path, *below]


def _changed(payload: Any, path: tuple[Any, ...], value: Any, *, drop: bool) -> Any:
    if not path:
        return value
    copy = payload.copy()
    if drop and len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = _changed(payload[path[0]], path[1:], value, drop=drop)
    return copy


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=80)
@given(data=st.data())
def test_a_sound_payload_with_one_harm_never_raises_and_never_lies(name: str, data: st.DataObject) -> None:
    parser, payload = PARSERS[name]
    path = data.draw(st.sampled_from(_paths(payload)))
    value, drop = data.draw(JSON), data.draw(st.booleans())
    _sane(parser(_changed(payload, path, value, drop=drop)))


@given(status=st.integers(100, 599), content=st.binary(max_size=60) | JSON.map(lambda v: orjson.dumps(str(v))))
def test_any_bytes_are_a_reply(status: int, content: bytes) -> None:
    reply = read(status, content)
    assert reply.answer.status == status
    assert reply.result == {}
