"""`POST /sync`: one transaction, idempotent, every fault at once (docs/spec.md#sync)."""

from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from buildos_box.db import Database
from buildos_box.workspace.batch import read_sync
from buildos_box.workspace.sync import write
from tests.clock import ManualClock
from tests.workspace.conftest import ADA, BEN, HOME, RENT, STANDUP, Workspace

EVERYTHING: dict[str, list[dict[str, Any]]] = {
    "users": [{**ADA, "name": "Ada", "country": "de", "lastVisitAt": "2024-10-22T07:00:00+02:00"}],
    "preferences": [
        {"userId": "ada", "frequency": "custom", "days": [5, 1, 1], "timeOfDay": "07:30:00"}
    ],
    "projects": [{**HOME, "dueDate": "2024-11-01"}],
    "tasks": [
        {**RENT, "dueAt": "2024-10-23T18:00:00Z", "priority": "urgent"},
        {"id": "shop", "projectId": "home", "title": "Shop", "status": "done"},
    ],
    "taskDependencies": [{"taskId": "rent", "dependsOnId": "shop"}],
    "notes": [
        {
            "id": "n1",
            "projectId": "home",
            "content": "**Key**",
            "updatedAt": "2024-10-01T00:00:00Z",
        },
        {"id": "n2", "projectId": "home", "title": "Without a time of its own"},
    ],
    "events": [
        STANDUP,
        {"id": "trip", "userId": "ada", "title": "Trip", "allDay": True, "startDate": "2024-10-25"},
    ],
}


async def test_a_sync_tells_what_it_created(workspace: Workspace) -> None:
    changed = await workspace.sync(**EVERYTHING)
    assert changed == {
        "users": (1, 0, 0, 0),
        "preferences": (1, 0, 0, 0),
        "projects": (1, 0, 0, 0),
        "tasks": (2, 0, 0, 0),
        "taskDependencies": (1, 0, 0, 0),
        "notes": (2, 0, 0, 0),
        "events": (2, 0, 0, 0),
    }


async def test_the_same_again_later_changes_and_announces_nothing(workspace: Workspace) -> None:
    await workspace.sync(**EVERYTHING)
    before = {name: await workspace.rows(name) for name in ("users", "tasks", "notes", "events")}
    workspace.news()
    workspace.clock.advance(timedelta(hours=3))

    changed = await workspace.sync(**EVERYTHING)

    assert all(counts[0] == counts[1] == counts[3] == 0 for counts in changed.values())
    assert workspace.news() == []
    assert {name: await workspace.rows(name) for name in before} == before


async def test_a_missing_field_keeps_its_value_and_null_clears_it(ada: Workspace) -> None:
    await ada.sync(tasks=[{**RENT, "description": "To Mrs Li", "dueDate": "2024-11-01"}])
    await ada.sync(tasks=[{"id": "rent", "dueDate": None}])
    row = await ada.row("tasks", "rent")
    assert (row["title"], row["description"], row["due_date"]) == ("Pay rent", "To Mrs Li", None)


async def test_every_fault_is_named_with_its_path_and_nothing_is_written(ada: Workspace) -> None:
    faults = await ada.faults(
        users=[{"id": "carl", "email": "no address"}, {"id": "bad id"}, "dora"],
        preferences=[{"userId": "nobody", "dayOfWeek": 7, "timeOfDay": "9:00", "days": [1, "2"]}],
        projects=[{"id": "p9", "userId": "ada"}],
        tasks=[
            {**RENT, "title": "Pay the rent"},
            {"id": "t2", "projectId": "nowhere", "title": "X"},
            {"id": "t3", "projectId": "home", "title": "X", "dueDate": "2024-02-30"},
            {"id": "t4", "projectId": "home", "title": 4, "status": "open"},
        ],
        events=[{"id": "e1", "userId": "ada", "title": "X", "startAt": "2024-10-23T08:00:00"}],
        notes={"id": "n1"},
        delete={"tasks": ["rent", 7]},
    )
    assert faults.keys() == {
        "users[0].email",
        "users[1].id",
        "users[2]",
        "preferences[0].userId",
        "preferences[0].dayOfWeek",
        "preferences[0].timeOfDay",
        "preferences[0].days",
        "projects[0].name",
        "tasks[1].projectId",
        "tasks[2].dueDate",
        "tasks[3].title",
        "tasks[3].status",
        "events[0].startAt",
        "notes",
        "delete.tasks[0]",
        "delete.tasks[1]",
    }
    assert faults["tasks[2].dueDate"] == "there is no day 2024-02-30"
    assert (await ada.row("tasks", "rent"))["title"] == "Pay rent"
    assert ada.news() == []


async def test_a_faulty_parent_in_the_batch_is_not_also_reported_as_missing(
    workspace: Workspace,
) -> None:
    faults = await workspace.faults(
        users=[ADA],
        projects=[{**HOME, "dueDate": "soon"}],
        tasks=[RENT, {**RENT, "id": "other", "priority": "asap"}],
    )
    assert faults.keys() == {"projects[0].dueDate", "tasks[1].priority"}


async def test_the_same_id_twice_is_a_fault(workspace: Workspace) -> None:
    assert await workspace.faults(users=[ADA, BEN, ADA]) == {
        "users[2].id": "is the same as in users[0]"
    }


async def test_unknown_fields_and_the_boxs_own_are_ignored(workspace: Workspace) -> None:
    await workspace.sync(
        users=[{**ADA, "shoeSize": 38, "timezoneWarning": "boo", "createdAt": "2001-01-01"}],
        projects=[{**HOME, "phasesGenerated": True}],
        planets=[{"id": "mars"}],
    )
    assert (await workspace.row("users", "ada"))["timezone_warning"] is None
    assert (await workspace.row("users", "ada"))["created_at"] == "2024-10-23T08:00:00.000Z"
    assert (await workspace.row("projects", "home"))["phases_generated"] == 0


async def test_an_unknown_zone_is_stored_with_a_warning_until_it_is_mended(
    workspace: Workspace,
) -> None:
    await workspace.sync(users=[{**ADA, "timezone": "Mars/Olympus"}])
    row = await workspace.row("users", "ada")
    assert row["timezone"] == "Mars/Olympus"
    assert "UTC is used" in row["timezone_warning"]
    await workspace.sync(users=[ADA])
    assert (await workspace.row("users", "ada"))["timezone_warning"] is None


async def test_deletes_count_what_was_there_and_may_be_repeated(ada: Workspace) -> None:
    assert await ada.sync(delete={"tasks": ["rent", "ghost"]}) == {"tasks": (0, 0, 0, 1)}
    assert await ada.sync(delete={"tasks": ["rent", "ghost"]}) == {"tasks": (0, 0, 0, 0)}


async def test_deletes_go_by_either_name(ada: Workspace) -> None:
    assert await ada.sync(deletes={"events": ["standup"]}) == {"events": (0, 0, 0, 1)}


async def test_deleting_a_user_takes_all_that_is_theirs(ada: Workspace) -> None:
    await ada.sync(preferences=[{"userId": "ada"}])
    await ada.sync(delete={"users": ["ada"]})
    assert [row["id"] for row in await ada.rows("users")] == ["ben"]
    assert [row["id"] for row in await ada.rows("tasks")] == ["bens-task"]
    assert await ada.rows("events") == await ada.rows("preferences") == []


async def test_a_task_survives_its_project_when_it_moves_in_the_same_sync(ada: Workspace) -> None:
    await ada.sync(
        projects=[{"id": "flat", "userId": "ada", "name": "Flat"}],
        tasks=[{"id": "rent", "projectId": "flat"}],
        delete={"projects": ["home"]},
    )
    assert (await ada.row("tasks", "rent"))["project_id"] == "flat"


async def test_nothing_can_be_put_under_what_the_same_sync_deletes(ada: Workspace) -> None:
    faults = await ada.faults(
        notes=[{"id": "n", "projectId": "home"}], delete={"projects": ["home"]}
    )
    assert faults == {"notes[0].projectId": "project 'home' is deleted in the same request"}


async def test_nothing_changes_its_owner(ada: Workspace) -> None:
    faults = await ada.faults(
        projects=[{"id": "home", "userId": "ben"}], events=[{"id": "standup", "userId": "ben"}]
    )
    assert faults.keys() == {"projects[0].userId", "events[0].userId"}
    faults = await ada.faults(tasks=[{"id": "bens-task", "projectId": "home"}])
    assert faults == {"tasks[0].projectId": "belongs to another user than task 'bens-task'"}


async def test_dependencies_must_be_of_one_user_and_known(ada: Workspace) -> None:
    faults = await ada.faults(
        taskDependencies=[
            {"taskId": "rent", "dependsOnId": "bens-task"},
            {"taskId": "rent", "dependsOnId": "ghost"},
            {"taskId": "rent", "dependsOnId": "rent"},
            {"taskId": "rent"},
        ]
    )
    assert faults == {
        "taskDependencies[0].dependsOnId": "is a task of another user",
        "taskDependencies[1].dependsOnId": "there is no task 'ghost'",
        "taskDependencies[2].dependsOnId": "a task can't wait for itself",
        "taskDependencies[3].dependsOnId": "is required",
    }


async def test_a_circle_of_waiting_is_refused_also_across_syncs(ada: Workspace) -> None:
    tasks = [{"id": key, "projectId": "home", "title": key} for key in "abc"]
    edges = [{"taskId": "a", "dependsOnId": "b"}, {"taskId": "b", "dependsOnId": "c"}]
    await ada.sync(tasks=tasks, taskDependencies=edges)

    closing = [{"taskId": "c", "dependsOnId": "a"}]
    assert (await ada.faults(taskDependencies=closing)).keys() == {"taskDependencies[0]"}

    changed = await ada.sync(
        taskDependencies=closing,
        delete={"taskDependencies": [{"taskId": "a", "dependsOnId": "b"}]},
    )
    assert changed == {"taskDependencies": (1, 0, 0, 1)}


async def test_ten_thousand_users_with_preferences_sync_in_one_transaction(
    workspace: Workspace,
) -> None:
    users = [{"id": f"u{n}", "email": f"u{n}@example.org"} for n in range(10_000)]
    preferences = [{"userId": f"u{n}", "timeOfDay": "07:30"} for n in range(10_000)]
    commits = workspace.db.commits
    changed = await workspace.sync(users=users, preferences=preferences)
    assert changed == {"users": (10_000, 0, 0, 0), "preferences": (10_000, 0, 0, 0)}
    assert workspace.db.commits == commits + 1


def some(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


days = st.dates(date(1950, 1, 1), date(2150, 1, 1)).map(date.isoformat)
instants = days.map(lambda day: f"{day}T10:15:30.250+02:00")
words = st.text(st.characters(blacklist_categories=("C", "Z")), min_size=1, max_size=12)


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={k: v | st.none() for k, v in fields.items()})


tasks = optional(
    description=words,
    status=some("todo", "in_progress", "blocked"),
    priority=some("low", "urgent"),
    startDate=days,
) | st.fixed_dictionaries(
    {"status": some("done")},
    optional={"completedAt": instants | st.none(), "dueAt": instants | st.none()},
)
preferences = optional(
    isActive=st.booleans(),
    frequency=some("daily", "weekly", "custom"),
    dayOfWeek=st.integers(0, 6),
    days=st.lists(st.integers(0, 6)),
    timeOfDay=st.times().map(lambda time: time.isoformat("seconds")),
)
notes = optional(title=words, content=words, updatedAt=instants)
events = optional(endAt=st.none(), declined=st.booleans(), location=words, allDay=some(False))


@given(
    task=st.lists(tasks, max_size=4),
    preference=preferences,
    note=st.lists(notes, max_size=3),
    event=st.lists(events, max_size=3),
    first=st.booleans(),
)
@settings(max_examples=25)
async def test_any_sync_twice_is_as_good_as_once(
    task: list[dict[str, Any]],
    preference: dict[str, Any],
    note: list[dict[str, Any]],
    event: list[dict[str, Any]],
    first: bool,
) -> None:
    body = {
        "users": [ADA],
        "projects": [HOME],
        "preferences": [{"userId": "ada", **preference}],
        "tasks": [{**RENT, "id": f"t{n}", **more} for n, more in enumerate(task)],
        "notes": [{"id": f"n{n}", "projectId": "home", **more} for n, more in enumerate(note)],
        "events": [{**STANDUP, "id": f"e{n}", **more} for n, more in enumerate(event)],
    }
    clock = ManualClock()
    with TemporaryDirectory() as folder:
        db = await Database.open(Path(folder) / "box.sqlite3", clock)
        try:
            if first:
                await write(db, read_sync({**EVERYTHING}), clock.now())
            await write(db, read_sync(body), clock.now())
            clock.advance(timedelta(days=1))
            again = await write(db, read_sync(body), clock.now())
        finally:
            await db.close()
    assert all(
        (counts.created, counts.updated, counts.deleted) == (0, 0, 0) for counts in again.values()
    )
    assert sum(counts.unchanged for counts in again.values()) == sum(map(len, body.values()))
