"""The panel tells the truth about its age, and is edited only when it has something to say."""

from dataclasses import replace

from handlers.views.balance import render_balance
from handlers.views.panel import panel_hash, render_panel
from handlers.views.positions import render_card, render_positions
from keyboards.panel import panel_keyboard
from tests.unit.views import examples as ex

ALIVE = ex.snapshot()
KEYS = panel_keyboard(ALIVE)


def _text(**changes: object) -> str:
    state = replace(ALIVE, **changes)  # type: ignore[arg-type]  # names and values are the test's own
    return render_panel(state, wall_ms=state.wall_ms, zone=ex.UTC_ZONE)


def test_data_older_than_15_seconds_reads_stale_and_shows_no_result() -> None:
    at_limit = render_panel(ALIVE, wall_ms=ex.NOW_MS - 400 + 15_000, zone=ex.UTC_ZONE)
    beyond = render_panel(ALIVE, wall_ms=ex.NOW_MS - 400 + 15_001, zone=ex.UTC_ZONE)
    assert "STALE" not in at_limit
    assert "STALE" in beyond
    for number in ("−84.20", "−12.25", "10,214.50", "used"):
        assert number in at_limit
        assert number not in beyond


def test_old_data_hides_results_on_every_screen_of_money() -> None:
    late = {"wall_ms": ex.NOW_MS + 60_000, "zone": ex.UTC_ZONE}
    for text in (
        render_positions(ALIVE, "", **late),
        render_card(ex.position(), ALIVE, **late),
        render_balance(ALIVE, **late),
    ):
        assert "STALE" in text
        assert "+1.12" not in text
        assert "−12.25" not in text


def test_an_unchanged_desk_gives_the_same_hash_within_a_minute() -> None:
    later = _text(wall_ms=ex.NOW_MS + 59_000, feed_age_ms=900)
    assert later != _text()
    assert panel_hash(later, KEYS) == panel_hash(_text(), KEYS)


def test_a_live_panel_is_renewed_every_minute_so_that_its_age_tells_a_dead_desk() -> None:
    assert panel_hash(_text(wall_ms=ex.NOW_MS + 60_000), KEYS) != panel_hash(_text(), KEYS)


def test_anything_a_reader_would_see_changes_the_hash() -> None:
    texts = [
        _text(),
        _text(state="paused"),
        _text(today=ex.BITCOIN.unrealised),
        _text(store_ok=False),
        _text(venue="down"),
    ]
    assert len({panel_hash(text, KEYS) for text in texts}) == len(texts)
    assert panel_hash(_text(), panel_keyboard(ALIVE)) != panel_hash(
        _text(), KEYS.model_copy(update={"inline_keyboard": []})
    )


def test_the_age_is_counted_by_the_phone_with_a_time_of_day_as_fallback() -> None:
    assert f'<tg-time unix="{ex.NOW_MS // 1000}" format="r">14:32:00 UTC</tg-time>' in _text()
    vienna = render_panel(ALIVE, wall_ms=ex.NOW_MS, zone=ex.VIENNA)
    assert "15:32:00 CET" in vienna
