"""Every shell block of the README and of docs/ runs as it stands, or says why it cannot here.

A block that cannot has a comment before it: `<!-- not run: REASON -->`. All others of a page run in
order in one shell, in an empty folder, beside a box that serves its `./data`.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.box_process import BoxProcess

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"((?:^<!--[^\n]*-->\n)*)^```(\w*)\n(.*?)^```", re.M | re.S)
SHELL = ("sh", "bash", "console", "shell")
SERVED = "http://127.0.0.1:8787"
FILES = {
    "export.csv": "TYPE,CONTENT,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE\n"
    "task,Buy milk,1,1,,,2031-05-01\n",
    "liste.csv": "Aufgabe;Fällig am\nMiete;24.12.2031\n",
}
"""What a page takes for granted."""
SHOWN = {"quick-start.md": "/app/#sign-in=", "api.md": "briefDate"}
"""What a reader of the page is to see in the end."""
PROGRAM = f"""#!/bin/sh
# `serve` is what runs beside this script.
if [ "$1" = serve ]; then exec {sys.executable} -m buildos_box.cli.main health; fi
exec {sys.executable} -m buildos_box.cli.main "$@"
"""


def shell_blocks(page: Path) -> list[tuple[str, str]]:
    """(the comments before it, its text) of each."""
    found = BLOCK.findall(page.read_text("utf-8"))
    return [(before, text) for before, kind, text in found if kind in SHELL]


def runnable(page: Path) -> str:
    return "".join(text for before, text in shell_blocks(page) if "<!-- not run: " not in before)


RUN = [page for page in PAGES if runnable(page)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_are_in_blocks_that_are_seen(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S)
    assert (
        re.findall(r"^ {4}(?:buildos-box|packaging/|docker|systemctl|pip|python).*", text, re.M)
        == []
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_that_do_not_run_are_at_least_shell(page: Path) -> None:
    for _, text in shell_blocks(page):
        subprocess.run(["bash", "-n", "-c", text], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_the_blocks_of_a_page_run_in_order(page: Path, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl on this machine")
    with BoxProcess(tmp_path) as box:
        url = box.url()
        assert url is not None
        done = run(with_address(runnable(page), url), tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        assert SHOWN.get(page.name, "") in done.stdout


def with_address(script: str, url: str) -> str:
    """The script for the address at which the box really is."""
    port = url.rpartition(":")[2]
    return script.replace(SERVED, url).replace("localhost:8787", f"127.0.0.1:{port}")


def run(script: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """As bash runs it, ending at the first command that fails."""
    program = folder / "bin" / "buildos-box"
    program.parent.mkdir()
    program.write_text(PROGRAM, "utf-8")
    program.chmod(0o755)
    for name, text in FILES.items():
        (folder / name).write_text(text, "utf-8")
    (folder / "config.toml").write_text("", "utf-8")
    # A page that puts its own environment first still finds this program.
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(folder / "bin")
    path = f"{program.parent}:{os.environ['PATH']}"
    env: dict[str, Any] = {
        **os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1"
    }  # fmt: skip
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_a_script_that_fails_is_seen_to_fail(tmp_path: Path) -> None:
    assert run("buildos-box no-such-command\ntrue", tmp_path).returncode != 0


def test_what_is_sent_to_the_box_is_declared_as_json() -> None:
    """Also by blocks that are not run here: curl itself declares a form, which is refused."""
    sent = [
        text
        for page in PAGES
        for _, text in shell_blocks(page)
        if "curl" in text and re.search(r" (-d|--data\S*) ", text)
    ]
    assert sent
    assert [text for text in sent if "Content-Type: application/json" not in text] == []
