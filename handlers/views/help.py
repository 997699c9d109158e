"""Help: the list of commands, a topic, and the answer to a mistyped command."""

from collections.abc import Sequence

from handlers.catalogue import TOPICS, CommandInfo
from handlers.views.format import esc
from handlers.views.table import paragraphs


def render_help(commands: Sequence[CommandInfo]) -> str:
    """HTML of all commands a person may use, by topic."""
    blocks = []
    for topic in TOPICS:
        lines = [f"/{info.name} – {esc(info.description)}" for info in commands if info.topic == topic]
        if lines:
            blocks.append("\n".join([f"<b>{esc(topic.capitalize())}</b>", *lines]))
    return paragraphs(
        "<b>What this desk understands</b>", *blocks, "Details: /help COMMAND, for example <code>/help close</code>"
    )


def render_topic(name: str, commands: Sequence[CommandInfo]) -> str:
    """HTML of the commands of one topic with usage and example."""
    return paragraphs(f"<b>Help: {esc(name)}</b>", *(_details(info) for info in commands))


def _details(info: CommandInfo) -> str:
    return paragraphs(
        f"\n<code>{esc(info.usage)}</code>",
        f"{esc(info.description)}. {esc(info.details)}".rstrip(". ") + ".",
        f"Example: <code>{esc(info.example)}</code>",
        "Admins only." if info.acts else "",
    )


def render_usage(info: CommandInfo, *, trouble: str, understood: str = "") -> str:
    """HTML of a usage error: what was wrong, what was understood, how it is written, with an example."""
    return paragraphs(
        f"{esc(trouble)} Nothing was done.",
        f"Understood: {esc(understood)}" if understood else "",
        f"Usage: <code>{esc(info.usage)}</code>",
        f"Example: <code>{esc(info.example)}</code>",
    )


def render_unknown_command(word: str, close: Sequence[str]) -> str:
    """HTML for a command that does not exist."""
    hint = f"Did you mean {' or '.join(f'/{esc(name)}' for name in close)}?" if close else ""
    return paragraphs(
        f"I do not know /{esc(word)}. Nothing was done.", hint, "/menu opens the desk, /help lists the commands."
    )


def render_small_talk() -> str:
    """HTML for a text that is not a command."""
    return "I only understand commands and buttons. /menu opens the desk, /help lists the commands."
