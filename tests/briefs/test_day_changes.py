"""What has moved since yesterday, and what a day has no room for."""

from typing import Any

import pytest

from buildos_box.briefs.analyst import analyse
from buildos_box.briefs.day_changes import free_to_begin, more_than_fits, new_since_yesterday
from buildos_box.briefs.facts import DayFacts
from tests.briefs.days import event, task, waits, wednesday

DONE = {"status": "done", "completed_at": "2024-10-22T15:00:00Z"}
NEW = "2024-10-22T18:00:00Z"
OLD = "2024-10-01T18:00:00Z"


def said(rule: object, facts: DayFacts) -> list[str]:
    return [finding.text for finding in rule(facts)]  # type: ignore[operator]


def test_a_task_that_was_set_free_is_told() -> None:
    facts = wednesday(
        tasks=[
            task("form", "Fix the form", **DONE),
            task("copy", "Write the copy", **DONE),
            task("publish", "Publish"),
            task("tell", "Tell everyone"),
        ],
        dependencies=[waits("publish", "form"), waits("publish", "copy"), waits("tell", "publish")],
    )
    assert said(free_to_begin, facts) == [
        "“Publish” can begin: “Fix the form” and “Write the copy” are finished."
    ]
    assert said(free_to_begin, facts)[0] in analyse(facts).insights


def test_a_task_that_still_waits_for_another_is_not_free() -> None:
    facts = wednesday(
        tasks=[task("a", **DONE), task("b"), task("c")],
        dependencies=[waits("c", "a"), waits("c", "b")],
    )
    assert said(free_to_begin, facts) == []


@pytest.mark.parametrize(
    ("due", "text"),
    [
        ("2024-10-23", "“Call” is new since yesterday and due today."),
        ("2024-10-24", "“Call” is new since yesterday and due tomorrow."),
        ("2024-10-22", "“Call” is new since yesterday and already late."),
        ("2024-11-20", None),
        (None, None),
    ],
)
def test_a_new_task_that_is_due_soon_is_told(due: Any, text: Any) -> None:
    facts = wednesday(
        tasks=[
            task("call", "Call", due_date=due, created_at=NEW),
            task("a", created_at=OLD),
            task("b", created_at=OLD),
        ]
    )
    assert said(new_since_yesterday, facts) == ([text] if text else [])


def test_several_new_tasks_are_counted() -> None:
    old = [task(f"old{n}", created_at=OLD) for n in range(3)]
    new = [
        task("b", "Bake", due_date="2024-10-25", created_at=NEW),
        task("a", "Ask", due_date="2024-10-24", created_at=NEW),
    ]
    assert said(new_since_yesterday, wednesday(tasks=[*old, *new])) == [
        "Two tasks due within a week are new since yesterday, first “Ask”, due tomorrow."
    ]


def test_new_tasks_of_one_title_and_day_are_told_all_the_same() -> None:
    old = [task(f"old{n}", created_at=OLD) for n in range(3)]
    twins = [task(key, "Call", due_date="2024-10-23", created_at=NEW) for key in ("b", "a")]
    assert said(new_since_yesterday, wednesday(tasks=[*old, *twins])) == [
        "Two tasks due within a week are new since yesterday, first “Call”, due today."
    ]


def test_where_all_is_new_that_is_no_news() -> None:
    facts = wednesday(tasks=[task("a", due_date="2024-10-23", created_at=NEW)])
    assert said(new_since_yesterday, facts) == []


def test_a_day_with_more_than_fits_names_what_could_move() -> None:
    due = [task(f"t{n}", f"Job {n}", due_date="2024-10-23", priority="high") for n in range(6)]
    small = task("small", "Sort the photos", due_date="2024-10-23", priority="low")
    held = task("held", "Cut the film", due_date="2024-10-23", priority="low")
    facts = wednesday(
        tasks=[*due, held, small, task("later", "Show it")],
        events=[event("Workshop", "2024-10-23T07:00:00Z", "2024-10-23T13:30:00Z")],
        dependencies=[waits("later", "held")],
    )
    text = (
        "Eight tasks due or late share 2 h 30 min: “Sort the photos” could move, "
        "since nothing waits for it."
    )
    assert said(more_than_fits, facts) == [text]
    assert text in analyse(facts).insights


def test_a_day_with_room_enough_is_not_called_too_full() -> None:
    facts = wednesday(tasks=[task(f"t{n}", due_date="2024-10-23") for n in range(6)])
    assert said(more_than_fits, facts) == []
