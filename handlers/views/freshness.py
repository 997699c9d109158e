"""How old the numbers of a snapshot are, and whether they may still be shown as now."""

from engine.core.snapshot import Snapshot

STALE_MS = 15_000
_LATE_MS = 5_000


def data_ms(snapshot: Snapshot) -> int | None:
    """Wall time of the newest market data in the snapshot; absent when there never was any."""
    return None if snapshot.feed_age_ms is None else snapshot.wall_ms - snapshot.feed_age_ms


def is_stale(snapshot: Snapshot, *, wall_ms: int) -> bool:
    """Whether numbers may not be shown as now: data older than 15 s of wall time, or no price of something held."""
    newest = data_ms(snapshot)
    return newest is None or not snapshot.measurable or wall_ms - newest > STALE_MS


def feed_words(snapshot: Snapshot, *, wall_ms: int) -> str:
    """State of the market data in a word or two, folded so that it does not change with every second."""
    # Prices that are not the market's say so in every state.
    feed = "Feed" if snapshot.prices == "live" else f"{snapshot.prices.capitalize()} prices"
    newest = data_ms(snapshot)
    if newest is None:
        return f"{feed}: no data yet"
    old_ms = wall_ms - newest
    if old_ms > STALE_MS:
        return f"{feed} STALE"
    return f"{feed} live" if old_ms <= _LATE_MS else f"{feed} late 5s+"
