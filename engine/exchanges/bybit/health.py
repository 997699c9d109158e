"""One account's connection as a whole: parts report what is wrong with them, changes of the worst are told once."""

from collections.abc import Callable

from engine.core.events import VenueChanged, VenueState
from engine.exchanges.base import Sink

_RANK = {VenueState.UP: 0, VenueState.DEGRADED: 1, VenueState.DOWN: 2}


class Health:
    """What is wrong now, by part (`rest`, `private`, `clock`, …). Tells the sink when the worst state changes."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._sink: Sink | None = None
        self._wrong: dict[str, tuple[VenueState, str]] = {}
        self._told = VenueState.UP

    @property
    def state(self) -> VenueState:
        """The worst of all parts."""
        return max((state for state, _ in self._wrong.values()), key=_RANK.__getitem__, default=VenueState.UP)

    def connect(self, sink: Sink | None) -> None:
        """Tell a sink from now on, beginning with what is wrong already."""
        self._sink = sink
        self._told = VenueState.UP
        self._tell("")

    def wrong(self, part: str, state: VenueState, why: str) -> None:
        """Take in that a part is worse than it should be, and why, as a sentence without a full stop."""
        if self._wrong.get(part) != (state, why):
            self._wrong[part] = (state, why)
            self._tell(why)

    def well(self, part: str) -> None:
        """Take in that a part is as it should be."""
        if self._wrong.pop(part, None) is not None:
            self._tell("")

    def why(self) -> str:
        """Return what is wrong, the worst first; empty when nothing is."""
        rows = sorted(self._wrong.values(), key=lambda row: -_RANK[row[0]])
        return "; ".join(why for _, why in rows)

    def _tell(self, why: str) -> None:
        state = self.state
        if self._sink is None or state is self._told:
            return
        self._told = state
        text = "the exchange answers again" if state is VenueState.UP else why or self.why()
        self._sink(VenueChanged(state, text, self._now_ms()))
