"""A real Chromium, used as a person would who has only a keyboard."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
AXE = Path(__file__).parent / "axe" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
MOST_TABS = 150
SECONDS = 20


def chromium() -> str | None:
    """Where a Chromium lies on this machine; `CHROMIUM` names another."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def launched(executable: str) -> Iterator["Browser"]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable,
            args=[
                "--no-sandbox",
                "--disable-dev-shm-usage",
                # Whatever the browser itself would like to ask, it finds nobody.
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ],
        )
        try:
            yield browser
        finally:
            browser.close()


class Person:
    """Somebody at a keyboard in front of one window."""

    def __init__(
        self,
        browser: "Browser",
        url: str,
        *,
        width: int = 1280,
        dark: bool = False,
        offline_errors: bool = False,
    ):
        self.url = url
        self.offline_errors = offline_errors
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if dark else "light",
            locale="en-GB",
            timezone_id="Europe/Berlin",
        )
        self.context.set_default_timeout(SECONDS * 1000)
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.page: Page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._hear)

    def _hear(self, message: Any) -> None:
        if message.type != "error":
            return
        # Who is not signed in is asked for; a refused form is the page's to deal with.
        refused = any(f"with a status of {status}" in message.text for status in (401, 422))
        cut_off = self.offline_errors and "net::ERR_" in message.text
        if not refused and not cut_off:
            self.complaints.append(f"{message.text} {message.location}")

    def go(self, fragment: str = "") -> None:
        self.page.goto(f"{self.url}/app/{fragment}")

    def tab_to(self, target: "Locator") -> None:
        """Reach it with the Tab key, as someone without a mouse must."""
        target.wait_for()
        for _ in range(MOST_TABS):
            if target.evaluate("e => e === document.activeElement"):
                assert self.focus_is_seen(), "the focused element shows no focus"
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab never reaches {target}")

    def focus_is_seen(self) -> bool:
        return bool(
            self.page.evaluate(
                "() => getComputedStyle(document.activeElement).outlineStyle !== 'none'"
            )
        )

    def press(self, name: str, key: str = "Enter", *, role: Any = "button") -> None:
        found = (
            self.page.get_by_role(role, name=name, exact=True)
            if role
            else self.page.locator("summary", has_text=name)
        )
        self.tab_to(found.first)
        self.page.keyboard.press(key)

    def type_into(self, label: str, text: str) -> None:
        self.tab_to(self.page.get_by_label(label, exact=True).first)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def sees(self, text: str) -> None:
        self.page.get_by_text(text).first.wait_for()

    def heading(self, text: str, level: int = 1, *, exact: bool = False) -> None:
        """A heading that has that text in it, or that is that text."""
        self.page.get_by_role("heading", name=text, level=level, exact=exact).wait_for()

    def is_told(self, text: str) -> None:
        """A status that screen readers read out; one stands above each page without the box."""
        self.page.get_by_role("status").filter(has_text=text).first.wait_for()

    def type_token(self, token: str) -> None:
        self.go()
        self.press("Sign in with a token", role=None)
        self.type_into("Your token", token)
        self.page.keyboard.press("Enter")

    def sign_in(self, token: str) -> None:
        self.type_token(token)
        self.heading("Today")

    def findings(self) -> list[str]:
        """What axe-core finds on the page, once its view is drawn: each has a heading."""
        self.page.get_by_role("heading", level=1).first.wait_for()
        self.page.evaluate(AXE.read_text("utf-8"))
        result = self.page.evaluate(
            "rules => axe.run({runOnly: {type: 'tag', values: rules}})", RULES
        )
        assert result["passes"], "axe looked at nothing"
        return [
            f"{finding['id']}: {node['html'][:160]} {node['failureSummary']}"
            for finding in result["violations"]
            for node in finding["nodes"]
        ]

    def fits(self) -> bool:
        """Nothing has to be scrolled sideways."""
        return bool(self.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"))

    def wait_for_worker(self) -> None:
        """Until the service worker keeps what is to be there without the box."""
        kept = """async () => navigator.serviceWorker.controller !== null
            && (await (await caches.open("box-kept")).keys()).length >= 4"""
        for _ in range(SECONDS * 10):
            if self.page.evaluate(kept):
                return
            self.page.wait_for_timeout(100)
        raise AssertionError("the service worker keeps nothing")

    def went_elsewhere(self) -> list[str]:
        """Requests that went anywhere but to the box."""
        home = urlsplit(self.url).netloc
        return [url for url in self.asked if urlsplit(url).netloc not in (home, "")]

    def leave(self) -> None:
        self.context.close()
