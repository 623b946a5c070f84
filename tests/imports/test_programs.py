"""Exports of other programs. The rows are our own; what is odd about them was reported there.

TickTick: vikunja #937, #2278, #2487 and ticktick-to-todoist #1. Todoist: its help page on CSV.
ClickUp: the ClickUp reader of linear-import. Notion: AFFiNE #14111. The others follow the columns
that the programs export, without a report of a fault.
"""

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from buildos_box.errors import Unprocessable
from buildos_box.imports.csv_items import Owner, Taken, take
from buildos_box.imports.csv_table import Table, read_table
from buildos_box.imports.dates import Dates
from buildos_box.imports.programs import BY_NAME, Program, recognise, table_of

BERLIN = ZoneInfo("Europe/Berlin")
TABLES = Path(__file__).parent / "tables"


def taken(
    content: bytes | str | Table, *choices: str, program: Program | None = None, **more: Any
) -> Taken:
    if isinstance(content, Table):
        table = content
    else:
        table = read_table(content if isinstance(content, bytes) else content.encode())
    program = program or recognise(table.columns)
    owner = Owner("ada", {"home": "Home"}, lambda: "home")
    kind = program.kind if program else "tasks"
    return take(table, kind, choices, Dates(BERLIN), owner, program=program, **more)


def from_file(name: str) -> tuple[Taken, dict[str, dict[str, Any]]]:
    """What the file comes to, and its items by title, with their project's name."""
    found = taken((TABLES / name).read_bytes())
    projects = {"home": "Home"} | {p["id"]: p["name"] for p in found.document.get("projects", [])}
    (items,) = (of for of in (found.document.get("tasks"), found.document.get("events")) if of)
    return found, {
        item["title"]: item | {"project": projects.get(item.get("projectId", ""))} for item in items
    }


def test_todoist_reads_the_date_and_keeps_the_deadline() -> None:
    found, tasks = from_file("todoist.csv")
    assert list(tasks) == [
        "Plan the launch @work", "Book the room", "Water the plants", "Call", "Pay rent", "Report",
    ]  # fmt: skip
    plan = tasks["Plan the launch @work"]
    assert (plan["dueDate"], plan["priority"]) == ("2026-12-06", "urgent")
    assert plan["description"] == (
        "Everything for Monday\nDeadline: 2026-12-09\nRemember the slides"
    )
    assert "dueDate" not in tasks["Book the room"]
    assert tasks["Water the plants"]["description"] == "Due: every monday"
    assert tasks["Call"]["description"] == "Due: tomorrow at 5pm"
    assert "dueDate" not in tasks["Call"]
    assert "dueAt" not in tasks["Call"]
    assert tasks["Pay rent"]["dueDate"] == "2026-12-12"
    assert tasks["Report"]["dueAt"] == "2026-12-13T23:30:00.000Z"
    assert found.notes == [
        "line 8: kept as text: Due: every monday", "line 9: kept as text: Due: tomorrow at 5pm",
    ]  # fmt: skip
    assert found.skipped == 3


def test_todoist_keeps_dates_of_any_language_as_text() -> None:
    text = "TYPE,CONTENT,PRIORITY,INDENT,DATE,DATE_LANG\ntask,Gießen,4,1,jeden Montag,de\n"
    (task,) = taken(text).document["tasks"]
    assert task["description"] == "Due: jeden Montag"


def test_ticktick_skips_its_preamble_and_reads_its_own_priorities() -> None:
    _, tasks = from_file("ticktick.csv")
    groceries = tasks["Groceries"]
    assert (groceries["priority"], groceries["dueDate"]) == ("high", "2026-12-10")
    assert (groceries["project"], groceries["description"]) == ("Home", "Milk, bread")
    assert "priority" not in tasks["Milk"]
    assert tasks["Milk"]["description"] == "Part of: Groceries"
    run = tasks["Run"]
    assert (run["priority"], run["dueAt"], run["project"]) == (
        "low", "2026-12-07T07:30:00.000Z", "Sport",
    )  # fmt: skip
    assert run["description"] == "Repeats: FREQ=DAILY"
    old = tasks["Old"]
    assert (old["priority"], old["status"]) == ("medium", "done")
    assert old["completedAt"] == "2026-09-21T10:00:00.000Z"


def test_ticktick_reads_a_subtask_that_stands_before_its_task() -> None:  # vikunja #2487
    head = (
        "List Name,Title,Is Check list,Due Date,Repeat,Priority,Status,Is All Day,taskId,parentId"
    )
    text = f"{head}\nHome,Paint the door,N,,,0,0,,b,a\nHome,Renovate,N,,,0,1,,a,\n"
    paint, renovate = taken(text).document["tasks"]
    assert paint["description"] == "Part of: Renovate"
    assert (paint["status"], renovate["status"]) == ("todo", "done")  # vikunja #2278


def test_trello_closes_what_is_archived_or_complete() -> None:
    _, tasks = from_file("trello.csv")
    assert "status" not in tasks["Order tiles"]
    assert tasks["Order tiles"]["dueAt"] == "2026-12-09T08:00:00.000Z"
    assert tasks["Order tiles"]["project"] == "Building"
    assert tasks["Old card"]["status"] == tasks["Due and complete"]["status"] == "done"


def test_asana_puts_a_task_of_several_projects_into_its_first() -> None:
    _, tasks = from_file("asana.csv")
    provider = tasks["Pick provider"]
    assert (provider["status"], provider["project"]) == ("done", "Shop")
    assert provider["description"] == "Also in: Second"
    button = tasks["Wallet button"]
    assert button["project"] == "Shop"
    assert button["description"] == "Apple Pay, Google Pay\nPart of: Checkout flow"


def test_google_calendar_ends_an_all_day_event_with_its_last_day() -> None:
    _, events = from_file("gcal.csv")
    assert events["Meeting"]["startAt"] == "2026-12-05T09:00:00.000Z"
    assert events["Meeting"]["endAt"] == "2026-12-05T10:00:00.000Z"
    fair = events["Fair"]
    assert (fair["startDate"], fair["endDate"]) == ("2026-12-06", "2026-12-08")


def test_outlook_calendar_ends_an_all_day_event_at_the_next_midnight() -> None:
    text = (
        "Subject,Start Date,Start Time,End Date,End Time,All day event,Reminder on/off,Location\n"
        "Fair,12/6/2026,12:00:00 AM,12/8/2026,12:00:00 AM,True,False,Berlin\n"
        "Lunch,12/7/2026,12:15:00 PM,12/7/2026,1:00:00 PM,False,False,\n"
    )
    fair, lunch = taken(text).document["events"]
    assert (fair["startDate"], fair["endDate"]) == ("2026-12-06", "2026-12-08")
    assert (lunch["startAt"], lunch["endAt"]) == (
        "2026-12-07T11:15:00.000Z", "2026-12-07T12:00:00.000Z",
    )  # fmt: skip


def test_outlook_tasks() -> None:
    _, tasks = from_file("outlook-tasks.csv")
    assert (tasks["Tax"]["priority"], tasks["Tax"]["dueDate"]) == ("high", "2026-12-31")
    assert tasks["Tax"]["startDate"] == "2026-12-05"
    assert (tasks["Wait"]["status"], tasks["Later"]["status"]) == ("blocked", "todo")
    assert tasks["Ok"]["status"] == "done"
    assert tasks["Ok"]["completedAt"].startswith("2026-09-29")


def test_clickup_writes_milliseconds_and_null() -> None:  # as linear-import reads them
    text = (
        "Task ID,Task Name,Task Content,Status,Due Date,Parent ID,Priority,List Name\n"
        'a1,Poster,"Print, A2",to do,1796698800000,null,2,Launch\n'
        "a2,Colours,null,complete,1796889600000,a1,null,Launch\n"
    )
    poster, colours = taken(text).document["tasks"]
    assert (poster["dueDate"], poster["priority"]) == ("2026-12-08", "high")
    assert poster["dueAt"] is None
    assert colours["status"] == "done"
    assert "priority" not in colours
    assert colours["description"] == "Part of: Poster"


def test_linear_closes_what_is_cancelled_and_says_so() -> None:
    text = (
        "ID,Team,Title,Description,Status,Priority,Project,Completed,Due Date,Parent issue\n"
        "L-1,Web,Search,,In Review,No priority,,,2026-12-09,\n"
        "L-2,Web,Old search,,Canceled,Urgent,Shop,,,L-1\n"
    )
    search, old = taken(text).document["tasks"]
    assert (search["status"], search["priority"], search["dueDate"]) == (
        "in_progress", "medium", "2026-12-09",
    )  # fmt: skip
    assert (old["status"], old["priority"]) == ("done", "urgent")
    assert old["description"] == "Part of: L-1\nStatus in Linear: Canceled"
    names = [project["name"] for project in taken(text).document["projects"]]
    assert names == ["Web", "Shop"]


def test_notion_writes_times_and_ranges_in_words() -> None:
    text = (
        "\ufeffName,Due,Status,Priority\nFlat,December 6, 2026,Not started,High\n".replace(
            "December 6, 2026", '"December 6, 2026"'
        )
        + 'Move,"December 6, 2026 → December 8, 2026",In progress,Low\n'
        'Call,"December 7, 2026 9:00 AM",Done,\n'
        'Abroad,"December 7, 2026 9:00 AM (GMT+9)",Done,\n'
    )
    flat, move, call, abroad = taken(text, program=BY_NAME["notion"]).document["tasks"]
    assert flat["dueDate"] == "2026-12-06"
    assert (move["startDate"], move["dueDate"]) == ("2026-12-06", "2026-12-08")
    assert call["dueAt"] == "2026-12-07T08:00:00.000Z"
    assert abroad["dueAt"] == "2026-12-07T00:00:00.000Z"


def test_google_tasks_come_from_takeout() -> None:
    document = {
        "kind": "tasks#taskLists",
        "items": [
            {
                "kind": "tasks#tasks", "id": "l1", "title": "Errands",
                "items": [
                    {"kind": "tasks#task", "id": "t1", "title": "Post", "status": "needsAction",
                     "due": "2026-12-09T00:00:00Z", "notes": "stamps"},
                    {"kind": "tasks#task", "id": "t2", "title": "Stamps", "status": "completed",
                     "completed": "2026-11-20T10:00:00.000Z", "parent": "t1"},
                    {"kind": "tasks#task", "id": "t3", "title": "Gone", "status": "needsAction",
                     "deleted": True},
                ],
            },
            {"kind": "tasks#tasks", "id": "l2", "title": "Empty"},
        ],
    }  # fmt: skip
    found = table_of(json.loads(json.dumps(document)))
    assert found is not None
    post, stamps = taken(found[1], program=found[0]).document["tasks"]
    assert (post["dueDate"], post["description"], post["status"]) == (
        "2026-12-09",
        "stamps",
        "todo",
    )
    assert (stamps["status"], stamps["description"]) == ("done", "Part of: Post")


def test_microsoft_to_do_comes_from_graph() -> None:
    lists = [
        {
            "displayName": "Errands",
            "tasks": [
                {"id": "a", "title": "Post", "importance": "high", "status": "waitingOnOthers",
                 "dueDateTime": {"dateTime": "2026-12-09T00:00:00.0000000", "timeZone": "UTC"},
                 "body": {"content": "stamps", "contentType": "text"}},
            ],
        }
    ]  # fmt: skip
    found = table_of(lists)
    assert found is not None
    (post,) = taken(found[1], program=found[0]).document["tasks"]
    assert (post["dueDate"], post["priority"], post["status"]) == ("2026-12-09", "high", "blocked")
    assert post["description"] == "stamps"


@pytest.mark.parametrize("document", [[], {}, {"value": []}, {"users": []}, "x", None, [{"a": 1}]])
def test_other_documents_are_of_no_known_program(document: Any) -> None:
    assert table_of(document) is None


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("2026-12-06", "2026-12-06"),
        ("2026/12/6", "2026-12-06"),
        ("Dec 6 2026", "2026-12-06"),
        ("6 Dec 2026", "2026-12-06"),
        ("Sunday, December 6th 2026", "2026-12-06"),
        ("06.12.2026", "2026-12-06"),
        ("13/12/2026", "2026-12-13"),
        ("12/13/2026", "2026-12-13"),
        ("12/13/26", "2026-12-13"),
        ("2026-12-06 9:05 pm", "2026-12-06T20:05:00.000Z"),
        ("2026-12-06T18:30:00-05:00", "2026-12-06T23:30:00.000Z"),
        ("2026-12-06T18:30:00+0000", "2026-12-06T18:30:00.000Z"),
        ("Mon Dec 07 2026 10:00:00 GMT+0000 (Greenwich Mean Time)", "2026-12-07T10:00:00.000Z"),
        ("1796551200000", "2026-12-06T10:00:00.000Z"),
        ("12:00 AM", None),
        ("06-13-2026", None),
        ("2026-12-06 25:00", None),
        ("2026-12-06 13:00 pm", None),
    ],
)
def test_dates_are_read_as_programs_write_them(text: str, due: str | None) -> None:
    table = f'Name,Due\nA,"{text}"\n'
    if due is None:
        with pytest.raises(Unprocessable):
            taken(table)
        return
    (task,) = taken(table).document["tasks"]
    assert (task.get("dueDate") or task.get("dueAt")) == due


def test_the_order_of_day_and_month_is_learned_from_the_column() -> None:
    text = "Name,Due\nA,5/12/2026\nB,25/12/2026\n"
    assert [task["dueDate"] for task in taken(text).document["tasks"]] == [
        "2026-12-05", "2026-12-25",
    ]  # fmt: skip


def test_an_order_that_nothing_proves_is_asked_for() -> None:
    with pytest.raises(Unprocessable) as refused:
        taken("Name,Due\nA,5/12/2026\n")
    assert "is ambiguous" in refused.value.details[0].message
    assert "%d/%m/%Y" in refused.value.details[0].message


def test_several_forms_of_dates_may_stand_in_one_column() -> None:
    text = "Name,Due\nA,2026-12-05\nB,Dec 6 2026\nC,7.12.2026\n"
    days = [task["dueDate"] for task in taken(text).document["tasks"]]
    assert days == ["2026-12-05", "2026-12-06", "2026-12-07"]


def test_bad_cells_are_left_empty_and_listed_if_wished() -> None:
    text = "Name,Due,Priority\nA,someday?,high\n,2026-12-05,low\nC,2026-12-06,huge\n"
    found = taken(text, skip_bad=True)
    a, c = found.document["tasks"]
    assert (a["title"], a["priority"], a.get("dueDate")) == ("A", "high", None)
    assert (c["title"], c["dueDate"], c.get("priority")) == ("C", "2026-12-06", None)
    assert [fault.field for fault in found.bad] == [
        "line 2, column Due", "line 3, column Name", "line 4, column Priority",
    ]  # fmt: skip
    assert found.lines == [2, 4]


def test_a_column_that_a_person_names_wins_over_the_programs_own() -> None:
    text = "TYPE,CONTENT,PRIORITY,INDENT,DATE,DEADLINE\ntask,A,1,1,2026-12-06,2026-12-09\n"
    (task,) = taken(text, "DEADLINE=due").document["tasks"]
    assert task["dueDate"] == "2026-12-09"


def test_every_program_has_a_name_of_its_own_and_recognises_its_export() -> None:
    files = {"todoist": "todoist", "ticktick": "ticktick", "trello": "trello", "asana": "asana",
             "gcal": "google-calendar", "outlook-tasks": "outlook-tasks"}  # fmt: skip
    for file, name in files.items():
        program = recognise(read_table((TABLES / f"{file}.csv").read_bytes()).columns)
        assert program is BY_NAME[name], file


def test_the_tasks_of_microsofts_lists_are_counted_through() -> None:
    """By the number a fault names its row."""

    def task(title: str) -> dict[str, str]:
        return {"title": title, "importance": "high"}

    found = table_of(
        [
            {"displayName": "One", "tasks": [task("a"), task("b")]},
            {"displayName": "Two", "tasks": [task("c"), task("d")]},
        ]
    )
    assert found is not None
    assert [row.line for row in found[1].rows] == [1, 2, 3, 4]
