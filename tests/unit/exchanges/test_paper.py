"""The paper account's store and faults: what survives a kill, and what a fault does and does not do."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from engine.core.events import Event, ExecKind, Executed, OrderNotFound, PriceMoved, VenueChanged, VenueState
from engine.core.market import DAY_MS, MINUTE_MS
from engine.exchanges.base import Accepted, QueryFailedError, Rejected, Unknown
from engine.exchanges.paper import PaperExchange
from engine.exchanges.paper_store import PaperStore, PaperStoreError
from tests.contracts.stage import entry
from tests.contracts.venue import START_MS, paper_account
from tests.unit.exchanges.bench import SYMBOL

NAME = "pd00-test-a"


def play(folder: Path, story: Callable[[PaperExchange, list[Event]], Awaitable[None]]) -> None:
    async def main() -> None:
        paper, events = paper_account(folder), list[Event]()
        await paper.connect(events.append)
        minute(paper, 0)
        try:
            await story(paper, events)
        finally:
            paper.abandon()

    asyncio.run(main())


def minute(paper: PaperExchange, number: int, price: int = 100) -> None:
    """Let the numbered minute pass flat."""
    opened = START_MS + number * MINUTE_MS
    paper.on_bar(SYMBOL, opened, opened + MINUTE_MS, price, price, price, price)


def held(paper: PaperExchange) -> int:
    report = paper.truth.positions().get(SYMBOL)
    return report.qty if report else 0


def moved(last: int, *, low: int = 0, high: int = 0) -> PriceMoved:
    """A price a minute later, with the range traded before it."""
    return PriceMoved(SYMBOL, last, last, START_MS + 2 * MINUTE_MS, last - 1, last + 1, low or last, high or last)


@pytest.mark.parametrize(
    ("low", "high", "kind"),
    [(89, 101, ExecKind.STOP), (99, 111, ExecKind.TARGET), (89, 111, ExecKind.STOP), (91, 109, None)],
    ids=["stop", "target", "both: the one that costs", "neither"],
)
def test_a_stop_or_target_inside_the_traded_range_was_reached(
    tmp_path: Path, low: int, high: int, kind: ExecKind | None
) -> None:
    async def story(paper: PaperExchange, events: list[Event]) -> None:
        assert isinstance(await paper.place(entry("a", 2)), Accepted)
        minute(paper, 1)
        assert isinstance(await paper.protect(SYMBOL, 90, 110), Accepted)
        events.clear()
        paper.on_price(moved(100, low=low, high=high))
        assert [event.kind for event in events if isinstance(event, Executed)] == ([kind] if kind else [])
        assert paper.truth.last(SYMBOL) == 100

    play(tmp_path, story)


def test_a_funding_rate_said_again_is_not_stored_again(tmp_path: Path) -> None:
    def lines() -> int:
        return len((tmp_path / "changes.ndjson").read_text().splitlines())

    async def story(paper: PaperExchange, events: list[Event]) -> None:
        paper.set_funding(SYMBOL, START_MS + DAY_MS, 10_000)
        before = lines()
        paper.set_funding(SYMBOL, START_MS + DAY_MS, 10_000)
        assert lines() == before
        paper.set_funding(SYMBOL, START_MS + DAY_MS, 20_000)
        assert lines() == before + 1

    play(tmp_path, story)


def test_a_lost_request_places_nothing_and_absence_is_conclusive(tmp_path: Path) -> None:
    async def story(paper: PaperExchange, events: list[Event]) -> None:
        paper.faults.lose_requests = 1
        assert isinstance(await paper.place(entry("a", 2)), Unknown)
        answer = await paper.order(NAME, SYMBOL, 0)
        assert isinstance(answer, OrderNotFound)
        assert answer.conclusive
        assert isinstance(await paper.place(entry("a", 2)), Accepted)

    play(tmp_path, story)


def test_a_lost_reply_leaves_one_order_that_repeating_does_not_double(tmp_path: Path) -> None:
    async def story(paper: PaperExchange, events: list[Event]) -> None:
        paper.faults.lose_replies = 1
        assert isinstance(await paper.place(entry("a", 2)), Unknown)
        assert isinstance(await paper.place(entry("a", 2)), Accepted)
        minute(paper, 1)
        assert held(paper) == 2

    play(tmp_path, story)


def test_a_request_on_its_way_makes_absence_inconclusive(tmp_path: Path) -> None:
    async def story(paper: PaperExchange, events: list[Event]) -> None:
        arrived = asyncio.Event()
        paper.faults.on_the_way = lambda: _until(arrived)
        placing = asyncio.create_task(paper.place(entry("a", 2)))
        await asyncio.sleep(0)
        answer = await paper.order(NAME, SYMBOL, 0)
        assert isinstance(answer, OrderNotFound)
        assert not answer.conclusive
        arrived.set()
        assert isinstance(await placing, Accepted)

    play(tmp_path, story)


def test_a_slow_reply_comes_after_the_fill(tmp_path: Path) -> None:
    async def story(paper: PaperExchange, events: list[Event]) -> None:
        answered = asyncio.Event()
        paper.faults.on_the_way_back = lambda: _until(answered)
        placing = asyncio.create_task(paper.place(entry("a", 2)))
        await asyncio.sleep(0)
        minute(paper, 1)
        assert [e.qty for e in events if isinstance(e, Executed)] == [2]
        assert not placing.done()
        answered.set()
        assert isinstance(await placing, Accepted)

    play(tmp_path, story)


def test_an_outage_answers_nothing_while_stops_still_work(tmp_path: Path) -> None:
    async def story(paper: PaperExchange, events: list[Event]) -> None:
        await paper.place(entry("a", 2, stop=95))
        minute(paper, 1)
        events.clear()
        paper.set_down(True, "maintenance")
        assert isinstance(await paper.place(entry("b", 2)), Unknown)
        assert isinstance(await paper.cancel(NAME, SYMBOL), Unknown)
        assert isinstance(await paper.protect(SYMBOL, 90, 0), Unknown)
        with pytest.raises(QueryFailedError):
            await paper.account(0)
        with pytest.raises(QueryFailedError):
            await paper.order(NAME, SYMBOL, 0)
        minute(paper, 2, 94)
        assert held(paper) == 0
        paper.set_down(False, "back")
        minute(paper, 3)
        assert [e.state for e in events if isinstance(e, VenueChanged)] == [VenueState.DOWN, VenueState.UP]
        assert len(events) == 2
        assert len((await paper.account(0)).executions) == 2

    play(tmp_path, story)


def test_a_muted_stream_loses_news_that_a_question_still_finds(tmp_path: Path) -> None:
    async def story(paper: PaperExchange, events: list[Event]) -> None:
        paper.faults.muted = True
        await paper.place(entry("a", 2))
        minute(paper, 1)
        paper.faults.muted = False
        minute(paper, 2)
        assert events == []
        assert len((await paper.account(0)).executions) == 1

    play(tmp_path, story)


def test_refused_orders_and_dropped_or_refused_stops(tmp_path: Path) -> None:
    async def story(paper: PaperExchange, events: list[Event]) -> None:
        paper.faults.refuse_orders = paper.faults.drop_stops = paper.faults.refuse_protection = 1
        assert isinstance(await paper.place(entry("a", 2, stop=95)), Rejected)
        assert isinstance(await paper.place(entry("a", 2, stop=95)), Accepted)
        minute(paper, 1)
        assert paper.truth.positions()[SYMBOL].stop == 0
        assert isinstance(await paper.protect(SYMBOL, 95, 0), Rejected)
        assert isinstance(await paper.protect(SYMBOL, 95, 0), Accepted)
        assert paper.truth.positions()[SYMBOL].stop == 95

    play(tmp_path, story)


def test_the_owner_the_exchange_and_a_deposit_change_the_account_and_the_store(tmp_path: Path) -> None:
    async def story(paper: PaperExchange, events: list[Event]) -> None:
        paper.manual_trade(SYMBOL, True, 5)
        paper.deleverage(SYMBOL, 2)
        paper.liquidate(SYMBOL)
        paper.transfer(7)
        assert len(events) == 4
        reopened_equals(tmp_path, paper)

    play(tmp_path, story)


def test_the_steps_of_a_bar_and_quotes_reach_the_store_too(tmp_path: Path) -> None:
    async def story(paper: PaperExchange, events: list[Event]) -> None:
        opened = START_MS + MINUTE_MS
        paper.open_bar(SYMBOL, opened, 100)
        await paper.place(entry("a", 2, stop=95))
        paper.fill_pending(SYMBOL)
        paper.close_bar(SYMBOL, opened + MINUTE_MS, 101, 96, 97)
        await paper.place(entry("b", 3))
        paper.on_quote(SYMBOL, opened + MINUTE_MS + 1, 98, bid=97, ask=99, mark=98, size=2)
        assert held(paper) == 4
        reopened_equals(tmp_path, paper)

    play(tmp_path, story)


def test_a_quiet_market_still_keeps_its_clock(tmp_path: Path) -> None:
    async def story(paper: PaperExchange, events: list[Event]) -> None:
        for number in range(1, 30):
            minute(paper, number, 100 + number)
        reopened_equals(tmp_path, paper)

    play(tmp_path, story)


def test_a_closed_account_reopens_at_its_last_quote(tmp_path: Path) -> None:
    async def main() -> None:
        paper = paper_account(tmp_path)
        paper.on_quote(SYMBOL, START_MS, 100)
        paper.on_quote(SYMBOL, START_MS + 5, 101)
        await paper.close()
        again = paper_account(tmp_path)
        assert (again.truth.now_ms, again.truth.last(SYMBOL)) == (START_MS + 5, 101)
        again.abandon()

    asyncio.run(main())


def test_every_line_of_the_log_is_a_truth_that_was(tmp_path: Path) -> None:
    async def story(paper: PaperExchange, events: list[Event]) -> None:
        seen = [paper.truth.state()]
        for number in range(1, 12):
            await paper.place(entry(f"e{number}", 2 if number % 2 else -2, stop=90 if number % 2 else 110))
            seen.append(paper.truth.state())
            minute(paper, number)
            seen.append(paper.truth.state())
        whole = (tmp_path / "changes.ndjson").read_bytes()
        for cut in range(0, len(whole), 97):
            assert _at_cut(tmp_path, whole[:cut], tmp_path / f"cut{cut}") in seen_wallets(seen)

    play(tmp_path, story)


def test_an_unreadable_line_before_the_last_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    paper_account(tmp_path).abandon()
    (tmp_path / "changes.ndjson").write_text("{broken\n{}\n")
    with pytest.raises(PaperStoreError, match=r"changes\.ndjson: unreadable"):
        paper_account(tmp_path)
    (tmp_path / "account.json").write_text("[]")
    with pytest.raises(PaperStoreError, match=r"account\.json: not a paper account"):
        paper_account(tmp_path)


def test_a_log_older_than_the_snapshot_is_not_applied_again(tmp_path: Path) -> None:
    async def story(paper: PaperExchange, events: list[Event]) -> None:
        await paper.place(entry("a", 2))
        minute(paper, 1)
        old_log = (tmp_path / "changes.ndjson").read_bytes()
        again = paper_account(tmp_path)
        again.abandon()
        (tmp_path / "changes.ndjson").write_bytes(old_log)
        reopened_equals(tmp_path, paper)

    play(tmp_path, story)


def test_the_past_is_kept_for_seven_days(tmp_path: Path) -> None:
    async def story(paper: PaperExchange, events: list[Event]) -> None:
        await paper.place(entry("a", 2))
        minute(paper, 1)
        minute(paper, 8 * DAY_MS // MINUTE_MS)
        again = paper_account(tmp_path)
        report = await again.account(0)
        again.abandon()
        assert (report.orders, report.executions) == ((), ())
        assert [p.qty for p in report.positions] == [2]

    play(tmp_path, story)


def test_nothing_is_appended_to_a_log_that_was_not_compacted(tmp_path: Path) -> None:
    with pytest.raises(PaperStoreError, match="compact"):
        PaperStore(tmp_path).append({})


async def _until(event: asyncio.Event) -> None:
    await event.wait()


def reopened_equals(folder: Path, paper: PaperExchange) -> None:
    """Assert that the folder, read as after a kill, holds the same account."""
    again = paper_account(folder)
    again.abandon()
    for ours, theirs in zip(_pairs(paper), _pairs(again), strict=True):
        assert ours == theirs


def _pairs(paper: PaperExchange) -> list[tuple[str, object]]:
    state = paper.truth.state()
    return sorted((key, value) for key, value in state.items() if key != "news")


def _at_cut(folder: Path, log: bytes, fresh: Path) -> str:
    fresh.mkdir()
    (fresh / "account.json").write_bytes((folder / "account.json").read_bytes())
    (fresh / "changes.ndjson").write_bytes(log)
    again = paper_account(fresh)
    again.abandon()
    return seen_wallets([again.truth.state()]).pop()


def seen_wallets(states: list[dict[str, object]]) -> set[str]:
    """Return what identifies each state: wallet, orders, executions."""
    return {json.dumps([s["wallet"], s["orders"], s["executions"]]) for s in states}


def test_at_once_a_market_order_meets_the_book_that_is_there_after_its_answer(tmp_path: Path) -> None:
    async def main() -> tuple[list[str], list[str]]:
        told: list[list[str]] = []
        for at_once in (True, False):
            kept = paper_account(tmp_path / str(at_once))
            paper, events = PaperExchange(kept.truth, at_once=at_once), list[Event]()
            await paper.connect(events.append)
            paper.on_quote(SYMBOL, START_MS, 100, bid=99, ask=101)
            assert isinstance(await paper.place(entry("a", 2)), Accepted)
            assert not any(isinstance(event, Executed) for event in events)
            await asyncio.sleep(0)
            told.append([f"{event.price}" for event in events if isinstance(event, Executed)])
            kept.abandon()
        return told[0], told[1]

    assert asyncio.run(main()) == (["101"], [])


def test_at_once_without_a_book_waits_for_the_next_price(tmp_path: Path) -> None:
    async def main() -> list[Event]:
        kept = paper_account(tmp_path)
        paper, events = PaperExchange(kept.truth, at_once=True), list[Event]()
        await paper.connect(events.append)
        minute(paper, 0)
        await paper.place(entry("a", 2))
        await asyncio.sleep(0)
        kept.abandon()
        return [event for event in events if isinstance(event, Executed)]

    assert asyncio.run(main()) == []
