"""The reads and marks that other features take from the workspace: whose, which, and bounded."""

from datetime import timedelta
from functools import partial
from typing import Any

from buildos_box.clock import from_text
from buildos_box.db import Tx
from buildos_box.workspace import store
from tests.workspace.conftest import RENT, STANDUP, Workspace


async def test_timed_events_begin_in_the_span(ada: Workspace) -> None:
    def event(key: str, start: str, **more: Any) -> dict[str, Any]:
        return {**STANDUP, "id": key, "startAt": start, "endAt": None, **more}

    day, start, end = "2024-10-23", "2024-10-23T10:00:00Z", "2024-10-23T12:00:00Z"
    await ada.sync(
        events=[
            event("running", "2024-10-23T09:59:00Z", endAt=end),
            event("last", "2024-10-23T11:59:00Z"),
            event("at-start", start),
            event("at-end", end),
            event("cancelled", start, status="cancelled"),
            event("of-ben", start, userId="ben"),
            {"id": "all-day", "userId": "ada", "title": "x", "allDay": True, "startDate": day},
        ]
    )
    found = await ada.db.read_snapshot(
        lambda tx: store.timed_events(tx, "ada", from_text(start), from_text(end))
    )
    assert [one.id for one in found] == ["at-start", "last"]


async def test_changes_are_counted_from_after_an_instant(ada: Workspace) -> None:
    """What was there at that instant can be moved or blocked; what came after it is only added."""
    await ada.sync(tasks=[{**RENT, "id": key} for key in ("moved", "blocked", "free", "done")])
    since = ada.clock.now()
    before = await store.count_changes(ada.db, "ada", since)
    assert dict(before) == {"done": 0, "added": 0, "moved": 0, "blocked": 0}
    ada.clock.advance(timedelta(minutes=1))
    await ada.sync(
        projects=[{"id": "old", "userId": "ada", "name": "Old", "status": "archived"}],
        tasks=[
            {"id": "moved", "dueDate": "2024-11-01"},
            {"id": "blocked", "status": "blocked"},
            {"id": "free", "status": "blocked"},
            {"id": "done", "status": "done"},
            {**RENT, "id": "new", "dueDate": "2024-11-01", "status": "blocked"},
            {**RENT, "id": "new-too"},
            {**RENT, "id": "old-task", "projectId": "old", "status": "done"},
            {"id": "bens-task", "status": "done"},
        ],
    )
    await ada.sync(tasks=[{"id": "free", "status": "todo"}])
    found = await store.count_changes(ada.db, "ada", since)
    assert dict(found) == {"done": 1, "added": 2, "moved": 1, "blocked": 1}
    later = await store.count_changes(ada.db, "ada", ada.clock.now())
    assert dict(later) == {"done": 0, "added": 0, "moved": 0, "blocked": 0}


async def test_a_project_and_its_tasks_are_read_in_their_order(ada: Workspace) -> None:
    links = [{"taskId": "b", "dependsOnId": other} for other in ("rent", "bens-task")]
    await ada.sync(tasks=[{**RENT, "id": key} for key in "ba"], taskDependencies=links[:1])

    def read(tx: Tx) -> None:
        assert [task.id for task in store.find_tasks(tx, "home", limit=2)] == ["rent", "b"]
        assert [link.task_id for link in store.find_dependencies(tx, "home")] == ["b"]
        assert store.find_dependencies(tx, "bens") == []
        home, rent = store.find_project(tx, "home"), store.find_task(tx, "rent")
        assert (home and home.name, rent and rent.title) == ("Home", "Pay rent")
        assert (store.find_project(tx, "rent"), store.find_task(tx, "home")) == (None, None)

    await ada.db.read_snapshot(read)
    assert [task.id for task in await store.tasks_of_project(ada.db, "home")] == ["rent", "b", "a"]
    limited = await store.tasks_of_project(ada.db, "home", limit=1)
    assert [task.id for task in limited] == ["rent"]
    project = await store.get_project(ada.db, "ada", "home")
    assert project is not None
    assert project.id == "home"
    assert await store.get_project(ada.db, "ben", "home") is None
    states = await store.states_of(ada.db, "ada", ["rent", "bens-task", "gone"])
    assert {key: row["title"] for key, row in states.items()} == {"rent": "Pay rent"}


async def test_only_that_project_is_marked_and_only_once(ada: Workspace) -> None:
    await ada.sync(projects=[{"id": "club", "userId": "ada", "name": "Club"}])
    first = ada.clock.now()
    for _ in range(2):
        ada.clock.advance(timedelta(minutes=1))
        mark = partial(store.mark_phases_generated, project_id="home", now=ada.clock.now())
        await ada.db.write(mark)
    rows = {row["id"]: row for row in await ada.rows("projects")}
    marks = {key: row["phases_generated"] for key, row in rows.items()}
    assert marks == {"home": 1, "club": 0, "bens": 0}
    changed = {key: from_text(row["updated_at"]) - first for key, row in rows.items()}
    assert changed == {"home": timedelta(minutes=1), "club": timedelta(0), "bens": timedelta(0)}


async def test_a_person_is_found_by_a_confirmed_address(ada: Workspace) -> None:
    await ada.sync(users=[{"id": key, "email": "ADA@example.org"} for key in ("a2", "a3")])

    def found(tx: Tx, limit: int = 5) -> list[str]:
        return [user.id for user in store.users_at_address(tx, "ada@Example.org", limit=limit)]

    assert await ada.db.read_snapshot(found) == ["ada", "a2", "a3"]
    assert await ada.db.read_snapshot(lambda tx: found(tx, 2)) == ["ada", "a2"]
    await ada.db.write(lambda tx: tx.execute("UPDATE users SET email_confirmed = 0"))
    assert await ada.db.read_snapshot(found) == []
    await ada.db.write(lambda tx: store.confirm_email(tx, "a2", ada.clock.now()))
    assert await ada.db.read_snapshot(found) == ["a2"]


async def test_a_warning_is_of_one_persons_present_address(ada: Workspace) -> None:
    async def warnings() -> dict[str, Any]:
        return {row["id"]: row["email_warning"] for row in await ada.rows("users")}

    await ada.db.write(lambda tx: store.warn_of_email(tx, "ada", "old@example.org", "bounced"))
    assert await warnings() == {"ada": None, "ben": None}
    await ada.db.write(lambda tx: store.warn_of_email(tx, "ada", "ada@example.org", "bounced"))
    assert await warnings() == {"ada": "bounced", "ben": None}


async def test_whoever_is_addressed_else_an_admin_else_the_first(ada: Workspace) -> None:
    assert await store.user_of_address_or_admin(ada.db, "BEN@example.org") == "ben"
    assert await store.user_of_address_or_admin(ada.db, "x@example.org") == "ada"
    await ada.sync(users=[{"id": "ben", "isAdmin": True}, {"id": "a", "email": None}])
    assert await store.user_of_address_or_admin(ada.db, "x@example.org") == "ben"
    assert await ada.db.read_snapshot(store.find_admins) == ["ben"]
    await ada.sync(delete={"users": ["a", "ada", "ben"]})
    assert await store.user_of_address_or_admin(ada.db, "ada@example.org") is None


async def test_active_work_is_the_newest_of_ones_own(ada: Workspace) -> None:
    await ada.sync(
        projects=[
            {"id": "club", "userId": "ada", "name": "Club"},
            {"id": "old", "userId": "ada", "name": "Old", "status": "paused"},
        ],
        tasks=[
            {**RENT, "id": "two", "title": "Two"},
            {**RENT, "id": "done", "title": "Done", "status": "done"},
            {**RENT, "id": "old-task", "projectId": "old", "title": "Old"},
        ],
    )
    found = await ada.db.read_snapshot(lambda tx: store.active_work(tx, "ada", 5))
    assert found == (["Club", "Home"], ["Two", "Pay rent"])
    found = await ada.db.read_snapshot(lambda tx: store.active_work(tx, "ada", 1))
    assert found == (["Club"], ["Two"])
    await ada.db.write(lambda tx: store.mark_onboarded(tx, "ada", ada.clock.now()))
    marks = {row["id"]: row["onboarding_analyzed_at"] for row in await ada.rows("users")}
    assert marks == {"ada": "2024-10-23T08:00:00.000Z", "ben": None}


async def test_events_of_a_feed_are_marked_once(ada: Workspace) -> None:
    more = [{**STANDUP, "id": key} for key in ("two", "three")]
    await ada.sync(events=more)
    await ada.db.write(lambda tx: store.mark_as_of_feed(tx, "f1", ["two"]))
    await ada.db.write(lambda tx: store.mark_as_of_feed(tx, "f2", ["two", "three"]))
    for feed, its in (("f1", ["two"]), ("f2", ["three"])):
        rows = await ada.db.read_snapshot(partial(store.events_of_feed, feed_id=feed))
        assert [row["id"] for row in rows] == its
    event = await ada.db.read_snapshot(lambda tx: store.find_event(tx, "two"))
    assert event is not None
    assert (event.source, event.feed_id, event.feed_uid) == ("feed", "f1", "two")
    assert await ada.db.read_snapshot(lambda tx: store.find_event(tx, "gone")) is None
