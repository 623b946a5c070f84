"""The day in time: events, free stretches, and the sentence on how full it is."""

from datetime import time
from typing import Any

import msgspec
import pytest

from buildos_box.briefs.timeline import load, meetings_ahead, opening, shown_events
from buildos_box.clock import from_text
from buildos_box.workspace.model import Event
from tests.briefs.sample_days import BERLIN, all_day, event, part, read, task, waits, wednesday


def meeting(start: str, end: str, title: str = "Call") -> Event:
    return event(title, f"2024-10-23T{start}:00Z", f"2024-10-23T{end}:00Z")


def test_events_and_free_stretches_stand_in_the_order_of_time() -> None:
    facts = wednesday(
        events=[meeting("12:00", "13:00", "Review"), meeting("07:30", "08:00", "Standup"),
                all_day("Fair", "2024-10-23")]
    )  # fmt: skip
    assert part(facts, "The day")[2:] == [
        "- **All day** Fair",
        "- **09:00–09:30** free",
        "- **09:30–10:00** Standup",
        "- **10:00–14:00** free",
        "- **14:00–15:00** Review",
        "- **15:00–18:00** free",
    ]


def test_a_stretch_of_less_than_half_an_hour_is_not_free() -> None:
    facts = wednesday(events=[meeting("07:00", "11:00"), meeting("11:25", "16:00", "Workshop")])
    assert not any("free" in line for line in part(facts, "The day")[2:])


def test_working_hours_are_a_preference_and_may_end_on_the_next_day() -> None:
    early = msgspec.structs.replace(BERLIN, work_starts=time(7), work_ends=time(15))
    assert load(wednesday(person=early)) == "7 h 2 min free between 7:58 and 15:00."
    night = msgspec.structs.replace(BERLIN, work_starts=time(22), work_ends=time(6))
    assert load(wednesday(person=night)) == "8 h free between 22:00 and 6:00."


@pytest.mark.parametrize(
    ("meetings", "said"),
    [
        ([], "9 h free between 9:00 and 18:00."),
        ([("07:30", "10:00"), ("12:00", "13:00")],
         "3½ h of meetings; the afternoon is free from 15:00."),
        ([("07:30", "08:00"), ("12:00", "13:00"), ("14:30", "15:00")],
         "2 h of meetings; the longest free stretch is 10:00 to 14:00."),
        ([("07:30", "09:00")], "1½ h of meetings; free from 11:00 until 18:00."),
        ([("08:00", "09:00"), ("15:45", "16:30")],
         "1 h 15 min of meetings; the longest free stretch is 11:00 to 17:45."),
        ([("07:00", "16:00")], "9 h of meetings and no free half hour before 18:00."),
    ],
)  # fmt: skip
def test_the_load_is_one_sentence(meetings: Any, said: Any) -> None:
    assert (
        load(wednesday(events=[meeting(since, until, since) for since, until in meetings])) == said
    )


def test_a_shift_that_began_yesterday_is_until_its_end_and_not_the_first_meeting() -> None:
    shift = event("Night shift", "2024-10-22T20:00:00Z", "2024-10-23T04:00:00Z")
    facts = wednesday(events=[shift], now=from_text("2024-10-23T01:00:00Z"))
    assert "- **until 06:00** Night shift" in part(facts, "The day")
    assert meetings_ahead(facts) == []


def test_a_brief_of_the_evening_speaks_of_what_is_left() -> None:
    facts = wednesday(
        tasks=[task("a", due_date="2024-10-23")],
        events=[meeting("08:00", "09:00", "Standup"), meeting("18:00", "19:00", "Dinner")],
        now=from_text("2024-10-23T15:00:00Z"),
    )
    said = read(facts)
    assert "## The rest of the day" in said
    assert "Standup" not in said
    assert "Dinner" in said
    assert opening(facts) == "What is left of the day: one task due or late, and one meeting."


def test_a_brief_of_another_day_shows_all_of_that_day() -> None:
    facts = wednesday(events=[meeting("08:00", "09:00")], now=from_text("2024-10-25T12:00:00Z"))
    assert "- **10:00–11:00** Call" in part(facts, "The day")


@pytest.mark.parametrize(
    ("tasks", "events", "said"),
    [
        ([], [], "A light day: nothing due, and no meetings."),
        ([("a", "medium")], [], "A light day: one task due or late, and no meetings."),
        ([("a", "urgent"), ("b", "medium"), ("c", "low")], [("07:00", "08:00")],
         "A steady day: 3 tasks due or late, one of them urgent, and one meeting."),
        ([("a", "medium")], [("07:00", "15:00")],
         "A full day: one task due or late, and one meeting."),
    ],
)  # fmt: skip
def test_the_opening_says_what_kind_of_day_it_is(tasks: Any, events: Any, said: Any) -> None:
    facts = wednesday(
        tasks=[task(key, due_date="2024-10-23", priority=rank) for key, rank in tasks],
        events=[meeting(*span) for span in events],
    )
    assert opening(facts) == said


def test_the_opening_says_how_much_holds_up_others() -> None:
    facts = wednesday(
        tasks=[task("a", due_date="2024-10-23"), task("b", due_date="2024-10-23")],
        dependencies=[waits("b", "a")],
    )
    assert opening(facts) == (
        "A light day: 2 tasks due or late, one of them holding up others, and no meetings."
    )


def test_a_stale_backlog_does_not_fill_the_day() -> None:
    stale = [task(f"old{n}", due_date="2024-09-02", priority="urgent") for n in range(50)]
    assert opening(wednesday(tasks=stale)) == "A light day: nothing due, and no meetings."
    assert opening(wednesday(tasks=[*stale, task("now", due_date="2024-10-23")])) == (
        "A light day: one task due or late, and no meetings."
    )


def test_meetings_at_the_same_time_are_marked() -> None:
    facts = wednesday(events=[meeting("08:00", "09:30", "A"), meeting("09:00", "10:00", "B")])
    assert "- **11:00–12:00** B · overlaps" in part(facts, "The day")


def test_all_day_events_leave_room_for_meetings() -> None:
    # strelov1/freehire 2166: a list's own limit cut what the message was about
    whole: list[Event] = [all_day(f"Day {n}", "2024-10-23") for n in range(12)]
    timed = [meeting("09:00", "10:00", f"Call {n}") for n in range(12)]
    shown = shown_events([*whole, *timed], 10)
    assert [e.title for e in shown] == [f"Day {n}" for n in range(5)] + [
        f"Call {n}" for n in range(5)
    ]
    assert len(shown_events(whole, 10)) == 10
    assert shown_events([*whole[:2], *timed], 10)[2:] == timed[:8]
    assert shown_events([*whole, timed[0]], 10)[-1] == timed[0]


def test_a_meeting_link_is_shown_by_its_host() -> None:
    place = {"location": "https://meet.example.com/abc?pwd=1"}
    facts = wednesday(
        events=[event("Call", "2024-10-23T09:00:00Z", "2024-10-23T10:00:00Z", **place)]
    )
    assert "- **11:00–12:00** Call · meet.example.com" in part(facts, "The day")
