"""A brief of more than it can read: nothing pressing is hidden, and what was left out is said."""

from datetime import timedelta
from typing import Any

from buildos_box.briefs.analyst import analyse
from buildos_box.briefs.compose import compose, shown_events, subject, what_was_read, word_count
from buildos_box.briefs.counts import TaskCounts
from buildos_box.briefs.prompts import day_json
from buildos_box.clock import to_text
from buildos_box.workspace.model import Event
from tests.briefs.days import all_day, event, task, wednesday
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
    assert "150 due, 2000 overdue" in brief["subject"]
    assert "Call the lawyer" in text
    assert "## Overdue (2000)" in text
    assert "## Today (150)" in text
    assert "The calendar has 600 events" in text
    assert "2000 of 2150 tasks" in text
    assert "500 of 600 events" in text
    assert word_count(text) <= 900


def test_counts_are_of_all_and_lists_of_what_was_read() -> None:
    facts = wednesday(
        tasks=[task("a", "Pay", due_date="2024-10-23"), task("b", "Late", due_date="2024-10-01")],
        counted={
            "site": TaskCounts(today=40, due_today=39, overdue=7, long_late=6, open=60),
            "unread": TaskCounts(today=1, due_today=1, open=1),
        },
        event_count=12,
    )
    text = compose(facts, analyse(facts))
    assert subject(facts) == "Your brief for Wed, Oct 23: 40 due, 7 overdue"
    assert "41 tasks for today and seven overdue" in text
    assert "## Today (41)\n\n- **Pay**\n- … and 40 more" in text
    assert "Six tasks are more than two weeks late" in text
    assert what_was_read(facts) == (
        "*Read for this brief: 2 of 61 tasks, 1 of 2 projects and 0 of 12 events, "
        "the most pressing. Counts are of all.*"
    )
    assert '"not_shown":{"overdue":6,"today":40' in day_json(facts)


def test_a_brief_of_everything_says_nothing_of_it() -> None:
    facts = wednesday(tasks=[task("a", "Pay", due_date="2024-10-23")])
    assert what_was_read(facts) == ""
    assert '"not_shown":{}' in day_json(facts)


def test_all_day_events_leave_room_for_meetings() -> None:
    # strelov1/freehire 2166: a list's own limit cut what the message was about
    whole: list[Event] = [all_day(f"Day {n}", "2024-10-23") for n in range(12)]
    timed = [event(f"Call {n}", "2024-10-23T09:00:00Z", "2024-10-23T10:00:00Z") for n in range(12)]
    shown = shown_events([*whole, *timed], 10)
    assert [e.title for e in shown] == [f"Day {n}" for n in range(5)] + [
        f"Call {n}" for n in range(5)
    ]
    assert len(shown_events(whole, 10)) == 10
    assert shown_events([*whole[:2], *timed], 10)[2:] == timed[:8]
    assert shown_events([*whole, timed[0]], 10)[-1] == timed[0]
