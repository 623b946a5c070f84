"""A browser's `EventSource` misses no event over server restarts (docs/spec.md#realtime-resume)."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.box_process import BoxProcess, people, until
from tests.realtime.page import PageServer

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
WAIT = 60.0
STREAMS = ("proxied", "ticket")


@contextmanager
def browser(folder: Path, url: str) -> Iterator[None]:
    """Chromium without a window, on that page."""
    assert CHROMIUM is not None
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    quiet = ["--no-first-run", "--disable-extensions", "--disable-background-networking"]
    command = [CHROMIUM, *options, *quiet, f"--user-data-dir={folder}", url]
    with (folder / "chromium.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def tell(box: BoxProcess, count: int) -> None:
    for n in range(count):
        body = {"taskId": f"t{n}", "taskName": "Beans", "projectName": "Garden"}
        event = {"userId": "person-000", "eventType": "task.completed", "channel": "in_app"}
        box.post("/queue/notification", {**event, "payload": body})


def stored(box: BoxProcess) -> list[int]:
    rows = box.rows("SELECT id FROM realtime_events WHERE type = 'notification.created'")
    return sorted(row["id"] for row in rows)


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
def test_chromium_reconnects_after_restarts_and_misses_no_event(tmp_path: Path) -> None:
    folder = tmp_path / "browser"
    folder.mkdir()
    with (
        PageServer("person-000") as page,
        BoxProcess(tmp_path / "box", config=f'[server]\ncors_origins = ["{page.url}"]\n') as box,
    ):

        def served() -> None:
            page.box_url, page.headers = str(box.url()), dict(box.http.headers)

        def all_seen(count: int) -> bool:
            return len(stored(box)) == count and all(
                page.seen(who) == stored(box) for who in STREAMS
            )

        def report() -> str:
            seen = "; ".join(f"{who} {page.seen(who)}" for who in STREAMS)
            return f"stored {stored(box)}; {seen}; opened {[page.opened(w) for w in STREAMS]}"

        box.post("/sync", {"users": list(people(1))})
        served()
        with browser(folder, page.url):
            opened = until(lambda: all(page.opened(who) for who in STREAMS), seconds=WAIT)
            assert opened, (folder / "chromium.log").read_text("utf-8", "replace")[-2000:]
            tell(box, 3)
            assert until(lambda: all_seen(3), seconds=WAIT), report()
            for total, end in ((8, box.stop), (13, box.kill)):
                tell(box, 2)
                end()
                box.start()
                # What happens now happens while nobody listens.
                tell(box, 3)
                served()
                assert until(lambda total=total: all_seen(total), seconds=WAIT), report()  # type: ignore[misc]
            assert all(page.opened(who) >= 3 for who in STREAMS)
            # Chromium itself said from where to go on.
            assert len(page.resumed_after) >= 2
