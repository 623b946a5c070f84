"""What the built-in analyst sees, and what it puts first."""

from typing import Any

import pytest

from buildos_box.briefs.analyst import Analysis, analyse
from buildos_box.clock import from_text
from tests.briefs.days import adas_day, crowded_day, day, event, project, task, waits, wednesday


def first(analysis: Analysis) -> list[str]:
    return [action.ref_id for action in analysis.priorities]


def test_the_same_day_gives_the_same_words() -> None:
    assert analyse(adas_day()) == analyse(adas_day())


def test_a_late_task_that_others_wait_for_is_told_first() -> None:
    analysis = analyse(adas_day())
    assert analysis.insights[0] == (
        "“Send signed contract to Meyer” is 2 days late, and “Order print samples” waits for it."
    )
    assert first(analysis)[0] == "contract"


def test_a_task_due_today_that_is_held_up_is_told() -> None:
    facts = wednesday(
        tasks=[task("a", "Sign", due_date="2024-10-25"), task("b", "Send", due_date="2024-10-23")],
        dependencies=[waits("b", "a")],
    )
    analysis = analyse(facts)
    assert "“Send” is due today but waits for “Sign”." in analysis.insights
    assert first(analysis)[0] == "a"


def test_events_at_the_same_time_are_told_until_they_are_over() -> None:
    events = [
        event("A", "2024-10-23T08:00:00Z", "2024-10-23T09:30:00Z"),
        event("B", "2024-10-23T09:00:00Z", "2024-10-23T10:00:00Z"),
    ]
    said = "“A” and “B” overlap from 11:00 to 11:30: one of them has to give."
    assert said in analyse(wednesday(events=events)).insights
    later = from_text("2024-10-23T12:00:00Z")
    assert said not in analyse(wednesday(events=events, now=later)).insights


def test_a_day_full_of_meetings_is_called_tight() -> None:
    facts = wednesday(
        tasks=[task(f"t{i}", due_date="2024-10-23") for i in range(6)],
        events=[event("Workshop", "2024-10-23T07:30:00Z", "2024-10-23T13:30:00Z")],
    )
    analysis = analyse(facts)
    assert analysis.summary == (
        "A tight day: 6 h of meetings and 3 h free between 09:00 and 18:00, "
        "for six tasks due or late."
    )
    assert "The longest free stretch is 15:30 to 18:00: keep it for the hardest task." in (
        analysis.insights
    )


def test_a_day_without_a_free_hour_says_so() -> None:
    facts = wednesday(
        tasks=[task("t", due_date="2024-10-23")],
        events=[event("Workshop", "2024-10-23T07:00:00Z", "2024-10-23T15:30:00Z")],
    )
    said = "No free hour before 18:00: clear one, or move what is due."
    assert said in analyse(facts).insights


@pytest.mark.parametrize(
    ("due", "said"),
    [
        ("2024-10-26", "Website is due in 3 days with 2 open tasks, 1 of them late."),
        ("2024-10-23", "Website is due today with 2 open tasks, 1 of them late."),
        ("2024-10-20", "Website was due 3 days ago and still has 2 open tasks, 1 of them late."),
        ("2024-11-20", None),
    ],
)
def test_a_project_near_its_date_is_told(due: Any, said: Any) -> None:
    facts = wednesday(
        projects=[project("site", "Website", due_date=day(due))],
        tasks=[task("a", due_date="2024-10-22"), task("b")],
    )
    found = [text for text in analyse(facts).insights if text.startswith("Website")]
    assert found == ([said] if said else [])


def test_a_project_without_movement_is_told_and_may_be_a_priority() -> None:
    facts = wednesday(tasks=[task("a", updated_at="2024-10-05T05:58:00Z")])
    analysis = analyse(facts)
    assert "Nothing has moved in Website relaunch for 18 days." in analysis.insights
    assert analysis.priorities[0].ref_kind == "project"
    assert "Nothing has moved for 18 days" in analysis.priorities[0].reason


def test_a_day_late_in_the_evening_claims_no_free_time() -> None:
    facts = wednesday(
        tasks=[task("a", due_date="2024-10-23")], now=from_text("2024-10-23T19:00:00Z")
    )
    assert analyse(facts).summary == "One task due or late is still open."


def test_a_crowded_day_ahead_is_told() -> None:
    facts = wednesday(tasks=[task(f"t{i}", due_date="2024-10-25") for i in range(4)])
    assert "Four tasks are due on Friday: start one of them today." in analyse(facts).insights


def test_work_on_a_holiday_is_told() -> None:
    facts = wednesday(tasks=[task("a", due_date="2024-10-23")], holidays=["Rest Day"])
    assert "One task falls on Rest Day; others may be away." in analyse(facts).insights


def test_a_blocked_task_is_no_priority_but_what_it_waits_for_is() -> None:
    facts = wednesday(
        tasks=[
            task("far", "Far away", due_date="2025-01-10"),
            task("held", "Held up", due_date="2024-10-23", priority="urgent"),
            task("other", "Other", due_date="2024-10-23"),
        ],
        dependencies=[waits("held", "far")],
    )
    assert first(analyse(facts)) == ["other", "far"]


def test_when_all_is_held_up_the_most_pressing_is_named_all_the_same() -> None:
    facts = wednesday(
        tasks=[task("a", due_date="2024-10-22"), task("b", due_date="2024-10-23")],
        dependencies=[waits("a", "b"), waits("b", "a")],
    )
    analysis = analyse(facts)
    assert first(analysis) == ["a"]
    assert "held up" in analysis.priorities[0].reason


@pytest.mark.parametrize("facts", [adas_day(), crowded_day(), wednesday()])
def test_every_priority_names_something_real_and_there_are_one_to_five(facts: Any) -> None:
    actions = analyse(facts).priorities
    assert 1 <= len(actions) <= 5
    for action in actions:
        known = facts.task_by_id if action.ref_kind == "task" else facts.project_by_id
        assert action.ref_id in known
        assert action.reason.endswith((".", "…"))


def test_an_empty_day_has_nothing_to_analyse() -> None:
    analysis = analyse(wednesday(projects=[]))
    assert analysis == Analysis(summary="", insights=[], priorities=[])
