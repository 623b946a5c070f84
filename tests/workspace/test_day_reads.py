"""What a brief reads of a large workspace: ranked before a limit, counted without one.

Each sample names where its kind was reported, as project and number; the data is our own.
"""

import random
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from buildos_box.briefs.collect import Selection, collect
from buildos_box.briefs.facts import Category, DayFacts, count_tasks
from buildos_box.briefs.task_counts import TaskCounts
from buildos_box.clock import from_text, to_text
from buildos_box.workspace import store
from buildos_box.workspace.store import DayQuery
from tests.workspace.conftest import Workspace

DAY = date(2024, 10, 23)
NOW = from_text("2024-10-23T08:00:00Z")
BERLIN = ZoneInfo("Europe/Berlin")
QUERY = DayQuery("ada", DAY, BERLIN, NOW)


def tasks(count: int, project: str = "home", key: str = "t", **more: Any) -> list[dict[str, Any]]:
    return [
        {"id": f"{key}{n}", "projectId": project, "title": f"{key} {n}", **more}
        for n in range(count)
    ]


async def facts_of(ada: Workspace, selection: Selection | None = None) -> DayFacts:
    user = await store.get_user(ada.db, "ada")
    assert user is not None
    return await collect(ada.db, user, DAY, "Europe/Berlin", selection or Selection(), NOW)


async def test_the_urgent_task_of_the_last_of_many_projects_is_read(ada: Workspace) -> None:
    # instedd/cdx 204, DependencyTrack/dependency-track 851: only the first page is ever looked at
    projects = [{"id": f"p{n}", "userId": "ada", "name": f"Project {n}"} for n in range(150)]
    items = [
        {"id": f"t{n}", "projectId": f"p{n}", "title": f"Task {n}", "dueDate": "2024-10-23"}
        for n in range(150)
    ]
    items[149] |= {"priority": "urgent", "title": "Call the lawyer"}
    await ada.sync(projects=projects, tasks=items)
    facts = await facts_of(ada)
    assert facts.split.today[0].title == "Call the lawyer"
    assert facts.counts["today"] == facts.task_counts.due_today == 150
    assert facts.project_count == 151


async def test_old_overdue_tasks_do_not_hide_todays(ada: Workspace) -> None:
    # griffithlab/civic-client 446: what is marked long ago crowds out what is new
    await ada.sync(
        tasks=[
            *tasks(2_500, key="old", dueDate="2023-01-02"),
            *tasks(3, key="now", dueDate="2024-10-23", priority="low"),
            *tasks(2, key="soon", dueAt="2024-10-25T10:00:00Z"),
            *tasks(2, key="going", status="in_progress"),
            *tasks(2, key="done", status="done", completedAt="2024-10-23T07:00:00Z"),
        ]
    )
    facts = await facts_of(ada)
    counts = facts.task_counts
    assert (counts.overdue, counts.long_late, counts.today) == (2_500, 2_500, 3)
    read = {category.value: len(facts.split.listed(category)) for category in Category}
    assert (read["today"], read["upcoming"], read["undated"], read["completed"]) == (3, 2, 2, 2)
    assert len(facts.tasks) == 2_000 < counts.open
    assert not facts.has_all_tasks


async def test_events_are_counted_beyond_those_that_are_read(ada: Workspace) -> None:
    # gastownhall/beads 6213, openaustralia/planningalerts 1464: a total that is the page's size
    timed = [
        {"id": f"e{n}", "userId": "ada", "title": f"Event {n}",
         "startAt": to_text(NOW + timedelta(minutes=n)),
         "endAt": to_text(NOW + timedelta(minutes=n + 30))}
        for n in range(600)
    ]  # fmt: skip
    whole = [
        {"id": f"a{n}", "userId": "ada", "title": f"Whole {n}", "allDay": True,
         "startDate": "2024-10-23"}
        for n in range(300)
    ]  # fmt: skip
    declined = [{**event, "id": f"d-{event['id']}", "declined": True} for event in timed]
    await ada.sync(delete={"events": ["standup"]}, events=[*whole, *declined, *timed])
    facts = await facts_of(ada)
    assert facts.event_count == 900
    assert len(facts.events) == 500
    assert sum(event.all_day for event in facts.events) == 100, "the others leave them room"
    assert not any(event.declined for event in facts.events)


async def test_a_blocker_is_read_though_it_is_not_pressing_itself(ada: Workspace) -> None:
    await ada.sync(
        tasks=[
            *tasks(2_100, key="old", dueDate="2023-01-02"),
            *tasks(1, key="now", dueDate="2024-10-23"),
            *tasks(1, key="later", dueDate="2025-06-01"),
        ],
        taskDependencies=[{"taskId": "now0", "dependsOnId": "later0"}],
    )
    facts = await facts_of(ada)
    assert [task.id for task in facts.blockers(facts.split.today[0])] == ["later0"]


async def test_which_projects_are_read_and_in_what_order(ada: Workspace) -> None:
    await ada.sync(
        projects=[
            {"id": "old", "userId": "ada", "name": "Old", "status": "archived"},
            {"id": "club", "userId": "ada", "name": "Club", "dueDate": "2024-12-01"},
            {"id": "late", "userId": "ada", "name": "Late"},
        ],
        tasks=[
            *tasks(1, "late", key="l", dueDate="2024-10-01"),
            *tasks(1, "old", key="o", dueDate="2024-10-23"),
        ],
    )

    async def read(**selection: Any) -> list[str]:
        query = DayQuery("ada", DAY, BERLIN, NOW, **selection)
        found = await ada.db.read_snapshot(lambda tx: store.pressing_projects(tx, query, limit=9))
        return [project.id for project in found]

    assert (await read())[:2] == ["late", "club"] or (await read())[0] == "late"
    assert await read(include=[]) == []
    assert await read(include=["home", "old", "bens", "ghost"]) == ["home"]
    assert "late" not in await read(exclude=["late"])
    one = await ada.db.read_snapshot(lambda tx: store.pressing_projects(tx, QUERY, limit=1))
    assert [project.id for project in one] == ["late"]
    ghosts = DayQuery("ghost", DAY, BERLIN, NOW)
    nobody = await ada.db.read_snapshot(lambda tx: store.pressing_tasks(tx, ghosts, limit=9))
    assert nobody == []


async def test_finished_tasks_are_read_for_a_day(ada: Workspace) -> None:
    done = {"status": "done"}
    await ada.sync(
        tasks=[
            *tasks(1, key="old", **done, completedAt="2024-10-22T07:59:59Z"),
            *tasks(1, key="fresh", **done, completedAt="2024-10-22T08:00:00Z"),
            *tasks(1, key="future", **done, completedAt="2024-10-23T08:00:01Z"),
        ]
    )
    found = await ada.db.read_snapshot(lambda tx: store.pressing_tasks(tx, QUERY, limit=9))
    read = [task.id for task in found]
    assert "fresh0" in read
    assert not {"old0", "future0"} & set(read)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/St_Johns", "Europe/Berlin"])
async def test_sql_and_the_rules_count_alike(ada: Workspace, seed: int, zone: str) -> None:
    """The categories stand once in SQL, to rank and count, and once in code, to show."""
    rng = random.Random(f"{seed} {zone}")

    def moment(days: float) -> str:
        return to_text(NOW + timedelta(days=rng.uniform(-days, days)))

    def one(n: int) -> dict[str, Any]:
        status = rng.choice(["todo", "in_progress", "blocked", "done"])
        item: dict[str, Any] = {"id": f"t{n}", "projectId": rng.choice(["home", "club"])}
        item |= {"title": f"Task {n}", "status": status}
        item |= {"priority": rng.choice(["urgent", "high", "medium", "low"])}
        due = rng.choice(["day", "at", "none"])
        if due == "day":
            item["dueDate"] = moment(20)[:10]
        elif due == "at":
            item["dueAt"] = moment(20)
        if rng.random() < 0.3:
            item["startDate"] = moment(2)[:10]
        if status == "done":
            item["completedAt"] = moment(2)
        return item

    await ada.sync(
        delete={"tasks": ["rent"]},
        projects=[{"id": "club", "userId": "ada", "name": "Club"}],
        tasks=[one(n) for n in range(200)],
    )
    user = await store.get_user(ada.db, "ada")
    assert user is not None
    facts = await collect(ada.db, user, DAY, zone, Selection(), NOW)
    by_rules = count_tasks(
        facts.project_by_id, facts.tasks, facts.split, brief_date=DAY, zone=ZoneInfo(zone)
    )
    assert facts.task_counts_by_project == by_rules
    assert facts.task_counts != TaskCounts()
    assert facts.has_all_tasks
