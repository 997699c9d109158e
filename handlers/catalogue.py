"""The list of commands: what Telegram's menu, /help and usage errors say about each, and who may use it."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from handlers.ports import Role

TOPICS = ("state", "control", "money", "results", "pictures", "risk", "strategies", "manual", "research", "operations")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandInfo:
    """One command. `description` is at most 100 characters; `details` are sentences for its help page."""

    name: str
    topic: str
    description: str
    usage: str
    example: str
    details: str = ""
    role: Role = Role.VIEWER
    aliases: tuple[str, ...] = ()

    @property
    def acts(self) -> bool:
        """Whether the command changes something."""
        return self.role is not Role.VIEWER


def _info(
    name: str, topic: str, description: str, arguments: str = "", example: str = "", details: str = ""
) -> CommandInfo:
    usage = f"/{name} {arguments}".strip()
    return CommandInfo(
        name=name,
        topic=topic,
        description=description,
        usage=usage,
        example=f"/{name} {example}".strip(),
        details=details,
    )


def _deed(
    name: str, topic: str, description: str, arguments: str, example: str, details: str, *aliases: str
) -> CommandInfo:
    usage, shown = f"/{name} {arguments}".strip(), f"/{name} {example}".strip()
    return CommandInfo(
        name=name,
        topic=topic,
        description=description,
        usage=usage,
        example=shown,
        details=details,
        role=Role.ADMIN,
        aliases=aliases,
    )


COMMANDS: tuple[CommandInfo, ...] = (
    _info("menu", "state", "Open the desk panel", details="The panel stays pinned and keeps itself up to date."),
    _info("start", "state", "Greet and open the desk panel"),
    _info("help", "state", "What can be done, and how", "[command or topic]", "close"),
    _info("status", "state", "State, holds, orders under way"),
    _info(
        "account",
        "state",
        "Show the accounts, or choose one",
        "[name]",
        "",
        "Commands typed afterwards act on the one chosen; a button acts on the account of its message",
    ),
    _info("why", "state", "What the desk thinks of a symbol and what holds it back", "SYMBOL", "sol"),
    _info("health", "state", "Process, feed, exchange, database, disk"),
    _info("version", "state", "Version, Python and mode"),
    _deed(
        "pause",
        "control",
        "Block new entries at once",
        "[profile, symbol or all] [time]",
        "cft 4h",
        "Exits, stops and limits go on. Without a time it holds until /resume. Times: 30m, 4h, 2d. All means every"
        " account",
    ),
    _deed(
        "resume",
        "control",
        "Allow entries again",
        "[profile or symbol]",
        "cft",
        "Names the limits that are still breached. After a halt it asks for a confirmation",
    ),
    _deed(
        "lockdown",
        "control",
        "Refuse all that adds risk until the host lifts it",
        "",
        "",
        "Acts at once, on every account. No button lifts it, only pocketdesk users lockdown lift on the host",
    ),
    _deed(
        "golive",
        "control",
        "Confirm that this account trades for real",
        "",
        "",
        "Only in live mode: shows version, account, equity, profiles and limits, and asks",
    ),
    _deed(
        "closeall",
        "control",
        "Pause entries and close positions",
        "[profile, losers, longs or shorts] [all] [now]",
        "losers",
        "Pauses at once, then asks. With the word now it closes at once, with all on every account",
        "panic",
    ),
    _deed(
        "close",
        "control",
        "Close one position, or part of it",
        "SYMBOL [percent] [now]",
        "sol 50",
        "Shows a preview and asks. With the word now it closes at once",
    ),
    _info("positions", "money", "Open positions and their results"),
    _info("position", "money", "The card of one position", "SYMBOL", "sol"),
    _info("balance", "money", "Wallet, equity, margin, exposure"),
    _info("trades", "money", "Closed trades, newest first", "[number]", "20"),
    _info("signals", "money", "Signals and what refused them, newest first"),
    _info("daily", "results", "Today, or the last days", "[days]", "7"),
    _info(
        "performance",
        "results",
        "Key figures of a period",
        "[period]",
        "30d",
        "Periods: today, 7d, 4w, all, or 2025-09-05:2025-10-13",
    ),
    _info("analytics", "results", "Every metric of a period", "[period]", "30d", "Periods as in /performance"),
    _info(
        "chart",
        "pictures",
        "Equity, drawdown, results, calendar or candles",
        "equity, drawdown, distribution, pnl, calendar [month], or SYMBOL [timeframe] [indicators]",
        "btc 1h ema50 supertrend",
        "Months are written 2025-11. Timeframes: 1m 3m 5m 15m 30m 1h 2h 4h 6h 12h 1d",
    ),
    _info("risk", "risk", "What is at risk now: exposure, stops, nearest limits, holds"),
    _info("cooldowns", "risk", "Symbols that rest, and until when"),
    _deed(
        "unlock",
        "risk",
        "End the cooldown of a symbol",
        "SYMBOL",
        "sol",
        "Asks first: the next signal may open a position at once",
    ),
    _info("limits", "risk", "Loss limits and how much of them is used"),
    _deed(
        "limit",
        "risk",
        "Change a loss limit",
        "NAME VALUE",
        "daily_equity -3",
        "Percent or USDT, as the limit is; a loss is negative. Loosening asks twice",
    ),
    _info("strategies", "strategies", "Profiles, on or off, and their results"),
    _info("strategy", "strategies", "One profile: parameters, protection, symbols, result", "PROFILE", "cft"),
    _info("rules", "strategies", "Rules of a profile, to switch on and off", "[profile]", "cft"),
    _info("symbols", "strategies", "Symbols of a profile, to switch on and off", "[profile]", "cft"),
    _deed(
        "watch",
        "strategies",
        "Let a profile enter on a symbol again",
        "SYMBOL [profile]",
        "sol cft",
        "Without a profile it means every profile that has the symbol",
    ),
    _deed(
        "unwatch",
        "strategies",
        "No new entries on a symbol, at once",
        "SYMBOL [profile]",
        "sol cft",
        "What is open keeps its exits",
    ),
    _deed(
        "long",
        "manual",
        "Buy by hand, with stop and target",
        "SYMBOL [usd]",
        "btc 200",
        "Shows size, stop, target, cost and risk, and asks",
    ),
    _deed(
        "short",
        "manual",
        "Sell short by hand, with stop and target",
        "SYMBOL [usd]",
        "eth 200",
        "Shows size, stop, target, cost and risk, and asks",
    ),
    _deed(
        "sync",
        "operations",
        "Read the account's past from the exchange",
        "[months]",
        "12",
        "Without a number only what is new. Executions, orders, closed P&L; trading goes on meanwhile",
    ),
    _deed(
        "users",
        "operations",
        "Who may use this desk",
        "",
        "",
        "Roles and second factors are changed on the host only: pocketdesk users",
    ),
    _info(
        "quiet",
        "operations",
        "Your quiet hours: messages without a sound",
        "[HH:MM-HH:MM or off]",
        "23:00-07:00",
        "Critical messages always sound. While every admin has quiet hours, emergency limits close without asking",
    ),
    _info(
        "backtest",
        "research",
        "Test a profile on recorded candles",
        "PROFILE SYMBOL PERIOD",
        "cft btc 7d",
        "Runs beside the desk and can be cancelled",
    ),
)
_BY_NAME = {name: info for info in COMMANDS for name in (info.name, *info.aliases)}


def command(name: str) -> CommandInfo:
    """The command of a name or an alias; raises KeyError for others."""
    return _BY_NAME[name]


def find(word: str) -> CommandInfo | None:
    """The command of a name or an alias, without its slash."""
    return _BY_NAME.get(word.lower().lstrip("/"))


def close_names(word: str) -> list[str]:
    """Up to three command names that look like a word."""
    return get_close_matches(word.lower(), _BY_NAME, n=3, cutoff=0.6)


def commands_for(role: Role) -> Sequence[CommandInfo]:
    """What a role may use, in the order of the menu."""
    return [info for info in COMMANDS if role.covers(info.role)]


def menu_for(role: Role) -> list[tuple[str, str]]:
    """(name, description) pairs for Telegram's command menu; /panic is the only alias in it."""
    pairs = [(info.name, info.description) for info in commands_for(role)]
    return [*pairs, ("panic", "Pause entries and close positions")] if role.covers(Role.ADMIN) else pairs
