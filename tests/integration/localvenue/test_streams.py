"""Streams: auth, acknowledgements, pings, topics, snapshots and deltas, and messages that fit the REST truth."""

from decimal import Decimal
from typing import Any

import pytest

from tests.integration.localvenue.rig import START_MS, Rig, auth_args, connected, eventually, private, run


@pytest.mark.parametrize("req_id", ["abc", 17, ""])
def test_a_request_id_comes_back_unchanged(req_id: object) -> None:
    async def scene(rig: Rig) -> None:
        async with connected(rig, rig.venue.public_url) as stream:
            reply = await stream.ask(op="subscribe", req_id=req_id, args=["publicTrade.BTCUSDT"])
            assert (reply["success"], reply["req_id"], reply["op"]) == (True, req_id, "subscribe")
            assert list(reply) == ["success", "ret_msg", "conn_id", "req_id", "op"]

    run(scene)


def test_both_pongs_have_their_own_shape_and_protocol_pings_are_answered() -> None:
    async def scene(rig: Rig) -> None:
        async with connected(rig, rig.venue.public_url) as public, private(rig, "order") as secret:
            pong = await public.ask(op="ping")
            assert (pong["success"], pong["ret_msg"], pong["op"], pong["req_id"]) == (True, "pong", "ping", "")
            pong = await secret.ask(op="ping", req_id="p")
            assert (pong["op"], pong["req_id"], len(pong["args"])) == ("pong", "p", 1)
            await public.ws.ping()
            assert (await public.ask(op="ping"))["ret_msg"] == "pong"

    run(scene)


@pytest.mark.parametrize("as_text", [False, True], ids=["number", "text"])
def test_auth_takes_the_expiry_as_a_number_and_as_text(as_text: bool) -> None:
    async def scene(rig: Rig) -> None:
        async with connected(rig, rig.venue.private_url) as stream:
            key, expires, sign = auth_args(rig)
            reply = await stream.ask(op="auth", req_id="a", args=[key, str(expires) if as_text else expires, sign])
            assert (reply["success"], reply["op"], reply["req_id"]) == (True, "auth", "a")

    run(scene)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"ahead_ms": -1}, "Params Error"),
        ({"sign": "00"}, "Sign invalid"),
        ({"key": "nobody"}, "API key is invalid."),
    ],
)
def test_a_refused_auth_says_why_and_ends_the_connection(change: dict[str, Any], text: str) -> None:
    async def scene(rig: Rig) -> None:
        async with connected(rig, rig.venue.private_url) as stream:
            key, expires, sign = auth_args(rig, ahead_ms=change.get("ahead_ms", 10_000))
            args = [change.get("key", key), expires, change.get("sign", sign)]
            reply = await stream.ask(op="auth", args=args)
            assert (reply["success"], reply["ret_msg"]) == (False, text)
            assert (await stream.ws.receive()).data == 1000

    run(scene)


def test_private_topics_need_auth_and_kinds_do_not_mix() -> None:
    async def scene(rig: Rig) -> None:
        async with connected(rig, rig.venue.private_url) as stream:
            reply = await stream.ask(op="subscribe", args=["order"])
            assert (reply["success"], reply["ret_msg"]) == (False, "Request not authorized")
            await stream.ask(op="auth", args=auth_args(rig))
            for args in (["order", "execution.linear"], ["orders"], []):
                assert (await stream.ask(op="subscribe", args=args))["success"] is False
            assert (await stream.ask(op="subscribe", args=["order.linear", "position.linear"]))["success"]
            assert (await stream.ask(op="subscribe", args=["order.linear"]))["success"] is False

    run(scene)


def test_bad_public_topics_are_refused_and_the_connection_lives_on() -> None:
    async def scene(rig: Rig) -> None:
        async with connected(rig, rig.venue.public_url) as stream:
            bad = ["kline.2.BTCUSDT", "orderbook.7.BTCUSDT", "nothing", "tickers.NOPE", "kline.1"]
            for topic in bad:
                reply = await stream.ask(op="subscribe", args=["tickers.ETHUSDT", topic])
                assert reply["success"] is False
                assert topic in reply["ret_msg"]
            long = [f"tickers.{'A' * 1000}"] * 22
            assert "length" in (await stream.ask(op="subscribe", args=long))["ret_msg"]
            assert (await stream.ask(op="dance"))["success"] is False
            assert (await stream.ask(op="subscribe", args=["tickers.ETHUSDT"]))["success"]

    run(scene)


def test_nothing_is_pushed_on_a_private_subscription_and_the_acknowledgement_comes_late() -> None:
    async def scene(rig: Rig) -> None:
        await rig.order()
        await rig.filled("0.100")
        async with private(rig, "order", "execution", "position", "wallet") as stream:
            clock = rig.venue.core.config.clock
            began = clock.monotonic()
            reply = await stream.ask(op="subscribe", args=["greeks"])
            assert reply["success"]
            assert clock.monotonic() - began >= rig.venue.core.config.ack_delay_s
            assert [message for message in stream.heard if "topic" in message] == []

    run(scene)


def test_categorised_topics_carry_their_own_name() -> None:
    async def scene(rig: Rig) -> None:
        async with private(rig, "order.linear", "execution.linear") as stream:
            await rig.order()
            assert (await stream.row("execution.linear"))["execType"] == "Trade"
            assert {message["topic"] for message in stream.heard if "topic" in message} == {
                "order.linear",
                "execution.linear",
            }

    run(scene)


def test_a_kline_runs_and_is_confirmed_once_with_the_final_values() -> None:
    async def scene(rig: Rig) -> None:
        async with connected(rig, rig.venue.public_url) as stream:
            await stream.ask(op="subscribe", args=["kline.1.BTCUSDT", "kline.5.BTCUSDT"])
            await rig.sim("clock", advance_s=301)
            await stream.until(lambda m: m.get("topic") == "kline.5.BTCUSDT" and m["data"][0]["confirm"])
            rows = [m["data"][0] for m in stream.heard if m.get("topic") == "kline.1.BTCUSDT"]
            confirmed = [row for row in rows if row["confirm"]]
            assert [row["start"] for row in confirmed] == [START_MS + n * 60_000 for n in range(len(confirmed))]
            shown = await rig.list("/v5/market/kline", symbol="BTCUSDT", interval="1", limit=10)
            known = {int(row[0]): row for row in shown}
            for row in confirmed:
                names = ("open", "high", "low", "close", "volume", "turnover")
                assert [row[name] for name in names][:5] == known[row["start"]][1:6]
                assert row["end"] == row["start"] + 59_999
            five = stream.heard[-1]["data"][0]
            assert [five["open"], five["high"], five["low"], five["close"]] == (
                await rig.list("/v5/market/kline", symbol="BTCUSDT", interval="5", end=five["start"], limit=1)
            )[0][1:5]

    run(scene)


def test_snapshot_and_deltas_of_the_book_add_up_to_the_book() -> None:
    async def scene(rig: Rig) -> None:
        async with connected(rig, rig.venue.public_url) as stream:
            await stream.ask(op="subscribe", args=["orderbook.50.BTCUSDT"])
            await rig.sim("clock", advance_s=120)
            await rig.price(f"{await rig.last() + 20:.1f}")
            book = (await rig.get("/v5/market/orderbook", category="linear", symbol="BTCUSDT", limit=50))["result"]
            sides: dict[str, dict[str, str]] = {"b": {}, "a": {}}
            numbers = []

            def fold(message: dict[str, Any]) -> bool:
                if message.get("topic") != "orderbook.50.BTCUSDT":
                    return False
                numbers.append((message["type"], message["data"]["u"]))
                for side, levels in sides.items():
                    levels |= dict(message["data"][side])
                    for price in [price for price, size in levels.items() if size == "0"]:
                        del levels[price]
                return all(sides[side] == dict(book[side]) for side in sides)

            await stream.until(fold)
            assert [kind for kind, _ in numbers] == ["snapshot"] + ["delta"] * (len(numbers) - 1)
            updates = [number for _, number in numbers]
            assert updates == list(range(updates[0], updates[0] + len(updates)))

    run(scene)


def test_a_book_asked_for_joins_the_stream_of_a_thousand_levels_by_its_number() -> None:
    async def scene(rig: Rig) -> None:
        topic = "orderbook.1000.BTCUSDT"
        async with connected(rig, rig.venue.public_url) as stream:
            await stream.ask(op="subscribe", args=[topic])
            await rig.price(f"{await rig.last() + 20:.1f}")
            query = {"category": "linear", "symbol": "BTCUSDT", "limit": 1000}
            book = (await rig.get("/v5/market/orderbook", **query))["result"]
            heard = await stream.until(lambda message: message.get("type") == "delta")
            assert (heard["data"]["u"], heard["data"]["seq"]) == (book["u"], book["seq"])

    run(scene)


def test_ticker_deltas_hold_only_what_changed_and_add_up() -> None:
    async def scene(rig: Rig) -> None:
        async with connected(rig, rig.venue.public_url) as stream:
            await stream.ask(op="subscribe", args=["tickers.BTCUSDT"])
            await rig.sim("clock", advance_s=90)
            last = (await rig.list("/v5/market/tickers", symbol="BTCUSDT"))[0]
            state: dict[str, str] = {}
            kinds = []

            def fold(message: dict[str, Any]) -> bool:
                if message.get("topic") == "tickers.BTCUSDT":
                    kinds.append((message["type"], len(message["data"])))
                    state.update(message["data"])
                return state.get("lastPrice") == last["lastPrice"] and state["bid1Size"] == last["bid1Size"]

            await stream.until(fold)
            assert kinds[0][0] == "snapshot"
            assert all(kind == "delta" and size < kinds[0][1] for kind, size in kinds[1:])
            shared = state.keys() & last.keys()
            assert {name: state[name] for name in shared} == {name: last[name] for name in shared}

    run(scene)


def test_the_best_quotes_are_repeated_and_trades_are_told() -> None:
    async def scene(rig: Rig) -> None:
        async with connected(rig, rig.venue.public_url) as stream:
            await stream.ask(op="subscribe", args=["orderbook.1.BTCUSDT", "publicTrade.BTCUSDT"])
            await rig.price("65000.0")
            book = await stream.until(lambda m: m.get("topic") == "orderbook.1.BTCUSDT" and m["ts"] > 0)
            assert (book["type"], len(book["data"]["b"]), len(book["data"]["a"])) == ("snapshot", 1, 1)
            trade = (await stream.until(lambda m: m.get("topic") == "publicTrade.BTCUSDT"))["data"][0]
            assert (trade["p"], trade["S"], trade["BT"]) == ("65000.0", "Buy", False)
            assert Decimal(trade["v"]) > 0

    run(scene)


def test_unsubscribed_topics_fall_silent() -> None:
    async def scene(rig: Rig) -> None:
        async with connected(rig, rig.venue.public_url) as stream:
            await stream.ask(op="subscribe", args=["publicTrade.BTCUSDT", "publicTrade.ETHUSDT"])
            assert (await stream.ask(op="unsubscribe", args=["publicTrade.BTCUSDT"]))["success"]
            await rig.price("65000.0")
            await rig.price("3000.00", "ETHUSDT")
            await stream.row("publicTrade.ETHUSDT")
            assert not [m for m in stream.heard if m.get("topic") == "publicTrade.BTCUSDT"]

    run(scene)


def test_a_closed_connection_is_forgotten() -> None:
    async def scene(rig: Rig) -> None:
        async with private(rig, "order"):
            assert len(list(rig.venue.core.hub.of_kind("private"))) == 1

        async def is_gone() -> bool:
            return not list(rig.venue.core.hub.of_kind("private"))

        await eventually(is_gone)

    run(scene)
