"""The adapter against the local venue: what was lost is found, what was sent stays below the venue's limits."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from bot.localvenue import LocalVenue, LocalVenueConfig
from engine.clock import SystemClock
from engine.core.events import Event, Executed, FundingPaid, OrderEnded, OrderReport, VenueChanged, VenueState
from engine.core.orders import Purpose, Ticket
from engine.exchanges.base import Accepted, QueryFailedError, Rejected, Unknown
from engine.exchanges.bybit.adapter import BybitExchange
from engine.exchanges.bybit.checks import account_findings, key_findings
from engine.exchanges.bybit.connection import Connection, ConnectionTerms, Credentials
from engine.exchanges.bybit.hosts import Hosts
from engine.exchanges.bybit.stream import StreamTerms

SYMBOL = "BTCUSDT"
TERMS = StreamTerms(backoff_s=0.02, backoff_most_s=0.1, silence_s=2.0, ping_s=0.5)
CREATE = "/v5/order/create"


@dataclass(slots=True)
class Stage:
    venue: LocalVenue
    exchange: BybitExchange
    connection: Connection
    http: aiohttp.ClientSession
    events: list[Event] = field(default_factory=list)

    async def sim(self, call: str, **body: Any) -> None:
        async with self.http.post(f"{self.venue.url}/sim/{call}", json=body) as response:
            assert response.status == 200, await response.text()

    async def requests(self, path: str) -> list[dict[str, Any]]:
        async with self.http.get(f"{self.venue.url}/sim/requests") as response:
            return [row for row in await response.json() if row["path"] == path]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110  # conditions of every kind, over a real network
                await asyncio.sleep(0.005)

    def told(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def play(story: Callable[[Stage], Awaitable[None]], *, timeout_s: float = 1.0, **settings: Any) -> None:
    """Run a story with an adapter connected to a venue of its own."""

    async def main() -> None:
        terms = {"paused": True, "symbols": (SYMBOL,)} | settings
        venue = LocalVenue(LocalVenueConfig(**terms))
        await venue.start()
        hosts = Hosts(rest=venue.url, public=venue.public_url, private=venue.private_url)
        key, secret = venue.credentials()
        access = ConnectionTerms(timeout_s=timeout_s)
        connection = Connection(hosts, SystemClock(), Credentials(key=key, secret=secret), access)
        exchange = BybitExchange(connection, [SYMBOL], stream_terms=TERMS)
        async with aiohttp.ClientSession() as http:
            stage = Stage(venue, exchange, connection, http)
            try:
                await exchange.connect(stage.events.append)
                await story(stage)
            finally:
                await exchange.close()
                await connection.close()
                await venue.stop()

    asyncio.run(main())


def ticket(name: str, signed: int, purpose: Purpose = Purpose.ENTRY) -> Ticket:
    """Return an order of signed steps (0.001 BTC)."""
    return Ticket(
        link_id=f"pd00-{name}",
        position_id="p",
        profile="t",
        symbol=SYMBOL,
        buy=signed > 0,
        qty=abs(signed),
        purpose=purpose,
        expected=1,
        reason="",
        decided_ms=0,
        leverage=10,
    )


def test_a_reply_lost_after_execution_is_one_order_found_by_its_id() -> None:
    async def story(stage: Stage) -> None:
        await stage.sim("faults", path=CREATE, kind="lost_reply", times=1)
        assert isinstance(await stage.exchange.place(ticket("a", 5)), Unknown)
        await stage.until(lambda: bool(stage.told(OrderEnded)))
        found = await stage.exchange.order("pd00-a", SYMBOL, 0)
        assert isinstance(found, OrderReport)
        assert (found.open, found.filled) == (False, 5)
        assert len(await stage.requests(CREATE)) == 1
        assert isinstance(await stage.exchange.place(ticket("a", 5)), Accepted)
        assert [p.qty for p in (await stage.exchange.account(0)).positions] == [5]

    play(story)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "html"},
        {"kind": "status", "status": 503},
        {"kind": "ret_code", "code": 10000},
        {"kind": "drop"},
        {"kind": "silence"},
    ],
)
def test_an_answer_that_does_not_tell_is_unknown_and_never_sent_twice(fault: dict[str, Any]) -> None:
    async def story(stage: Stage) -> None:
        await stage.sim("faults", path=CREATE, times=1, **fault)
        assert isinstance(await stage.exchange.place(ticket("a", 5)), Unknown)
        assert isinstance(await stage.exchange.place(ticket("b", 5)), Accepted)
        assert len(await stage.requests(CREATE)) <= 2

    play(story, timeout_s=0.4)


def test_executions_that_the_stream_missed_are_in_the_account() -> None:
    async def story(stage: Stage) -> None:
        await stage.sim("faults", path="ws:private", kind="miss", topic="execution", times=5)
        assert isinstance(await stage.exchange.place(ticket("a", 5)), Accepted)
        await stage.until(lambda: bool(stage.told(OrderEnded)))
        report = await stage.exchange.account(0)
        executed = [e for e in report.executions if isinstance(e, Executed)]
        assert sum(e.qty for e in executed) == 5
        assert {e.link_id for e in executed} == {"pd00-a"}
        assert report.positions[0].qty == 5

    play(story)


def test_a_dropped_stream_comes_back_and_says_so_twice() -> None:
    async def story(stage: Stage) -> None:
        await stage.sim("faults", path="ws:private", kind="drop", times=1)
        await stage.until(lambda: [e.state for e in stage.told(VenueChanged)] == [VenueState.DEGRADED, VenueState.UP])
        assert isinstance(await stage.exchange.place(ticket("a", 5)), Accepted)
        await stage.until(lambda: bool(stage.told(Executed)))

    play(story)


def test_a_silent_stream_is_noticed_within_its_bound() -> None:
    async def story(stage: Stage) -> None:
        await stage.sim("faults", path="ws:private", kind="silence", times=1)
        await stage.until(lambda: bool(stage.told(VenueChanged)))
        assert "silent" in stage.told(VenueChanged)[0].why
        async with stage.http.delete(f"{stage.venue.url}/sim/faults") as response:
            assert response.status == 200
        await stage.until(lambda: stage.told(VenueChanged)[-1].state is VenueState.UP)

    play(story)


@pytest.mark.parametrize("skew_ms", [-6_000, -1_100, 900, 6_000])
def test_orders_are_signed_with_the_venue_s_clock_even_when_it_is_set_meanwhile(skew_ms: int) -> None:
    async def story(stage: Stage) -> None:
        await stage.sim("clock", skew_ms=skew_ms)
        for name in ("a", "b"):
            assert isinstance(await stage.exchange.place(ticket(name, 5)), Accepted)

    play(story)


def test_a_market_that_runs_sixty_times_faster_is_traded_on_all_the_same() -> None:
    async def story(stage: Stage) -> None:
        assert isinstance(await stage.exchange.place(ticket("a", 5)), Accepted)
        await stage.until(lambda: bool(stage.told(Executed)))
        report = await stage.exchange.account(0)
        assert [e.exec_id for e in report.executions if isinstance(e, Executed)] == [stage.told(Executed)[0].exec_id]

    play(story, paused=False, speed=60.0)


def test_a_panic_of_thirty_exits_never_meets_the_venue_s_limit() -> None:
    async def story(stage: Stage) -> None:
        assert isinstance(await stage.exchange.place(ticket("in", 60)), Accepted)
        await stage.until(lambda: bool(stage.told(OrderEnded)))
        exits = (stage.exchange.place(ticket(f"x{n}", -2, Purpose.EXIT)) for n in range(30))
        assert all(isinstance(outcome, Accepted) for outcome in await asyncio.gather(*exits))
        rows = [*await stage.requests(CREATE), *await stage.requests("/v5/order/create-batch")]
        assert {row["retCode"] for row in rows} == {0}
        assert len(rows) < 31
        await stage.until(lambda: len(stage.told(OrderEnded)) == 31)
        assert (await stage.exchange.account(0)).positions == ()

    play(story, timeout_s=5.0)


def test_a_storm_of_questions_never_meets_the_venue_s_limit() -> None:
    async def story(stage: Stage) -> None:
        reports = (stage.exchange.account(0) for _ in range(25))
        assert len(await asyncio.gather(*reports)) == 25
        for path in ("/v5/order/realtime", "/v5/position/list", "/v5/execution/list"):
            assert {row["retCode"] for row in await stage.requests(path)} == {0}

    play(story, timeout_s=5.0)


def test_fifty_entries_at_once_stay_below_the_limit_and_an_exit_among_them_waits_for_none() -> None:
    async def story(stage: Stage) -> None:
        assert isinstance(await stage.exchange.place(ticket("in", 60)), Accepted)
        await stage.until(lambda: bool(stage.told(OrderEnded)))
        entries = [asyncio.create_task(stage.exchange.place(ticket(f"e{n}", 1))) for n in range(50)]
        questions = [asyncio.create_task(stage.exchange.account(0)) for _ in range(10)]
        await asyncio.sleep(0.3)
        began = stage.connection.clock.monotonic()
        assert isinstance(await stage.exchange.place(ticket("x", -2, Purpose.EXIT)), Accepted)
        # The entries before it would take seven seconds.
        assert stage.connection.clock.monotonic() - began < 2
        assert sum(not task.done() for task in entries) > 20
        assert all(isinstance(outcome, Accepted) for outcome in await asyncio.gather(*entries))
        await asyncio.gather(*questions)
        assert {row["retCode"] for row in await stage.requests(CREATE)} == {0}

    play(story, timeout_s=5.0)


def test_maintenance_concludes_nothing_and_is_told_once_each_way() -> None:
    async def story(stage: Stage) -> None:
        await stage.sim("faults", path="*", kind="status", status=503, times=8)
        for _ in range(3):
            try:
                await stage.exchange.account(0)
            except QueryFailedError:
                continue
        await stage.exchange.account(0)
        assert [e.state for e in stage.told(VenueChanged)] == [VenueState.DEGRADED, VenueState.UP]

    play(story)


def test_the_owner_s_hand_and_a_liquidation_are_told_apart() -> None:
    async def story(stage: Stage) -> None:
        key, _ = stage.venue.credentials()
        await stage.sim(f"accounts/{key}/trades", symbol=SYMBOL, side="Buy", qty="0.005")
        await stage.sim(f"accounts/{key}/liquidate", symbol=SYMBOL)
        await stage.until(lambda: len(stage.told(Executed)) == 2)
        assert [(e.kind.value, e.link_id) for e in stage.told(Executed)] == [("manual", ""), ("liquidation", "")]
        assert stage.told(FundingPaid) == []

    play(story)


def test_a_delisted_symbol_is_refused_in_the_venue_s_words() -> None:
    async def story(stage: Stage) -> None:
        await stage.sim(f"instruments/{SYMBOL}", status="Delivering", deliveryTime="4000000000000")
        outcome = await stage.exchange.place(ticket("a", 5))
        assert isinstance(outcome, Rejected)
        assert outcome.code == "30228"

    play(story)


def test_account_and_key_are_looked_at() -> None:
    async def story(stage: Stage) -> None:
        found = [*await account_findings(stage.connection.caller)]
        found += await key_findings(stage.connection.caller, live=True)
        assert all(finding.what and finding.todo for finding in found)
        assert any("not bound" in finding.what for finding in found)

    play(story)
