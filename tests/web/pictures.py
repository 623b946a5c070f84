"""Takes a picture of each view of the page at each width, light and dark, into docs/screenshots.

`python -m tests.web.pictures [NAME…]`, after `apt-get install chromium`; with names only those
views.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from buildos_box.cli.demo_data import USER_ID, demo_document
from tests.faults.box_process import BoxProcess, until
from tests.web.browser import Person, chromium, launched

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FOLDER = Path(__file__).parent.parent.parent / "docs" / "screenshots"
ZONE = ZoneInfo("Europe/Berlin")
WIDTHS = {360: 780, 768: 1024, 1280: 860}
VIEWS = {
    "today": "#today",
    "tasks": "#tasks",
    "task": "#task-demo-copy",
    "late": "#late",
    "calendar": "#calendar",
    "day": f"#day-{datetime.now(ZONE).date()}",
    "projects": "#projects",
    "project": "#project-demo-launch",
    "inbox": "#inbox",
    "search": "#search-poster",
    "settings": "#settings",
}
"""The views of somebody who is signed in, by the address of each."""


def furnish(box: BoxProcess) -> str:
    """The person of the demo, with a brief and a plan; returns their token."""
    now = datetime.now(UTC)
    today = now.astimezone(ZONE).date()
    box.post("/sync", demo_document(today, ZONE, now))
    box.post("/sync", {"events": _rest_of_week(today)})
    box.post("/queue/brief", {"userId": USER_ID, "forceImmediate": True})
    box.post("/queue/phases", {"userId": USER_ID, "projectId": "demo-launch"})
    box.post("/queue/notification", {
        "userId": USER_ID, "eventType": "task.due_soon", "channel": "in_app",
        "payload": {"taskId": "demo-deploy", "taskName": "Move the site to the new host",
                    "projectName": "Launch the studio's new site",
                    "when": "at 17:00"}})  # fmt: skip
    assert until(lambda: _is_written(box), seconds=60), "no brief came"
    return str(box.post("/tokens", {"name": "pictures", "scope": f"user:{USER_ID}"})["token"])


def _rest_of_week(today: date) -> list[dict[str, Any]]:
    """Events on the other days of the week, so that its calendar is not empty on any day."""
    monday = today - timedelta(days=today.weekday())
    week = (
        ("Invoices", 0, (9, 0), (10, 30)),
        ("Choir", 1, (19, 0), (20, 30)),
        ("Printer in Kiel", 2, (11, 0), (12, 0)),
        ("Lunch with Jonas", 3, (12, 30), (13, 30)),
        ("Photo shoot", 4, (10, 0), (13, 0)),
        ("Market", 5, (9, 30), (11, 0)),
        ("Walk at the fjord", 6, (15, 0), (17, 0)),
    )

    def at(day: date, wall: tuple[int, int]) -> str:
        return datetime.combine(day, time(*wall), ZONE).isoformat()

    return [
        {"id": f"week-{day}", "userId": USER_ID, "title": title,
         "startAt": at(day, since), "endAt": at(day, until)}
        for title, offset, since, until in week
        if (day := monday + timedelta(days=offset)) != today
    ]  # fmt: skip


def _is_written(box: BoxProcess) -> bool:
    briefs: list[Any] = box.get(f"/users/{USER_ID}/briefs")["briefs"]
    return any(brief["generationStatus"] == "completed" for brief in briefs)


@contextmanager
def furnished() -> Iterator[tuple[BoxProcess, str]]:
    """A box that serves that person, and their token."""
    with tempfile.TemporaryDirectory() as folder, BoxProcess(Path(folder)) as box:
        yield box, furnish(box)


def shoot(browser: "Browser", url: str, token: str, wanted: Callable[[str], bool]) -> None:
    """Every view at every width, light and dark."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for width, height in WIDTHS.items():
        for dark in (False, True):
            person = Person(browser, url, width=width, dark=dark)
            person.page.set_viewport_size({"width": width, "height": height})
            try:
                _shoot_views(person, token, f"{width}-{'dark' if dark else 'light'}", wanted)
            finally:
                person.leave()


def _shoot_views(person: Person, token: str, kind: str, wanted: Callable[[str], bool]) -> None:
    def take(name: str) -> None:
        person.page.wait_for_load_state("networkidle")
        person.page.wait_for_timeout(300)
        person.page.screenshot(path=FOLDER / f"{name}-{kind}.png")

    person.go()
    person.heading("Sign in")
    if wanted("sign-in"):
        take("sign-in")
    person.sign_in(token)
    for name, fragment in VIEWS.items():
        if wanted(name):
            person.go(fragment)
            person.page.locator("main h1").wait_for()
            if name == "task":
                person.page.get_by_role("dialog").wait_for()
            take(name)
            person.page.keyboard.press("Escape")


def main() -> None:
    """Take the pictures."""
    names = set(sys.argv[1:])
    executable = chromium()
    if executable is None:
        sys.exit("there is no Chromium on this machine; apt-get install chromium brings it")
    with furnished() as (box, token), launched(executable) as browser:
        url = box.url()
        assert url is not None
        shoot(browser, url, token, lambda name: not names or name in names)


if __name__ == "__main__":
    main()
