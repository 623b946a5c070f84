"""`buildos-box import FILE.csv`."""

from pathlib import Path

import pytest

from tests.cli.served import Cli

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
    assert "line 3, column Due: 'soon' is no date" in told
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
