"""Everything a button can say. Each kind packs into 64 bytes; values are untrusted and looked up again when pressed."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData

from engine.core.commands import Choice


class Place(StrEnum):
    """A screen that needs no argument."""

    PANEL = "panel"
    MORE = "more"
    STATUS = "status"
    POSITIONS = "positions"
    BALANCE = "balance"
    TRADES = "trades"
    RISK = "risk"
    LIMITS = "limits"
    COOLDOWNS = "cooldowns"
    SYMBOLS = "symbols"
    SIGNALS = "signals"
    STRATEGIES = "strategies"
    CHARTS = "charts"
    TODAY = "today"
    PERFORMANCE = "performance"
    ANALYTICS = "analytics"
    BACKTEST = "backtest"
    HEALTH = "health"
    VERSION = "version"
    HELP = "help"
    ACCOUNT = "account"


class Open(CallbackData, prefix="o"):
    """Show a screen; `fresh` as a new message, because the one with the button stays what it is."""

    place: Place
    fresh: bool = False


class Page(CallbackData, prefix="pg"):
    """Show the positions from symbol `start` on."""

    start: str


class Card(CallbackData, prefix="pc"):
    """Show the card of one position."""

    symbol: str
    fresh: bool = False


class Why(CallbackData, prefix="wy"):
    """Show what holds a symbol back."""

    symbol: str
    fresh: bool = False


class TradePage(CallbackData, prefix="tr"):
    """Show a page of the `last` (0: all) trades closed before `until_ms`, so that new ones do not shift the pages."""

    until_ms: int
    page: int
    last: int = 0


class DeskOrder(StrEnum):
    """What can be asked of the desk by one press."""

    PAUSE = "pause"
    RESUME = "resume"
    CLOSE_ALL = "closeall"


class Ask(CallbackData, prefix="do"):
    """Pause, resume, or preview a close-all; `scope` is empty, `*` for every account, or `p.` or `s.` and the token of
    a profile or symbol.
    """

    order: DeskOrder
    scope: str = ""


class Close(CallbackData, prefix="cl"):
    """Preview closing `percent` of a position."""

    symbol: str
    percent: int
    fresh: bool = False


class TakeOver(CallbackData, prefix="to"):
    """Preview giving the external position on a symbol to a profile."""

    symbol: str


class Reduce(CallbackData, prefix="ok"):
    """Confirm what closes or tightens."""

    nonce: str


class Add(CallbackData, prefix="ad"):
    """Confirm what lets the desk risk more."""

    nonce: str


class Cancel(CallbackData, prefix="no"):
    """Withdraw a confirmation."""

    nonce: str


class Emergency(CallbackData, prefix="em"):
    """Answer the question of an emergency limit by its number."""

    number: int
    choice: Choice


class LimitCard(CallbackData, prefix="li"):
    """Show a limit with a value that is being tried (empty: the present one)."""

    key: str
    draft: str = ""


class LimitSet(CallbackData, prefix="ls"):
    """Preview setting a limit."""

    key: str
    value: str


class LimitType(CallbackData, prefix="lt"):
    """Ask for a typed value of a limit."""

    key: str


class StrategyCard(CallbackData, prefix="st"):
    """Show the rules of a profile."""

    profile: str


class SwitchProfile(CallbackData, prefix="sp"):
    """Switch a profile's entries."""

    profile: str
    on: bool


class SwitchRule(CallbackData, prefix="sr"):
    """Switch a rule of a profile."""

    profile: str
    rule: str
    on: bool


class SymbolsOf(CallbackData, prefix="sy"):
    """Show the symbols of a profile, from `start` on."""

    profile: str
    start: str = ""


class SwitchSymbol(CallbackData, prefix="ss"):
    """Let a profile enter on a symbol, or no longer."""

    profile: str
    symbol: str
    on: bool


class Unlock(CallbackData, prefix="un"):
    """Preview ending the cooldown of a symbol."""

    symbol: str


class SignalPage(CallbackData, prefix="sg"):
    """Show a page of the newest signals."""

    page: int


class ManualEntry(CallbackData, prefix="me"):
    """Preview opening a position by hand."""

    symbol: str
    long: bool


class Day(CallbackData, prefix="dy"):
    """Show the summary of a UTC day, counted from 1970-01-01."""

    day: int


class Span(CallbackData, prefix="sn"):
    """Show performance (`p`) or analytics (`a`) of a period as it is typed."""

    kind: str
    period: str


class Picture(CallbackData, prefix="ch"):
    """Draw a chart. `what` is a kind or a symbol, `frame` a timeframe, a month or a period."""

    what: str
    frame: str = ""
    dark: bool = True
    file: bool = False
    fresh: bool = False


class Backtest(CallbackData, prefix="bt"):
    """Stop a running backtest (`stop`), or draw a chart of a finished one."""

    run: str
    what: str


class SyncStop(CallbackData, prefix="sx"):
    """Stop reading the account's past."""


class Topic(CallbackData, prefix="hp"):
    """Show a topic of the help."""

    name: str


class DropCode(CallbackData, prefix="xc"):
    """Withdraw what waits for a code."""


class PickAccount(CallbackData, prefix="ac"):
    """Choose the account that typed commands act on."""

    name: str


class Nothing(CallbackData, prefix="nn"):
    """A button that only informs, for instance the page number."""
