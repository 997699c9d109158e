"""What a kill leaves behind: the chat goes on where it was."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
import urllib.request
from pathlib import Path

from aiogram.types import BufferedInputFile

from tests.integration.localchat.room import ADA, Room, keyboard, open_room, picture

_SERVE = """
import asyncio, sys
from pathlib import Path
from bot.localchat import LocalChat, LocalChatConfig

async def main():
    chat = LocalChat(LocalChatConfig(state_dir=Path(sys.argv[1]), port=int(sys.argv[2]), rate_limits=False))
    await chat.start()
    print(chat.url, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def _fill(room: Room) -> list[int]:
    number = await room.sent("panel", reply_markup=keyboard("A"))
    await room.api("pinChatMessage", chat_id=ADA, message_id=number)
    await room.api("editMessageText", chat_id=ADA, message_id=number, text="<b>p</b>", parse_mode="HTML")
    gone = await room.sent("gone", reply_markup={"keyboard": [["x"]]})
    await room.api("deleteMessage", chat_id=ADA, message_id=gone)
    await room.api("setMyCommands", commands=[{"command": "menu", "description": "m"}])
    await room.sim("users", {"name": "Zoe", "role": "viewer"})
    done = await room.write("/done")
    await room.updates(offset=-1)
    await room.updates(offset=done["update_id"] + 1, timeout=0, limit=1, allowed_updates=["message"])
    again = await room.sent("again", reply_markup=keyboard("B"))
    assert (await room.press(again, "B"))["update_id"] is None
    return [(await room.write("/pending"))["update_id"], (await room.write("/more"))["update_id"]]


def test_transcript_pending_updates_and_settings_survive(tmp_path: Path) -> None:
    async def main() -> None:
        async with open_room(tmp_path) as room:
            pending = await _fill(room)
            transcript, state, token = await room.transcript(), await room.sim("state"), room.chat.bot_token
        for _ in range(2):
            async with open_room(tmp_path) as room:
                assert room.chat.bot_token == token
                assert (await room.transcript(), await room.sim("state")) == (transcript, state)
                assert [update["update_id"] for update in await room.updates(offset=1)] == pending
                assert [c.command for c in await room.bot.get_my_commands()] == ["menu"]
        async with open_room(tmp_path) as room:
            assert (await room.write("next"))["update_id"] == pending[-1] + 1
            assert (await room.transcript())[-1]["message_id"] == transcript[-1]["message_id"] + 1

    asyncio.run(main())


def test_a_log_of_mostly_history_is_compacted_at_the_next_start(tmp_path: Path) -> None:
    async def main() -> None:
        log = tmp_path / "chat.ndjson"
        async with open_room(tmp_path) as room:
            number = await room.sent("0")
            for index in range(60):
                await room.api("editMessageText", chat_id=ADA, message_id=number, text=f"edit {index}")
            pending = (await room.write("wait"))["update_id"]
            grown = log.stat().st_size
        for _ in range(2):
            async with open_room(tmp_path) as room:
                assert log.stat().st_size < grown / 4
                assert stat.S_IMODE(log.stat().st_mode) == 0o600
                assert [message["text"] for message in await room.transcript()] == ["edit 59", "wait"]
                assert [update["update_id"] for update in await room.updates()] == [pending]

    asyncio.run(main())


def test_pictures_survive(tmp_path: Path) -> None:
    async def main() -> None:
        async with open_room(tmp_path) as room:
            await room.bot.send_photo(ADA, BufferedInputFile(picture(), "a.png"))
        async with open_room(tmp_path) as room:
            (message,) = await room.transcript()
            async with room.http.get(room.chat.url + message["media"]["url"]) as response:
                assert (response.status, response.content_type) == (200, "image/jpeg")

    asyncio.run(main())


def test_the_log_is_readable_by_its_owner_only_and_a_torn_end_is_dropped(tmp_path: Path) -> None:
    async def main() -> None:
        async with open_room(tmp_path) as room:
            await room.sent("kept")
        log = tmp_path / "chat.ndjson"
        assert stat.S_IMODE(log.stat().st_mode) == 0o600
        with log.open("ab") as file:
            file.write(b'{"k":"message","bot":')
        async with open_room(tmp_path) as room:
            assert [message["text"] for message in await room.transcript()] == ["kept"]
            await room.sent("after")
        async with open_room(tmp_path) as room:
            assert [message["text"] for message in await room.transcript()] == ["kept", "after"]

    asyncio.run(main())


def _serve(folder: Path, port: int) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-c", _SERVE, str(folder), str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def _curl(url: str, body: str) -> bytes:
    request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"})  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - loopback
        content: bytes = response.read()
    return content


def test_a_killed_server_comes_back_with_every_acknowledged_message(tmp_path: Path) -> None:
    process, url = _serve(tmp_path, 0)
    for index in range(20):
        _curl(f"{url}/sim/users/{ADA}/messages", f'{{"text": "message {index}"}}')
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    process, url = _serve(tmp_path, int(url.rpartition(":")[2]))
    try:
        _curl(f"{url}/sim/users/{ADA}/messages", '{"text": "message 20"}')
    finally:
        process.terminate()
        process.communicate()

    async def main() -> None:
        async with open_room(tmp_path) as room:
            assert [m["text"] for m in await room.transcript()] == [f"message {index}" for index in range(21)]

    asyncio.run(main())
