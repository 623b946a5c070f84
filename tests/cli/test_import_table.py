"""`buildos-box import FILE.csv`."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.served import Cli, clean_environment

TABLES = Path(__file__).parent.parent / "imports" / "tables"

TABLE = """Task name,List,Due date,Priority,Status,Extra
Paint the door,Workshop,2031-01-10 14:00,high,doing,x
"Sweep, then rest",,2031-01-11,,,y
"""


def write(folder: Path, text: str, name: str = "tasks.csv") -> str:
    path = folder / name
    path.write_text(text, "utf-8")
    return str(path)


def counts(ada: Cli, *args: str) -> dict[str, tuple[int, int, int]]:
    changed = ada.json("import", *args)["changed"]
    return {k: (v["created"], v["updated"], v["unchanged"]) for k, v in changed.items()}


def test_a_dry_run_shows_every_row_and_changes_nothing(ada: Cli, tmp_path: Path) -> None:
    before = ada.json("task", "list", "--status", "all"), ada.json("project", "list")
    result = ada.run("import", write(tmp_path, TABLE), "--project", "Home", "--dry-run")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].split()[:3] == ["line", "project", "title"]
    assert "Paint the door" in lines[1]
    assert "2031-01-10T13:00:00.000Z" in lines[1]
    assert "Workshop" in lines[1]
    assert lines[2].startswith("3     Home")
    assert "left out: Extra" in result.stderr
    assert "Nothing was changed" in result.stderr
    assert (ada.json("task", "list", "--status", "all"), ada.json("project", "list")) == before


def test_a_table_is_imported_once_and_changes_nothing_again(ada: Cli, tmp_path: Path) -> None:
    file = write(tmp_path, TABLE)
    assert counts(ada, file, "-p", "Home") == {"projects": (1, 0, 0), "tasks": (2, 0, 0)}
    assert counts(ada, file, "-p", "Home") == {"tasks": (0, 0, 2)}
    write(tmp_path, TABLE.replace("high", "low"))
    assert counts(ada, file, "-p", "Home") == {"tasks": (0, 1, 1)}
    found = {task["title"]: task for task in ada.json("task", "list")}
    assert found["Paint the door"]["priority"] == "low"
    assert found["Paint the door"]["dueAt"] == "2031-01-10T13:00:00.000Z"
    assert found["Sweep, then rest"]["projectId"] == "home"
    assert "Workshop" in ada.ok("project", "list")


def test_columns_dates_and_delimiter_are_said(ada: Cli, tmp_path: Path) -> None:
    file = write(tmp_path, "Was\tWann\nStreichen\t31.12.2031\n", "liste.txt")
    ada.ok("import", file, "--format", "csv", "--delimiter", "tab", "--map", "Was=title",
           "--map", "Wann=due", "--date-format", "%d.%m.%Y", "--project", "Home")  # fmt: skip
    (task,) = [t for t in ada.json("task", "list") if t["title"] == "Streichen"]
    assert task["dueDate"] == "2031-12-31"


def test_bad_cells_are_named_and_nothing_is_written(ada: Cli, tmp_path: Path) -> None:
    before = ada.json("task", "list", "--status", "all")
    file = write(tmp_path, "Title,Due\nGood,2031-01-10\nBad,soon\n,2031-01-10\n")
    told = ada.fails("import", file, "--project", "Home", code=1)
    assert "line 3, column Due: 'soon' cannot be read as a date" in told
    assert "line 4, column Title: must not be empty" in told
    assert ada.json("task", "list", "--status", "all") == before


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--map", "Nope=due"], "Nope"),
        (["--delimiter", "::"], "--delimiter"),
        (["--date-format", "%Q"], "--date-format"),
    ],
)
def test_what_cannot_be_meant_is_a_wrong_usage(
    ada: Cli, tmp_path: Path, args: list[str], told: str
) -> None:
    file = write(tmp_path, "Title,Due\nGood,2031-01-10\n")
    assert told in ada.fails("import", file, "-p", "Home", *args, code=2)


def test_events_and_projects_come_in_too(ada: Cli, tmp_path: Path) -> None:
    events = write(tmp_path, "Subject,Start,End\nFair,2031-05-01 09:00,2031-05-01 11:00\n")
    assert counts(ada, events, "--list", "events") == {"events": (1, 0, 0)}
    assert "2031-05-01 09:00–11:00" in ada.ok("event", "list")
    projects = write(tmp_path, "Name,Status\nGarden,active\n")
    assert counts(ada, projects, "--list", "projects") == {"projects": (1, 0, 0)}
    assert counts(ada, projects, "--list", "projects") == {"projects": (0, 0, 1)}


def test_a_dry_run_of_a_document_counts_it(ada: Cli, tmp_path: Path) -> None:
    document = '{"tasks": [{"id": "dry", "projectId": "home", "title": "Dry"}]}'
    assert "tasks  1" in ada.ok("import", write(tmp_path, document, "d.json"), "--dry-run")
    assert "dry" not in [task["id"] for task in ada.json("task", "list")]


@pytest.mark.parametrize(
    ("file", "list_name", "count"),
    [
        ("todoist.csv", "tasks", 6), ("ticktick.csv", "tasks", 4), ("trello.csv", "tasks", 3),
        ("asana.csv", "tasks", 3), ("gcal.csv", "events", 2), ("outlook-tasks.csv", "tasks", 4),
    ],
)  # fmt: skip
def test_exports_of_other_programs_come_in_whole_and_once(
    ada: Cli, file: str, list_name: str, count: int
) -> None:
    path = str(TABLES / file)
    assert counts(ada, path, "--project", "Home")[list_name] == (count, 0, 0)
    assert counts(ada, path, "--project", "Home")[list_name] == (0, 0, count)


def test_an_export_of_google_tasks_comes_in_once(ada: Cli, tmp_path: Path) -> None:
    task = {"id": "g1", "title": "Buy seeds", "status": "needsAction", "kind": "tasks#task"}
    listed = {"kind": "tasks#tasks", "title": "Garden", "items": [task]}
    export = {"kind": "tasks#taskLists", "items": [listed]}
    file = write(tmp_path, json.dumps(export), "Tasks.json")
    assert counts(ada, file)["tasks"] == (1, 0, 0)
    assert counts(ada, file)["tasks"] == (0, 0, 1)
    assert "Garden" in ada.ok("project", "list")


def test_a_program_that_is_named_reads_the_table(ada: Cli, tmp_path: Path) -> None:
    file = write(tmp_path, 'Name,Due\nMove,"December 6, 2031 → December 8, 2031"\n')
    shown = ada.json("import", file, "--from", "notion", "--project", "Home", "--dry-run")
    (task,) = shown["document"]["tasks"]
    assert (task["startDate"], task["dueDate"]) == ("2031-12-06", "2031-12-08")


def test_bad_cells_are_left_empty_if_wished(ada: Cli, tmp_path: Path) -> None:
    file = write(tmp_path, "Title,Due\nSome day,soon\nA day,2031-01-10\n")
    result = ada.run("import", file, "--project", "Home", "--skip-bad")
    assert result.exit_code == 0, result.output
    assert "left empty: line 2, column Due" in result.stderr
    titles = [task["title"] for task in ada.json("task", "list")]
    assert {"Some day", "A day"} <= set(titles)


@pytest.mark.parametrize(("answer", "code", "is_there"), [("y", 0, True), ("n", 1, False)])
def test_a_person_at_a_terminal_is_asked_about_bad_cells(
    ada: Cli, tmp_path: Path, answer: str, code: int, is_there: bool
) -> None:
    title = f"Asked {answer}"
    file = write(tmp_path, f"Title,Due\n{title},soon\n")
    ours, theirs = pty.openpty()
    env = clean_environment() | {
        "BUILDOS_BOX_URL": ada.url, "BUILDOS_BOX_TOKEN": ada.token, **ada.env,
    }  # fmt: skip
    command = [sys.executable, "-m", "buildos_box.cli.main", "import", file, "--project", "Home"]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env) as process:
        os.write(ours, f"{answer}\n".encode())
        assert process.wait(timeout=60) == code
    said = os.read(ours, 100_000).decode()
    os.close(ours)
    os.close(theirs)
    assert "column Due: 'soon' cannot be read as a date" in said
    assert "Leave these cells empty and import the rest?" in said
    assert (title in [task["title"] for task in ada.json("task", "list")]) is is_there
