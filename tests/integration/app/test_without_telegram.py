"""Telegram is away from before the start: the desk starts, trades at its usual pace, and says everything later."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.integration.app.stage import AppStage, app_stage
from tests.support.desk import BTC, ETH

# From a decision to a confirmed stop: a handful of requests on loopback, on a busy machine. Whoever waited for Telegram
# would need more for its first try alone.
PACE_S = 8.0


async def trade(stage: AppStage, symbol: str) -> float:
    began = stage.clock.monotonic()
    await stage.enter(symbol)
    took = stage.clock.monotonic() - began
    await stage.close(symbol)
    return took


def told(texts: list[str]) -> list[str]:
    """Return what was told of trades, in order and as often as it was told; a list of doubtful titles is no telling."""
    said = [text for text in texts if not text.startswith("Telegram's answer was lost")]
    found = re.findall(r"(BTC|ETH)USDT (LONG opened|[−+][\d.]+ USDT)", "\n".join(said))
    return [f"{symbol} {'in' if what == 'LONG opened' else 'out'}" for symbol, what in found]


@pytest.mark.parametrize("fault", [{"drop": "before"}, {"status": 502, "body": "<html>"}], ids=["cut", "down"])
def test_three_trades_without_telegram_are_made_at_once_and_told_later_once_and_in_order(
    fault: dict[str, object], tmp_path: Path
) -> None:
    async def main() -> None:
        async with app_stage(tmp_path) as stage:
            await stage.chat_fault("*", **fault)
            await stage.start()
            took = [await trade(stage, symbol) for symbol in (BTC, ETH, BTC)]
            assert max(took) < PACE_S
            assert await stage.said() == []
            await stage.chat_works()
            await stage.all_told()
            assert told(await stage.said()) == ["BTC in", "BTC out", "ETH in", "ETH out", "BTC in", "BTC out"]
            await stage.stop()

    asyncio.run(main())
