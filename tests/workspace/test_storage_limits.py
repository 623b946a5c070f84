"""What a user may keep: so many rows of each list and so many bytes."""

import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from buildos_box.db.migrate import known_migrations, migrate
from buildos_box.settings import LimitsSettings, Settings
from buildos_box.workspace.item_types import EVENTS, NOTES, PROJECTS, TASKS
from buildos_box.workspace.store.storage import bytes_of
from tests.clock import ManualClock
from tests.world import BoxWorld, open_world

LISTS = ("projects", "tasks", "notes", "events", "taskDependencies")
AT = "2024-10-24T09:00:00Z"


async def counted(box: BoxWorld, user: str = "ada") -> dict[str, tuple[int, int]]:
    """What the user has, counted row by row."""
    found = {}
    for kind in (PROJECTS, TASKS, NOTES, EVENTS):
        whose = "" if kind in (PROJECTS, EVENTS) else "JOIN projects p ON p.id = r.project_id"
        column = "p.user_id" if whose else "r.user_id"
        rows = await box.db.all(
            f"SELECT r.* FROM {kind.table} r {whose} WHERE {column} = ?", (user,)
        )
        found[kind.name] = (len(rows), sum(bytes_of(kind, row) for row in rows))
    rows = await box.db.all(
        """SELECT d.* FROM task_dependencies d JOIN tasks t ON t.id = d.task_id
             JOIN projects p ON p.id = t.project_id WHERE p.user_id = ?""",
        (user,),
    )
    found["taskDependencies"] = (len(rows), 0)
    return found


async def kept(box: BoxWorld, user: str = "ada") -> dict[str, tuple[int, int]]:
    """What the program thinks that the user has."""
    rows = await box.db.all("SELECT * FROM user_storage WHERE user_id = ?", (user,))
    return dict.fromkeys(LISTS, (0, 0)) | {row["list"]: (row["rows"], row["bytes"]) for row in rows}


def document(rng: random.Random) -> dict[str, Any]:
    """A request that makes, changes, moves and takes away at random."""
    projects = [f"p{n}" for n in range(3)]
    tasks, notes, events = ([f"{kind}{n}" for n in range(6)] for kind in "tne")
    text = "ä" * rng.randint(1, 40)
    made: dict[str, Any] = {
        "projects": [
            {"id": key, "userId": "ada", "name": text, "description": text * rng.randint(0, 2)}
            for key in projects
        ],
        "tasks": [
            {"id": key, "projectId": rng.choice(projects), "title": text,
             "status": rng.choice(["todo", "done"]), "dueDate": rng.choice([None, "2024-11-01"])}
            for key in rng.sample(tasks, 3)
        ],
        "notes": [
            {"id": key, "projectId": rng.choice(projects), "content": text}
            for key in rng.sample(notes, 2)
        ],
        "events": [
            {"id": key, "userId": "ada", "title": text, "startAt": AT, "location": text}
            for key in rng.sample(events, 2)
        ],
        "taskDependencies": [],
    }  # fmt: skip
    return made


def deletion(rng: random.Random) -> dict[str, Any]:
    """Some of each, some of which may not be there; a project takes its tasks with it."""
    return {
        "deletes": {
            "projects": rng.sample(["p0", "p1", "p2"], rng.randint(0, 1)),
            "tasks": rng.sample([f"t{n}" for n in range(6)], 2),
            "notes": rng.sample([f"n{n}" for n in range(6)], 1),
            "events": rng.sample([f"e{n}" for n in range(6)], 1),
        }
    }


@pytest.mark.parametrize("seed", range(4))
async def test_what_is_kept_is_what_there_is(box: BoxWorld, seed: int) -> None:
    rng = random.Random(seed)
    await box.person()
    for _ in range(12):
        await box.sync(**document(rng))
        rows = await box.db.all("SELECT id FROM tasks ORDER BY id")
        if len(rows) > 1:
            first, *others = [row["id"] for row in rows]
            await box.sync(
                taskDependencies=[{"taskId": other, "dependsOnId": first} for other in others]
            )
        assert await kept(box) == await counted(box)
        await box.sync(**deletion(rng))
        assert await kept(box) == await counted(box)
    await box.sync(deletes={"users": ["ada"], "projects": ["p0"]})
    assert await box.db.all("SELECT * FROM user_storage") == []


@pytest.mark.parametrize(
    ("limits", "path", "body", "name"),
    [
        ({"projects_per_user": 2}, "/projects", {"name": "P"}, "projects_per_user"),
        ({"tasks_per_user": 2}, "/tasks", {"projectId": "p", "title": "T"}, "tasks_per_user"),
        ({"notes_per_user": 2}, "/notes", {"projectId": "p", "content": "N"}, "notes_per_user"),
        (
            {"events_per_user": 2}, "/calendar-events", {"title": "E", "startAt": AT},
            "events_per_user",
        ),
        (
            {"max_bytes_per_user": 3_000}, "/notes", {"projectId": "p", "content": "N" * 1_000},
            "max_bytes_per_user",
        ),
    ],
)  # fmt: skip
async def test_past_a_limit_nothing_is_kept_and_the_limit_is_named(
    tmp_path: Path, limits: Any, path: str, body: Any, name: str
) -> None:
    settings = Settings(limits=LimitsSettings(**limits))
    async with open_world(tmp_path / "data", settings=settings) as box:
        await box.person()
        await box.person("bob")
        await box.sync(projects=[{"id": "p", "userId": "ada", "name": "P"}])
        token = await box.token_for("user:ada")
        statuses = []
        for _ in range(5):
            answer = await box.call("POST", path, body, token=token)
            statuses.append(answer.status_code)
        assert statuses[0] == 201
        assert statuses[-1] == 422
        assert sorted(statuses) == statuses
        assert f"limits.{name}" in answer.json()["error"]
        assert await kept(box) == await counted(box)
        bob = await box.token_for("user:bob")
        other = {"name": "Own"} if path == "/projects" else {"title": "Own", "startAt": AT}
        own = "/projects" if path == "/projects" else "/calendar-events"
        assert (await box.call("POST", own, other, token=bob)).status_code == 201


async def test_a_sync_is_limited_and_changes_and_deletions_are_not(tmp_path: Path) -> None:
    settings = Settings(limits=LimitsSettings(tasks_per_user=3, dependencies_per_user=1))
    async with open_world(tmp_path / "data", settings=settings) as box:
        await box.person()
        await box.project(tasks=3)
        ids = [row["id"] for row in await box.db.all("SELECT id FROM tasks ORDER BY id")]
        project = {"projectId": "ada-launch", "title": "More"}
        over = await box.call("POST", "/sync", {"tasks": [{"id": "x", **project}]})
        assert over.status_code == 422
        assert over.json()["details"][0]["field"] == "tasks"
        # One goes and one comes, in the same request.
        await box.sync(tasks=[{"id": "x", **project}], deletes={"tasks": [ids[0]]})
        await box.sync(tasks=[{"id": ids[1], "title": "Renamed"}])
        chain = [{"taskId": ids[1], "dependsOnId": "x"}, {"taskId": ids[2], "dependsOnId": "x"}]
        refused = await box.call("POST", "/sync", {"taskDependencies": chain})
        assert refused.status_code == 422
        assert "limits.dependencies_per_user allows 1" in refused.json()["error"]
        await box.sync(taskDependencies=chain[:1])
        assert await kept(box) == await counted(box)


async def test_zero_takes_a_limit_away(tmp_path: Path) -> None:
    settings = Settings(limits=LimitsSettings(tasks_per_user=0, max_bytes_per_user=0))
    async with open_world(tmp_path / "data", settings=settings) as box:
        await box.person()
        await box.project(tasks=5)
        assert (await kept(box))["tasks"][0] == 5


async def test_what_was_there_before_is_counted_by_the_migration(tmp_path: Path) -> None:
    clock = ManualClock("2024-10-23T08:00:00Z")
    async with open_world(tmp_path / "data", clock=clock) as box:
        await box.person()
        rng = random.Random(1)
        await box.sync(**document(rng))
        ids = [row["id"] for row in await box.db.all("SELECT id FROM tasks ORDER BY id")]
        await box.sync(taskDependencies=[{"taskId": ids[0], "dependsOnId": ids[1]}])
        expected = await counted(box)
    (added,) = [m.number for m in known_migrations() if "CREATE TABLE user_storage" in m.sql]
    path = tmp_path / "data" / "box.sqlite3"
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE user_storage")
        db.execute("DELETE FROM schema_migrations WHERE number = ?", (added,))
        db.execute(f"PRAGMA user_version = {added - 1}")
    db.close()
    migrate(path, clock, [m for m in known_migrations() if m.number <= added], keep_old=False)
    with sqlite3.connect(path) as db:  # the later ones were applied before
        db.execute(f"PRAGMA user_version = {known_migrations()[-1].number}")
    db.close()
    async with open_world(tmp_path / "data", clock=clock) as box:
        assert await kept(box) == expected
