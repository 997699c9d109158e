"""What the trader's parts share: the durable state, what is known only now (prices, clocks, health), and the effects of
the present step.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core.alerts import Alert
from engine.core.effects import Effect, Notify, Record
from engine.core.events import BarClosed, PriceMoved, VenueState
from engine.core.facts import Fact
from engine.core.holds import strictest
from engine.core.limits import Ledger
from engine.core.market import DAY_MS, WEEK_MS, Instrument, day_start, week_start
from engine.core.money import PPM, Money, Ticks, ppm_of
from engine.core.portfolio import Position
from engine.core.profile import Account, Action, HoldLevel, LimitSpec, Profile
from engine.core.state import State
from engine.core.strategy import Enter, Strategy
from engine.core.trades import Trade


@dataclass(slots=True)
class Watch:
    """An unconfirmed stop or trail: since when (wall time), how often it was set again, whether people were told, and
    what the exchange said last.
    """

    since_ms: int
    attempts: int = 0
    told: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Reversal:
    """An entry that waits for the opposite position to be flat."""

    profile: Profile
    event: BarClosed
    decision: Enter


@dataclass(slots=True)
class Workspace:
    """Mutable working set of one account. Parts change durable state only through `record`."""

    account: Account
    strategies: Mapping[str, Strategy]
    state: State
    prices: dict[str, PriceMoved] = field(default_factory=dict)
    marks: dict[str, Ticks] = field(default_factory=dict)
    heard: dict[str, int] = field(default_factory=dict)
    unheard: dict[str, int] = field(default_factory=dict)
    blind: set[str] = field(default_factory=set)
    turnover: dict[str, int] = field(default_factory=dict)
    troubled: dict[str, str] = field(default_factory=dict)
    warming: dict[tuple[str, int], int] = field(default_factory=dict)
    contradicted: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ranges: dict[str, tuple[float, float | None]] = field(default_factory=dict)
    watches: dict[str, Watch] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    reversals: dict[str, Reversal] = field(default_factory=dict)
    blocked: dict[str, str] = field(default_factory=dict)
    chosen: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    telling: bool = True
    venue: VenueState = VenueState.UP
    writable: bool = True
    admins_quiet: bool = False
    compared: bool = True
    agreed_ms: int = 0
    wondered: bool = False
    now_ms: int = 0
    wall_ms: int = 0
    grid: int = 0
    dirty: bool = False
    renewed_until_ms: int = 0
    effects: list[Effect] = field(default_factory=list)

    def record(self, fact: Fact) -> Trade | None:
        """Fold a fact into the state and ask for it to be made durable."""
        self.effects.append(Record(fact))
        return self.state.apply(fact)

    def emit(self, effect: Effect) -> None:
        """Ask the world for something."""
        self.effects.append(effect)

    def alert(self, kind: type[Alert], **data: Any) -> None:
        """Tell the people; a backtest tells nobody."""
        if self.telling:
            self.effects.append(
                Notify(kind(account=self.account.name, mode=self.account.mode, at_ms=self.now_ms, **data))
            )

    @property
    def measurable(self) -> bool:
        """Whether the books are open and every position has a mark: missing prices must not be taken for a loss."""
        return self.state.opened and self.marks.keys() >= self.positions.keys()

    @property
    def positions(self) -> dict[str, Position]:
        """Open positions by symbol."""
        return self.state.portfolio.positions

    def instrument(self, symbol: str) -> Instrument | None:
        """Return an instrument, when the exchange lists it."""
        return self.state.portfolio.instruments.get(symbol)

    def profile(self, name: str) -> Profile | None:
        """Return a profile by name."""
        return self.account.profile(name)

    def enabled(self, profile: Profile) -> bool:
        """Whether a profile may enter at all."""
        return self.state.profiles_on.get(profile.name, profile.enabled)

    def rules_off(self, profile: Profile) -> tuple[str, ...]:
        """Return the rules of a profile that are off: as configured, unless somebody switched them since."""
        off = self.state.rules_off.get(profile.name, ())
        if not profile.rules_off:
            return off
        configured = {*profile.rules_off} - {*self.state.rules_on.get(profile.name, ())}
        return tuple(sorted(configured | {*off}))

    def equity(self) -> Money:
        """Return wallet plus unrealised at the marks."""
        return self.state.portfolio.wallet + self.state.portfolio.unrealised(self.marks)

    def allocated(self, profile: Profile) -> Money:
        """Return the share of the account's equity that a profile may reckon with."""
        return ppm_of(self.equity(), profile.allocation_ppm)

    def ledger(self, scope: str) -> Ledger:
        """Return what the account (empty scope) or a profile is worth now."""
        books = self.state.portfolio
        if not scope:
            unrealised = books.unrealised(self.marks)
            return Ledger(books.wallet, books.wallet + unrealised, unrealised)
        profile = self.account.profile(scope)
        allocation_ppm = profile.allocation_ppm if profile else PPM
        unrealised = books.unrealised(self.marks, scope)
        balance = ppm_of(books.opening + books.transfers, allocation_ppm) + books.net.get(scope, 0)
        return Ledger(balance, balance + unrealised, unrealised, books.wallet, self.equity(), allocation_ppm)

    def hold_level(self, profile: str = "", symbol: str = "") -> HoldLevel:
        """Return the level of the strictest hold in force."""
        hold = strictest(self.state.holds.values(), profile, symbol)
        return hold.level if hold else HoldLevel.NONE

    def size_factor_ppm(self) -> dict[str, int]:
        """Return, per scope with a halved size, the factor in force."""
        specs = (spec for spec in self.specs() if spec.action is Action.HALVE_SIZE)
        return {spec.profile: PPM // 2 for spec in specs if self.state.levels.get(spec.key) == "breached"}

    def specs(self) -> tuple[LimitSpec, ...]:
        """Return every loss limit of the account and its profiles."""
        return self.account.limits + tuple(spec for profile in self.account.profiles for spec in profile.limits)

    def day_of(self, scope: str) -> int:
        """Return when the present day of the account's limits (empty scope), or of a profile's, began."""
        return day_start(self.now_ms, 0 if scope else self.account.day_begins_ms)

    def ends_of(self, spec: LimitSpec) -> int:
        """Return when the present day or week of a limit ends."""
        return self.day_of(spec.profile) + DAY_MS if spec.period == "day" else week_start(self.now_ms) + WEEK_MS

    def limits_of(self, scope: str) -> tuple[LimitSpec, ...]:
        """Return the limits of the account (empty scope) or of a profile."""
        if not scope:
            return self.account.limits
        profile = self.account.profile(scope)
        return profile.limits if profile else ()

    def threshold(self, spec: LimitSpec) -> int:
        """Return a limit's threshold as set now, within the hard bound of now."""
        return max(self.state.thresholds.get(spec.key, spec.threshold), spec.floor)
