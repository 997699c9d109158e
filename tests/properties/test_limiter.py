"""The request budget holds in every window, and nobody with a better right waits for somebody with a worse one."""

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.limiter import Address, Budget, Lane, Limiter, SilencedError, Slot
from tests.support.virtual import VirtualClock, run

BUDGETS = {"create": Budget(limit=10, reserve=3), "batch": Budget(limit=10), "query": Budget(limit=20)}
OVERALL = Budget(limit=30, window_s=5.0, reserve=5)


@dataclass(frozen=True)
class Request:
    group: str
    lane: Lane
    weight: int
    at_s: float
    trip_s: float


@dataclass
class Exchange:
    """Counts as the exchange does: each request somewhere between its leaving and its answer."""

    seen: list[tuple[float, str, int]] = field(default_factory=list)

    def most(self, group: str | None, window_s: float) -> int:
        rows = [(at, weight if group else 1) for at, name, weight in self.seen if group in {None, name}]
        return max((sum(w for t, w in rows if at <= t < at + window_s) for at, _ in rows), default=0)


REQUESTS = st.lists(
    st.builds(
        Request,
        group=st.sampled_from(["create", "batch", "query"]),
        lane=st.sampled_from(list(Lane)),
        weight=st.integers(1, 5),
        at_s=st.floats(0, 3, allow_nan=False),
        trip_s=st.floats(0, 0.9, allow_nan=False),
    ),
    min_size=1,
    max_size=60,
)


async def _send(limiter: Limiter, exchange: Exchange, request: Request, part: float) -> None:
    await asyncio.sleep(request.at_s)
    slot = await limiter.slot(request.group, request.lane, request.weight)
    await asyncio.sleep(request.trip_s * part)
    exchange.seen.append((asyncio.get_running_loop().time(), request.group, request.weight))
    await asyncio.sleep(request.trip_s * (1 - part))
    slot.answered()


@settings(max_examples=60, deadline=None)
@given(requests=REQUESTS, seed=st.integers(0, 1_000), part=st.floats(0, 1))
def test_the_budget_holds_in_every_window_however_long_requests_travel(
    requests: list[Request], seed: int, part: float
) -> None:
    exchange = Exchange()

    async def main() -> None:
        limiter = Limiter(VirtualClock(), BUDGETS, overall=OVERALL)
        await asyncio.gather(*(_send(limiter, exchange, request, part) for request in requests))

    run(main(), seed)
    assert len(exchange.seen) == len(requests)
    for name, budget in BUDGETS.items():
        assert exchange.most(name, budget.window_s) <= budget.limit
    assert exchange.most(None, OVERALL.window_s) <= OVERALL.limit


@settings(max_examples=40, deadline=None)
@given(others=st.lists(st.sampled_from([Lane.QUERY, Lane.ENTRY]), min_size=1, max_size=60), seed=st.integers(0, 1_000))
def test_an_exit_never_waits_behind_queries_or_entries(others: list[Lane], seed: int) -> None:
    order: list[Lane] = []

    async def one(limiter: Limiter, lane: Lane) -> None:
        (await limiter.slot("create", lane)).answered()
        order.append(lane)

    async def main() -> float:
        limiter = Limiter(VirtualClock(), BUDGETS, overall=OVERALL)
        waiting = [asyncio.create_task(one(limiter, lane)) for lane in others]
        await asyncio.sleep(0.1)
        began = asyncio.get_running_loop().time()
        await one(limiter, Lane.EXIT)
        waited = asyncio.get_running_loop().time() - began
        await asyncio.gather(*waiting)
        return waited

    # Three of ten are kept for exits, so the first one goes at once however many others wait.
    assert run(main(), seed) == 0
    assert sorted(order) == sorted([Lane.EXIT, *others])


def test_waiting_exits_go_before_waiting_questions_and_those_before_entries() -> None:
    order: list[Lane] = []

    async def one(limiter: Limiter, lane: Lane) -> None:
        (await limiter.slot("create", lane)).answered()
        order.append(lane)

    async def main() -> None:
        limiter = Limiter(VirtualClock(), {"create": Budget(limit=1)}, overall=OVERALL)
        (await limiter.slot("create", Lane.EXIT)).answered()
        tasks = []
        for lane in (Lane.ENTRY, Lane.QUERY, Lane.PROTECTION, Lane.EXIT):
            tasks.append(asyncio.create_task(one(limiter, lane)))
            await asyncio.sleep(0.01)
        await asyncio.gather(*tasks)

    run(main())
    assert order == [Lane.EXIT, Lane.PROTECTION, Lane.QUERY, Lane.ENTRY]


def test_a_batch_is_not_passed_by_single_requests_for_ever() -> None:
    order: list[int] = []

    async def one(limiter: Limiter, weight: int) -> None:
        (await limiter.slot("batch", Lane.EXIT, weight)).answered()
        order.append(weight)

    async def main() -> None:
        limiter = Limiter(VirtualClock(), BUDGETS, overall=Budget(limit=1_000))
        tasks = []
        for _ in range(5):
            tasks.append(asyncio.create_task(one(limiter, 1)))
            await asyncio.sleep(0.1)
        tasks.append(asyncio.create_task(one(limiter, 10)))
        await asyncio.sleep(0.01)
        tasks += [asyncio.create_task(one(limiter, 1)) for _ in range(20)]
        await asyncio.gather(*tasks)

    run(main())
    assert order.index(10) == 5


def test_a_used_up_limit_waits_for_its_reset_and_other_groups_go_on() -> None:
    async def main() -> tuple[float, Slot | None]:
        limiter = Limiter(VirtualClock(), BUDGETS, overall=OVERALL)
        limiter.pause("create", 1.5)
        other = limiter.now("query", Lane.QUERY)
        began = asyncio.get_running_loop().time()
        await limiter.slot("create", Lane.EXIT)
        return asyncio.get_running_loop().time() - began, other

    waited, other = run(main())
    assert 1.5 <= waited < 1.52
    assert other is not None


def test_a_silence_refuses_at_once_and_tells_whoever_waits() -> None:
    async def main() -> None:
        limiter = Limiter(VirtualClock(), {"create": Budget(limit=1)}, overall=OVERALL)
        await limiter.slot("create", Lane.EXIT)
        waiting = asyncio.create_task(limiter.slot("create", Lane.EXIT))
        await asyncio.sleep(0.1)
        limiter.silence(600)
        with pytest.raises(SilencedError):
            await waiting
        with pytest.raises(SilencedError):
            await limiter.slot("create", Lane.EXIT)
        await asyncio.sleep(600)
        assert limiter.now("create", Lane.EXIT) is not None

    run(main())


def test_a_cancelled_wait_takes_nothing_from_the_others() -> None:
    async def main() -> float:
        limiter = Limiter(VirtualClock(), {"create": Budget(limit=1)}, overall=OVERALL)
        (await limiter.slot("create", Lane.EXIT)).answered()
        given_up = [asyncio.create_task(limiter.slot("create", Lane.EXIT)) for _ in range(5)]
        await asyncio.sleep(0.1)
        for task in given_up:
            task.cancel()
        await asyncio.gather(*given_up, return_exceptions=True)
        await limiter.slot("create", Lane.ENTRY)
        return asyncio.get_running_loop().time()

    assert run(main()) < 1.1


def test_more_than_ever_fits_is_a_mistake_of_the_caller() -> None:
    async def main() -> None:
        limiter = Limiter(VirtualClock(), BUDGETS, overall=OVERALL)
        with pytest.raises(ValueError, match="never fit"):
            await limiter.slot("create", Lane.ENTRY, 8)
        with pytest.raises(KeyError):
            await limiter.slot("nowhere", Lane.ENTRY)

    run(main())


@settings(max_examples=40, deadline=None)
@given(requests=REQUESTS, seed=st.integers(0, 1_000), part=st.floats(0, 1))
def test_accounts_of_one_address_together_keep_its_budget(requests: list[Request], seed: int, part: float) -> None:
    exchange = Exchange()

    async def main() -> None:
        address = Address(OVERALL)
        accounts = [Limiter(VirtualClock(), BUDGETS, overall=address) for _ in range(3)]
        sends = (_send(accounts[at % 3], exchange, request, part) for at, request in enumerate(requests))
        await asyncio.gather(*sends)

    run(main(), seed)
    assert len(exchange.seen) == len(requests)
    assert exchange.most(None, OVERALL.window_s) <= OVERALL.limit


def test_whoever_waits_for_another_account_s_answer_goes_when_it_is_in() -> None:
    async def main() -> float:
        address = Address(Budget(limit=1, window_s=1.0))
        first, second = (Limiter(VirtualClock(), BUDGETS, overall=address, lag_s=60.0) for _ in range(2))
        slot = await first.slot("query", Lane.EXIT)
        waiting = asyncio.create_task(second.slot("query", Lane.EXIT))
        await asyncio.sleep(0.5)
        slot.answered()
        began = asyncio.get_running_loop().time()
        await waiting
        return asyncio.get_running_loop().time() - began

    assert run(main()) < 1.1


def test_a_silence_of_one_account_is_that_of_its_address() -> None:
    async def main() -> None:
        address = Address(Budget(limit=1, window_s=60.0))
        first, second = (Limiter(VirtualClock(), BUDGETS, overall=address) for _ in range(2))
        (await first.slot("query", Lane.EXIT)).answered()
        waiting = asyncio.create_task(second.slot("query", Lane.EXIT))
        await asyncio.sleep(0.1)
        first.silence(30)
        with pytest.raises(SilencedError):
            await waiting
        assert 29 < second.silent_s <= 30

    run(main())
