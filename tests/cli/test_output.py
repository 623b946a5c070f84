"""Tables for people: what fits, and what is never broken."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from buildos_box.cli.output import columns_that_fit
from tests.cli.served import Cli, Served

JOB = "job-01m8jd606j6yrr7xkwxpc83"
SHOW = """
import click
from buildos_box.cli.output import as_table, show_table
@click.command()
@as_table
def main(as_json):
    show_table(["id", "type", "due", "user", "reason"],
               [["{job}", "generate_daily_brief", "2024-10-23 08:00:00", "user-0001", "x " * 60]],
               empty="")
main()
"""


@pytest.mark.parametrize(
    ("widths", "room", "count"),
    [
        ([27, 20, 19, 9], 120, 4),
        ([27, 20, 19, 9], 80, 3),
        ([27, 20, 19, 9], 10, 1),
        ([27, 20, 120], 80, 3),
        ([27, 20, 120], 60, 2),
    ],
)
def test_the_first_columns_that_fit_are_shown(widths: list[int], room: int, count: int) -> None:
    assert columns_that_fit(widths, room) == count


def in_a_terminal(columns: int, *options: str) -> str:
    ours, theirs = pty.openpty()
    env = {**os.environ, "COLUMNS": str(columns), "TERM": "dumb"}
    done = subprocess.run(
        [sys.executable, "-c", SHOW.replace("{job}", JOB), *options],
        stdout=theirs, stderr=subprocess.STDOUT, env=env, cwd=Path.cwd(), check=True, timeout=60,
    )  # fmt: skip
    os.close(theirs)
    assert done.returncode == 0
    found = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        found += part
    os.close(ours)
    return found.decode()


@pytest.mark.parametrize("columns", [30, 60, 80, 100, 160])
def test_no_id_is_broken_however_narrow_the_terminal(columns: int) -> None:
    told = in_a_terminal(columns)
    assert JOB in told
    if columns < 100:
        assert "--wide also shows: " in told
        assert "user-0001" not in told


def test_wide_shows_every_column() -> None:
    told = in_a_terminal(60, "--wide")
    assert "user-0001" in told
    assert "x x x" in told


def test_events_are_listed_for_some_days(ada: Cli) -> None:
    ada.ok("event", "add", "Soon", "--at", "tomorrow 10:00")
    ada.ok("event", "add", "All day", "--at", "tomorrow")
    ada.ok("event", "add", "Far", "--at", "2031-07-01 10:00")
    assert [e["title"] for e in ada.json("event", "list", "--days", "2")] == ["All day", "Soon"]
    assert "Far" in [e["title"] for e in ada.json("event", "list")]
    assert ada.json("event", "list", "--days", "1") == []


def test_the_dashboard_without_a_terminal_is_one_sentence(served: Served) -> None:
    said = Cli(served.url, served.token).fails("tui", code=2)
    assert "needs a terminal" in said
    assert len(said.strip().splitlines()) == 1


def test_a_command_that_is_not_there_is_told_with_the_one_that_is_like_it(served: Served) -> None:
    said = Cli(served.url, served.token).fails("jobs", code=2)
    assert "Did you mean 'job'?" in said
