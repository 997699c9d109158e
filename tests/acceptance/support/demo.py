"""A real `python -m bot demo` process, and a small client of the control API of its chat server."""

import json
import os
import queue
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

ROOT = Path(__file__).resolve().parents[3]
OWNER, ADMIN, VIEWER, STRANGER = 1001, 1002, 1003, 1004
PATIENCE_S = 30.0
_LOOK_S = 0.03
# At sixty times real time positions come and go under a test's hands. At CALM an order still meets its next price
# within seconds; at STILL the market hardly moves at all.
CALM, STILL = "4", "0.2"
# Started as a person starts it: from compiled byte code.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
type Json = dict[str, Any]


class RefusedError(AssertionError):
    """The control API refused a call; the text is its error."""


class WaitedInVainError(AssertionError):
    """What was waited for did not come in time."""


def until[T](look: Callable[[], T | None], what: str, timeout_s: float = PATIENCE_S) -> T:
    """Look until there is something true to return; raises WaitedInVainError naming `what`."""
    pause, end = threading.Event(), time.monotonic() + timeout_s
    while not (found := look()):
        if time.monotonic() > end:
            raise WaitedInVainError(f"after {timeout_s:g} s there was no {what}")
        pause.wait(_LOOK_S)
    return found


@dataclass(frozen=True, slots=True)
class Sim:
    """The control API under `url`: what people do in the chat, and what can be seen of it."""

    url: str

    def call(self, path: str, body: Json | None = None, *, method: str | None = None) -> Any:
        """GET a path under /sim, or POST a body to it; raises RefusedError."""
        request = urllib.request.Request(  # noqa: S310  # the address of a server of this test
            f"{self.url}/sim/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={} if body is None else {"Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310  # as above
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise RefusedError(error.read().decode()) from None

    def say(self, text: str, user: int = OWNER, **how: Any) -> Json:
        """Write as a user; `how` as in the control API. Returns update_id and message_id."""
        answer: Json = self.call(f"users/{user}/messages", {"text": text, **how})
        return answer

    def press(self, message: Json, button: str, user: int = OWNER, **how: Any) -> Json:
        """Press a button of a message; returns update_id and callback_query_id."""
        answer: Json = self.call(
            f"users/{user}/presses", {"message_id": message["message_id"], "button": button, **how}
        )
        return answer

    def transcript(self, user: int = OWNER, *, after: int = 0) -> list[Json]:
        """Return the messages of a user's chat, oldest first."""
        found: list[Json] = self.call(f"chats/{user}/messages?after={after}")
        return [message for message in found if not message["deleted"]]

    def calls(self, method: str = "", *, after: int = 0) -> list[Json]:
        """Return the bot's calls (of a method), oldest first."""
        found: list[Json] = self.call(f"calls?after={after}")
        return [call for call in found if method in {"", call["method"]}]

    def fault(self, method: str, times: int = 1, **what: Any) -> None:
        """Order a fault for the next calls of a method."""
        self.call("faults", {"method": method, "times": times, **what})

    def no_faults(self) -> None:
        """Forget all faults."""
        self.call("faults", method="DELETE")

    def notice(self, press: Json) -> Json:
        """Wait until a press is answered; returns `text` and `alert`."""

        def look() -> Json | None:
            found: Json = self.call(f"callbacks/{press['callback_query_id']}")
            return found if found["answered"] else None

        return until(look, "answer to the press")

    def wait(self, contains: str, user: int = OWNER, *, after: int = 0, timeout_s: float = PATIENCE_S) -> Json:
        """Wait for a message of the bot that holds a text; returns the newest such message."""

        def look() -> Json | None:
            found = [m for m in self.transcript(user, after=after) if m["from_bot"] and contains in shown(m)]
            return found[-1] if found else None

        return until(look, f"message with {contains!r} for user {user}", timeout_s)

    def confirm(self, preview: Json, button: str, user: int = OWNER) -> None:
        """Press a confirming button, again when the press came before a person could have read the preview."""

        def look() -> bool:
            return "Too quick" not in self.notice(self.press(preview, button, user))["text"]

        until(look, f"accepted press of {button!r}")

    def wait_for(self, message: Json, contains: str, user: int = OWNER, *, timeout_s: float = PATIENCE_S) -> Json:
        """Wait until a message has been edited to hold a text; returns it."""
        place = message["message_id"] - 1

        def look() -> Json | None:
            found = [m for m in self.transcript(user, after=place) if m["message_id"] == message["message_id"]]
            return found[0] if found and contains in shown(found[0]) else None

        return until(look, f"{contains!r} in message {message['message_id']}", timeout_s)

    def ask(self, text: str, contains: str, user: int = OWNER, **how: Any) -> Json:
        """Write, and wait for the answer that holds a text; returns it."""
        said = self.say(text, user, **how)
        return self.wait(contains, user, after=said["message_id"])

    def tap(self, message: Json, button: str, contains: str, user: int = OWNER) -> Json:
        """Press a button, and wait for its message, or a newer one, to hold a text; returns that message."""
        self.press(message, button, user)
        return self.wait(contains, user, after=message["message_id"] - 1)

    def panel(self, user: int = OWNER) -> Json:
        """Open the panel, wait until it is pinned, and return it."""
        fresh = self.ask("/menu", "[CLOSE ALL]", user)
        return until(
            lambda: next((m for m in self.pinned(user) if m["message_id"] >= fresh["message_id"]), None), "pin"
        )

    def positions(self) -> int:
        """Ask for the open positions; returns how many there are."""
        found = re.search(r"Open (\d+)", self.ask("/positions", "Positions ·")["text"])
        return int(found[1]) if found else 0

    def pinned(self, user: int = OWNER) -> list[Json]:
        """Return the pinned messages of a chat."""
        return [message for message in self.transcript(user) if message["pinned"]]


def shown(message: Json) -> str:
    """Return what a message says, with its labels, one row a line."""
    rows = [" ".join(f"[{button['text']}]" for button in row) for row in message["buttons"]]
    return "\n".join([message["text"], *rows])


class Demo:
    """One demo on a state folder. `with Demo(folder) as demo` starts it and waits until the desk is ready.

    `kill` and `interrupt` end it, `start` starts it again on the same folder and port. `output` is what it printed.
    """

    def __init__(self, state: Path, *arguments: str, speed: str = CALM) -> None:
        self.state = state
        self._arguments = ("--no-browser", "--state", str(state), "--speed", speed, *arguments)
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.lines: list[str] = []
        self.port = 0
        self.sim = Sim("")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.kill()

    @property
    def output(self) -> str:
        """Everything printed so far, of all starts."""
        self._drain()
        return "\n".join(self.lines)

    @property
    def process_id(self) -> int:
        """The running process."""
        if self._process is None:
            raise RuntimeError("the demo is not running")
        return self._process.pid

    def start(self, *, ready: bool = True) -> None:
        """Start, and wait until the page answers and, if wanted, the desk is ready."""
        self._process = subprocess.Popen(
            (sys.executable, "-m", "bot", "demo", "--port", str(self.port), *self._arguments),
            cwd=ROOT,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._lines = queue.SimpleQueue()
        threading.Thread(target=_read, args=(self._process.stdout, self._lines), daemon=True).start()
        self.sim = Sim(self.said("The chat is at ").rpartition(" ")[2])
        self.port = int(self.sim.url.rpartition(":")[2])
        if ready:
            until(lambda: self.sim.call("state")["desk"].get("ready"), f"ready desk; it printed:\n{self.output}")

    def said(self, contains: str, timeout_s: float = PATIENCE_S) -> str:
        """Wait for a printed line that holds a text; returns it."""
        end = time.monotonic() + timeout_s
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise WaitedInVainError(f"the demo never printed {contains!r}, but:\n" + "\n".join(self.lines))
            self.lines.append(line)
            if contains in line:
                return line

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what a query of the desk's database finds; only reads."""
        with closing(sqlite3.connect(f"file:{self.state / 'desk.db'}?mode=ro", uri=True)) as database:
            return database.execute(query, values).fetchall()

    def kill(self) -> None:
        """End the process as a power cut would (kill -9), with the workers it started."""
        self._process_now().kill()
        self._ended()

    def interrupt(self) -> int:
        """Press Ctrl-C and wait for the end; returns the exit code."""
        self._process_now().send_signal(signal.SIGINT)
        return self._ended()

    def ended(self) -> int:
        """Wait until the process ends by itself; returns the exit code."""
        return self._ended()

    def _process_now(self) -> "subprocess.Popen[str]":
        if self._process is None:
            raise RuntimeError("the demo is not running")
        return self._process

    def _ended(self) -> int:
        process = self._process_now()
        code = process.wait(PATIENCE_S)
        while (line := self._lines.get(timeout=PATIENCE_S)) is not None:
            self.lines.append(line)
        assert process.stdout is not None
        process.stdout.close()
        self._process = None
        return code

    def _drain(self) -> None:
        while not self._lines.empty():
            line = self._lines.get()
            if line is None:
                self._lines.put(None)
                return
            self.lines.append(line)


def _read(stream: IO[str], lines: "queue.SimpleQueue[str | None]") -> None:
    for line in stream:
        lines.put(line.rstrip("\n"))
    lines.put(None)


def command(*arguments: str, timeout_s: float = PATIENCE_S) -> "subprocess.CompletedProcess[str]":
    """Run `python -m bot` with arguments to its end; never raises for an exit code."""
    return subprocess.run(
        (sys.executable, "-m", "bot", *arguments),
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
    )
