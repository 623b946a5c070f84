import json
from pathlib import Path

import pytest

from tests.cli.served import Cli

CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//EN
BEGIN:VEVENT
UID:review@example.org
DTSTAMP:20261101T000000Z
DTSTART;TZID=Europe/Berlin:20310110T140000
DTEND;TZID=Europe/Berlin:20310110T150000
SUMMARY:Poster review
END:VEVENT
{tasks}END:VCALENDAR
"""
TODO = """BEGIN:VTODO
UID:print@example.org
DTSTAMP:20261101T000000Z
DUE;VALUE=DATE:20310112
SUMMARY:Book the printer
END:VTODO
"""


@pytest.fixture
def _ics() -> None:
    """These need the reader of calendars."""
    pytest.importorskip("buildos_box.calendars.ics.reader")


def write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, "utf-8")
    return str(path)


def test_a_json_file_is_imported_once_and_changes_nothing_again(ada: Cli, tmp_path: Path) -> None:
    document = {"tasks": [{"id": "t1", "projectId": "home", "title": "Imported"}]}
    file = write(tmp_path, "work.json", json.dumps(document))
    assert ada.json("import", file)["changed"]["tasks"]["created"] == 1
    assert ada.json("import", file)["changed"]["tasks"]["unchanged"] == 1
    assert "Imported" in ada.ok("task", "list")


def test_an_import_with_faults_changes_nothing_and_names_each_field(
    ada: Cli, tmp_path: Path
) -> None:
    tasks = [
        {"id": "good", "projectId": "home", "title": "Good"},
        {"id": "bad", "projectId": "home", "title": "", "priority": "huge"},
    ]
    told = ada.fails("import", write(tmp_path, "bad.json", json.dumps({"tasks": tasks})), code=1)
    assert [line.split(":")[0] for line in told.splitlines()] == [
        "tasks[1].title",
        "tasks[1].priority",
    ]
    assert "good" not in [task["id"] for task in ada.json("task", "list")]


@pytest.mark.parametrize("text", [
        "{", "[]", "\ufeff nope", '"x"', "[" * 100_000,
        '{"tasks": NaN}', '{"tasks": [{"id": "t", "priority": Infinity}]}', '{"tasks": 1e999}',
        '{"tasks": "\\ud800"}', '{"tasks": ' + "9" * 5000 + "}",
    ],
)  # fmt: skip
def test_a_file_that_is_no_document_is_refused(ada: Cli, tmp_path: Path, text: str) -> None:
    assert "odd.json" in ada.fails("import", write(tmp_path, "odd.json", text), code=1)


def test_a_file_of_an_unknown_kind_must_say_what_it_is(ada: Cli, tmp_path: Path) -> None:
    assert "--format" in ada.fails("import", write(tmp_path, "data.txt", "{}"), code=2)


def test_a_document_is_read_from_standard_input(ada: Cli) -> None:
    document = {"notes": [{"id": "n1", "projectId": "home", "content": "piped"}]}
    ada.ok("import", "-", "--format", "json", stdin=json.dumps(document))
    assert "piped" in ada.ok("note", "list")


@pytest.mark.usefixtures("_ics")
def test_a_calendars_events_become_the_users_events(ada: Cli, tmp_path: Path) -> None:
    file = write(tmp_path, "work.ics", CALENDAR.format(tasks=""))
    changed = ada.json("import", file, "--ahead", "3660")["changed"]
    assert changed["events"]["created"] == 1
    assert "2031-01-10 14:00–15:00" in ada.ok("event", "list")


@pytest.mark.usefixtures("_ics")
def test_a_calendars_tasks_need_a_project(ada: Cli, tmp_path: Path) -> None:
    file = write(tmp_path, "todo.ics", CALENDAR.format(tasks=TODO))
    assert "--project" in ada.fails("import", file, code=2)
    ada.ok("import", file, "--project", "Home")
    assert "Book the printer" in ada.ok("task", "list")


@pytest.mark.usefixtures("_ics")
def test_a_series_without_end_is_laid_out_within_bounds(ada: Cli, tmp_path: Path) -> None:
    start = "DTSTART;TZID=Europe/Berlin:20310110T140000"
    bomb = CALENDAR.format(tasks="").replace(start, f"{start}\nRRULE:FREQ=SECONDLY")
    file = write(tmp_path, "bomb.ics", bomb.replace("review@", "bomb@"))
    result = ada.json("import", file, "--ahead", "3660")
    assert 0 < result["changed"]["events"]["created"] <= 2_000
    assert result["warnings"] != []


def test_a_calendar_that_is_too_large_is_refused(ada: Cli, tmp_path: Path) -> None:
    file = write(tmp_path, "large.ics", "BEGIN:VCALENDAR\n" + "X-JUNK:0\n" * 4_000_000)
    assert "large.ics" in ada.fails("import", file, code=1)


@pytest.mark.usefixtures("_ics")
def test_what_is_no_calendar_is_refused(ada: Cli, tmp_path: Path) -> None:
    assert "is not a calendar" in ada.fails("import", write(tmp_path, "x.ics", "hello"), code=1)
