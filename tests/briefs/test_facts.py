"""Which task stands in which list, where days begin and end, and in what order."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildos_box.briefs.agenda import conflicts, free_spans, hours_ahead, when
from buildos_box.briefs.facts import Category, Person, category_of, day_facts
from buildos_box.clock import from_text, local_day, zone_or_utc
from tests.briefs.sample_days import (
    WEDNESDAY,
    adas_day,
    all_day,
    event,
    project,
    task,
    waits,
    wednesday,
)

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "America/Santiago",
    "Australia/Lord_Howe",
]

days = st.dates(date(2024, 10, 1), date(2024, 11, 30))
instants = st.datetimes(datetime(2024, 10, 1), datetime(2024, 11, 30), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)


NINE_TO_SIX = (time(9), time(18))


def titles(tasks: object) -> list[str]:
    return [t.title for t in tasks]  # type: ignore[attr-defined]


@st.composite
def any_task(draw: st.DrawFn, number: int = 0) -> Any:
    due = draw(st.sampled_from(["none", "day", "instant"]))
    status = draw(st.sampled_from(["todo", "in_progress", "blocked", "done"]))
    return task(
        f"t{draw(st.integers(0, 10**6))}",
        priority=draw(st.sampled_from(["low", "medium", "high", "urgent"])),
        status=status,
        start_date=draw(st.none() | days),
        due_date=draw(days) if due == "day" else None,
        due_at=draw(instants) if due == "instant" else None,
        completed_at=draw(st.none() | instants) if status == "done" else None,
    )


@given(
    tasks=st.lists(any_task(), max_size=20, unique_by=lambda t: str(t.id)),
    brief_date=days,
    now=instants,
    zone=st.sampled_from(ZONES),
)
def test_every_task_stands_in_at_most_one_list(
    tasks: Any, brief_date: Any, now: Any, zone: Any
) -> None:
    facts = day_facts(
        brief_date=brief_date,
        now=now,
        person=Person(id="p", zone=zone),
        projects=[project("site", "Site")],
        tasks=tasks,
    )
    listed = [t.id for category in Category for t in facts.split.listed(category)]
    assert len(listed) == len(set(listed))
    assert set(listed) == {
        t.id
        for t in tasks
        if category_of(t, brief_date=brief_date, zone=facts.zone, now=now) is not None
    }
    assert set(facts.category) == set(listed)


@given(task=any_task(), brief_date=days, now=instants, zone=st.sampled_from(ZONES))
def test_the_lists_are_what_the_specification_says(
    task: Any, brief_date: Any, now: Any, zone: Any
) -> None:
    tz = zone_or_utc(zone)
    due = task.due_date or (local_day(task.due_at, tz) if task.due_at else None)
    done = task.status == "done"
    recent = task.completed_at is not None and timedelta() <= now - task.completed_at <= timedelta(
        1
    )
    late = due is not None and due < brief_date
    of_today = not late and brief_date in (due, task.start_date)
    expected = {
        Category.COMPLETED: done and recent,
        Category.OVERDUE: not done and late,
        Category.TODAY: not done and of_today,
        Category.UPCOMING: not done
        and not of_today
        and due is not None
        and 1 <= (due - brief_date).days <= 7,
        Category.UNDATED: not done
        and not of_today
        and due is None
        and task.status in ("in_progress", "blocked"),
    }
    found = category_of(task, brief_date=brief_date, zone=tz, now=now)
    assert [c for c, holds in expected.items() if holds] == ([found] if found else [])


@pytest.mark.parametrize(
    ("zone", "brief_date", "due_at", "expected"),
    [
        # Clocks go back: the day has 25 hours.
        ("Europe/Berlin", "2024-10-27", "2024-10-26T21:59:59Z", Category.OVERDUE),
        ("Europe/Berlin", "2024-10-27", "2024-10-26T22:00:00Z", Category.TODAY),
        ("Europe/Berlin", "2024-10-27", "2024-10-27T22:59:59Z", Category.TODAY),
        ("Europe/Berlin", "2024-10-27", "2024-10-27T23:00:00Z", Category.UPCOMING),
        # Clocks go forward: 23 hours.
        ("America/New_York", "2024-03-10", "2024-03-10T04:59:59Z", Category.OVERDUE),
        ("America/New_York", "2024-03-10", "2024-03-10T05:00:00Z", Category.TODAY),
        ("America/New_York", "2024-03-10", "2024-03-11T03:59:59Z", Category.TODAY),
        ("America/New_York", "2024-03-10", "2024-03-11T04:00:00Z", Category.UPCOMING),
        # Clocks go forward at midnight: the day begins at 01:00.
        ("America/Santiago", "2024-09-08", "2024-09-08T03:59:59Z", Category.OVERDUE),
        ("America/Santiago", "2024-09-08", "2024-09-08T04:00:00Z", Category.TODAY),
        ("Pacific/Kiritimati", "2024-10-23", "2024-10-22T10:00:00Z", Category.TODAY),
    ],
)
def test_an_instant_is_due_on_the_local_day_it_falls_on(
    zone: Any, brief_date: Any, due_at: Any, expected: Any
) -> None:
    found = category_of(
        task("t", due_at=due_at),
        brief_date=date.fromisoformat(brief_date),
        zone=zone_or_utc(zone),
        now=from_text("2024-01-01T00:00:00Z"),
    )
    assert found == expected


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        ("2024-10-22", Category.OVERDUE),
        ("2024-10-23", Category.TODAY),
        ("2024-10-24", Category.UPCOMING),
        ("2024-10-30", Category.UPCOMING),
        ("2024-10-31", None),
    ],
)
def test_the_coming_week_has_seven_days(due: Any, expected: Any) -> None:
    facts = wednesday(tasks=[task("t", due_date=due)])
    assert facts.category.get("t") == expected


@pytest.mark.parametrize(
    ("completed_at", "listed"),
    [
        ("2024-10-22T05:58:00Z", True),
        ("2024-10-22T05:57:59Z", False),
        ("2024-10-23T05:58:00Z", True),
        ("2024-10-23T05:58:01Z", False),
    ],
)
def test_completed_means_within_24_hours_before_generation(completed_at: Any, listed: Any) -> None:
    facts = wednesday(tasks=[task("t", status="done", completed_at=completed_at)])
    assert bool(facts.split.completed) is listed


def test_a_task_that_starts_today_is_todays_work_though_due_later() -> None:
    facts = wednesday(tasks=[task("t", start_date="2024-10-23", due_date="2024-10-25")])
    assert titles(facts.split.today) == ["t"]
    assert facts.split.upcoming == ()


def test_a_task_without_a_date_is_listed_only_when_it_is_under_way() -> None:
    facts = wednesday(
        tasks=[task("a"), task("b", status="in_progress"), task("c", status="blocked")]
    )
    assert titles(facts.split.undated) == ["b", "c"]


def test_a_list_is_ordered_by_priority_then_due_time_then_title() -> None:
    facts = wednesday(
        tasks=[
            task("z", "Zebra", due_date="2024-10-23"),
            task("a", "apple", due_date="2024-10-23"),
            task("late", "Evening", due_at="2024-10-23T18:00:00Z"),
            task("early", "Morning", due_at="2024-10-23T08:00:00Z"),
            task("low", "Aardvark", due_at="2024-10-23T06:00:00Z", priority="low"),
            task("urgent", "Zoo", due_date="2024-10-23", priority="urgent"),
        ]
    )
    expected = ["Zoo", "Morning", "Evening", "apple", "Zebra", "Aardvark"]
    assert titles(facts.split.today) == expected


def test_tasks_and_notes_of_other_projects_are_left_out() -> None:
    facts = wednesday(
        tasks=[task("mine"), task("other", project="else")], dependencies=[waits("mine", "other")]
    )
    assert [t.id for t in facts.tasks] == ["mine"]
    assert facts.blockers(facts.tasks[0]) == []


def test_a_finished_task_holds_nothing_up() -> None:
    facts = wednesday(
        tasks=[task("a", status="done"), task("b"), task("c")],
        dependencies=[waits("b", "a"), waits("b", "c"), waits("b", "b")],
    )
    assert titles(facts.blockers(facts.task_by_id["b"])) == ["c"]


def test_projects_with_late_work_come_first() -> None:
    assert [p.id for p in adas_day().projects] == ["meyer", "home", "site", "spanish"]


def test_a_project_knows_its_own_lists() -> None:
    own = adas_day().of_project("meyer")
    assert titles(own.overdue) == ["Send signed contract to Meyer"]
    assert titles(own.today) == ["Invoice for September"]


def test_the_agenda_has_all_day_events_first_and_only_what_touches_the_day() -> None:
    facts = wednesday(
        events=[
            event("late", "2024-10-23T20:00:00Z", "2024-10-23T21:00:00Z"),
            event("yesterday", "2024-10-22T20:00:00Z", "2024-10-22T22:00:00Z"),
            event("night", "2024-10-22T20:00:00Z", "2024-10-22T22:30:00Z"),
            event("tomorrow", "2024-10-23T22:00:00Z", "2024-10-23T23:00:00Z"),
            event("called off", "2024-10-23T10:00:00Z", "2024-10-23T11:00:00Z", status="cancelled"),
            event("not mine", "2024-10-23T10:00:00Z", "2024-10-23T11:00:00Z", declined=True),
            all_day("fair", "2024-10-22", "2024-10-24"),
            all_day("over", "2024-10-22", "2024-10-23"),
            all_day("one day", "2024-10-23"),
        ]
    )
    assert titles(facts.events) == ["fair", "one day", "night", "late"]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2024-10-23T07:30:00Z", "2024-10-23T08:00:00Z", ("09:30–10:00", "")),
        ("2024-10-23T09:30:00+05:45", "2024-10-23T10:00:00+05:45", ("05:45–06:15", "")),
        ("2024-10-23T07:30:00Z", "2024-10-23T07:30:00Z", ("09:30", "")),
        ("2024-10-23T19:40:00Z", "2024-10-24T05:10:00Z", ("21:40–07:10", "ends tomorrow")),
        ("2024-10-23T19:40:00Z", "2024-10-26T05:10:00Z", ("21:40–07:10", "ends Sat, Oct 26")),
        ("2024-10-23T20:00:00Z", "2024-10-23T22:00:00Z", ("22:00–00:00", "")),
        (
            "2024-10-22T20:00:00Z",
            "2024-10-23T00:00:00Z",
            ("until 02:00", ""),
        ),
        (
            "2024-10-22T20:00:00Z",
            "2024-10-25T00:00:00Z",
            ("All day", "since Tue, Oct 22, 22:00, until Fri, Oct 25, 02:00"),
        ),
    ],
)
def test_an_event_is_told_in_local_times_also_across_midnight(
    start: Any, end: Any, expected: Any
) -> None:
    facts = wednesday(events=[event("e", start, end)])
    assert when(facts.events[0], WEDNESDAY, facts.zone, facts.language) == expected


def test_a_fair_of_three_days_says_which_day_it_is() -> None:
    facts = wednesday(events=[all_day("fair", "2024-10-22", "2024-10-25")])
    assert when(facts.events[0], WEDNESDAY, facts.zone, facts.language) == ("All day", "day 2 of 3")


def test_meetings_at_the_same_time_are_found_and_neighbours_are_not() -> None:
    events = [
        event("a", "2024-10-23T08:00:00Z", "2024-10-23T09:30:00Z"),
        event("b", "2024-10-23T09:00:00Z", "2024-10-23T10:00:00Z"),
        event("c", "2024-10-23T10:00:00Z", "2024-10-23T11:00:00Z"),
        event("on call", "2024-10-23T00:00:00Z", "2024-10-23T20:00:00Z"),
    ]
    found = [(first.title, second.title) for first, second, _ in conflicts(events)]
    assert found == [("a", "b")]


def test_free_time_is_what_meetings_leave_of_the_hours_still_ahead() -> None:
    zone = zone_or_utc("UTC")
    hours = hours_ahead(WEDNESDAY, zone, from_text("2024-10-23T10:00:00Z"), *NINE_TO_SIX)
    assert hours is not None
    events = [
        event("a", "2024-10-23T09:00:00Z", "2024-10-23T11:00:00Z"),
        event("b", "2024-10-23T14:00:00Z", "2024-10-23T15:00:00Z"),
        event("c", "2024-10-23T17:30:00Z", "2024-10-23T19:00:00Z"),
    ]
    spans = [(s.hour, e.hour + e.minute / 60) for s, e in free_spans(events, hours)]
    assert spans == [(11, 14), (15, 17.5)]
    assert hours_ahead(WEDNESDAY, zone, from_text("2024-10-23T18:00:00Z"), *NINE_TO_SIX) is None


def test_an_unknown_zone_counts_as_utc() -> None:
    assert wednesday(person=Person(id="p", zone="Mars/Base")).zone.key == "UTC"
