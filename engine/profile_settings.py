"""Settings of a profile beside its strategy's parameters: size, levels, rests, what is followed. Units and ranges."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from engine.core.market import HOUR_MS, TIMEFRAMES, timeframe_ms
from engine.core.money import PPM, percent_to_ppm, to_money
from engine.core.profile import Anchor, Profile, SizeMode, Sizing
from engine.core.strategy import Away, Strategy
from engine.strategies.parameters import Parameter

OFF = "off"
type Change = Callable[[Profile, str], Profile]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: what is allowed, and how it changes a profile. `removable` ones may be `off`; one with `words` is
    checked by whoever knows what it names.
    """

    known: Parameter
    change: Change
    removable: bool = False
    words: str = ""

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        if self.words:
            return self.words
        return f"{self.known.allowed}, off" if self.removable else self.known.allowed

    def applied(self, profile: Profile, value: Any) -> Profile:
        """Return the profile changed; raises ValueError naming setting, unit and what is allowed."""
        # YAML reads a bare `off` as false.
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value).strip()
        text = OFF if value is False else text
        if text == OFF and self.removable:
            return self.change(profile, text)
        try:
            if not self.words:
                self.known.checked(text)
            return self.change(profile, text)
        except ValueError as error:
            known = self.known
            words = f"setting {known.name} = {text!r} ({known.unit}) cannot be used: allowed are {self.allowed}"
            raise ValueError(words) from error


def known_setting(name: str) -> Setting:
    """Return the setting of a name; raises ValueError with the nearest one."""
    if name not in SETTINGS:
        near = get_close_matches(name, SETTINGS, 1, 0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(SETTINGS))}"
        raise ValueError(f"there is no setting {name!r}; {hint}")
    return SETTINGS[name]


def changed(profile: Profile, settings: Mapping[str, Any]) -> Profile:
    """Return a profile with settings of its own (`stop`, `notional`, `max_age` …); raises ValueError that names the
    setting, its unit and what is allowed.
    """
    for name, value in settings.items():
        profile = known_setting(name).applied(profile, value)
    return profile


def _ppm(value: str) -> int:
    return percent_to_ppm(Decimal(value))


def _names(value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for part in value.split(",") if (name := part.strip())))


def check_rules(profile: Profile, strategy: Strategy) -> None:
    """Raise ValueError for a rule that is to be off and that the strategy does not have."""
    wrong = [rule for rule in profile.rules_off if rule not in strategy.rules]
    if wrong:
        there = ", ".join(strategy.rules) or "none"
        raise ValueError(f"setting rules_off: {profile.strategy} has no rule {', '.join(wrong)}; it has: {there}")


def _hours(value: str) -> int:
    return int(Decimal(value) * HOUR_MS)


def _money(value: str) -> int:
    return to_money(Decimal(value))


def _sized(mode: SizeMode) -> Change:
    def change(profile: Profile, value: str) -> Profile:
        share = mode in {SizeMode.EQUITY_MARGIN, SizeMode.EQUITY_RISK}
        amount = {"ppm": _ppm(value)} if share else {"amount": _money(value)}
        return replace(profile, sizing=Sizing(mode=mode, cap=profile.sizing.cap, **amount))

    return change


def _part(part: str, name: str, read: Callable[[str], Any], *, off: Any = None) -> Change:
    def change(profile: Profile, value: str) -> Profile:
        found: Any = off if value == OFF else read(value)
        inner: Any = getattr(profile, part)
        changes: dict[str, Any] = {part: replace(inner, **{name: found})}
        return replace(profile, **changes)

    return change


def _set(name: str, read: Callable[[str], Any], *, off: Any = None) -> Change:
    def change(profile: Profile, value: str) -> Profile:
        changes: dict[str, Any] = {name: off if value == OFF else read(value)}
        return replace(profile, **changes)

    return change


_WHOLE, _NUMBER = 1, 1.0
# Name, kind, unit, from, to, meaning; then whether it may be off.
_ROWS: tuple[tuple[str, int | float, str, float, float, str, bool], ...] = (
    ("leverage", _WHOLE, "×", 1, 200, "of every entry", False),
    ("max_positions", _WHOLE, "positions", 1, 200, "held at once", False),
    ("notional", _NUMBER, "USDT", 0.01, 1e9, "size of an entry", False),
    ("margin", _NUMBER, "USDT", 0.01, 1e9, "size of an entry as margin, times leverage", False),
    ("equity_margin", _NUMBER, "% of equity", 0.01, 100, "size as margin, times leverage", False),
    ("equity_risk", _NUMBER, "% of equity", 0.01, 100, "size by what is at risk to the stop", False),
    ("max_notional", _WHOLE, "× equity", 1, 100, "no entry is larger", True),
    ("allocation", _NUMBER, "% of equity", 1, 100, "what sizes and limits of the profile reckon with", False),
    ("stop", _NUMBER, "% of entry", 0.01, 95, "distance of the stop", True),
    ("target", _NUMBER, "% of entry", 0.01, 1_000, "distance of the target", True),
    ("min_rr", _NUMBER, "reward ÷ risk", 0.01, 100, "entries below it are refused", True),
    ("breakeven", _NUMBER, "% of entry", 0.01, 1_000, "profit that moves the stop to the entry", True),
    ("breakeven_profit", _NUMBER, "USDT", 0.01, 1e9, "the same in money", True),
    ("breakeven_buffer", _NUMBER, "% of entry", 0, 10, "beyond entry and commission", False),
    ("trail_from", _NUMBER, "% of entry", 0.01, 1_000, "profit at which the desk's trail begins", True),
    ("trail_by", _NUMBER, "%", 0.01, 95, "its distance from the best price", True),
    ("exchange_trail", _NUMBER, "% of entry", 0.01, 95, "distance of a trail that the exchange holds", True),
    ("losing_after", _NUMBER, "hours", 0.01, 10_000, "a loser this old is closed", True),
    ("max_age", _NUMBER, "hours", 0.01, 10_000, "any position this old is closed", True),
    ("cooldown", _NUMBER, "hours", 0.01, 720, "rest of a symbol after entry and close", True),
    ("quick_within", _NUMBER, "hours", 0.01, 720, "an exit this soon after the entry is a quick one", True),
    ("quick_rest", _NUMBER, "hours", 0.01, 720, "rest after a quick exit", True),
    ("max_cost_share", _NUMBER, "% of the stop", 0.01, 1_000, "entries of a higher round-trip cost are refused", True),
    ("cost_slippage", _NUMBER, "% a side", 0, 10, "slippage in that cost; off: the account's", True),
    ("turnover_floor", _WHOLE, "USDT in 24 h", 0, 1e12, "no entries below it", False),
    ("largest", _WHOLE, "symbols", 1, 200, "only the largest by turnover, whatever symbols are named", True),
)
_CHANGES: dict[str, Change] = {
    "leverage": _set("leverage", int),
    "max_positions": _set("max_positions", int),
    "notional": _sized(SizeMode.NOTIONAL),
    "margin": _sized(SizeMode.MARGIN),
    "equity_margin": _sized(SizeMode.EQUITY_MARGIN),
    "equity_risk": _sized(SizeMode.EQUITY_RISK),
    "max_notional": _part("sizing", "cap", int),
    "allocation": _set("allocation_ppm", _ppm),
    "stop": _set("stop", lambda value: Away(_ppm(value))),
    "target": _set("target", lambda value: Away(_ppm(value))),
    "min_rr": _set("min_rr_ppm", lambda value: int(Decimal(value) * PPM)),
    "breakeven": _part("protection", "breakeven_ppm", _ppm),
    "breakeven_profit": _part("protection", "breakeven_profit", _money),
    "breakeven_buffer": _part("protection", "breakeven_buffer_ppm", _ppm),
    "trail_from": _part("protection", "trail_from_ppm", _ppm),
    "trail_by": _part("protection", "trail_by_ppm", _ppm),
    "exchange_trail": _part("protection", "exchange_trail_ppm", _ppm),
    "losing_after": _part("protection", "losing_after_ms", _hours),
    "max_age": _part("protection", "max_age_ms", _hours),
    "cooldown": _part("cooldown", "length_ms", _hours, off=0),
    "quick_within": _part("cooldown", "quick_within_ms", _hours, off=0),
    "quick_rest": _part("cooldown", "quick_rest_ms", _hours, off=0),
    "max_cost_share": _set("max_cost_share_ppm", _ppm),
    "cost_slippage": _set("cost_slippage_ppm", _ppm),
    "turnover_floor": _set("turnover_floor", int),
    "largest": _set("largest", int, off=0),
}
_FRAME = Parameter("timeframe", "15m", "length", "candles that are decided on", choices=TIMEFRAMES)
_RULES = Parameter("rules_off", "1", "names", "rules of the strategy that are off until switched on from chat")
_ANCHOR = Parameter("cooldown_anchor", "grid", "choice", "where a rest ends", choices=tuple(Anchor))

SETTINGS: dict[str, Setting] = {
    "timeframe": Setting(_FRAME, _set("timeframe", timeframe_ms)),
    **{
        name: Setting(Parameter(name, kind, unit, about, low, high), _CHANGES[name], removable)
        for name, kind, unit, low, high, about, removable in _ROWS
    },
    "rules_off": Setting(
        _RULES, _set("rules_off", _names, off=()), removable=True, words="1,4 or a list; off for none"
    ),
    "cooldown_anchor": Setting(_ANCHOR, _part("cooldown", "anchor", Anchor)),
}
