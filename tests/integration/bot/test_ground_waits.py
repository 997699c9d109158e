"""Opening the ground on an exchange that is away: it is waited for, and settings that are wrong are told at once."""

import asyncio
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from bot.ground import GroundError
from bot.localchat import LocalChat, LocalChatConfig
from bot.localvenue import LocalVenue, LocalVenueConfig
from bot.opening import open_ground
from bot.waiting import WaitingWords
from config import Settings
from engine.clock import SystemClock
from tests.integration.bot.outside import outside

SYMBOL = "BTCUSDT"


class Hurried(SystemClock):
    """Remembers how long it was asked to wait, and does not."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(0)


def settings(venue: LocalVenue, **more: Any) -> Settings:
    key, secret = venue.credentials()
    values = {
        "desk_mode": "demo",
        "bybit_api_key": key,
        "bybit_api_secret": secret,
        "bybit_rest_url": venue.url,
        "bybit_ws_public_url": venue.public_url,
        "bybit_ws_private_url": venue.private_url,
    }
    return Settings(**(values | more))


def test_an_exchange_that_is_away_at_the_start_is_waited_for() -> None:
    async def main() -> list[float]:
        venue, clock = LocalVenue(LocalVenueConfig(symbols=(SYMBOL,), paused=True)), Hurried()
        await venue.start()
        try:
            async with aiohttp.ClientSession() as http:
                # Three tries make one question; three questions fail.
                fault = {"path": "/v5/market/instruments-info", "kind": "status", "status": 503, "times": 9}
                async with http.post(f"{venue.url}/sim/faults", json=fault) as response:
                    assert response.status == 200
            ground = await open_ground(settings(venue), None, (SYMBOL,), clock)
            assert list(ground.instruments) == [SYMBOL]
            await ground.close()
        finally:
            await venue.stop()
        return [wait for wait in clock.waits if wait >= 2]

    assert asyncio.run(main()) == [2.0, 4.0, 8.0]


ADA, BEN = 11, 12


async def told(chat: LocalChat, user_id: int) -> list[str]:
    async with aiohttp.ClientSession() as http, http.get(f"{chat.url}/sim/chats/{user_id}/messages") as got:
        return [row["text"] for row in await got.json()]


def test_admins_are_told_once_that_the_start_waits_also_when_telegram_fails_at_first() -> None:
    async def main() -> tuple[list[str], list[str], list[str]]:
        venue, clock = LocalVenue(LocalVenueConfig(symbols=(SYMBOL,), paused=True)), Hurried()
        chat = LocalChat(LocalChatConfig(users=((ADA, "Ada", "owner"), (BEN, "Ben", "admin"))))
        await venue.start()
        await chat.start()
        talks = {
            "telegram_api_url": chat.url,
            "telegram_bot_token": chat.bot_token,
            "telegram_admin_ids": [ADA, BEN],
        }
        asked = settings(venue, **talks)
        try:
            async with aiohttp.ClientSession() as http:
                fault = {"path": "/v5/market/instruments-info", "kind": "status", "status": 503, "times": 15}
                async with http.post(f"{venue.url}/sim/faults", json=fault) as response:
                    assert response.status == 200
                fault = {"method": "sendMessage", "status": 502, "times": 1}
                async with http.post(f"{chat.url}/sim/faults", json=fault) as response:
                    assert response.status == 200
            async with outside([500]) as (url, heard):
                words = WaitingWords(asked.model_copy(update={"alert_url": SecretStr(url)}))
                ground = await open_ground(asked, None, (SYMBOL,), clock, on_wait=words.tell)
                await ground.close()
            return await told(chat, ADA), await told(chat, BEN), [row["text"] for row in heard]
        finally:
            await chat.stop()
            await venue.stop()

    ada, ben, others = asyncio.run(main())
    # The first was refused.
    assert len(others) == 2
    assert others[0].startswith("The start waits for Bybit")
    for (text,) in (ada, ben):
        assert text.startswith("DEMO · main · STARTING")
        assert "503" in text


def test_a_missing_key_is_told_and_not_waited_for() -> None:
    async def main() -> None:
        await open_ground(Settings(desk_mode="demo"), None, (SYMBOL,), Hurried())

    with pytest.raises(GroundError, match="BYBIT_API_KEY"):
        asyncio.run(main())
