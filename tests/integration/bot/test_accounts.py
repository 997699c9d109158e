"""Two accounts in one chat: what is typed goes to the chosen one, what is pressed to the one of its message."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp

from bot.localchat import LocalChat
from bot.polling import Trouble
from bot.seats import Room
from bot.service import ChatService
from engine.core.chat_events import ApprovalDelivered, ChatEvent
from engine.core.commands import AnswerEmergency, CloseAll, ClosePosition, LockEntries, Pause, Resume
from keyboards.binding import bound, code_of, unbound
from storage.store import Store
from tests.integration.bot.scene import Idle, Scene, Well, serving, settings
from tests.integration.storage.desk import sql
from tests.unit.bot import alerts
from tests.unit.bot.hand_clock import HandClock
from tests.unit.handlers.fakes import FakeDesk
from tests.unit.views import examples as ex


@dataclass
class Two(Scene):
    """`desk` is the desk of main, `sub` that of the other account, `side` its store."""

    sub: FakeDesk | None = None
    side: Store | None = None

    async def hear(self, **given: Any) -> int:
        """As before, and let time pass where a message has to wait for its turn."""
        work = asyncio.create_task(super().hear(**given))

        async def is_over() -> bool:
            await self.clock.settle()
            if not work.done() and self.clock.sleeping:
                await self.clock.advance(0.1)
            return work.done()

        await self.until(is_over)
        return work.result()

    async def confirm(self, words: str) -> None:
        """Press the first button of the newest message with the words, after a second of reading."""
        asked = await self.newest(words)
        self.clock.jump(1)
        await self.press(asked["message_id"], asked["buttons"][0][0]["text"])

    def commands(self) -> tuple[list[Any], list[Any]]:
        assert self.sub is not None
        return [type(one) for one in self.desk.commands], [type(one) for one in self.sub.commands]

    async def newest(self, words: str) -> dict[str, Any]:
        return next(row for row in reversed(await self.messages()) if words in row["text"])


async def opened(chat: LocalChat, folder: Path, clock: HandClock, stack: AsyncExitStack, sub: str = "sub") -> Two:
    store = await Store.open(f"sqlite:///{folder}/desk.sqlite3", mode="paper", account="main")
    stack.push_async_callback(store.close)
    side = await store.beside(sub)
    desk, other = FakeDesk(ex.snapshot(account="main")), FakeDesk(ex.snapshot(account=sub))
    told: list[ChatEvent] = []
    rooms = [
        Room(store=store, desk=desk, research=Idle(), health=Well()),
        Room(store=side, desk=other, research=Idle(), health=Well(), tell=told.append),
    ]
    service = ChatService(settings(chat, folder), rooms, charts=Idle(), health=Well(), clock=clock)
    await service.start()
    stack.push_async_callback(service.stop)
    http = await stack.enter_async_context(aiohttp.ClientSession())
    return Two(chat, http, store, desk, clock, service, sub=other, side=side, told=told)


def with_two(folder: Path, *stories: Callable[[Two], Awaitable[None]], sub: str = "sub") -> None:
    """Run each story in a process of its own, one after the other, on the same state."""

    async def main() -> None:
        clock, offset = HandClock(), 0
        async with serving(clock) as chat, asyncio.timeout(60):
            for number, story in enumerate(stories):
                async with AsyncExitStack() as stack:
                    two = await opened(chat, folder, clock, stack, sub if number == 0 else "sub")
                    two.offset = offset
                    await story(two)
                    offset = two.offset

    asyncio.run(main())


def test_typed_commands_act_on_the_chosen_account_and_the_choice_survives_a_restart(tmp_path: Path) -> None:
    async def choose(two: Two) -> None:
        await two.write("/pause")
        await two.write("/account SUB")
        assert "act on sub" in (await two.said())[-1]
        await two.write("/status")
        assert (await two.said())[-1].startswith("LIVE · sub")
        assert two.commands() == ([Pause], [])

    async def later(two: Two) -> None:
        await two.write("/pause")
        assert two.commands() == ([], [Pause])

    with_two(tmp_path, choose, later)


def test_two_accounts_may_ask_at_once_and_each_gets_its_own_answer(tmp_path: Path) -> None:
    async def story(two: Two) -> None:
        assert two.side is not None
        assert two.sub is not None
        await two.side.journal.submit((), (replace(alerts.EMERGENCY, account="sub"),))
        await two.alert(replace(alerts.EMERGENCY, account="main"))
        sending = asyncio.create_task(two.sent())
        while not sending.done():
            await two.passing(1)
        assert [event.number for event in two.told if isinstance(event, ApprovalDelivered)] == [7, 7]
        await two.press((await two.newest("EMERGENCY · LIVE · sub"))["message_id"], "Keep 15 min")
        assert two.commands() == ([], [AnswerEmergency])
        await two.side.journal.submit((), (replace(alerts.EMERGENCY_DECIDED, account="sub"),))
        sending = asyncio.create_task(two.sent())
        while not sending.done():
            await two.passing(1)
        texts = [text for text in await two.said() if text.startswith("EMERGENCY")]
        assert sorted(text.splitlines()[0] for text in texts) == [
            "EMERGENCY decided · LIVE · sub",
            "EMERGENCY · LIVE · main",
        ]

    with_two(tmp_path, story)


def test_a_button_acts_on_the_account_of_its_message_whatever_was_chosen_since(tmp_path: Path) -> None:
    async def story(two: Two) -> None:
        await two.write("/account sub")
        await two.write("/menu")
        panel = await two.newest("sub · RUNNING")
        await two.write("/account main")
        await two.press(panel["message_id"], "Pause")
        assert two.commands() == ([], [Pause])
        await two.press(panel["message_id"], "CLOSE ALL")
        asked = await two.newest("Close all positions")
        assert "sub · LIVE" in asked["text"]
        await two.confirm("Close all positions")
        assert two.commands() == ([], [Pause, Pause, CloseAll])

    with_two(tmp_path, story)


def test_the_buttons_of_an_alert_belong_to_the_account_it_names(tmp_path: Path) -> None:
    async def story(two: Two) -> None:
        assert two.side is not None
        alert = replace(alerts.ENTRY, account="sub")
        await two.side.journal.submit((), [alert])
        await two.sent()
        told = await two.newest("SOLUSDT")
        assert told["text"].startswith("sub · SOLUSDT LONG opened")
        await two.press(told["message_id"], "Close")
        assert "sub · LIVE" in (await two.newest("Close SOLUSDT"))["text"]
        await two.confirm("Close SOLUSDT")
        assert two.commands() == ([], [ClosePosition])

    with_two(tmp_path, story)


def test_a_confirmation_of_one_account_cannot_be_used_on_the_other(tmp_path: Path) -> None:
    async def story(two: Two) -> None:
        await two.write("/closeall")
        asked = await two.newest("Close all positions")
        ((nonce,),) = sql(tmp_path, "SELECT nonce FROM confirmations")
        two.clock.jump(1)
        await two.press(asked["message_id"], f"ok:{nonce}@{code_of('sub')}", forge=True)
        assert two.commands() == ([Pause], [])
        assert "belongs to somebody else" in str((await two.calls("answerCallbackQuery"))[-1])

    with_two(tmp_path, story)


def test_buttons_from_before_there_were_several_accounts_do_nothing(tmp_path: Path) -> None:
    async def story(two: Two) -> None:
        await two.write("/menu")
        panel = await two.newest("main · RUNNING")
        await two.press(panel["message_id"], "do:pause:", forge=True)
        assert two.commands() == ([], [])
        answers = await two.calls("answerCallbackQuery")
        assert "older than the accounts" in str(answers[-1])

    with_two(tmp_path, story)


def test_buttons_of_an_account_that_is_gone_do_nothing(tmp_path: Path) -> None:
    async def before(two: Two) -> None:
        await two.write("/account old")
        await two.write("/menu")

    async def after(two: Two) -> None:
        panel = await two.newest("old · RUNNING")
        await two.press(panel["message_id"], "Pause")
        assert two.commands() == ([], [])
        assert "no longer has" in str((await two.calls("answerCallbackQuery"))[-1])
        await two.write("/pause")
        assert two.commands() == ([Pause], [])

    with_two(tmp_path, before, after, sub="old")


def test_the_panel_shows_the_chosen_account_and_a_line_for_the_other(tmp_path: Path) -> None:
    async def story(two: Two) -> None:
        await two.write("/menu")
        panel = await two.newest("main · RUNNING")
        assert "sub · RUNNING" in panel["text"]
        await two.write("/account sub")
        await two.clock.advance(5)
        await two.parts.panel.look()
        await two.parts.panel.idle()
        text = next(row["text"] for row in await two.messages() if row["message_id"] == panel["message_id"])
        assert text.startswith("LIVE · sub")
        assert "main · RUNNING" in text

    with_two(tmp_path, story)


def test_all_means_every_account(tmp_path: Path) -> None:
    async def story(two: Two) -> None:
        await two.write("/pause all")
        assert two.commands() == ([Pause], [Pause])
        await two.write("/resume all")
        assert two.commands() == ([Pause, Resume], [Pause, Resume])
        await two.write("/closeall")
        await two.press((await two.newest("Close all positions"))["message_id"], "All accounts")
        asked = await two.newest("of every account")
        assert "main · LIVE" in asked["text"]
        assert "sub · LIVE" in asked["text"]
        assert CloseAll not in two.commands()[0]
        await two.confirm("of every account")
        assert two.commands()[0][-1] is CloseAll
        assert two.commands()[1][-1] is CloseAll
        await two.write("/closeall all now")
        assert [commands.count(CloseAll) for commands in two.commands()] == [2, 2]
        await two.write("/pause all cft")
        assert "leave out" in (await two.said())[-1]

    with_two(tmp_path, story)


def test_the_typed_value_of_a_limit_belongs_to_the_account_that_was_asked_about(tmp_path: Path) -> None:
    async def story(two: Two) -> None:
        await two.write("/account sub")
        await two.write("/limit day")
        card = (await two.messages())[-1]
        await two.press(card["message_id"], "Type")
        question = (await two.messages())[-1]
        assert question["text"].endswith("Account: sub")
        await two.write("/account main")
        await two.write("-3", reply_to=question["message_id"])
        assert "sub" in (await two.said())[-1]

    with_two(tmp_path, story)


def test_a_keyboard_of_a_single_account_is_left_as_it_is() -> None:
    assert bound(None, "main") is None
    assert unbound("do:pause:") == ("do:pause:", "")


def test_trouble_with_the_chat_pauses_every_account(tmp_path: Path) -> None:
    async def story(two: Two) -> None:
        await two.service._on_trouble(Trouble.CONFLICT, "Another program uses the bot's token.")
        assert two.commands() == ([Pause], [Pause])

    with_two(tmp_path, story)


def test_both_accounts_report_their_day(tmp_path: Path) -> None:
    async def story(two: Two) -> None:
        await two.parts.schedule.reports()
        two.clock.jump(86_400)
        for _ in range(2):
            await two.parts.schedule.reports()
        await two.sent()
        titles = [text.partition("\n")[0] for text in await two.said() if " UTC · LIVE · " in text]
        # In either order: the schedule's own first look may be under way.
        assert sorted(title.split(" · ")[2] for title in titles) == ["main", "sub"]

    with_two(tmp_path, story)


def test_a_lockdown_reaches_every_account_whichever_is_chosen(tmp_path: Path) -> None:
    async def story(two: Two) -> None:
        await two.write("/account sub")
        await two.write("/lockdown")
        assert two.commands() == ([LockEntries], [LockEntries])
        names = {one.name for desk in (two.desk, two.sub) if desk is not None for one in desk.commands}
        assert len(names) == 1
        assert "On every account" in (await two.said())[-1]
        for account in ("sub", "main"):
            await two.write(f"/account {account}")
            await two.write("/resume")
            await two.write("/resume all")
            assert "locked down by" in (await two.said())[-1]
        assert two.commands() == ([LockEntries], [LockEntries])
        await two.write("/closeall")
        await two.confirm("Close all positions")
        assert CloseAll in two.commands()[0]

    with_two(tmp_path, story)
