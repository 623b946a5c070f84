"""CSV tables of other programs as tasks, projects and events (docs/spec.md#imports)."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildos_box.errors import Malformed, Unprocessable
from buildos_box.imports.csv_items import Owner, Taken, take
from buildos_box.imports.csv_table import MAX_ROWS, read_table
from buildos_box.imports.dates import Dates

BERLIN = ZoneInfo("Europe/Berlin")
HOME = {"home": "Home"}


def taken(
    text: str | bytes,
    *choices: str,
    kind: str = "tasks",
    form: str | None = None,
    delimiter: str | None = None,
    projects: Mapping[str, str] = HOME,
) -> Taken:
    content = text if isinstance(text, bytes) else text.encode()
    owner = Owner("ada", projects, lambda: "home")
    return take(
        read_table(content, delimiter), kind, choices, Dates(BERLIN, (form,) if form else ()), owner
    )


def items(text: str | bytes, *choices: str, kind: str = "tasks", **more: Any) -> list[Any]:
    found = taken(text, *choices, kind=kind, **more).document[kind]
    return [{k: v for k, v in item.items() if k not in ("id", "userId")} for item in found]


def faults(text: str, *choices: str, **more: Any) -> list[tuple[str, str]]:
    with pytest.raises(Unprocessable) as refused:
        taken(text, *choices, **more)
    return [(fault.field, fault.message) for fault in refused.value.details]


def test_todoists_template() -> None:
    text = (
        "\ufeffTYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE,DATE_LANG\r\n"
        'task,Pay rent,"by transfer,\r\nnot cash",1,1,Ada (1),,2026-11-30,en\r\n'
        ",,,,,,,,\r\n"
        "section,Later,,,,,,,\r\n"
        "task,Paint,,4,1,Ada (1),,2026-12-01 18:30,en\r\n"
    )
    assert items(text) == [
        {"projectId": "home", "title": "Pay rent", "description": "by transfer,\nnot cash",
         "priority": "urgent", "dueDate": "2026-11-30", "dueAt": None},
        {"projectId": "home", "title": "Paint", "priority": "low",
         "dueAt": "2026-12-01T17:30:00.000Z", "dueDate": None},
    ]  # fmt: skip
    found = taken(text)
    assert (found.lines, found.skipped) == ([2, 6], 1)
    assert found.left_out == ["INDENT", "AUTHOR", "RESPONSIBLE", "DATE_LANG"]


def test_trellos_export_makes_the_projects_that_its_boards_are() -> None:
    text = (
        "Card ID,Card Name,Card Description,Due Date,List Name,Board Name\n"
        "c1,Poster,,2026-11-30T10:00:00.000Z,Doing,Launch\n"
        "c2,Flyer,,,Done,launch\n"
        "c3,Sweep,,,To Do,HOME\n"
    )
    found = taken(text, "List Name=status").document
    (made,) = found["projects"]
    assert made["name"] == "Launch"
    assert [task["projectId"] for task in found["tasks"]] == [made["id"], made["id"], "home"]
    assert [task["status"] for task in found["tasks"]] == ["in_progress", "done", "todo"]
    assert found["tasks"][0]["dueAt"] == "2026-11-30T10:00:00.000Z"
    assert "projects" not in taken(text, projects={made["id"]: "Renamed", **HOME}).document


def test_asanas_export_tells_what_is_done_by_when() -> None:
    text = (
        "Task ID,Completed At,Name,Due Date,Notes,Projects\n"
        "1,2026-11-02,Poster,2026-11-03,Blue,Home\n"
        "2,,Flyer,,,Home\n"
    )
    done, open_ = items(text)
    assert (done["status"], done["completedAt"]) == ("done", "2026-11-02T11:00:00.000Z")
    assert "status" not in open_


@pytest.mark.parametrize(
    ("head", "field"),
    [("Task name", "title"), ("NAME", "title"), ("to-do", "title"), ("Title ", "title")],
)
def test_columns_are_known_by_many_names(head: str, field: str) -> None:
    assert items(f"{head},x\nPaint,1\n")[0][field] == "Paint"


def test_a_column_may_be_named_left_out_or_taken_for_another() -> None:
    text = "Aufgabe;Name;Fällig;Due date\nStreichen;Ada;30.11.2026;nonsense\n"
    assert items(text, "Aufgabe=title", "fällig=due", "Due date=", form="%d.%m.%Y") == [
        {"projectId": "home", "title": "Streichen", "dueDate": "2026-11-30", "dueAt": None}
    ]


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ("nothing", "column=field"),
        ("Nope=title", "Nope"),
        ("Task=colour", "colour"),
        ("Task=title=x", "no one column"),
    ],
)
def test_a_wish_that_cannot_be_is_told(wish: str, told: str) -> None:
    with pytest.raises(Malformed, match=told):
        taken("Task,Due\nPaint,\n", wish)


def test_a_table_without_a_title_says_which_columns_there_are() -> None:
    with pytest.raises(Malformed, match=r"--map COLUMN=title: there are Foo, Bar"):
        taken("Foo,Bar\n1,2\n")


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(mark: str) -> None:
    text = f'Title{mark}Notes\n"a,b;c|d"{mark}fine\n'
    assert items(text)[0]["title"] == "a,b;c|d"


def test_the_delimiter_may_be_said() -> None:
    assert items("Title:Notes,x\nPaint:a,b\n", delimiter=":", kind="tasks")[0]["title"] == "Paint"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_what_spreadsheets_write_is_read(encoding: str) -> None:
    assert items("Title\nMüll\n".encode(encoding))[0]["title"] == "Müll"


@pytest.mark.parametrize(
    ("text", "form", "due"),
    [
        ("2026-11-30", None, {"dueDate": "2026-11-30", "dueAt": None}),
        ("2026-07-01 9:05", None, {"dueAt": "2026-07-01T07:05:00.000Z", "dueDate": None}),
        ("2026-07-01T09:05+09:00", None, {"dueAt": "2026-07-01T00:05:00.000Z", "dueDate": None}),
        ("11/30/2026", "%m/%d/%Y", {"dueDate": "2026-11-30", "dueAt": None}),
        ("30 Nov 2026, 2:00 PM", "%d %b %Y, %I:%M %p",
         {"dueAt": "2026-11-30T13:00:00.000Z", "dueDate": None}),
    ],
)  # fmt: skip
def test_dates_are_those_of_the_user(text: str, form: str | None, due: Any) -> None:
    (task,) = items(f'Title,Due\nPaint,"{text}"\n', form=form)
    assert {name: task[name] for name in due} == due


def test_every_bad_cell_is_named_by_line_and_column() -> None:
    text = (
        "Name,Fällig,Priority,Status\n"
        '"Two\nlines",31/31/2026,high,todo\n'
        ",2026-11-30,1,todo\n"
        "Paint,2026-02-30,huge,perhaps\n"
        f"{'x' * 1001},0001-01-01,,\n"
    )
    assert [place for place, _ in faults(text, "Fällig=due")] == [
        "line 2, column Fällig",
        "line 4, column Name",
        "line 5, column Status",
        "line 5, column Priority",
        "line 5, column Fällig",
        "line 6, column Name",
        "line 6, column Fällig",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "names of its columns"),
        ("\n\n", "names of its columns"),
        ('Title\n"open', "line 2"),
        ("Title\na,b\n", "line 2 has more cells"),
        ("Title\n\0\n", "not a text file"),
        ("Title\n" + "x\n" * (MAX_ROWS + 1), "more than 50,000"),
    ],
)
def test_what_is_no_table_is_malformed(text: str, told: str) -> None:
    with pytest.raises(Malformed, match=told):
        taken(text)


def test_the_same_rows_have_the_same_ids_and_others_have_others() -> None:
    text = "Id,Title,Due\n7,Paint,\n8,Paint,\n,Paint,\n,Paint,\n"
    ids = [task["id"] for task in taken(text).document["tasks"]]
    assert len(set(ids)) == 4
    later = text.replace("Paint,", "Paint,2026-11-30").replace("7,Paint", "7,Painted")
    assert [task["id"] for task in taken(later).document["tasks"]] == ids
    assert faults("Id,Title\n7,a\n7,b\n") == [("line 3, column Id", "is that of line 2 too")]


def test_projects_and_events_come_in_too() -> None:
    text = "Project,Status,Due\nLaunch,On hold,2026-11-30\n"
    assert items(text, kind="projects") == [
        {"name": "Launch", "status": "paused", "dueDate": "2026-11-30"}
    ]
    calendar = (
        "Subject,Start Date,Start Time,End Date,End Time,All Day Event,Location\n"
        "Call,2026-11-30,09:00,2026-11-30,10:00,False,Room 1\n"
        "Fair,2026-12-01,,2026-12-03,,True,\n"
        "Odd,2026-12-01,9:00,2026-12-03,,False,\n"
    )
    assert faults(calendar, kind="events") == [
        ("line 4, column End Date", "must have a time of day, as its start has")
    ]
    call, fair = items(calendar.rpartition("Odd")[0], kind="events")
    assert (call["startAt"], call["endAt"]) == (
        "2026-11-30T08:00:00.000Z", "2026-11-30T09:00:00.000Z",
    )  # fmt: skip
    assert (fair["allDay"], fair["startDate"], fair["endDate"]) == (
        True, "2026-12-01", "2026-12-04",
    )  # fmt: skip


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_what_the_box_says(data: bytes) -> None:
    with suppress(Malformed, Unprocessable):
        taken(b"Title,Due,Status\n" + data)


@given(st.text(max_size=60), st.sampled_from(["tasks", "projects", "events"]))
def test_no_cell_does_more_than_be_refused(text: str, kind: str) -> None:
    cell = '"' + text.replace('"', '""') + '"'
    with suppress(Malformed, Unprocessable):
        taken(f"Name,Title,Start,Due,Status\n{','.join([cell] * 5)}\n", kind=kind)


def test_a_table_has_only_so_many_columns() -> None:
    head = ",".join(f"c{number}" for number in range(501))
    with pytest.raises(Malformed) as refused:
        read_table(f"{head}\n".encode())
    assert "500 columns" in str(refused.value)
    wide = "title" + "," * 20_000
    assert read_table(f"{wide}\nWrite{',' * 20_000}\n".encode()).rows[0].cell(0) == "Write"
