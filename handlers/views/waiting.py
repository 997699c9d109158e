"""A start that waits for the exchange."""

from handlers.views import words
from handlers.views.format import esc
from handlers.views.table import paragraphs


def render_waiting(account: str, mode: str, why: str) -> str:
    """HTML of the only message there is before a desk runs."""
    held = "Stops and targets on the exchange stay there." if mode != "paper" else "Paper positions wait as they are."
    return paragraphs(
        f"<b>{esc(words.mode(mode))} · {esc(account)} · STARTING</b>",
        f"Bybit does not answer: {esc(why)}.",
        f"{held} I ask again every minute, and answer what you send as soon as it does.",
    )
