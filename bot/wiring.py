"""What is built before the desks: for every account a ground to stand on, a store, what trades. All on one database."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace

from bot.accounts import TAG_KEY, Trading, new_tag, tradings
from bot.going_live import fingerprint
from bot.ground import Ground
from bot.lease import lease_of
from bot.market import MarketPlan
from bot.newcomers import wanted as followed
from bot.opening import OnWait, open_ground, unheard
from config import Settings
from engine import plan
from engine.clock import SystemClock
from engine.exchanges.bybit.endpoints import OVERALL
from engine.limiter import Address
from storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountWiring:
    """One account: its settings as if it were alone, the ground it stands on, its store, what trades; `absent` are
    symbols by profile that are left out because the market does not have them.
    """

    settings: Settings
    ground: Ground
    store: Store
    trading: Trading
    absent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The account's name."""
        return self.store.account

    @property
    def fingerprint(self) -> str:
        """What a confirmation of live trading is about."""
        return fingerprint(self.settings, self.trading)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """All accounts; the first one's store holds what is common and is closed last."""

    settings: Settings
    accounts: tuple[AccountWiring, ...]

    @property
    def ground(self) -> Ground:
        """The ground of the first account."""
        return self.accounts[0].ground

    @property
    def store(self) -> Store:
        """The store of the first account."""
        return self.accounts[0].store


async def open_wiring(settings: Settings, market: MarketPlan | None = None, on_wait: OnWait = unheard) -> Wiring:
    """Open markets (as in `open_ground`) and stores; raises what `open_ground`, `Store.open` and `tradings` do."""
    # The exchange counts requests, and bans, by address: what one account is told holds for all.
    made, address = list[AccountWiring](), Address(OVERALL)
    async with AsyncExitStack() as undo:
        for alone, what in zip(settings.each_account(), tradings(settings, tag=new_tag()), strict=True):
            ground = await open_ground(
                alone, market, _symbols(alone, what), SystemClock(), address=address, on_wait=on_wait
            )
            undo.push_async_callback(ground.close)
            largest = await _largest(alone, what, ground)
            store = await _store(settings, alone, ground, made[0].store if made else None)
            undo.push_async_callback(store.close)
            made.append(AccountWiring(settings=alone, ground=ground, store=store, trading=what.following(largest)))
        tag = await install_tag(made[0].store)
        undo.pop_all()
    accounts = tuple(replace(one, trading=_there(one, tag), absent=_absent(one)) for one in made)
    return Wiring(settings=settings, accounts=accounts)


def _symbols(alone: Settings, what: Trading) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*plan.symbols(what.account, what.strategies), *recorded(alone))))


def recorded(alone: Settings) -> tuple[str, ...]:
    """Return the symbols that an account only records and nobody may trade."""
    return tuple(symbol for account in alone.accounts for symbol in account.record)


async def _largest(alone: Settings, what: Trading, ground: Ground) -> dict[str, tuple[str, ...]]:
    """Find the symbols of profiles that follow the largest ones; a record is never traded."""
    apart = set(recorded(alone))
    wanted = {profile.name: followed(profile) for profile in what.account.profiles if profile.largest}
    found = {name: await ground.largest(count) for name, count in wanted.items()}
    return {name: tuple(symbol for symbol in symbols if symbol not in apart) for name, symbols in found.items()}


async def _store(settings: Settings, alone: Settings, ground: Ground, first: Store | None) -> Store:
    lease, instruments = lease_of(settings, alone), ground.instruments.values()
    if first is not None:
        return await first.beside(alone.desk_name, instruments=instruments, lease=lease)
    return await Store.open(
        settings.database,
        mode=settings.desk_mode.value,
        account=alone.desk_name,
        instruments=instruments,
        state_dir=settings.desk_state_dir,
        lease=lease,
    )


def _absent(one: AccountWiring) -> dict[str, tuple[str, ...]]:
    if one.ground.lockstep:
        # Recorded candles are of few symbols, and that is known.
        return {}
    there = one.ground.instruments
    missing = {p.name: tuple(s for s in p.symbols if s not in there) for p in one.trading.account.profiles}
    return {name: symbols for name, symbols in missing.items() if symbols}


def _there(one: AccountWiring, tag: str) -> Trading:
    # A market in lockstep does not wait for people.
    asks = not one.ground.lockstep
    account = replace(one.trading.account, tag=tag, prices=one.ground.prices, asks=asks)
    return replace(one.trading, account=account).only(one.ground.instruments, base_ms=one.ground.base_ms)


async def install_tag(store: Store) -> str:
    """Return this installation's tag for order ids, making it the first time."""
    known = await store.settings.get(TAG_KEY)
    if isinstance(known, str):
        return known
    tag = new_tag()
    await store.settings.set(TAG_KEY, tag)
    return tag
