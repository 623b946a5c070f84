"""Which task comes first: one order for lists, actions, subject and SMS."""

from typing import Any

import msgspec

from buildos_box.briefs.actions import actions, priority_actions
from buildos_box.briefs.facts import DayFacts
from buildos_box.locales.language import language
from tests.briefs.sample_days import adas_day, crowded_day, task, waits, wednesday


def order(facts: DayFacts) -> list[str]:
    return [task.id for task in facts.ranked]


def first(facts: DayFacts) -> list[str]:
    return [action.task.id for action in actions(facts)]


def test_todays_urgent_work_comes_before_a_stale_backlog() -> None:
    stale = [task(f"old{n}", due_date="2024-09-02", priority="urgent") for n in range(5)]
    facts = wednesday(tasks=[*stale, task("pay", due_date="2024-10-23", priority="low")])
    assert order(facts)[0] == "pay"


def test_what_is_late_by_over_two_weeks_is_never_done_first() -> None:
    late = {"in": "2024-10-09", "out": "2024-10-08"}
    facts = wednesday(tasks=[task(key, due_date=day) for key, day in late.items()])
    assert first(facts) == ["in"]
    assert first(wednesday(tasks=[task("out", due_date="2024-10-08")])) == []


def test_of_one_urgency_the_higher_priority_comes_first_then_what_others_wait_for() -> None:
    facts = wednesday(
        tasks=[
            task("plain", due_date="2024-10-23"),
            task("asked", due_date="2024-10-23"),
            task("high", due_date="2024-10-22", priority="high"),
            task("later", due_date="2024-12-24"),
        ],
        dependencies=[waits("later", "asked")],
    )
    assert order(facts) == ["high", "asked", "plain", "later"]


def test_at_equal_weight_todays_times_come_before_what_is_late_and_the_newest_late_first() -> None:
    facts = wednesday(
        tasks=[
            task("monday", due_date="2024-10-21"),
            task("tuesday", due_date="2024-10-22"),
            task("evening", due_at="2024-10-23T17:00:00Z"),
            task("noon", due_at="2024-10-23T10:00:00Z"),
            task("today", due_date="2024-10-23"),
        ]
    )
    assert order(facts) == ["noon", "evening", "today", "tuesday", "monday"]


def test_a_task_is_as_pressing_as_the_one_at_the_end_of_its_chain() -> None:
    facts = wednesday(
        tasks=[
            task("today", due_date="2024-10-23"),
            task("begin", priority="low"),
            task("middle", priority="low"),
            task("end", due_date="2024-10-23", priority="urgent"),
        ],
        dependencies=[waits("end", "middle"), waits("middle", "begin")],
    )
    assert first(facts) == ["begin", "today"]


def test_what_is_blocked_or_waits_comes_last_and_is_no_action() -> None:
    facts = wednesday(
        tasks=[
            task("blocked", due_date="2024-10-23", priority="urgent", status="blocked"),
            task("held", due_date="2024-10-23", priority="urgent"),
            task("other", due_date="2024-10-28"),
            task("far", due_date="2025-01-10"),
        ],
        dependencies=[waits("held", "far")],
    )
    assert first(facts) == ["far", "other"]
    assert set(order(facts)[2:]) == {"blocked", "held"}


def test_an_urgent_task_of_this_week_comes_before_tomorrows() -> None:
    facts = wednesday(
        tasks=[
            task("tomorrow", due_date="2024-10-24", priority="high"),
            task("friday", due_date="2024-10-25", priority="urgent"),
        ]
    )
    assert order(facts) == ["friday", "tomorrow"]


def test_when_all_is_held_up_the_most_pressing_is_named_all_the_same() -> None:
    facts = wednesday(
        tasks=[task("a", due_date="2024-10-23"), task("b", due_date="2024-10-22")],
        dependencies=[waits("a", "b"), waits("b", "a")],
    )
    assert first(facts) == ["a"]
    assert "held up: find out what it needs" in priority_actions(facts)[0].reason


def test_the_reasons_are_separated_as_the_language_does() -> None:
    facts = wednesday(tasks=[task("a", due_date="2024-10-23", priority="urgent")])
    assert priority_actions(facts)[0].reason == "due today; urgent"
    person = msgspec.structs.replace(facts.person, language=language("ja"))
    (action,) = priority_actions(msgspec.structs.replace(facts, person=person))
    assert ";" not in action.reason
    assert action.reason.count("、") == 1


def test_a_project_without_a_task_asks_for_a_decision() -> None:
    (action,) = priority_actions(wednesday())
    assert (action.ref_kind, action.ref_id) == ("project", "site")
    assert action.reason == "no open task: write down the next step, or close it"


def test_a_day_without_anything_has_no_action() -> None:
    assert priority_actions(wednesday(projects=[])) == []


def test_every_action_is_real_and_there_are_three_at_most() -> None:
    days: list[Any] = [adas_day(), crowded_day(), wednesday()]
    for facts in days:
        found = priority_actions(facts)
        assert 1 <= len(found) <= 3
        for action in found:
            known = facts.task_by_id if action.ref_kind == "task" else facts.project_by_id
            assert action.ref_id in known


def test_the_order_does_not_depend_on_how_the_tasks_came() -> None:
    facts = adas_day()
    turned = wednesday(
        projects=facts.projects,
        tasks=facts.tasks[::-1],
        dependencies=[waits("publish", "copy"), waits("publish", "form"),
                      waits("samples", "contract")],
    )  # fmt: skip
    assert order(turned) == order(facts)
