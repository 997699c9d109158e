"""Pages and time windows of lists: limits, cursors, Bybit's rules for startTime and endTime."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from bot.localvenue.codes import invalid
from bot.localvenue.numbers import Body, int_of
from engine.core.market import DAY_MS

TWO_YEARS_MS = 2 * 365 * DAY_MS
WEEK_MS = 7 * DAY_MS
_TOO_OLD = "Can't query order earlier than 2 years, please check your params: startTime or endTime!"


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time, both ends included."""

    start_ms: int
    end_ms: int

    def __contains__(self, at_ms: object) -> bool:
        return isinstance(at_ms, int) and self.start_ms <= at_ms <= self.end_ms


def window(body: Body, now_ms: int, *, span_ms: int = WEEK_MS) -> Window:
    """Return the window a request means; 10001 for one that is too long, reversed, or two years old."""
    start, end = int_of(body, "startTime"), int_of(body, "endTime")
    if start is None and end is None:
        start, end = now_ms - span_ms, now_ms
    elif start is None:
        start = (end or 0) - span_ms
    elif end is None:
        end = start + span_ms
    found = Window(start or 0, end or 0)
    if found.start_ms > found.end_ms:
        raise invalid("params error: startTime must not be after endTime")
    if found.end_ms - found.start_ms > span_ms:
        raise invalid(f"The time range between startTime and endTime cannot exceed {span_ms // DAY_MS} days")
    if found.start_ms < now_ms - TWO_YEARS_MS - DAY_MS:
        raise invalid(_TOO_OLD)
    return found


def limit_of(body: Body, *, default: int, most: int) -> int:
    """Return the page size; 10001 beyond what the endpoint allows."""
    limit = int_of(body, "limit")
    limit = default if limit is None else limit
    if not 1 <= limit <= most:
        raise invalid(f"params error: limit must be 1 to {most}")
    return limit


def page[T](rows: Sequence[T], body: Body, *, name: Callable[[T], str], limit: int) -> tuple[list[T], str]:
    """Return the rows after the cursor and the cursor of the next page, "" at the end.

    A cursor names the first row of its page and the last one of the page before, so it survives rows that are added
    in front. It is percent-encoded, as Bybit's are.
    """
    start = _start(rows, body, name)
    chosen = list(rows[start : start + limit])
    following = rows[start + limit : start + limit + 1]
    if not following:
        return chosen, ""
    return chosen, quote(f"{name(following[0])}:{name(chosen[-1])}", safe="")


def _start[T](rows: Sequence[T], body: Body, name: Callable[[T], str]) -> int:
    cursor = body.get("cursor")
    if not cursor:
        return 0
    first, _, before = unquote(str(cursor)).partition(":")
    places = {name(row): index for index, row in enumerate(rows)}
    if first in places:
        return places[first]
    if before in places:
        return places[before] + 1
    raise invalid("params error: cursor invalid")
