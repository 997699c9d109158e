"""How a local venue runs: address, market, accounts, limits."""

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from bot.clock import Clock, SystemClock
from bot.localchat.guard import is_loopback
from engine.universe import SYMBOLS, UNIVERSE

MODES = ("live", "demo")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSpec:
    """An account that exists from the first start on.

    `mode` demo refuses what Bybit's demo accounts refuse; `read_only` keys may only ask. `ips` binds the key. With
    `paper`, the folder of a paper account, it begins with that account's wallet, positions and executions.
    """

    name: str = "main"
    wallet: Decimal = Decimal(10_000)
    mode: str = "live"
    read_only: bool = False
    ips: tuple[str, ...] = ()
    paper: Path | None = None

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"account {self.name}: mode {self.mode!r}, allowed: {', '.join(MODES)}")
        if self.wallet < 0:
            raise ValueError(f"account {self.name}: the wallet must not be negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalVenueConfig:
    """Settings of a local venue.

    Port 0 takes a free one; without `state_dir` nothing outlives the process. `start_ms` is where a new market begins
    (default: now); it runs `speed` times faster than the clock's monotonic time. An order is matched
    `match_delay_s` after it was acknowledged, a subscription acknowledged after `ack_delay_s`. `ban_s` is how long an
    address that asks too often is shut out. A host other than loopback needs `expose`, which puts /sim behind a key.
    """

    host: str = "127.0.0.1"
    port: int = 0
    seed: int = 1
    speed: float = 1.0
    symbols: tuple[str, ...] = SYMBOLS
    accounts: tuple[AccountSpec, ...] = (AccountSpec(),)
    state_dir: Path | None = None
    start_ms: int | None = None
    paused: bool = False
    rate_limits: bool = True
    match_delay_s: float = 0.005
    ack_delay_s: float = 0.01
    ban_s: float = 600.0
    expose: bool = False
    clock: Clock = field(default_factory=SystemClock)

    def __post_init__(self) -> None:
        if not self.expose and not is_loopback(self.host):
            raise ValueError(f"host {self.host!r} can be reached from elsewhere: pass expose=True if that is meant")
        if not 0 < self.speed <= 100_000:
            raise ValueError(f"speed {self.speed}: a number above 0, at most 100000")
        unknown = [symbol for symbol in self.symbols if symbol not in UNIVERSE]
        if unknown or not self.symbols:
            raise ValueError(f"symbols {unknown}: the market has {', '.join(SYMBOLS)}")
        names = [account.name for account in self.accounts]
        if not names or len(set(names)) != len(names):
            raise ValueError("accounts: at least one, each with its own name")
