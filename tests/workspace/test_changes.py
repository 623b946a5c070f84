"""Which changes are announced, and when (docs/spec.md#changes)."""

import pytest

from buildos_box.db import Tx
from buildos_box.workspace import store
from buildos_box.workspace.changes import (
    EventCancelled,
    EventDeleted,
    EventMoved,
    EventSaved,
    PreferencesChanged,
    ProjectDeleted,
    ProjectSaved,
    TaskDeleted,
    TaskSaved,
    TasksSaved,
    UserDeleted,
    UserSaved,
)
from tests.workspace.conftest import ADA, HOME, RENT, STANDUP, Workspace


async def test_a_new_user_is_announced_as_created(workspace: Workspace) -> None:
    await workspace.sync(users=[ADA])
    assert workspace.news() == [
        UserSaved("ada", zone_changed=False, email_changed=True, created=True)
    ]


async def test_a_change_of_zone_says_so_and_another_does_not(ada: Workspace) -> None:
    await ada.sync(users=[{"id": "ada", "timezone": "Asia/Tokyo"}])
    await ada.sync(users=[{"id": "ada", "name": "Ada"}])
    assert ada.news() == [
        UserSaved("ada", zone_changed=True, email_changed=False, created=False),
        UserSaved("ada", zone_changed=False, email_changed=False, created=False),
    ]


async def test_preferences_are_announced_when_set_changed_and_taken_away(ada: Workspace) -> None:
    await ada.sync(preferences=[{"userId": "ada"}])
    await ada.sync(preferences=[{"userId": "ada", "timeOfDay": "10:00"}])
    await ada.sync(preferences=[{"userId": "ada", "timeOfDay": "10:00:00"}])
    await ada.sync(delete={"preferences": ["ada"]})
    assert ada.news() == [PreferencesChanged("ada")] * 3


async def test_a_listener_sees_the_row_that_is_announced(ada: Workspace) -> None:
    seen = []

    def look(tx: Tx, change: PreferencesChanged) -> None:
        seen.append(store.find_preferences(tx, change.user_id))

    ada.db.subscribe(PreferencesChanged, look)
    await ada.sync(preferences=[{"userId": "ada", "frequency": "custom", "days": [6, 0]}])
    await ada.sync(delete={"preferences": ["ada"]})
    assert seen[0] is not None
    assert seen[0].days == (0, 6)
    assert seen[1] is None


async def test_a_listener_that_fails_takes_the_write_back(ada: Workspace) -> None:
    def fail(_tx: Tx, _change: TasksSaved) -> None:
        raise RuntimeError("no")

    ada.db.subscribe(TasksSaved, fail)
    with pytest.raises(RuntimeError):
        await ada.sync(users=[{"id": "carl"}], tasks=[{**RENT, "title": "Other"}])
    assert (await ada.row("tasks", "rent"))["title"] == "Pay rent"
    assert len(await ada.rows("users")) == 2


async def test_each_change_of_an_event_has_one_announcement(ada: Workspace) -> None:
    later = {"endAt": "2024-10-23T10:30:00Z", "startAt": "2024-10-23T10:00:00Z"}
    await ada.sync(events=[{**STANDUP, "title": "Daily"}])
    await ada.sync(events=[{**STANDUP, **later}])
    await ada.sync(events=[{"id": "standup", "status": "cancelled"}])
    await ada.sync(events=[{"id": "standup", "status": "confirmed"}])
    await ada.sync(delete={"events": ["standup"]})
    news = ada.news()
    kinds = [type(change) for change in news]
    assert kinds == [EventSaved, EventMoved, EventCancelled, EventSaved, EventDeleted]
    assert news[1].before.start_at < news[1].event.start_at
    assert news[0].before.title == "Standup"


async def test_projects_are_announced_with_what_they_were(ada: Workspace) -> None:
    await ada.sync(projects=[{**HOME, "name": "House"}])
    (project,) = ada.news()
    assert isinstance(project, ProjectSaved)
    assert project.before is not None
    assert (project.before.name, project.project.name) == ("Home", "House")


async def test_tasks_are_announced_with_the_columns_that_changed(ada: Workspace) -> None:
    other = {"projectId": "home", "title": "Other"}
    await ada.sync(tasks=[{"id": "rent", "status": "done"}, {"id": "b", **other}])
    await ada.sync(tasks=[{"id": "rent", "title": "Rent"}, {"id": "b", "title": "Another"}])
    assert [task for change in ada.news() for task in change.tasks] == [
        TaskSaved("ada", "home", "rent", frozenset({"status", "completed_at"})),
        TaskSaved("ada", "home", "b", None),
        TaskSaved("ada", "home", "rent", frozenset({"title"})),
        TaskSaved("ada", "home", "b", frozenset({"title"})),
    ]


async def test_who_listens_to_many_tasks_hears_of_each_once(ada: Workspace) -> None:
    tasks = [{"id": f"t{n}", "projectId": "home", "title": "New"} for n in range(271)]
    await ada.sync(tasks=tasks)
    heard = ada.news()
    assert len(heard) < 20
    assert [task.task_id for change in heard for task in change.tasks] == [
        task["id"] for task in tasks
    ]
    assert [row["id"] for row in await ada.rows("tasks") if row["title"] == "New"] == [
        task["id"] for task in tasks
    ]


async def test_a_user_who_goes_can_still_be_read_by_those_who_hear_of_it(ada: Workspace) -> None:
    seen = []
    ada.db.subscribe(UserDeleted, lambda tx, c: seen.append(store.find_user(tx, c.user_id)))
    await ada.sync(delete={"users": ["ada"]})
    assert seen[0] is not None
    assert seen[0].email == "ada@example.org"
    assert ada.news() == [UserDeleted("ada")]


async def test_what_is_deleted_by_name_is_announced(ada: Workspace) -> None:
    await ada.sync(delete={"tasks": ["rent", "ghost"], "projects": ["home"]})
    task, project = ada.news()
    assert isinstance(task, TaskDeleted)
    assert isinstance(project, ProjectDeleted)
    assert (task.user_id, task.task.id, project.project.id) == ("ada", "rent", "home")
