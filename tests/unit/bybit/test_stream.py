"""A stream comes alive, notices that it died, and comes back; nothing ends it for good."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest

from engine.exchanges.bybit.stream import Ears, Login, Stream, StreamState, StreamTerms, Wire, shared_out
from tests.support.virtual import VirtualClock, run, until
from tests.unit.bybit.links import FakeLink, FarEnd, quiet, refused

LOGIN = Login("TESTKEY", "TESTSECRET", lambda: 1_700_000_000_000)
TOPICS = ("order", "execution")
TICK = {"topic": "order", "data": [1]}


class Heard:
    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.states: list[StreamState] = []
        self.reasons: list[str] = []

    def state(self, state: StreamState, why: str) -> None:
        self.states.append(state)
        self.reasons.append(why)


def play(
    story: Callable[[FarEnd, Heard, Stream], Awaitable[None]],
    *,
    far: FarEnd | None = None,
    login: Login | None = LOGIN,
    terms: StreamTerms | None = None,
    topics: tuple[str, ...] = TOPICS,
) -> Heard:
    """Run a story against a stream in virtual time."""
    heard, end = Heard(), far or FarEnd()

    async def main() -> None:
        wire = Wire(VirtualClock(), end.dial, terms or StreamTerms(), Random(1))
        stream = Stream("ws://x", topics, wire=wire, ears=Ears(heard.messages.append, heard.state), login=login)
        task = asyncio.create_task(stream.run())
        try:
            await story(end, heard, stream)
            assert not task.done()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    run(main())
    return heard


def test_it_logs_in_first_and_is_live_only_when_every_topic_is_acknowledged() -> None:
    far = FarEnd()
    far.rules["subscribe"] = quiet

    async def story(far: FarEnd, heard: Heard, stream: Stream) -> None:
        await until(lambda: bool(far.links) and len(far.link.sent) == 2)
        assert [message["op"] for message in far.link.sent] == ["auth", "subscribe"]
        assert far.link.sent[0]["args"] == [
            "TESTKEY",
            1_700_000_010_000,
            "0279bab66978fa6daf097fc63b357431eb1cdb9284e64d4191876b4fe0bab24e",
        ]
        assert far.link.sent[1]["args"] == ["order", "execution"]
        far.link.push({"success": True, "op": "subscribe", "req_id": "somebody else's"})
        await asyncio.sleep(1)
        assert not stream.live.is_set()
        far.link.push({"success": True, "op": "subscribe", "req_id": far.link.sent[1]["req_id"]})
        await until(stream.live.is_set)
        assert heard.states == [StreamState.LIVE]

    play(story, far=far)


def test_nothing_is_subscribed_before_the_login_is_accepted() -> None:
    far = FarEnd()
    far.rules["auth"] = quiet

    async def story(far: FarEnd, heard: Heard, _: Stream) -> None:
        await asyncio.sleep(9)
        assert [message["op"] for message in far.link.sent] == ["auth"]
        await until(lambda: len(far.links) == 2)
        assert far.links[0].closed
        assert heard.states == []

    play(story, far=far)


def test_topics_are_subscribed_in_batches_and_each_answer_counts() -> None:
    topics = tuple(f"tickers.S{number}USDT" for number in range(250))

    async def story(far: FarEnd, _: Heard, stream: Stream) -> None:
        await until(stream.live.is_set)
        batches = [message["args"] for message in far.link.sent if message["op"] == "subscribe"]
        assert [len(batch) for batch in batches] == [100, 100, 50]
        assert [topic for batch in batches for topic in batch] == list(topics)

    play(story, login=None, topics=topics)


def test_messages_arrive_and_are_told_in_order() -> None:
    async def story(far: FarEnd, heard: Heard, stream: Stream) -> None:
        await until(stream.live.is_set)
        for number in range(50):
            far.link.push({"topic": "order", "data": [number]})
        await until(lambda: len(heard.messages) == 50)
        assert [message["data"][0] for message in heard.messages] == list(range(50))

    play(story)


def test_a_hang_up_is_told_and_everything_is_set_up_again() -> None:
    async def story(far: FarEnd, heard: Heard, stream: Stream) -> None:
        await until(stream.live.is_set)
        far.link.hang_up()
        await until(lambda: heard.states[1:] == [StreamState.LOST, StreamState.LIVE])
        assert [message["op"] for message in far.link.sent] == ["auth", "subscribe"]
        assert len(far.links) == 2

    play(story)


def test_a_dead_connection_is_noticed_within_its_bound() -> None:
    far = FarEnd()
    far.rules["ping"] = quiet

    async def story(_: FarEnd, heard: Heard, stream: Stream) -> None:
        await until(stream.live.is_set)
        waited = await until(lambda: StreamState.LOST in heard.states)
        assert 29 <= waited <= 31
        assert heard.reasons[1] == "silent for 30 s"

    play(story, far=far)


def test_pings_keep_a_silent_private_stream_alive() -> None:
    async def story(far: FarEnd, heard: Heard, stream: Stream) -> None:
        await until(stream.live.is_set)
        await asyncio.sleep(600)
        assert heard.states == [StreamState.LIVE]
        assert sum(message["op"] == "ping" for message in far.link.sent) == 30

    play(story)


def test_heartbeats_without_data_are_no_life_where_data_must_flow() -> None:
    async def story(far: FarEnd, heard: Heard, stream: Stream) -> None:
        await until(stream.live.is_set)
        for _ in range(20):
            far.link.push(TICK)
            await asyncio.sleep(10)
        assert heard.states == [StreamState.LIVE]
        waited = await until(lambda: StreamState.LOST in heard.states)
        assert waited <= 15
        assert heard.reasons[1] == "no data for 15 s"

    play(story, login=None, terms=StreamTerms(data_silence_s=15.0))


@pytest.mark.parametrize("operation", ["auth", "subscribe"])
def test_a_refusal_is_tried_again_for_ever_with_growing_pauses(operation: str) -> None:
    far = FarEnd()
    far.rules[operation] = refused

    async def story(far: FarEnd, heard: Heard, stream: Stream) -> None:
        await until(lambda: len(far.dialled) == 10, timeout_s=300)
        pauses = [later - sooner for sooner, later in zip(far.dialled, far.dialled[1:], strict=False)]
        assert pauses[0] < 1
        assert all(pause <= 23 for pause in pauses)
        assert min(pauses[-3:]) >= 7
        assert heard.states == []
        far.rules.clear()
        await until(stream.live.is_set)

    play(story, far=far)


def test_what_a_refusal_quotes_is_told_without_the_credentials() -> None:
    async def story(far: FarEnd, heard: Heard, stream: Stream) -> None:
        assert stream._quoted({"ret_msg": "TESTKEY of TESTSECRET is bad"}) == "[hidden] of [hidden] is bad"

    play(story)


def test_a_refused_connection_is_tried_again() -> None:
    async def story(far: FarEnd, _: Heard, stream: Stream) -> None:
        await until(stream.live.is_set, timeout_s=300)
        assert len(far.dialled) == 13

    play(story, far=FarEnd(refuse=12))


@pytest.mark.parametrize("raw", [b"<html>", b"[1]", b"3", b"\xff", b""])
def test_what_is_no_message_ends_the_connection_not_the_stream(raw: bytes) -> None:
    async def story(far: FarEnd, heard: Heard, stream: Stream) -> None:
        await until(stream.live.is_set)
        far.link.push_raw(raw)
        await until(lambda: heard.states[1:] == [StreamState.LOST, StreamState.LIVE])

    play(story)


def test_a_listener_that_breaks_does_not_end_the_stream() -> None:
    taken: list[object] = []

    def listen(message: dict[str, Any]) -> None:
        if message["data"] == [0]:
            raise KeyError("a mistake of ours")
        taken.append(message["data"])

    async def main() -> None:
        far = FarEnd()
        wire = Wire(VirtualClock(), far.dial, StreamTerms(), Random(1))
        stream = Stream("ws://x", TOPICS, wire=wire, ears=Ears(listen, lambda *_: None))
        task = asyncio.create_task(stream.run())
        await until(stream.live.is_set)
        for number in range(3):
            far.link.push({"topic": "order", "data": [number]})
        await until(lambda: taken == [[1], [2]])
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(main())


class Ticking(VirtualClock):
    """A clock on which every look costs a millisecond, as work does."""

    looks = 0

    def monotonic(self) -> float:
        self.looks += 1
        return super().monotonic() + self.looks / 1000


def test_a_flood_of_messages_leaves_others_their_turn() -> None:
    taken: list[object] = []

    async def main() -> int:
        far, turns = FarEnd(), 0
        wire = Wire(Ticking(), far.dial, StreamTerms(silence_s=1e9, ping_s=1e9), Random(1))
        stream = Stream("ws://x", TOPICS, wire=wire, ears=Ears(taken.append, lambda *_: None))
        task = asyncio.create_task(stream.run())
        await until(stream.live.is_set)
        for _ in range(1_000):
            far.link.push(TICK)
        while len(taken) < 1_000:
            turns += 1
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return turns

    assert run(main()) > 100


def test_topics_are_shared_out_within_the_limit_of_a_connection() -> None:
    topics = [f"{kind}.SYMBOL{number}USDT" for number in range(500) for kind in ("kline.1", "tickers", "orderbook.1")]
    shares = shared_out(topics)
    assert [topic for share in shares for topic in share] == topics
    assert len(shares) <= 3
    assert all(len(str(list(share))) <= 21_000 for share in shares)
    assert shared_out([]) == []


@pytest.mark.parametrize("bad", [("tickers.S3USDT",), ("tickers.S0USDT", "tickers.S120USDT")])
def test_a_public_topic_that_is_refused_leaves_the_others_alive(bad: tuple[str, ...]) -> None:
    topics = tuple(f"tickers.S{number}USDT" for number in range(150))
    far = FarEnd()

    def answer(link: FakeLink, message: dict[str, Any]) -> None:
        fine = not set(message["args"]) & set(bad)
        link.push({"success": fine, "ret_msg": "no such topic", "op": "subscribe", "req_id": message["req_id"]})

    far.rules["subscribe"] = answer

    async def story(far: FarEnd, heard: Heard, stream: Stream) -> None:
        await until(stream.live.is_set)
        await asyncio.sleep(1)
        assert len(far.links) == 1
        alone = [message["args"] for message in far.link.sent if len(message.get("args", [])) == 1]
        assert {topic for args in alone for topic in args} >= set(bad)
        assert heard.states == [StreamState.LIVE]

    play(story, far=far, login=None, topics=topics)


def test_a_public_stream_whose_every_topic_is_refused_is_not_live() -> None:
    far = FarEnd()
    far.rules["subscribe"] = refused

    async def story(far: FarEnd, heard: Heard, stream: Stream) -> None:
        await until(lambda: len(far.links) == 2)
        assert not stream.live.is_set()
        assert heard.states == []

    play(story, far=far, login=None, topics=("tickers.AUSDT", "tickers.BUSDT"))
