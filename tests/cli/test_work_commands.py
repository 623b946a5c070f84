from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.cli.served import Cli

BERLIN = ZoneInfo("Europe/Berlin")


def berlin_day(offset: int) -> str:
    return (datetime.now(BERLIN).date() + timedelta(days=offset)).isoformat()


def test_a_project_is_made_found_by_its_beginning_and_completed(ada: Cli) -> None:
    made = ada.json("project", "add", "Garden / pond", "--due", "tomorrow")
    assert made["dueDate"] == berlin_day(1)
    done = ada.json("project", "done", "garden")
    assert (done["id"], done["status"]) == (made["id"], "completed")
    listed = ada.json("project", "list", "--status", "completed")
    assert [project["id"] for project in listed] == [made["id"]]


def test_a_removed_project_is_gone(ada: Cli) -> None:
    made = ada.json("project", "add", "Short lived")
    assert "Deleted" in ada.ok("project", "remove", "short lived", "--yes")
    assert made["id"] not in [project["id"] for project in ada.json("project", "list")]


def test_removing_asks_first_and_no_means_no(ada: Cli) -> None:
    made = ada.json("project", "add", "Kept")
    result = ada.run("project", "remove", "Kept", stdin="n\n")
    assert result.exit_code == 1
    assert ada.json("project", "list")[0]["id"] == made["id"]
    ada.ok("project", "remove", "Kept", "--yes")


def test_a_task_goes_to_the_named_project_with_its_due_day(ada: Cli) -> None:
    told = ada.ok("task", "add", "Pay rent", "--due", "tomorrow", "--project", "Home")
    assert "“Pay rent”" in told
    assert told.endswith(f"in Home, due {berlin_day(1)}\n")


def test_a_due_time_is_in_the_users_zone(ada: Cli) -> None:
    made = ada.json("task", "add", "Call Kiel", "--due", "2031-07-01 14:00", "--priority", "high")
    assert made["dueAt"] == "2031-07-01T12:00:00.000Z"
    assert "2031-07-01 14:00" in ada.ok("task", "list")


def test_tasks_are_listed_with_those_due_first_at_the_top(ada: Cli) -> None:
    ada.ok("project", "add", "Order", "--id", "order")
    for title, due in (("never", None), ("later", "2031-02-01"), ("sooner", "2031-01-01 09:00")):
        ada.ok("task", "add", title, "-p", "order", *(("--due", due) if due else ()))
    listed = ada.json("task", "list", "--project", "Order")
    assert [task["title"] for task in listed] == ["sooner", "later", "never"]
    ada.ok("project", "remove", "order", "--yes")


def test_a_task_is_done_by_its_titles_beginning_and_leaves_the_list(ada: Cli) -> None:
    made = ada.json("task", "add", "Water the plants", "-p", "home")
    assert ada.ok("task", "done", "water") == "Done: “Water the plants”\n"
    open_ids = [task["id"] for task in ada.json("task", "list")]
    done_ids = [task["id"] for task in ada.json("task", "list", "--status", "done")]
    assert made["id"] not in open_ids
    assert made["id"] in done_ids


def test_a_task_is_removed_by_its_id(ada: Cli) -> None:
    ada.ok("task", "add", "Oops", "--id", "oops", "-p", "home")
    ada.ok("task", "remove", "oops", "--yes")
    assert "oops" not in [task["id"] for task in ada.json("task", "list", "--status", "all")]


def test_a_title_that_fits_two_tasks_names_them_both(ada: Cli) -> None:
    for key in ("twin-1", "twin-2"):
        ada.ok("task", "add", "Twin", "--id", key, "-p", "home")
    told = ada.fails("task", "done", "twin", code=1)
    assert "twin-1" in told
    assert "twin-2" in told


def test_a_note_is_made_from_standard_input_and_shown_whole(person: Cli) -> None:
    person.ok(
        "note", "add", "-", "--title", "Host", "-p", "home", stdin="**DNS** first\nthen mail\n"
    )
    assert person.ok("note", "show", "host") == "# Host\n\n**DNS** first\nthen mail\n\n"
    assert "**DNS** first then mail" in person.ok("note", "list")
    person.ok("note", "remove", "host", "--yes")
    assert person.json("note", "list") == []


def test_an_event_has_a_start_and_a_length(ada: Cli) -> None:
    made = ada.json("event", "add", "Dentist", "--at", "2031-01-10 09:30", "--for", "45m")
    assert made["startAt"] == "2031-01-10T08:30:00.000Z"
    assert made["endAt"] == "2031-01-10T09:15:00.000Z"
    assert "2031-01-10 09:30–10:15" in ada.ok("event", "list")
    ada.ok("event", "remove", "dentist", "--yes")


def test_an_events_end_may_be_a_time_of_the_same_day(ada: Cli) -> None:
    made = ada.json("event", "add", "Walk", "--at", "2031-01-10 15:00", "--until", "16:00")
    assert made["endAt"] == "2031-01-10T15:00:00.000Z"


def test_an_all_day_event_is_given_and_shown_with_its_last_day(ada: Cli) -> None:
    made = ada.json("event", "add", "Trip", "--at", "2031-01-10", "--until", "2031-01-12")
    assert (made["startDate"], made["endDate"]) == ("2031-01-10", "2031-01-13")
    assert "2031-01-10 to 2031-01-12" in ada.ok("event", "list")


def test_what_is_over_is_listed_only_when_asked_for(ada: Cli) -> None:
    ada.ok("event", "add", "Long ago", "--at", "2020-01-10 15:00")
    assert "Long ago" not in ada.ok("event", "list")
    assert "Long ago" in ada.ok("event", "list", "--all")


def test_an_event_that_ends_before_it_starts_is_refused_by_its_field(ada: Cli) -> None:
    told = ada.fails("event", "add", "X", "--at", "2031-01-10 15:00", "--until", "14:00", code=1)
    assert told == "endAt: endAt lies before startAt\n"


def test_every_fault_of_the_fields_has_a_line(ada: Cli) -> None:
    told = ada.fails("task", "add", "x" * 1001, "--id", "no id", "-p", "home", code=1)
    assert [line.split(":")[0] for line in told.splitlines()] == ["id", "title"]


def test_a_day_that_is_none_is_a_usage_error_with_its_option(ada: Cli) -> None:
    told = ada.fails("task", "add", "X", "--due", "someday", "-p", "home", code=2)
    assert "--due" in told
    assert "'someday' is not a day" in told


def test_a_project_that_is_not_there_is_said(ada: Cli) -> None:
    assert "there is no project 'Moon'" in ada.fails("task", "add", "X", "-p", "Moon", code=1)


def test_with_two_active_projects_a_note_must_say_which(ada: Cli) -> None:
    ada.ok("project", "add", "Second", "--id", "second")
    told = ada.fails("note", "add", "X", code=1)
    assert "name the project with --project" in told
    assert "home" in told
    assert "second" in told
    ada.ok("project", "remove", "second", "--yes")
    assert ada.json("note", "add", "X")["projectId"] == "home"


def test_with_two_active_projects_a_task_goes_into_the_inbox(ada: Cli) -> None:
    assert ada.json("task", "add", "X")["projectId"] == "home"
    ada.ok("project", "add", "Second", "--id", "second")
    assert "in Inbox" in ada.ok("task", "add", "Y")
    inbox = next(p["id"] for p in ada.json("project", "list") if p["name"] == "Inbox")
    assert [task["title"] for task in ada.json("task", "list", "-p", inbox)] == ["Y"]
    for project in ("second", inbox):
        ada.ok("project", "remove", project, "--yes")


def test_a_task_is_changed_reopened_and_deleted(ada: Cli) -> None:
    made = ada.json("task", "add", "Mend the chair", "-p", "home", "--due", "2031-07-01")
    changed = ada.json("task", "set", "Mend", "--due", "2031-07-02 14:00", "--priority", "high")
    assert (changed["dueDate"], changed["dueAt"], changed["priority"]) == (
        None, "2031-07-02T12:00:00.000Z", "high")  # fmt: skip
    changed = ada.json("task", "set", "Mend", "--due", "none", "--title", "Mend the stool")
    assert (changed["dueAt"], changed["title"]) == (None, "Mend the stool")
    ada.ok("task", "done", "Mend the stool")
    assert ada.ok("task", "reopen", "Mend the stool") == "Open again: “Mend the stool”\n"
    assert made["id"] in [task["id"] for task in ada.json("task", "list")]
    ada.ok("task", "delete", "Mend the stool", "--yes")
    assert made["id"] not in [task["id"] for task in ada.json("task", "list", "--status", "all")]


def test_setting_nothing_is_a_usage_error(ada: Cli) -> None:
    ada.ok("task", "add", "Unchanged", "-p", "home")
    assert "say what to change" in ada.fails("task", "set", "Unchanged", code=2)


def test_terminal_escapes_in_data_are_not_printed(ada: Cli) -> None:
    ada.ok("task", "add", "red \x9b31m alert", "-p", "home")
    listed = ada.ok("task", "list")
    assert "alert" in listed
    assert "\x9b" not in listed
    assert "\x1b" not in listed
