"""Colours of the light and the dark theme, and text sizes in pixels."""

from dataclasses import dataclass

WIDTH, HEIGHT = 1080, 1280
"""Telegram shows photos of at most 1280 pixels a side without scaling them."""

SMALL, BODY, STRONG, TITLE = 25, 28, 38, 46
"""Text sizes in pixels; nothing on a picture is smaller than 24."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colours by role, as #rrggbb."""

    paper: str
    panel: str
    ink: str
    muted: str
    grid: str
    up: str
    down: str
    accent: str
    warn: str
    lines: tuple[str, ...]

    def of(self, tone: str) -> str:
        """Colour of a direction: up, down, anything else is plain ink."""
        return {"up": self.up, "down": self.down}.get(tone, self.ink)


LIGHT = Palette(
    paper="#ffffff",
    panel="#f1f4f8",
    ink="#161b22",
    muted="#57606a",
    grid="#dfe4ea",
    up="#12805c",
    down="#cf2f3c",
    accent="#1f5fd0",
    warn="#b35c00",
    lines=("#1f5fd0", "#b35c00", "#7a3fc4", "#0b7d8a", "#a8327d", "#5d6b00"),
)
DARK = Palette(
    paper="#12161d",
    panel="#1c232d",
    ink="#e8edf3",
    muted="#9aa7b5",
    grid="#2a323d",
    up="#2ebd8b",
    down="#f4646c",
    accent="#63a1ff",
    warn="#f2a33c",
    lines=("#63a1ff", "#f2a33c", "#b68cff", "#3fc6d6", "#f07fc4", "#c3cf5a"),
)


def palette(*, dark: bool) -> Palette:
    """The palette of a theme."""
    return DARK if dark else LIGHT


def mixed(colour: str, ground: str, *, share: float) -> str:
    """Colour laid over a ground with the given share (0 = ground only, 1 = colour only)."""
    top, under = _channels(colour), _channels(ground)
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in zip(top, under, strict=True))


def readable_on(ground: str) -> str:
    """Near-black or white, whichever stands out more on the ground (relative luminance of WCAG 2)."""
    linear = [
        (part / 255 / 12.92) if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in _channels(ground)
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#0d1117" if luminance > 0.18 else "#ffffff"


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
