"""Queue of updates, flood limits, image headers, ledger and page policy."""

import base64
import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image

from bot.localchat.errors import ApiError
from bot.localchat.images import image_size, scale, scaled_size
from bot.localchat.ledger import Ledger
from bot.localchat.page import PAGE, policy
from bot.localchat.ratelimit import RateLimiter
from bot.localchat.updates import Update, UpdateQueue


def _queue(*ids: int) -> UpdateQueue:
    queue = UpdateQueue()
    for number in ids:
        queue.add(Update(id=number, body={"update_id": number}, expires=1e9), now=0.0)
    return queue


def _ids(queue: UpdateQueue, *, limit: int = 100, now: float = 0.0) -> list[int]:
    return [body["update_id"] for body in queue.take(limit=limit, now=now)]


def test_an_update_stays_until_a_higher_offset_confirms_it() -> None:
    queue = _queue(5, 6, 7)
    assert _ids(queue) == _ids(queue) == [5, 6, 7]
    queue.confirm(queue.confirmed_by(6))
    assert _ids(queue) == [6, 7]


@pytest.mark.parametrize(("offset", "left"), [(0, [5, 6, 7]), (-1, [7]), (-9, [5, 6, 7]), (8, []), (99, [5, 6, 7])])
def test_offsets_forget_what_telegram_forgets(offset: int, left: list[int]) -> None:
    queue = _queue(5, 6, 7)
    queue.confirm(queue.confirmed_by(offset))
    assert _ids(queue) == left


def test_ids_start_high_count_up_and_start_anew_after_an_idle_week() -> None:
    queue = UpdateQueue()
    first = queue.issue_id(0.0)
    assert first > 2_000_001
    queue.add(Update(id=first, body={}, expires=1.0), now=0.0)
    assert queue.issue_id(1.0) == first + 1
    queue.confirm(first + 1)
    assert queue.issue_id(8 * 86400.0) != first + 1


def test_expired_updates_vanish_and_a_redelivered_one_comes_first() -> None:
    queue = _queue(5, 6)
    queue.confirm(7)
    queue.add(Update(id=7, body={"update_id": 7}, expires=150.0), now=0.0)
    assert queue.redeliver(5)
    assert _ids(queue, now=149.0) == [5, 7]
    assert _ids(queue, now=150.0) == []
    assert not queue.redeliver(4)


def test_a_burst_passes_then_calls_are_held_back_then_refused() -> None:
    limiter = RateLimiter()
    waits = [limiter.reserve(bot_id=1, chat_id=9, cost=1, now=0.0) for _ in range(13)]
    assert waits == [0.0] * 5 + [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    with pytest.raises(ApiError) as caught:
        limiter.reserve(bot_id=1, chat_id=9, cost=1, now=0.0)
    assert caught.value.envelope()["parameters"] == {"retry_after": 9}
    assert limiter.reserve(bot_id=1, chat_id=8, cost=1, now=0.0) == 0.0
    assert limiter.reserve(bot_id=1, chat_id=9, cost=1, now=9.0) == 0.0


def test_a_group_takes_twenty_messages_a_minute() -> None:
    limiter = RateLimiter()
    assert [limiter.reserve(bot_id=1, chat_id=-5, cost=1, now=0.0) for _ in range(20)] == [0.0] * 20
    assert limiter.reserve(bot_id=1, chat_id=-5, cost=1, now=0.0) == 3.0


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP"])
def test_the_size_of_a_whole_image_is_read(kind: str) -> None:
    output = io.BytesIO()
    Image.new("RGB", (37, 21), "red").save(output, kind)
    assert image_size(output.getvalue()) == (37, 21)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_torn_or_foreign_file_is_no_image(kind: str) -> None:
    output = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(output, kind)
    assert image_size(output.getvalue()[:-40]) is None
    assert image_size(b"hello") is None


def test_a_photo_is_scaled_down_to_a_jpeg_and_never_up() -> None:
    output = io.BytesIO()
    Image.new("RGBA", (300, 150), (0, 0, 0, 0)).save(output, "PNG")
    with Image.open(io.BytesIO(scale(output.getvalue(), side=100))) as small:
        assert (small.format, small.size, small.getpixel((5, 5))) == ("JPEG", (100, 50), (255, 255, 255))
    assert scaled_size((300, 150), 800) == (300, 150)


def test_a_torn_last_record_is_dropped_and_a_broken_one_before_it_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "log"
    ledger = Ledger(path)
    ledger.rewrite([{"a": 1}])
    ledger.append({"b": "é\ud800"})
    ledger.close()
    with path.open("ab") as file:
        file.write(b'{"c":')
    assert Ledger(path).load() == [{"a": 1}, {"b": "é\ud800"}]
    assert Ledger(path).load() == [{"a": 1}, {"b": "é\ud800"}]
    path.write_bytes(b'{"a":\n{"b":1}\n')
    with pytest.raises(ValueError, match="line 1 is not JSON"):
        Ledger(path).load()


def test_only_the_pages_own_code_may_run() -> None:
    digest = base64.b64encode(hashlib.sha256(b"go()").digest()).decode()
    allowed = policy("<html><style>p{}</style><script type='module'>go()</script></html>")
    assert f"script-src 'sha256-{digest}'" in allowed
    assert "default-src 'none'" in allowed
    assert "unsafe" not in policy(PAGE.read_text(encoding="utf-8"))
