"""Drives the chat page in a real headless browser, as a person with a phone would."""

import os
import re
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from playwright.sync_api import Browser, Locator, Page, Playwright, Response, sync_playwright

PHONE_WIDTH = 390
PHONE_HEIGHT = 844
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


class ChatPage:
    """One browser with the chat page open, 390x844; use as a context manager, one at a time per thread.

    `url` is the page's address with its key, if any; `user` the name to write as; `timeout_s` how long every step may
    take. Every wait raises playwright's TimeoutError, which names what was waited for. `errors` holds what the page's
    scripts threw and what its console reported as errors.
    """

    def __init__(self, url: str, user: str = "Ada", *, timeout_s: float = 10.0, dark: bool = False) -> None:
        self.url = url
        self.errors: list[str] = []
        self._user = user
        self._timeout_ms = timeout_s * 1000
        self._dark = dark
        self._stack = ExitStack()
        self._opened: Page | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            browser = _launch(stack.enter_context(sync_playwright()))
            stack.callback(browser.close)
            self._opened = self._open(browser)
            self.switch_user(self._user)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened = None
        self._stack.close()

    @property
    def page(self) -> Page:
        """The open page, for what the methods below do not offer; RuntimeError outside the context."""
        if self._opened is None:
            raise RuntimeError("the chat page is not open: use ChatPage in a with statement")
        return self._opened

    def send(self, text: str) -> None:
        """Type a message and send it; returns once the server took it."""
        self.page.locator("#field").fill(text)
        with self.page.expect_response(_is_post("messages")) as answer:
            self.page.locator("#field").press("Enter")
        _accepted(answer.value, f"the message {text!r}")

    def press(self, label: str, message_contains: str | None = None) -> None:
        """Press a button in the newest message that has it; returns once the server took the press.

        A label that no button of that message equals matches by its beginning. The bot's answer may still be on its
        way: wait for what it changes.
        """
        button = self.button(label, message_contains)
        with self.page.expect_response(_is_post("presses")) as answer:
            button.click()
        _accepted(answer.value, f"the press of {label!r}")

    def button(self, label: str, message_contains: str | None = None) -> Locator:
        """Return the button that `press` would press, waiting until it is there."""
        start = re.compile(rf"^\s*{re.escape(label)}")
        rows = self.page.locator("#rows [data-message-id]").filter(
            has=self.page.locator("[data-button]", has_text=start), has_text=message_contains
        )
        rows.last.wait_for()
        exact = rows.last.locator("[data-button]", has_text=re.compile(rf"^\s*{re.escape(label)}\s*$"))
        return exact.first if exact.count() else rows.last.locator("[data-button]", has_text=start).first

    def buttons(self, message_contains: str | None = None) -> list[list[str]]:
        """Return the labels under the newest bot message (holding the text, if given), row by row."""
        rows = self._bot_messages(message_contains).last.locator(".kr")
        return [row.locator("[data-button]").all_inner_texts() for row in rows.all()]

    def wait_for_message(self, contains: str, timeout_s: float | None = None) -> str:
        """Wait for a bot message holding the text (white space and case do not count) and return the newest one's."""
        newest = self._bot_messages(contains).last
        newest.wait_for(timeout=self._timeout_ms if timeout_s is None else timeout_s * 1000)
        return newest.locator("[data-text]").inner_text()

    def last_bot_message(self) -> str:
        """Return the text of the newest bot message of the open chat."""
        return self._bot_messages(None).last.locator("[data-text]").inner_text()

    def wait_for_toast(self, contains: str) -> str:
        """Wait for the short notice that answers a press, or for its alert box; returns the whole text."""
        notice = self.page.locator("#toast-text, #alert-text").filter(has_text=contains, visible=True).first
        notice.wait_for()
        return notice.inner_text()

    def pinned_text(self) -> str:
        """Return the whole text of the newest pinned message, waiting until one is pinned."""
        pinned = self.page.locator("[data-pinned-text]")
        pinned.wait_for()
        return pinned.text_content() or ""

    def photos_count(self) -> int:
        """Return how many photos the loaded part of the open chat shows, album photos one by one."""
        return self.page.locator("#rows [data-photo]").count()

    def switch_user(self, name: str) -> None:
        """Show another user's chat and write as this user from now on."""
        self.page.locator("[data-user-menu]").click()
        self.page.get_by_role("menuitemradio").filter(has=self.page.get_by_text(name, exact=True)).click()
        self.page.get_by_role("button", name=f"Writing as {name}. Switch user", exact=True).wait_for()

    def screenshot(self, path: Path) -> None:
        """Save what the phone shows as a PNG file."""
        self.page.screenshot(path=path)

    def _bot_messages(self, contains: str | None) -> Locator:
        return self.page.locator('#rows [data-from="bot"]').filter(has_text=contains)

    def _open(self, browser: Browser) -> Page:
        page = browser.new_page(
            viewport={"width": PHONE_WIDTH, "height": PHONE_HEIGHT},
            device_scale_factor=2,
            color_scheme="dark" if self._dark else "light",
        )
        page.set_default_timeout(self._timeout_ms)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda entry: self.errors.append(entry.text) if entry.type == "error" else None)
        page.goto(self.url)
        return page


def _launch(playwright: Playwright) -> Browser:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        raise RuntimeError("no browser found: install chromium or set CHROMIUM to the path of its executable")
    return playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))


def _is_post(kind: str) -> Callable[[Response], bool]:
    path = re.compile(rf"/sim/users/-?\d+/{kind}(\?|$)")
    return lambda response: response.request.method == "POST" and path.search(response.url) is not None


def _accepted(response: Response, what: str) -> None:
    if not response.ok:
        raise AssertionError(f"the server refused {what}: HTTP {response.status} {response.text()}")
