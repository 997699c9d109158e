"""getUpdates, conflicts, what is delivered and for how long, webhooks."""

import asyncio

import pytest
from aiogram import Bot, Dispatcher
from aiogram.exceptions import TelegramConflictError
from aiogram.filters import Command
from aiogram.types import Message
from aiohttp import web

from tests.integration.localchat.room import ADA, Room, in_room

SECOND = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
ACTIVE = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"


def test_a_long_poll_ends_with_the_first_message() -> None:
    async def story(room: Room) -> None:
        polling = asyncio.create_task(room.updates(timeout=50))
        written = await room.write("/start")
        assert [update["update_id"] for update in await polling] == [written["update_id"]]

    in_room(story)


def test_a_second_poller_ends_the_first_and_the_next_conflict_is_answered_late() -> None:
    async def story(room: Room) -> None:
        first = asyncio.create_task(room.bot.get_updates(timeout=50, request_timeout=60))
        await _until_polling(room)
        second = asyncio.create_task(room.api("getUpdates", timeout=50))
        with pytest.raises(TelegramConflictError, match="terminated by other getUpdates request"):
            await first
        await _until_polling(room)
        third = asyncio.create_task(room.api("getUpdates", timeout=50))
        assert (await second)["description"] == SECOND
        assert room.clock.slept == [3.0]
        await _until_polling(room)
        await room.write("x")
        assert len((await third)["result"]) == 1

    in_room(story)


async def _until_polling(room: Room) -> None:
    # Server and clients share one event loop: after some full round trips the poll begun before them waits.
    for _ in range(5):
        await room.sim("state")


def test_unwanted_kinds_are_dropped_when_they_happen_and_the_choice_is_remembered() -> None:
    async def story(room: Room) -> None:
        await room.updates(allowed_updates=["callback_query"])
        assert (await room.write("a"))["update_id"] is None
        assert (await room.write("b"))["update_id"] is None
        await room.updates(allowed_updates=[], offset=1)
        assert (await room.write("c"))["update_id"] is not None

    in_room(story)


def test_messages_wait_a_day_and_presses_150_seconds() -> None:
    async def story(room: Room) -> None:
        number = await room.sent("x", reply_markup={"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]})
        await room.press(number, "A")
        await room.write("/close")
        room.clock.now += 149
        assert len(await room.updates()) == 2
        room.clock.now += 1
        assert [("message" in update) for update in await room.updates(offset=1)] == [True]
        room.clock.now += 24 * 3600
        assert await room.updates(offset=2) == []

    in_room(story)


def test_an_update_comes_again_when_it_is_redelivered() -> None:
    async def story(room: Room) -> None:
        written = await room.write("/closeall")
        await room.updates()
        await room.updates(offset=written["update_id"] + 1, timeout=0, limit=1)
        later = await room.write("later")
        await room.sim("redeliver", {"update_id": written["update_id"]})
        again = await room.updates(offset=written["update_id"])
        assert [update["update_id"] for update in again] == [written["update_id"], later["update_id"]]
        await room.sim("redeliver", {"update_id": 1}, status=404)

    in_room(story)


def test_what_people_send_carries_its_origin() -> None:
    async def story(room: Room) -> None:
        await room.write("/a", forward=True)
        await room.write("/b", via_bot=True)
        await room.write("/c", sender_chat=-100_7)
        await room.write("/d", date=5 + int(room.clock.now) - 90)
        number = (await room.write("/e", photo=True))["message_id"]
        await room.write("/f", edit=number)
        bodies = [update.get("message") or update["edited_message"] for update in await room.updates()]
        assert bodies[0]["forward_origin"]["type"] == "hidden_user"
        assert bodies[1]["via_bot"]["is_bot"]
        assert (bodies[2]["from"]["id"], bodies[2]["sender_chat"]["id"]) == (136817688, -1007)
        assert bodies[3]["date"] == room.clock.now - 85
        assert bodies[4]["caption"] == "/e" and "text" not in bodies[4]
        assert bodies[5]["edit_date"] == room.clock.now

    in_room(story)


def test_an_aiogram_dispatcher_polls_and_answers() -> None:
    async def story(room: Room) -> None:
        dispatcher = Dispatcher()
        answered = asyncio.Event()

        @dispatcher.message(Command("start"))
        async def greet(message: Message) -> None:
            await message.answer("welcome")
            answered.set()

        polling = asyncio.create_task(
            dispatcher.start_polling(room.bot, handle_signals=False, close_bot_session=False, polling_timeout=5)
        )
        await room.write("/start")
        await answered.wait()
        await dispatcher.stop_polling()
        await polling
        assert [message["text"] for message in await room.transcript()] == ["/start", "welcome"]

    in_room(story)


async def _hook(received: asyncio.Queue[tuple[str | None, int]]) -> tuple[web.AppRunner, str]:
    async def take(request: web.Request) -> web.Response:
        body = await request.json()
        await received.put((request.headers.get("X-Telegram-Bot-Api-Secret-Token"), body["update_id"]))
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}/hook"


def test_a_webhook_gets_updates_in_order_with_its_secret_and_forbids_polling() -> None:
    async def story(room: Room) -> None:
        received: asyncio.Queue[tuple[str | None, int]] = asyncio.Queue()
        runner, url = await _hook(received)
        try:
            early = (await room.write("early"))["update_id"]
            polling = asyncio.create_task(room.api("getUpdates", timeout=50, offset=early + 1))
            await _until_polling(room)
            assert (await room.api("setWebhook", url=url, secret_token="s3"))["ok"]
            assert (await polling)["description"] == "Conflict: terminated by setWebhook request"
            late = (await room.write("late"))["update_id"]
            assert await received.get() == ("s3", late)
            assert await room.refusal("getUpdates") == ACTIVE
            assert (await room.api("getWebhookInfo"))["result"]["url"] == url
            assert (await room.api("deleteWebhook"))["result"] is True
            assert (await room.api("getUpdates", timeout=0))["ok"]
        finally:
            await runner.cleanup()

    in_room(story)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"url": "http://example.org/x"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        ({"url": "https://example.org:81/x"}, "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443"),
        ({"url": "https://example.org/x"}, "bad webhook: Failed to resolve host: Name or service not known"),
        ({"url": "http://127.0.0.1/x", "secret_token": "a b"}, "secret token contains unallowed characters"),
        ({"url": "http://127.0.0.1/x", "secret_token": "a" * 257}, "secret token is too long"),
    ],
)
def test_a_webhook_telegram_would_refuse_is_refused(params: dict[str, str], words: str) -> None:
    async def story(room: Room) -> None:
        assert await room.refusal("setWebhook", **params) == f"Bad Request: {words}"

    in_room(story)


def test_bots_live_side_by_side_with_their_own_chats() -> None:
    async def story(room: Room) -> None:
        other = await room.sim("bots", {"username": "other_bot"})
        bot = Bot(other["token"], session=room.bot.session)
        assert (await bot.get_me()).id == other["id"]
        await bot.send_message(ADA, "from the other")
        await room.write("to the other", bot=other["id"])
        assert [update.message.text for update in await bot.get_updates() if update.message] == ["to the other"]
        assert await room.transcript() == [] and await room.updates() == []
        await room.sim("bots", {"username": "other_bot"}, status=409)

    in_room(story)
