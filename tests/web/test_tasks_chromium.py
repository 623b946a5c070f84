"""Tasks on the page: edited, moved, deleted, sorted out (docs/spec.md#page-tasks)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from tests.faults.box_process import until
from tests.web.browser import SECONDS, Person

if TYPE_CHECKING:
    from tests.web.conftest import Home

pytestmark = pytest.mark.slow
Someone = Callable[..., Person]
BERLIN = ZoneInfo("Europe/Berlin")
AFTER_A_PAUSE_MS = 500
"""A search begins 200 ms after the last letter."""


def day(offset: int) -> str:
    """A day of Berlin, where the people of these tests live."""
    today: date = datetime.now(UTC).astimezone(BERLIN).date()
    return (today + timedelta(days=offset)).isoformat()


def tasks_of(home: "Home", user: str) -> dict[str, Any]:
    return {task["title"]: task for task in home.get(f"/users/{user}/tasks")["items"]}


def comes_true(what: Callable[[], bool]) -> None:
    assert until(what, seconds=SECONDS, every=0.2)


def test_a_line_makes_a_task_and_its_project(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("line"))
    ada.press("Tasks", role="link")
    ada.type_into("New task", "Dig the bed tomorrow 17:00 #Garden !high")
    ada.sees("new project Garden")
    ada.page.keyboard.press("Enter")
    ada.is_told("Added.")
    task = tasks_of(home, "line")["Dig the bed"]
    assert (task["priority"], task["dueAt"][:10]) == ("high", day(1))
    assert home.get(f"/projects/{task['projectId']}")["name"] == "Garden"
    ada.heading("Tomorrow", 2)
    ada.page.get_by_label("Project").select_option("Garden")
    ada.page.get_by_role("checkbox", name="Chore 1").wait_for(state="detached")


@pytest.mark.parametrize("fragment", ["#tasks", "#project-{user}-home"])
def test_an_added_task_can_be_taken_back(home: "Home", person: Someone, fragment: str) -> None:
    user = f"added-{fragment[1:5]}"
    ada = person()
    ada.sign_in(home.user(user))
    ada.go(fragment.format(user=user))
    ada.type_into("New task", "Dig the bed")
    ada.page.keyboard.press("Enter")
    ada.is_told("Added.")
    assert "Dig the bed" in tasks_of(home, user)
    shown = ada.page.get_by_role("checkbox", name="Dig the bed")
    shown.wait_for()
    ada.press("Undo")
    ada.is_told("Taken back.")
    assert "Dig the bed" not in tasks_of(home, user)
    shown.wait_for(state="detached")


def test_everything_of_a_task_is_edited(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("edit"))
    ada.go("#tasks")
    ada.press("Chore 1", role="link")
    window = ada.page.get_by_role("dialog", name="Task")
    ada.type_into("What is to be done", "Chore one")
    window.get_by_label("Due on").fill(day(3))
    window.get_by_label("At (optional)").fill("16:30")
    window.get_by_label("Priority").select_option("urgent")
    window.get_by_label("Description").fill("With a brush.")
    window.get_by_text("Waits for other tasks (0)").click()
    window.get_by_label("Chore 2").check()
    assert ada.findings() == []
    window.get_by_role("button", name="Save").click()
    ada.is_told("Saved.")
    task = tasks_of(home, "edit")["Chore one"]
    assert (task["priority"], task["description"]) == ("urgent", "With a brush.")
    local = datetime.fromisoformat(task["dueAt"]).astimezone(BERLIN)
    assert f"{local:%Y-%m-%d %H:%M}" == f"{day(3)} 16:30"
    waits = home.get(f"/tasks/{task['id']}/dependencies")
    assert waits == {"dependsOn": ["edit-2"]}


def test_a_fault_is_told_in_words_where_it_is(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("fault"))
    ada.go("#task-fault-1")
    window = ada.page.get_by_role("dialog", name="Task")
    window.get_by_label("What is to be done").fill("")
    window.get_by_role("button", name="Save").click()
    ada.sees("Say in a few words what is to be done.")


def test_what_was_typed_and_not_saved_is_there_again(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("draft"))
    ada.go("#task-draft-1")
    window = ada.page.get_by_role("dialog", name="Task")
    window.get_by_label("Description").fill("Half a sent")
    ada.page.keyboard.press("Escape")
    ada.go("#settings")
    ada.heading("Settings")
    ada.go("#task-draft-1")
    window.get_by_text("Not saved yet").wait_for()
    assert window.get_by_label("Description").input_value() == "Half a sent"


def test_a_task_that_closes_as_its_person_goes_on_does_not_call_them_back(
    home: "Home", person: Someone
) -> None:
    ada = person()
    ada.sign_in(home.user("goes-on"))
    ada.go("#task-goes-on-1")
    ada.page.get_by_role("dialog", name="Task").wait_for()
    ada.page.evaluate(
        "() => { document.querySelector('dialog[open]').close(); location.hash = '#settings'; }"
    )
    ada.heading("Settings")
    assert ada.page.url.endswith("#settings")


def test_a_search_whose_person_has_gone_on_does_not_change_the_address(
    home: "Home", person: Someone
) -> None:
    ada = person()
    ada.sign_in(home.user("searcher"))
    ada.go("#search")
    ada.page.get_by_role("searchbox").fill("Chore")
    ada.sees("Chore 1")
    assert ada.page.url.endswith("#search-Chore")
    ada.page.get_by_role("searchbox").fill("Chore 1")
    ada.page.evaluate("location.hash = '#settings'")
    ada.heading("Settings")
    ada.page.wait_for_timeout(AFTER_A_PAUSE_MS)
    assert ada.page.url.endswith("#settings")


def test_deleting_can_be_taken_back(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("undo"))
    ada.go("#tasks")
    link = ada.page.get_by_role("link", name="Chore 1")
    ada.tab_to(link)
    ada.page.keyboard.press("Delete")
    ada.is_told("“Chore 1” deleted.")
    link.wait_for(state="detached")
    ada.page.keyboard.press("Control+z")
    ada.is_told("Taken back.")
    link.wait_for()
    assert set(tasks_of(home, "undo")) == {"Chore 1", "Chore 2"}


def test_what_was_deleted_is_gone_when_the_page_is_left(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("gone"))
    ada.go("#tasks")
    ada.tab_to(ada.page.get_by_role("link", name="Chore 1"))
    ada.page.keyboard.press("Delete")
    ada.is_told("deleted.")
    ada.page.reload()
    ada.heading("Tasks")
    assert ada.page.get_by_role("link", name="Chore 1").count() == 0
    comes_true(lambda: set(tasks_of(home, "gone")) == {"Chore 2"})


def test_keys_move_a_task_to_another_day_and_undo_moves_it_back(
    home: "Home", person: Someone
) -> None:
    ada = person()
    ada.sign_in(home.user("keys"))
    ada.go("#tasks")
    ada.tab_to(ada.page.get_by_role("link", name="Chore 1"))
    ada.page.keyboard.press("m")
    ada.is_told("“Chore 1” moved: Tomorrow.")
    assert tasks_of(home, "keys")["Chore 1"]["dueDate"] == day(1)
    ada.press("Undo")
    ada.is_told("Taken back.")
    assert tasks_of(home, "keys")["Chore 1"]["dueDate"] is None


def test_a_task_is_dragged_onto_a_day(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("drag"))
    ada.go("#tasks")
    line = ada.page.locator("#task-drag-1")
    line.wait_for()
    box = line.bounding_box()
    assert box is not None
    ada.page.mouse.move(box["x"] + 300, box["y"] + 20)
    ada.page.mouse.down()
    ada.page.mouse.move(box["x"] + 330, box["y"] + 60, steps=5)
    target = ada.page.locator(".drop", has_text="Tomorrow")
    target.wait_for()
    place = target.bounding_box()
    assert place is not None
    ada.page.mouse.move(place["x"] + 20, place["y"] + 20, steps=5)
    ada.page.mouse.up()
    ada.is_told("moved: Tomorrow.")
    assert tasks_of(home, "drag")["Chore 1"]["dueDate"] == day(1)


def late(home: "Home", user: str) -> str:
    token = home.user(user)
    home.post("/sync", {"tasks": [
        {"id": f"{user}-late-{n}", "projectId": f"{user}-home", "title": f"Late {n}",
         "dueDate": day(-n)} for n in (1, 2, 3)]})  # fmt: skip
    return token


def test_what_is_late_is_sorted_out_at_once(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(late(home, "late"))
    ada.go("#tasks")
    ada.press("Sort out what is late", role="link")
    ada.heading("Sort out what is late")
    ada.tab_to(ada.page.get_by_role("checkbox", name="Late 3"))
    ada.page.keyboard.press("Space")
    assert ada.findings() == []
    ada.press("Tomorrow")
    ada.is_told("2 tasks moved: Tomorrow.")
    found = tasks_of(home, "late")
    assert [found[f"Late {n}"]["dueDate"] for n in (1, 2, 3)] == [day(1), day(1), day(-3)]
    ada.press("Undo")
    ada.is_told("Taken back.")
    assert tasks_of(home, "late")["Late 1"]["dueDate"] == day(-1)
    ada.press("Drop")
    ada.is_told("3 tasks deleted.")
    ada.sees("Nothing is late.")


def test_tasks_are_found_by_words_project_and_priority(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("find"))
    home.post("/tasks", {"projectId": "find-home", "title": "Paint it", "priority": "urgent"})
    ada.go("#tasks")
    ada.type_into("Find", "chore 2")
    ada.page.get_by_role("link", name="Chore 1").wait_for(state="detached")
    ada.page.get_by_role("link", name="Chore 2").wait_for()
    ada.type_into("Find", "")
    ada.page.keyboard.press("Backspace")
    ada.page.get_by_label("Priority").first.select_option("urgent")
    ada.page.get_by_role("link", name="Chore 2").wait_for(state="detached")
    ada.page.get_by_role("link", name="Paint it").wait_for()


def test_a_done_task_is_listed_and_opened_again(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("done"))
    home.post("/tasks/done-1/done")
    ada.go("#tasks-done")
    ada.tab_to(ada.page.get_by_role("checkbox", name="Chore 1"))
    ada.page.keyboard.press("Space")
    ada.is_told("Open again.")
    assert tasks_of(home, "done")["Chore 1"]["status"] == "todo"


def test_without_the_box_tasks_are_there_and_ticks_are_sent_later(
    home: "Home", person: Someone
) -> None:
    ada = person(offline_errors=True)
    ada.sign_in(home.user("offline"))
    ada.wait_for_worker()
    ada.context.set_offline(True)
    ada.page.reload()
    ada.sees("Offline.")
    assert ada.findings() == []
    ada.go("#tasks")
    ada.heading("Tasks")
    box = ada.page.get_by_role("checkbox", name="Chore 1")
    ada.tab_to(box)
    ada.page.keyboard.press("Space")
    ada.is_told("Kept here; the box is told")
    ada.page.reload()
    box.wait_for()
    assert box.is_checked()
    assert tasks_of(home, "offline")["Chore 1"]["status"] == "todo"
    ada.context.set_offline(False)
    comes_true(lambda: tasks_of(home, "offline")["Chore 1"]["status"] == "done")
    ada.page.locator("#offline").wait_for(state="hidden")


def test_nothing_is_kept_for_the_next_person(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("kept"))
    ada.wait_for_worker()
    kept = "async () => (await caches.keys()).filter((name) => name !== 'box-page')"
    assert ada.page.evaluate(kept) != []
    ada.go("#settings")
    ada.press("Sign out")
    ada.heading("Sign in")
    assert ada.page.evaluate(kept) == []
