"""`buildos-box demo` in a terminal, as a visitor runs it."""

import os
import pty
import re
import subprocess
import sys
import time
from datetime import datetime
from datetime import time as day_time
from zoneinfo import ZoneInfo

import httpx
import pytest

from buildos_box.cli.demo_data import demo_document

SECONDS = 60
STYLE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Terminal:
    """A command in a terminal of its own."""

    def __init__(self, *command: str) -> None:
        self.screen, inside = pty.openpty()
        self.process = subprocess.Popen(command, stdin=inside, stdout=inside, stderr=inside)
        os.close(inside)
        self.shown = b""

    def read_until(self, wanted: str) -> str:
        """What it has shown, once `wanted` is in it."""
        deadline = time.monotonic() + SECONDS
        while wanted not in self.text() and time.monotonic() < deadline:
            self.shown += os.read(self.screen, 65_536)
        assert wanted in self.text(), self.text()
        return self.text()

    def text(self) -> str:
        """A character whose bytes came only in part is not there yet."""
        return STYLE.sub("", self.shown.decode(errors="ignore")).replace("\r", "")

    def press(self, keys: str) -> int:
        """Press these keys, and read on until it has ended; returns the exit code."""
        os.write(self.screen, keys.encode())
        try:
            while piece := os.read(self.screen, 65_536):
                self.shown += piece
        except OSError:  # Linux says so when the other end is closed.
            pass
        return self.process.wait(SECONDS)


@pytest.mark.slow
def test_the_link_of_the_demos_mail_opens_the_brief() -> None:
    demo = Terminal(sys.executable, "-m", "buildos_box.cli.main", "demo")
    shown = demo.read_until("until you press Enter")
    assert "Added Maya's data: " in shown
    link = re.search(r"http://\S+/tap/brief/\S+", shown)
    assert link is not None, shown
    answer = httpx.get(link[0])
    code = demo.press("\n")
    assert (answer.status_code, code) == (200, 0)
    assert "Do first" in answer.text


@pytest.mark.parametrize("hour", range(24))
def test_no_daily_brief_is_due_soon_after_the_demos_own(hour: int) -> None:
    zone = ZoneInfo("Europe/Berlin")
    now = datetime(2026, 11, 29, hour, 40, tzinfo=zone)
    (preferences,) = demo_document(now.date(), zone, now)["preferences"]
    at = day_time.fromisoformat(preferences["timeOfDay"])
    minutes = (at.hour * 60 + at.minute - hour * 60 - 40) % (24 * 60)
    assert minutes > 120
