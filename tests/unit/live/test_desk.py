"""The desk's shell: commands are answered in turn, the exchange is asked on schedule, results can be waited for."""

import asyncio
from decimal import Decimal

import pytest

from engine.core.commands import Answer, Done, Pause, Refused
from engine.core.events import BarClosed, InstrumentChanged, OrderSent, PriceMoved
from engine.core.facts import AccountOpened, CommandHandled, OrderIntended
from engine.core.market import MINUTE_MS
from engine.core.state import State
from engine.core.strategy import Enter
from engine.core.trader import Trader
from engine.journal import MemoryJournal
from engine.live import RECONCILE_S, RECONCILE_UNSURE_S, TICK_S, Desk
from tests.scenarios.rig import SEEDS, desk
from tests.support.desk import BTC, PRICE, T0, WALLET, Scripted, Values, account, instrument
from tests.support.virtual import VirtualClock, run
from tests.unit.live.stage import ScriptedExchange, ticket


def state(*, sent: bool = False) -> State:
    found = State()
    for fact in (InstrumentChanged(instrument(), T0), AccountOpened(WALLET, T0)):
        found.apply(fact)
    if sent:
        found.apply(OrderIntended(ticket(), T0))
        found.apply(OrderSent("a", T0))
    return found


async def asked_in(seconds: float, *, unsure: bool) -> list[float]:
    """Return when the account was asked for."""
    exchange = ScriptedExchange(silent=True)
    shell = Desk(
        Trader(account(), {"alpha": Scripted()}, state(sent=unsure)), exchange, MemoryJournal(), VirtualClock()
    )
    tasks = [asyncio.create_task(work) for work in (shell.consume(), shell.tick(), shell.reconcile())]
    await shell.start()
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await shell.close()
    return exchange.times


def test_the_account_is_asked_for_at_the_start_and_every_minute() -> None:
    assert run(asked_in(125, unsure=False)) == [0, RECONCILE_S, 2 * RECONCILE_S]


def test_the_account_is_asked_for_every_quarter_minute_while_an_outcome_is_unknown() -> None:
    assert run(asked_in(50, unsure=True)) == [0, RECONCILE_UNSURE_S, 2 * RECONCILE_UNSURE_S, 3 * RECONCILE_UNSURE_S]


def test_time_is_told_four_times_a_second() -> None:
    async def main() -> None:
        shell = Desk(
            Trader(account(), {"alpha": Scripted()}, state()), ScriptedExchange(), MemoryJournal(), VirtualClock()
        )
        tasks = [asyncio.create_task(work) for work in (shell.consume(), shell.tick())]
        await asyncio.sleep(10 + TICK_S / 2)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert shell.steps == 10 / TICK_S + 1

    run(main())


@pytest.mark.parametrize("seed", SEEDS)
def test_a_command_in_the_inbox_is_waited_for_by_whoever_waits_for_the_desk(seed: int) -> None:
    async def main() -> None:
        shell = Desk(
            Trader(account(), {"alpha": Scripted()}, state()), ScriptedExchange(), MemoryJournal(), VirtualClock()
        )
        consumer = asyncio.create_task(shell.consume())
        await shell.settle()
        answer = asyncio.ensure_future(shell.command(Pause(command_id="p", by="ann", wall_ms=T0)))
        # One turn for the command to be in the inbox; the consumer may or may not have had the next.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await shell.settle()
        assert shell.trader.workspace.state.holds
        assert await answer == Done("p")
        consumer.cancel()

    run(main(), seed)


@pytest.mark.parametrize(("behind_s", "sent"), [(9.0, True), (11.0, False)])
def test_an_entry_expires_also_while_the_bar_that_decides_it_waits_in_the_inbox(behind_s: float, sent: bool) -> None:
    async def main() -> None:
        exchange, script = ScriptedExchange(), Scripted(following=Enter(True, "go"))
        shell = Desk(Trader(account(), {"alpha": script}, state()), exchange, MemoryJournal(), VirtualClock())
        shell.put(PriceMoved(BTC, PRICE, PRICE, T0))
        shell.put(BarClosed(BTC, MINUTE_MS, T0, PRICE, Values(T0)))
        await asyncio.sleep(behind_s)
        consumer = asyncio.create_task(shell.consume())
        await shell.settle()
        assert [name for name, _ in exchange.calls] == (["place"] if sent else [])
        consumer.cancel()

    run(main())


@pytest.mark.parametrize("seed", SEEDS)
def test_commands_given_at_once_with_one_id_are_carried_out_once(seed: int) -> None:
    async def main() -> list[Answer]:
        async with desk() as rig:
            await rig.enter()
            answers = await asyncio.gather(*(rig.close(name="same") for _ in range(3)))
            await rig.quiet()
            assert len(rig.recorded(CommandHandled)) == 1
            assert len(rig.world.requests) == 2
            return answers

    first, *others = run(main(), seed)
    assert isinstance(first, Done)
    assert others == [first, first]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_result_of_a_close_can_be_waited_for(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            await rig.enter()
            size = instrument().quantity(rig.positions[BTC].size)
            answer = await rig.close()
            assert isinstance(answer, Done)
            (result,) = await rig.desk.settled(answer.orders, 10)
            assert (result.status, result.filled, result.quantity) == ("filled", size, size)
            assert result.average == Decimal(100)
            refused = await rig.close(name="again")
            assert isinstance(refused, Refused)

    run(main(), seed)
