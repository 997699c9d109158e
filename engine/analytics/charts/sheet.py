"""One picture under construction: header, axes placed in pixels, text that fits, and the PNG at the end."""

from dataclasses import dataclass
from io import BytesIO

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.text import Text

from engine.analytics.charts.requests import Look, Picture
from engine.analytics.charts.theme import BODY, HEIGHT, SMALL, STRONG, TITLE, WIDTH, palette

DPI = 100
SIDE = 44

# Names of symbols and rules are shown as they are: a dollar sign is not the beginning of a formula.
mpl.rcParams["text.parse_math"] = False
mpl.rcParams["font.family"] = "DejaVu Sans"


def points(pixels: float) -> float:
    """Pixels of the picture as typographic points."""
    return pixels * 72 / DPI


@dataclass(frozen=True, slots=True)
class Fact:
    """A key figure of the header: label, value, and whether it is good (up), bad (down) or neither (flat)."""

    label: str
    value: str
    tone: str = "flat"


class Sheet:
    """A figure of 1080 x 1280 pixels with a header; positions are pixels from the left and from the top."""

    height = HEIGHT

    def __init__(self, look: Look, *, title: str, subtitle: str, facts: tuple[Fact, ...], caption: str) -> None:
        self.look = look
        self.colours = palette(dark=look.dark)
        self.caption = f"{title} · {look.mode} · {caption}"
        self.figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor=self.colours.paper)
        self.canvas = FigureCanvasAgg(self.figure)
        mode_left = self._mode_badge()
        self.text(SIDE, 62, title, size=TITLE, weight="bold", room=mode_left - SIDE - 24)
        self.text(SIDE, 114, subtitle, size=BODY, colour=self.colours.muted, room=WIDTH - 2 * SIDE)
        self._facts(facts)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float,
        colour: str | None = None,
        align: str = "left",
        weight: str = "normal",
        room: float | None = None,
    ) -> Text:
        """Text with its vertical middle at `y`; with `room` it shrinks to 24 pixels and is then cut with … to fit."""
        drawn = self.figure.text(
            x / WIDTH,
            1 - y / HEIGHT,
            words,
            fontsize=points(size),
            color=colour or self.colours.ink,
            ha=align,
            va="center_baseline",
            fontweight=weight,
        )
        while room is not None and self.width_of(drawn) > room:
            if size > 24:
                size = max(24, size - 1)
                drawn.set_fontsize(points(size))
            else:
                words = words[:-1].rstrip()
                drawn.set_text(words + "…")
        return drawn

    def width_of(self, drawn: Text) -> float:
        """Width of a drawn text in pixels."""
        return float(drawn.get_window_extent().width)

    def axes(self, *, top: float, bottom: float, left: float = SIDE, right: float = 930, grid: bool = True) -> Axes:
        """Axes between pixel positions, values on the right, styled for the theme."""
        ax = self.figure.add_axes((left / WIDTH, 1 - bottom / HEIGHT, (right - left) / WIDTH, (bottom - top) / HEIGHT))
        ax.set_facecolor(self.colours.paper)
        for side in ("top", "left", "right"):
            ax.spines[side].set_visible(False)
        ax.spines["bottom"].set_color(self.colours.grid)
        ax.yaxis.tick_right()
        ax.tick_params(length=0, pad=8, labelsize=points(SMALL), labelcolor=self.colours.muted)
        if grid:
            ax.grid(visible=True, color=self.colours.grid, linewidth=1)
            ax.set_axisbelow(True)
        return ax

    def picture(self) -> Picture:
        """The finished PNG."""
        buffer = BytesIO()
        self.figure.savefig(buffer, format="png", dpi=DPI, facecolor=self.colours.paper, metadata={"Software": None})
        return Picture(png=buffer.getvalue(), width=WIDTH, height=HEIGHT, caption=self.caption)

    def box(
        self, *, left: float, top: float, width: float, height: float, colour: str, radius: float = 12, order: float = 1
    ) -> None:
        """Rounded rectangle behind text."""
        shape = FancyBboxPatch(
            (left, HEIGHT - top - height),
            width,
            height,
            boxstyle=f"round,pad=0,rounding_size={radius}",
            facecolor=colour,
            edgecolor="none",
            transform=None,
            zorder=order,
        )
        self.figure.add_artist(shape)

    def _mode_badge(self) -> float:
        live = self.look.mode.upper().startswith("LIVE")
        ink = "#ffffff" if live else self.colours.ink
        drawn = self.text(
            WIDTH - SIDE - 20, 62, self.look.mode.upper(), size=BODY, weight="bold", align="right", colour=ink, room=420
        )
        width = self.width_of(drawn) + 40
        ground = "#c62835" if live else self.colours.grid
        self.box(left=WIDTH - SIDE - width, top=36, width=width, height=52, colour=ground, radius=26, order=-1)
        return WIDTH - SIDE - width

    def _facts(self, facts: tuple[Fact, ...]) -> None:
        for place, fact in enumerate(facts):
            room = (WIDTH - 2 * SIDE) / len(facts)
            left = SIDE + place * room
            self.text(left, 168, fact.label, size=SMALL, colour=self.colours.muted, room=room - 16)
            self.text(
                left, 212, fact.value, size=STRONG, weight="bold", colour=self.colours.of(fact.tone), room=room - 16
            )
