"""The real command in a real terminal: tmux types and reads, the box is a process of its own."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from buildos_box.client import BoxClient, BoxUnreachable
from tests.cli.served import Served, clean_environment, serve_command, served_box
from tests.free_port import free_port

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
PATIENCE_SECONDS = 60
COLOUR = re.compile(r"\x1b\[[0-9;]*(?:3[0-7]|9[0-7]|38;[25])[0-9;]*m")


class Terminal:
    """A terminal of that size with a program in it."""

    def __init__(self, name: str, command: str, size: tuple[int, int], env: dict[str, str]) -> None:
        self._socket = f"box-test-{os.getpid()}-{name}"
        given = [part for key, value in env.items() for part in ("-e", f"{key}={value}")]
        own_size = "unset COLUMNS LINES"
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(size[0]), "-y", str(size[1]),
                   *given, f"{own_size}; {command}; echo ended with $?; sleep 600")  # fmt: skip
        self._tmux("set-option", "-g", "status", "off")
        self._tmux("resize-window", "-x", str(size[0]), "-y", str(size[1]))

    def _tmux(self, *words: str) -> str:
        return subprocess.run(
            ["tmux", "-L", self._socket, *words],
            capture_output=True, text=True, check=True, timeout=20, env=clean_environment(),
        ).stdout  # fmt: skip

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def screen(self, *, colours: bool = False) -> str:
        return self._tmux("capture-pane", "-p", *(["-e"] if colours else []))

    def sees(self, *words: str) -> str:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            found = self.screen()
            if all(word in found for word in words):
                return found
            time.sleep(0.1)
        raise AssertionError(f"never saw {words}:\n{self.screen()}")

    def close(self) -> None:
        subprocess.run(["tmux", "-L", self._socket, "kill-server"], check=False, timeout=20)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_box(tmp_path_factory.mktemp("box")) as found:
        with BoxClient(found.url, found.token) as client:
            client.post("/users", {"id": "ada", "name": "Ada", "email": "ada@example.org"})
            job = client.queue_brief("ada")["jobId"]
            for _ in client.follow(job):
                pass
        yield found


def dashboard(box: Served, size: tuple[int, int], name: str, **env: str) -> Terminal:
    command = f"{sys.executable} -m buildos_box.cli.main tui"
    given = {
        "BUILDOS_BOX_URL": box.url,
        "BUILDOS_BOX_TOKEN": box.token,
        "PYTHONPATH": os.getcwd(),
        "TERM": "xterm-256color",
        **env,
    }
    return Terminal(name, command, size, given)


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
def test_a_person_looks_around_acts_and_leaves(box: Served, size: tuple[int, int]) -> None:
    terminal = dashboard(box, size, f"w{size[0]}")
    try:
        wide = ["EVENTS"] if size[0] >= 120 else []
        first = terminal.sees("● live", "generate_daily_brief", "lanes", "q Quit", *wide)
        assert max(map(len, first.splitlines())) <= size[0]
        assert ("EVENTS" in first) == bool(wide)
        terminal.press("2")
        terminal.sees("✓ done", "c Cancel", "! Promote")
        terminal.press("/")
        terminal.type("type:generate_daily_brief")
        terminal.press("Enter")
        terminal.sees("type:generate_daily_brief", "1 job")
        terminal.press("Enter")
        terminal.sees("ATTEMPTS", "PAYLOAD", '"userId": "ada"', "esc Back")
        terminal.press("Escape")
        terminal.sees("type:generate_daily_brief", "space Select")
        for key, words in {"3": "realtime_cleanup", "4": "Nothing planned", "5": "Ada",
                           "6": "Nothing to clean up"}.items():  # fmt: skip
            terminal.press(key)
            terminal.sees(words)
        terminal.press("q")
        terminal.sees("ended with 0")
    finally:
        terminal.close()


@pytest.mark.parametrize(
    ("name", "env", "coloured"),
    [
        ("none", {"NO_COLOR": "1"}, False),
        ("sixteen", {"TERM": "xterm-16color", "COLORFGBG": "0;15"}, None),
    ],
)
def test_every_state_is_told_without_many_colours(
    box: Served, name: str, env: dict[str, str], coloured: bool | None
) -> None:
    terminal = dashboard(box, (80, 24), name, **env)
    try:
        terminal.sees("● live", "generate_daily_brief")
        terminal.press("2")
        terminal.sees("✓ done")
        shown = terminal.screen(colours=True)
        if coloured is False:
            greys = {
                code for code in re.findall(r"38;2;(\d+;\d+;\d+)", shown)
                if len(set(code.split(";"))) > 1
            }  # fmt: skip
            assert not greys
        else:
            assert "38;2;" not in shown
    finally:
        terminal.close()


def test_the_box_stops_and_comes_back_before_ones_eyes(tmp_path: Path) -> None:
    port = free_port()
    data = tmp_path / "data"
    process = serve(data, port)
    found = Served(f"http://127.0.0.1:{port}", "", data)
    terminal = None
    try:
        token = wait_for_token(found)
        terminal = dashboard(Served(found.url, token, data), (80, 24), "gone")
        terminal.sees("● live", "lanes")
        process.terminate()
        process.wait(30)
        terminal.sees("DISCONNECTED", "old, from", "lanes")
        process = serve(data, port)
        assert "Traceback" not in terminal.sees("● live", "lanes")
        terminal.press("q")
        terminal.sees("ended with 0")
    finally:
        if terminal is not None:
            terminal.close()
        process.terminate()
        process.wait(30)


def serve(data: Path, port: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        serve_command(data, port=port),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean_environment(),
    )  # fmt: skip


def wait_for_token(box: Served) -> str:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            with BoxClient(box.url, None) as client:
                if client.health().get("status") == "healthy":
                    return (box.data / "admin-token").read_text("utf-8").strip()
        except BoxUnreachable:
            time.sleep(0.1)
    raise AssertionError("the box did not start")
