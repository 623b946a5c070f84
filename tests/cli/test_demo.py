"""`buildos-box demo` in a terminal, as a visitor runs it."""

import os
import pty
import re
import subprocess
import sys
import time

import httpx
import pytest

pytestmark = pytest.mark.slow
SECONDS = 60
STYLE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Terminal:
    """A command in a terminal of its own."""

    def __init__(self, *command: str) -> None:
        self.screen, inside = pty.openpty()
        self.process = subprocess.Popen(command, stdin=inside, stdout=inside, stderr=inside)
        os.close(inside)
        self.text = ""

    def read_until(self, wanted: str) -> str:
        """What it has shown, once `wanted` is in it."""
        deadline = time.monotonic() + SECONDS
        while wanted not in self.text and time.monotonic() < deadline:
            self.text += STYLE.sub("", os.read(self.screen, 65_536).decode()).replace("\r", "")
        assert wanted in self.text, self.text
        return self.text

    def enter(self) -> int:
        """Press Enter; returns the exit code."""
        os.write(self.screen, b"\n")
        return self.process.wait(SECONDS)


def test_the_link_of_the_demos_mail_opens_the_brief() -> None:
    demo = Terminal(sys.executable, "-m", "buildos_box.cli.main", "demo")
    shown = demo.read_until("until you press Enter")
    link = re.search(r"http://\S+/tap/brief/\S+", shown)
    assert link is not None, shown
    answer = httpx.get(link[0])
    code = demo.enter()
    assert (answer.status_code, code) == (200, 0)
    assert "Do first" in answer.text
