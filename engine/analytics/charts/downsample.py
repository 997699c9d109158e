"""Fewer points with the same picture: first, lowest, highest and last of every column of pixels."""

import numpy as np
from numpy.typing import NDArray

from engine.analytics.series import Values


def kept(values: Values, *, columns: int) -> NDArray[np.int64]:
    """Positions to draw: all when few, else first, minimum, maximum and last of each of `columns` equal buckets.

    So no extreme is ever lost and at most 4 x columns points remain. Values must be finite.
    """
    count = len(values)
    if count <= 4 * columns:
        return np.arange(count, dtype=np.int64)
    width = -(-count // columns)
    padded = np.concatenate((values, np.full(-count % width, values[-1])))
    rows = padded.reshape(-1, width)
    starts = np.arange(len(rows), dtype=np.int64) * width
    lasts = np.minimum(starts + width - 1, count - 1)
    found = np.concatenate((starts, starts + rows.argmin(axis=1), starts + rows.argmax(axis=1), lasts))
    return np.unique(np.minimum(found, count - 1))
