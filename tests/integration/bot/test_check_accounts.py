"""`check` with several accounts: each is looked at with its own key and named in what is found."""

import asyncio
from pathlib import Path

from bot.accounts import tradings
from bot.check import run_checks
from bot.localvenue import LocalVenue, LocalVenueConfig
from bot.localvenue.config import AccountSpec
from config import Settings

_NAMES = ("trend", "scalp")


def test_each_account_is_checked_with_its_own_key(tmp_path: Path) -> None:
    async def main() -> list[str]:
        specs = (AccountSpec(name="trend", mode="demo"), AccountSpec(name="scalp", mode="demo"))
        venue = LocalVenue(LocalVenueConfig(symbols=("BTCUSDT", "XRPUSDT"), accounts=specs))
        await venue.start()
        try:
            key, secret = venue.credentials("trend")
            keys = {"bybit_trend_demo_api_key": key, "bybit_trend_demo_api_secret": secret}
            settings = Settings(
                desk_mode="demo",
                desk_state_dir=tmp_path,
                bybit_rest_url=venue.url,
                bybit_ws_public_url=venue.public_url,
                bybit_ws_private_url=venue.private_url,
                accounts=[{"name": name, "profiles": ["cft"], "symbols": ["BTCUSDT"]} for name in _NAMES],
                # Of the second account the key is not one the exchange knows.
                account_keys=keys | {"bybit_scalp_demo_api_key": "x" * 18, "bybit_scalp_demo_api_secret": "y" * 36},
            )
            return [str(one.what) for one in await run_checks(settings, *tradings(settings, tag="p123"))]
        finally:
            await venue.stop()

    found = asyncio.run(main())
    assert "trend: the exchange accepts the API key" in found
    assert "scalp: the exchange accepts the API key" not in found
    assert any(words.startswith("scalp: ") and "key" in words for words in found)
    assert sum(words.startswith("desk ") for words in found) == 2
