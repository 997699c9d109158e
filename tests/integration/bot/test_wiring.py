"""Several accounts of one process: what they share towards the exchange."""

import asyncio
from pathlib import Path

from pydantic import SecretStr

from bot.localvenue import LocalVenue, LocalVenueConfig
from bot.localvenue.config import AccountSpec as Owner
from bot.localvenue.faults import Fault
from bot.wiring import Wiring, open_wiring
from config import BybitEnv, DeskMode, Settings
from config.accounts import KEY, SECRET, AccountSpec, setting_of
from config.profiles import ProfileSpec
from engine.core.events import VenueChanged, VenueState
from engine.exchanges.bybit.codes import Action, Verdict
from engine.exchanges.bybit.connection import Connection
from engine.exchanges.bybit.endpoints import WALLET
from engine.limiter import Lane

NAMES = ("trend", "scalp")
SYMBOL = "XRPUSDT"


def settings(venue: LocalVenue, folder: Path) -> Settings:
    profiles = tuple(
        ProfileSpec(name=name, strategy="ma_cross", preset="ma_cross", symbols=(SYMBOL,)) for name in ("alpha", "beta")
    )
    accounts = tuple(AccountSpec(name=name, profiles=(each.name,)) for name, each in zip(NAMES, profiles, strict=True))
    keys: dict[str, SecretStr] = {}
    for name in NAMES:
        key, secret = venue.credentials(name)
        keys |= {setting_of(name, "demo", KEY): SecretStr(key), setting_of(name, "demo", SECRET): SecretStr(secret)}
    return Settings(
        desk_state_dir=folder,
        desk_mode=DeskMode.DEMO,
        bybit_env=BybitEnv.DEMO,
        bybit_rest_url=venue.url,
        bybit_ws_public_url=venue.public_url,
        bybit_ws_private_url=venue.private_url,
        profiles=profiles,
        accounts=accounts,
        account_keys=keys,
    )


def ways(wiring: Wiring) -> list[Connection]:
    """The connections of the accounts."""
    return [each for account in wiring.accounts if (each := account.ground.past) is not None]


def test_a_ban_that_one_account_meets_silences_the_others_without_a_request(tmp_path: Path) -> None:
    async def main() -> None:
        owners = tuple(Owner(name=name, mode="demo") for name in NAMES)
        venue = LocalVenue(LocalVenueConfig(symbols=(SYMBOL,), accounts=owners))
        await venue.start()
        wiring = await open_wiring(settings(venue, tmp_path))
        try:
            first, second = ways(wiring)
            told: list[VenueState] = []
            second.health.connect(lambda event: told.append(event.state) if isinstance(event, VenueChanged) else None)
            venue.core.faults.add(Fault(path=WALLET.path, kind="status", status=403))
            ask = {"accountType": "UNIFIED"}
            banned = await first.caller.ask(Action.QUERY, WALLET, ask, Lane.QUERY)
            assert banned.verdict is Verdict.BANNED
            asked = len(venue.core.log.after(0))
            silent = await second.caller.ask(Action.QUERY, WALLET, ask, Lane.QUERY)
            assert not silent.reply.sent
            assert len(venue.core.log.after(0)) == asked
            assert told == [VenueState.DOWN]
        finally:
            for account in reversed(wiring.accounts):
                await account.store.close()
                await account.ground.close()
            await venue.stop()

    asyncio.run(main())
