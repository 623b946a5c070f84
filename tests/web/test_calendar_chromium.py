"""The calendar, projects, notes and search on the page (docs/spec.md#page-calendar)."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.calendars.feeds import calendar, vevent
from tests.doubles.web import Answer, Web
from tests.web.browser import Person
from tests.web.test_tasks_chromium import BERLIN, comes_true, day

if TYPE_CHECKING:
    from tests.web.conftest import Home

pytestmark = pytest.mark.slow
Someone = Callable[..., Person]


def events_of(home: "Home", user: str) -> dict[str, Any]:
    return {one["title"]: one for one in home.get(f"/users/{user}/calendar-events")["items"]}


def starts(event: Any) -> str:
    return f"{datetime.fromisoformat(event['startAt']).astimezone(BERLIN):%Y-%m-%d %H:%M}"


def with_event(home: "Home", user: str) -> str:
    token = home.user(user)
    noon = datetime.fromisoformat(f"{day(0)}T12:00").replace(tzinfo=BERLIN)
    home.post("/calendar-events", {
        "userId": user, "title": "Lunch", "startAt": noon.isoformat(),
        "endAt": noon.replace(hour=13).isoformat()})  # fmt: skip
    return token


def test_an_event_is_made_changed_and_deleted(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("event"))
    ada.go(f"#day-{day(1)}")
    ada.press("New event")
    window = ada.page.get_by_role("dialog", name="New event")
    ada.type_into("What it is", "Dentist")
    window.get_by_label("From (time)").fill("15:00")
    window.get_by_label("Until (time)").fill("14:00")
    assert ada.findings() == []
    window.get_by_role("button", name="Save").click()
    ada.sees("It cannot end before it begins.")
    window.get_by_label("Until (time)").fill("15:45")
    window.get_by_role("button", name="Save").click()
    ada.is_told("Added.")
    assert starts(events_of(home, "event")["Dentist"]) == f"{day(1)} 15:00"
    ada.page.get_by_role("button", name="Dentist").click()
    changed = ada.page.get_by_role("dialog", name="Event")
    changed.get_by_label("All day").check()
    changed.get_by_role("button", name="Save").click()
    ada.is_told("Saved.")
    event = events_of(home, "event")["Dentist"]
    assert (event["allDay"], event["startDate"], event["endDate"]) == (True, day(1), day(2))
    ada.page.get_by_role("button", name="Dentist").click()
    ada.page.get_by_role("button", name="Delete").click()
    ada.is_told("“Dentist” deleted.")
    comes_true(lambda: events_of(home, "event") == {})


def test_an_added_event_can_be_taken_back(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("mistaken"))
    ada.go(f"#day-{day(1)}")
    ada.press("New event")
    ada.type_into("What it is", "Dentist")
    ada.page.keyboard.press("Enter")
    ada.is_told("Added.")
    assert list(events_of(home, "mistaken")) == ["Dentist"]
    ada.press("Undo")
    ada.is_told("Taken back.")
    assert events_of(home, "mistaken") == {}
    ada.page.get_by_role("button", name="Dentist").wait_for(state="detached")


def test_keys_move_an_event(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(with_event(home, "move"))
    ada.go("#calendar")
    lunch = ada.page.get_by_role("button", name="Lunch")
    ada.tab_to(lunch)
    ada.page.keyboard.press("Alt+ArrowDown")
    ada.is_told("“Lunch” moved.")
    event = events_of(home, "move")["Lunch"]
    assert starts(event) == f"{day(0)} 12:15"
    ada.press("Undo")
    ada.is_told("Taken back.")
    assert starts(events_of(home, "move")["Lunch"]) == f"{day(0)} 12:00"


def test_an_event_is_dragged_to_another_time(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(with_event(home, "dragged"))
    ada.go(f"#day-{day(0)}")
    lunch = ada.page.get_by_role("button", name="Lunch")
    lunch.wait_for()
    hours = ada.page.locator(".hours").bounding_box()
    box = lunch.bounding_box()
    assert hours is not None
    assert box is not None
    ada.page.mouse.move(box["x"] + 20, box["y"] + 5)
    ada.page.mouse.down()
    two_hours_down = hours["height"] / 10 * 2
    ada.page.mouse.move(box["x"] + 30, box["y"] + 20, steps=5)
    ada.page.mouse.move(box["x"] + 30, box["y"] + two_hours_down, steps=5)
    ada.page.mouse.up()
    ada.is_told("“Lunch” moved.")
    assert starts(events_of(home, "dragged")["Lunch"]) == f"{day(0)} 14:00"


@pytest.mark.parametrize("width", [360, 1280])
def test_on_the_days_after_its_first_an_event_says_until_when(
    home: "Home", person: Someone, width: int
) -> None:
    user = f"nights{width}"
    token = home.user(user, hourCycle=24)
    late = datetime.fromisoformat(f"{day(0)}T23:30").replace(tzinfo=BERLIN)
    for title, days in (("Night shift", 1), ("Night train", 2)):
        early = datetime.fromisoformat(f"{day(days)}T00:30").replace(tzinfo=BERLIN)
        home.post("/calendar-events", {
            "userId": user, "title": title, "startAt": late.isoformat(),
            "endAt": early.isoformat()})  # fmt: skip
    ada = person(width=width)
    ada.sign_in(token)

    def times(offset: int) -> list[str]:
        ada.go(f"#day-{day(offset)}")
        ada.page.locator(f".week a[href='#day-{day(offset)}']").wait_for()
        return sorted(ada.page.locator("button.event").all_inner_texts())

    assert [text.split() for text in times(1)] == [
        ["all", "day", "Night", "train"],
        ["until", "00:30", "Night", "shift"],
    ]
    assert [text.split() for text in times(2)] == [["until", "00:30", "Night", "train"]]
    assert all(text.startswith("23:30") for text in times(0))
    ada.go(f"#calendar-{day(1)}")
    ada.page.locator(f".day:has(a[href='#day-{day(1)}'])").get_by_role(
        "button", name="until 00:30 Night shift"
    ).wait_for()


def test_an_address_leads_to_its_event(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(with_event(home, "link"))
    ada.go(f"#event-{events_of(home, 'link')['Lunch']['id']}")
    ada.page.get_by_role("dialog", name="Event").wait_for()


def test_a_calendar_is_subscribed_to_shown_and_removed(home: "Home", person: Someone) -> None:
    start = day(0).replace("-", "") + "T120000Z"
    named = calendar(vevent("planning", start)).replace(
        b"VERSION:2.0", b"VERSION:2.0\r\nX-WR-CALNAME:Work"
    )
    ada = person()
    ada.sign_in(home.user("feed"))
    ada.go("#calendar")
    ada.press("Subscribe to a calendar", role=None)
    ada.type_into("Address", "ftp://example.org/x.ics")
    ada.page.keyboard.press("Enter")
    ada.page.locator("[aria-invalid=true]").wait_for()
    with Web(Answer(200, named)) as web:
        ada.type_into("Address", web.url("/work.ics"))
        ada.page.keyboard.press("Enter")
        ada.is_told("“Work” is there now.")
        shown = ada.page.locator("button.event")
        shown.click()
        ada.sees("From the calendar Work.")
        ada.page.keyboard.press("Escape")
        ada.sees("Read today at")
        assert ada.findings() == []
        ada.press("Remove: Work")
        ada.is_told("“Work” deleted.")
        comes_true(lambda: home.get("/users/feed/calendar-feeds")["items"] == [])
        assert events_of(home, "feed") == {}


def test_a_project_is_made_changed_and_archived(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("project"))
    ada.press("Projects", role="link")
    ada.press("New project")
    ada.type_into("Name", "Garden")
    ada.page.keyboard.press("Enter")
    ada.is_told("“Garden” is made.")
    ada.press("Garden", role="link")
    ada.heading("Garden")
    ada.press("Edit")
    ada.type_into("Name", "Garden and pond")
    ada.page.keyboard.press("Enter")
    ada.heading("Garden and pond")
    ada.press("Archive")
    ada.is_told("Archived")
    found = {one["name"]: one["status"] for one in home.get("/users/project/projects")["items"]}
    assert found == {"Garden and pond": "archived", "Home": "active"}
    ada.press("Undo")
    ada.is_told("Taken back.")
    assert {one["status"] for one in home.get("/users/project/projects")["items"]} == {"active"}


def test_a_note_is_written_changed_and_deleted(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("note"))
    ada.go("#project-note-home")
    ada.press("New note")
    ada.type_into("Text", "Some **bold** words")
    window = ada.page.get_by_role("dialog", name="New note")
    window.get_by_role("button", name="Save").click()
    ada.is_told("Saved.")
    assert ada.page.locator("article strong").inner_text() == "bold"
    assert ada.findings() == []
    ada.press("Edit the note")
    ada.type_into("Text", "Other words")
    ada.page.get_by_role("dialog", name="Note").get_by_role("button", name="Save").click()
    ada.sees("Other words")
    (note,) = home.get("/users/note/notes")["items"]
    assert note["content"] == "Other words"
    ada.press("Edit the note")
    ada.page.get_by_role("dialog", name="Note").get_by_role("button", name="Delete").click()
    ada.is_told("deleted.")
    comes_true(lambda: home.get("/users/note/notes")["items"] == [])


def test_everything_is_searched(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("search"))
    home.post("/notes", {"projectId": "search-home", "content": "The chore of chores"})
    ada.press("Search", role="link")
    ada.type_into("Words", "chor")
    ada.is_told("3 found.")
    ada.press("Chore 2", role="link")
    ada.page.get_by_role("dialog", name="Task").wait_for()


@pytest.mark.parametrize(
    ("fragment", "button", "name"),
    [
        ("#calendar", "New event", "New event"),
        ("#calendar", "Lunch", "Event"),
        ("#projects", "New project", "New project"),
        ("#project-{user}-home", "Edit", "Project"),
        ("#project-{user}-home", "New note", "New note"),
    ],
)
def test_going_back_closes_what_is_open_above_the_page(
    home: "Home", person: Someone, fragment: str, button: str, name: str
) -> None:
    user = "back-" + name.lower().replace(" ", "-")
    ada = person()
    ada.sign_in(with_event(home, user))
    ada.go(fragment.format(user=user))
    ada.page.get_by_role("button", name=button).first.click()
    window = ada.page.get_by_role("dialog", name=name, exact=True)
    window.wait_for()
    ada.page.go_back()
    ada.heading("Today")
    window.wait_for(state="detached")
