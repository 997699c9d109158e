"""Opening the ground on an exchange that is away: it is waited for, and settings that are wrong are told at once."""

import asyncio
from typing import Any

import aiohttp
import pytest

from bot.ground import GroundError
from bot.localvenue import LocalVenue, LocalVenueConfig
from bot.opening import open_ground
from config import Settings
from engine.clock import SystemClock

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


def test_a_missing_key_is_told_and_not_waited_for() -> None:
    async def main() -> None:
        await open_ground(Settings(desk_mode="demo"), None, (SYMBOL,), Hurried())

    with pytest.raises(GroundError, match="BYBIT_API_KEY"):
        asyncio.run(main())
