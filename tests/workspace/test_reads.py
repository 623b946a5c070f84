"""The reads that briefs and reminders are made from: bounded, and never another's."""

from datetime import date
from typing import Any

from buildos_box.clock import Instant, from_text
from buildos_box.workspace import store
from buildos_box.workspace.model import Event
from tests.workspace.conftest import RENT, Workspace


async def test_notes_are_the_latest_of_each_project(ada: Workspace) -> None:
    notes = [
        {"id": f"{key}{n}", "projectId": key, "updatedAt": f"2024-10-0{n}T00:00:00Z"}
        for key in ("home", "club")
        for n in range(1, 5)
    ]
    await ada.sync(projects=[{"id": "club", "userId": "ada", "name": "Club"}], notes=notes)
    found = await ada.db.read_snapshot(
        lambda tx: store.notes_of_projects(tx, "ada", ["home", "club", "bens"], per_project=2)
    )
    assert sorted(note.id for note in found) == ["club3", "club4", "home3", "home4"]


async def test_dependencies_are_those_among_the_given_tasks(ada: Workspace) -> None:
    await ada.sync(
        tasks=[{**RENT, "id": key} for key in "abc"],
        taskDependencies=[
            {"taskId": "a", "dependsOnId": "b"},
            {"taskId": "b", "dependsOnId": "c"},
        ],
    )
    found = await ada.db.read_snapshot(lambda tx: store.dependencies_among(tx, ["a", "b"]))
    assert [(link.task_id, link.depends_on_id) for link in found] == [("a", "b")]


async def events(ada: Workspace, start: str, end: str) -> list[Event]:
    return await store.events_between(
        ada.db,
        "ada",
        from_text(start),
        from_text(end),
        first_day=date(2024, 10, 23),
        day_after=date(2024, 10, 24),
    )


async def test_events_are_those_that_touch_the_span(ada: Workspace) -> None:
    def timed(key: str, start: str, end: str | None, **more: Any) -> dict[str, Any]:
        at = {"startAt": f"2024-10-{start}:00Z", "endAt": f"2024-10-{end}:00Z" if end else None}
        return {"id": key, "userId": "ada", "title": key, **at, **more}

    def all_day(key: str, start: str, end: str | None = None) -> dict[str, Any]:
        days = {"startDate": f"2024-10-{start}", "endDate": f"2024-10-{end}" if end else None}
        return {"id": key, "userId": "ada", "title": key, "allDay": True, **days}

    await ada.sync(
        delete={"events": ["standup"]},
        events=[
            timed("before", "22T10:00", "23T00:00"),
            timed("over-midnight", "22T23:00", "23T01:00"),
            timed("moment-at-start", "23T00:00", None),
            timed("inside", "23T10:00", "23T11:00", status="tentative"),
            timed("declined", "23T12:00", "23T13:00", declined=True),
            timed("cancelled", "23T10:00", "23T11:00", status="cancelled"),
            timed("spanning", "01T00:00", "31T00:00"),
            timed("after", "24T00:00", "24T01:00"),
            all_day("yesterday", "22"),
            all_day("until-today", "22", "23"),
            all_day("today", "23"),
            all_day("today-degenerate", "23", "23"),
            all_day("through", "20", "25"),
            all_day("tomorrow", "24"),
        ],
    )
    found = await events(ada, "2024-10-23T00:00:00Z", "2024-10-24T00:00:00Z")
    assert [event.id for event in found] == [
        *("through", "today", "today-degenerate"),
        *("spanning", "over-midnight", "moment-at-start", "inside", "declined"),
    ]


async def test_a_full_day_is_read_whole(ada: Workspace) -> None:
    """Reminders are planned from it: an event beyond a limit would have none."""
    await ada.sync(
        events=[
            {"id": f"e{n}", "userId": "ada", "title": "x", "startAt": "2024-10-23T12:00:00Z"}
            for n in range(600)
        ]
    )
    found = await events(ada, "2024-10-23T00:00:00Z", "2024-10-24T00:00:00Z")
    assert len([event for event in found if event.id != "standup"]) == 600


async def test_latest_activity_is_the_last_change_of_any_of_the_users_things(
    ada: Workspace,
) -> None:
    assert await store.latest_activity(ada.db, "nobody") is None
    at: Instant = from_text("2024-10-25T09:00:00Z")
    ada.clock.set(at)
    await ada.sync(tasks=[{"id": "rent", "priority": "high"}])
    assert await store.latest_activity(ada.db, "ada") == at
    assert await store.latest_activity(ada.db, "ben") == from_text("2024-10-23T08:00:00Z")


async def test_a_user_is_read_whole(ada: Workspace) -> None:
    await ada.sync(users=[{"id": "ada", "lastVisitAt": "2024-10-22T09:00:00Z", "isAdmin": True}])
    user = await store.get_user(ada.db, "ada")
    assert user is not None
    assert (user.timezone, user.last_visit_at) == ("Europe/Berlin", from_text("2024-10-22T09:00Z"))
    assert await store.admins(ada.db) == [user]
    assert await store.get_preferences(ada.db, "ada") is None
