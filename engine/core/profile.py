"""The frozen description of what trades: profiles, their sizing, protection and limits, and their account."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum

from engine.core.market import HOUR_MS
from engine.core.money import Money
from engine.core.strategy import Level


class SizeMode(StrEnum):
    """How an entry's notional is found: see `engine.core.risk.size`."""

    QUANTITY = "quantity"
    NOTIONAL = "notional"
    MARGIN = "margin"
    EQUITY_MARGIN = "equity_margin"
    EQUITY_RISK = "equity_risk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """`amount` is money for the fixed modes (base coin in 1e-8 for `quantity`); `ppm` a share of allocated equity for
    the others; `cap` bounds notional as
    a multiple of equity.
    """

    mode: SizeMode
    amount: Money = 0
    ppm: int = 0
    cap: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """Layer 3 rules; absent values switch a rule off.

    Breakeven when profit reaches `breakeven_profit` money or `breakeven_ppm` of entry; the new stop is entry plus
    round-trip commission plus
    `breakeven_buffer_ppm`. The trail starts at `trail_from_ppm` profit and follows `trail_by_ppm` behind the best
    price. `exchange_trail_ppm` of the average entry is the distance of a trailing stop that the exchange itself holds,
    set after the fill.
    """

    breakeven_profit: Money | None = None
    breakeven_ppm: int | None = None
    breakeven_buffer_ppm: int = 200
    trail_from_ppm: int | None = None
    trail_by_ppm: int | None = None
    losing_after_ms: int | None = None
    max_age_ms: int | None = None
    exchange_trail_ppm: int | None = None


class Anchor(StrEnum):
    """Where a cooldown ends: at the next UTC boundary of its length, or its length after the event."""

    GRID = "grid"
    ROLLING = "rolling"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cooldown:
    """Rest of a symbol after an entry and after a close; length 0 means none (a close by hand still rests 4 h).

    A position closed within `quick_within_ms` of its entry was a quick exit: the symbol rests `quick_rest_ms`.
    """

    length_ms: int = 0
    anchor: Anchor = Anchor.GRID
    quick_within_ms: int = 0
    quick_rest_ms: int = 0


class Measure(StrEnum):
    """What a loss limit looks at."""

    UNREALISED = "unrealised"
    DAILY_BALANCE = "daily_balance"
    DAILY_EQUITY = "daily_equity"
    WEEKLY_EQUITY = "weekly_equity"
    PEAK_EQUITY = "peak_equity"
    DAILY_LOSS = "daily_loss"
    TOTAL_LOSS = "total_loss"
    GUARD_LOSS = "guard_loss"


class Action(StrEnum):
    """What a breached limit does."""

    ALERT = "alert"
    HALVE_SIZE = "halve_size"
    NO_ENTRIES = "no_entries"
    CLOSE = "close"
    HALT = "halt"
    EMERGENCY = "emergency"


class ApprovalMode(StrEnum):
    """Whether an emergency limit closes at once, or asks the admins first."""

    AUTO = "auto"
    ASK = "ask"


class HoldLevel(IntEnum):
    """How much a hold forbids; the highest in force applies."""

    NONE = 0
    NO_NEW_SIZE = 1
    NO_ENTRIES = 2
    REDUCE_ONLY = 3
    HALTED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSpec:
    """One loss limit. `threshold` is negative: ppm of the reference for percentage measures, money for the two loss
    measures.

    `name` is unique within its scope; `profile` is empty for account limits. `floor` and `ceiling` are the hard bounds
    for changes from chat
    (floor the loosest). A warning is given at `warn_ppm` of the threshold. A limit whose action is emergency asks first
    where `approval` says so; after `approval_ms` of silence it closes.
    """

    name: str
    measure: Measure
    threshold: int
    action: Action
    profile: str = ""
    warn_ppm: int = 800_000
    floor: int
    ceiling: int
    approval: ApprovalMode = ApprovalMode.AUTO
    approval_ms: int = 30_000

    @property
    def key(self) -> str:
        """Name within the desk: `daily_equity` of the account, `cft.daily_equity` of a profile."""
        return f"{self.profile}.{self.name}" if self.profile else self.name

    @property
    def period(self) -> str:
        """`day` or `week` for limits that begin anew with it, else empty."""
        if self.measure in {Measure.DAILY_BALANCE, Measure.DAILY_EQUITY, Measure.DAILY_LOSS}:
            return "day"
        return "week" if self.measure is Measure.WEEKLY_EQUITY else ""

    @property
    def in_money(self) -> bool:
        """Whether the threshold is money rather than ppm."""
        return self.measure in {Measure.DAILY_LOSS, Measure.TOTAL_LOSS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A strategy with its parameters, symbols, sizing and rules.

    An entry whose round-trip cost is over `max_cost_share_ppm` of its stop distance is refused; `cost_slippage_ppm` is
    what the cost reckons with a side, the account's own slippage unless set. Rules of the strategy in `rules_off` are
    off until somebody switches them on.

    With `largest` (0 = off) only so many of the symbols, those of the largest 24 h turnover above `turnover_floor`, are
    entered; they are chosen anew each UTC day, and on an exchange the symbols themselves are found by turnover.
    """

    name: str
    code: str
    strategy: str
    symbols: tuple[str, ...]
    timeframe: int
    rules_off: tuple[str, ...] = ()
    sizing: Sizing
    leverage: int
    max_positions: int
    stop: Level | None = None
    target: Level | None = None
    min_rr_ppm: int | None = 1_000_000
    max_cost_share_ppm: int | None = None
    cost_slippage_ppm: int | None = None
    protection: Protection = Protection()
    cooldown: Cooldown = Cooldown()
    turnover_floor: int = 0
    largest: int = 0
    allocation_ppm: int = 1_000_000
    limits: tuple[LimitSpec, ...] = ()
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Runaway:
    """The guard outside the strategies: entry orders a minute, and entered notional a UTC day as a multiple of the
    equity that the day began with. What would exceed one halts the account until an admin lifts it.
    """

    orders_a_minute: int = 60
    notional_a_day: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account everything trades on: identity, costs, caps and the checks' constants.

    `prices` says what its market is: live, generated or replayed. The day of the account's own limits begins
    `day_begins_ms` after 00:00 UTC. `asks` is False where nobody can be asked in time because the market does not go
    at the pace of the wall clock: emergency limits then close at once.
    """

    name: str = "main"
    mode: str = "paper"
    prices: str = "live"
    tag: str = "pd00"
    taker_e8: int = 55_000
    maker_e8: int = 20_000
    slippage_ppm: int = 100
    max_positions: int = 50
    max_exposure: int = 10
    max_mark_gap_ppm: int = 10_000
    max_range_atr: int = 10
    max_age_ms: int = 10 * 60_000
    liquidation_buffer_ppm: int = 5_000
    entry_ttl_ms: int = 10_000
    hand_cooldown_ms: int = 4 * HOUR_MS
    asks: bool = True
    runaway: Runaway = Runaway()
    day_begins_ms: int = 0
    limits: tuple[LimitSpec, ...] = ()
    profiles: tuple[Profile, ...] = ()

    def profile(self, name: str) -> Profile | None:
        """Return a profile by name."""
        for profile in self.profiles:
            if profile.name == name:
                return profile
        return None


def trading_on(account: Account, name: str, symbols: tuple[str, ...]) -> Account:
    """Return an account whose profile of a name trades these symbols."""
    profiles = (replace(each, symbols=symbols) if each.name == name else each for each in account.profiles)
    return replace(account, profiles=tuple(profiles))


def with_added(account: Account, added: Mapping[str, tuple[str, ...]]) -> Account:
    """Return an account whose profiles also trade what people added, by name of the profile."""
    for profile in account.profiles:
        more = tuple(symbol for symbol in added.get(profile.name, ()) if symbol not in profile.symbols)
        account = trading_on(account, profile.name, (*profile.symbols, *more)) if more else account
    return account
