"""Looking at a picture: decoded pixels, colours, text of a figure."""

from io import BytesIO

import numpy as np
from matplotlib.text import Text
from numpy.typing import NDArray
from PIL import Image

from engine.analytics.charts.render import draw, render
from engine.analytics.charts.requests import ChartRequest, NoPicture, Picture
from engine.analytics.charts.sheet import DPI, Sheet

type Pixels = NDArray[np.int64]


def pixels(request: ChartRequest) -> Pixels:
    """Rows x columns x red, green, blue of the rendered request."""
    found = render(request)
    assert isinstance(found, Picture), found
    return decoded(found)


def decoded(found: Picture) -> Pixels:
    """Rows x columns x red, green, blue of a picture, whose size is as it says."""
    image = Image.open(BytesIO(found.png))
    assert image.size == (found.width, found.height)
    return np.asarray(image.convert("RGB"), dtype=np.int64)


def near(image: Pixels, colour: str, *, tolerance: int = 6) -> NDArray[np.bool_]:
    """Where a picture has this colour."""
    wanted = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)])
    return np.asarray((np.abs(image - wanted) <= tolerance).all(axis=2))


def sheet(request: ChartRequest) -> Sheet:
    """The figure before it becomes a PNG."""
    found = draw(request)
    assert not isinstance(found, NoPicture), found
    return found


def texts(drawn: Sheet) -> list[Text]:
    """All texts that are visible on a figure."""
    drawn.figure.canvas.draw()
    return [text for text in drawn.figure.findobj(Text) if isinstance(text, Text) and _seen(text)]


def _seen(text: Text) -> bool:
    return bool(text.get_visible()) and bool(text.get_text().strip())


def words(drawn: Sheet) -> str:
    """Everything that can be read on a figure."""
    return "\n".join(text.get_text() for text in texts(drawn))


def pixel_size(text: Text) -> float:
    """Size of a text in pixels."""
    return float(text.get_fontsize()) * DPI / 72
