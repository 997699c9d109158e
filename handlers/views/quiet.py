"""Quiet hours in words."""

from zoneinfo import ZoneInfo

from handlers.views.format import at, esc
from handlers.views.table import paragraphs


def render_quiet(window: tuple[int, int] | None, zone: ZoneInfo, *, wall_ms: int, note: str = "") -> str:
    """HTML of a person's quiet hours; `window` in minutes of the day of the zone, None for none."""
    if window is None:
        return paragraphs("<b>Quiet hours</b> · off", "Set them with /quiet 23:00-07:00.", esc(note))
    begin, end = (f"{minutes // 60:02}:{minutes % 60:02}" for minutes in window)
    return paragraphs(
        f"<b>Quiet hours</b> · {begin} to {end} {esc(f'{at(wall_ms, zone):%Z}')}",
        "Messages come without a sound; critical ones always sound.",
        "While every admin has quiet hours, an emergency limit closes at once instead of asking.",
        "/quiet off ends them.",
        esc(note),
    )
