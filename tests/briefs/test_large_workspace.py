"""A brief of more than it can read: nothing pressing is hidden, and what was left out is said."""

from datetime import timedelta
from typing import Any

from buildos_box.briefs.compose import what_was_read, word_count
from buildos_box.briefs.prompts import day_json
from buildos_box.briefs.task_counts import TaskCounts
from buildos_box.briefs.timeline import opening
from buildos_box.clock import to_text
from tests.briefs.sample_days import part, task, wednesday
from tests.world import BoxWorld


async def test_a_brief_of_a_hundred_and_fifty_projects_and_six_hundred_events(
    box: BoxWorld,
) -> None:
    await box.person("ada", zone="Europe/Berlin")
    day = box.clock.now().date().isoformat()
    starts = box.clock.now()
    tasks: list[dict[str, Any]] = [
        {"id": f"t{n}", "projectId": f"p{n}", "title": f"Task {n}", "dueDate": day}
        for n in range(150)
    ]
    tasks[149] |= {"title": "Call the lawyer", "priority": "urgent"}
    tasks += [
        {"id": f"o{n}", "projectId": "p0", "title": f"Old {n}", "dueDate": "2023-01-02"}
        for n in range(2_000)
    ]
    await box.sync(
        projects=[{"id": f"p{n}", "userId": "ada", "name": f"Project {n}"} for n in range(150)],
        tasks=tasks,
        events=[
            {
                "id": f"e{n}",
                "userId": "ada",
                "title": f"Call {n}",
                "startAt": to_text(starts + timedelta(minutes=n % 60)),
            }
            for n in range(600)
        ],
    )
    await box.post("/queue/brief", {"userId": "ada"})
    await box.work()
    brief = await box.get(f"/users/ada/briefs/{day}")
    text = brief["summaryContent"]
    assert brief["subject"] == "Call the lawyer"
    assert "1. [**Call the lawyer**]" in text
    assert "2,000 of all over two weeks late" in text
    assert "2,000 of 2,150 tasks" in text
    assert "500 of 600 events" in text
    assert word_count(text) <= 250


def test_counts_are_of_all_and_lists_of_what_was_read() -> None:
    facts = wednesday(
        tasks=[task("a", "Pay", due_date="2024-10-23"), task("b", "Late", due_date="2024-10-01")],
        counted={
            "site": TaskCounts(today=40, due_today=39, overdue=7, long_late=6, open=60),
            "unread": TaskCounts(today=1, due_today=1, open=1),
        },
        event_count=12,
    )
    assert opening(facts).startswith("A full day: 42 tasks due or late")
    assert part(facts, "Also today") == ["- and 40 more"]
    assert part(facts, "Late")[-1].startswith("- 6 more, 6 of all over two weeks late")
    assert what_was_read(facts) == (
        "*Written from the most pressing of everything: "
        "2 of 61 tasks, 1 of 2 projects, and 0 of 12 events.*"
    )
    assert '"not_shown":{"overdue":6,"today":40' in day_json(facts)


def test_a_brief_of_everything_says_nothing_of_it() -> None:
    facts = wednesday(tasks=[task("a", "Pay", due_date="2024-10-23")])
    assert what_was_read(facts) == ""
    assert '"not_shown":{}' in day_json(facts)
