"""Writing less often to people who have stopped visiting (docs/spec.md#brief-engagement)."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildos_box.briefs.engagement import Rest, Send, decide

VISIT = date(2026, 3, 1)
FIRST_IS_OUT = "the first re-engagement brief was sent"
SECOND_IS_OUT = "the second re-engagement brief was sent"
TOO_SOON = "the last re-engagement brief is less than 10 days old"
SECOND_TOO_SOON = "the last re-engagement brief is less than 30 days old"
CHECKED_IN = "the last check-in is less than 90 days old"


def day(number: int) -> date:
    return VISIT + timedelta(days=number)


TABLE: list[tuple[int, int | None, str]] = [
    # days since the visit, day of the last re-engagement brief (None: never), what happens
    #
    # 0 to 2: as ever. A visit "tomorrow" (another zone's clock) is no reason to rest.
    (-1, None, "standard"),
    (0, None, "standard"),
    (1, None, "standard"),
    (2, None, "standard"),
    (2, -5, "standard"),
    # 3: rest.
    (3, None, "resting after the last visit"),
    (3, -5, "resting after the last visit"),
    # From 4: one, if none went out since the visit + 2 days.
    (4, None, "first_reengagement"),
    (4, -5, "first_reengagement"),
    (4, 1, "first_reengagement"),
    (4, 2, FIRST_IS_OUT),
    (5, None, "first_reengagement"),
    (5, 4, FIRST_IS_OUT),
    (13, None, "first_reengagement"),
    (13, 4, FIRST_IS_OUT),
    (13, 1, "first_reengagement"),
    # From 14: a second, if the last is 10 days old.
    (14, None, "second_reengagement"),
    (14, -5, "second_reengagement"),
    (14, 4, "second_reengagement"),
    (14, 5, TOO_SOON),
    (15, 5, "second_reengagement"),
    (22, 13, TOO_SOON),
    (23, 13, "second_reengagement"),
    (59, 13, "second_reengagement"),
    # Once; then rest until 60.
    (15, 14, SECOND_IS_OUT),
    (24, 14, SECOND_IS_OUT),
    (59, 14, SECOND_IS_OUT),
    (59, 49, SECOND_IS_OUT),
    # From 60: a check-in 30 days after the second, then one every 90 days.
    (60, None, "dormant"),
    (60, 14, "dormant"),
    (60, 30, "dormant"),
    (60, 31, SECOND_TOO_SOON),
    (60, 59, SECOND_TOO_SOON),
    (88, 59, SECOND_TOO_SOON),
    (89, 59, "dormant"),
    (61, 60, CHECKED_IN),
    (149, 60, CHECKED_IN),
    (150, 60, "dormant"),
    (151, 61, "dormant"),
    (200, 150, CHECKED_IN),
    (239, 150, CHECKED_IN),
    (240, 150, "dormant"),
    (1000, None, "dormant"),
    (1000, 14, "dormant"),
]


@pytest.mark.parametrize(("since", "last", "expected"), TABLE)
def test_someone_away_for_so_long_gets_this(since: int, last: int | None, expected: str) -> None:
    decision = decide(day(since), VISIT, None if last is None else day(last))
    if isinstance(decision, Send):
        assert (decision.stage, decision.days_since_visit) == (expected, max(since, 0))
        assert decision.is_reengagement == (expected != "standard")
    else:
        assert decision == Rest(expected)


def test_someone_who_was_never_seen_gets_standard_briefs() -> None:
    for last in (None, day(-100), day(0)):
        assert decide(day(0), None, last) == Send("standard", None)


def history(scheduler_days: list[int]) -> list[tuple[int, str]]:
    """What goes out if the scheduler comes by on those days after the visit."""
    sent: list[tuple[int, str]] = []
    last: date | None = None
    for number in scheduler_days:
        decision = decide(day(number), VISIT, last)
        if isinstance(decision, Send):
            sent.append((number, decision.stage))
            last = day(number) if decision.is_reengagement else last
    return sent


def test_a_year_of_absence_with_a_daily_scheduler_is_nine_briefs() -> None:
    assert history(list(range(366))) == [
        (0, "standard"),
        (1, "standard"),
        (2, "standard"),
        (4, "first_reengagement"),
        (14, "second_reengagement"),
        (60, "dormant"),
        (150, "dormant"),
        (240, "dormant"),
        (330, "dormant"),
    ]


def test_a_missed_day_loses_a_day_and_not_weeks() -> None:
    """The original matched day 4 and day 14 exactly."""
    away = [n for n in range(61) if n not in (4, 14, 60)]
    assert history([*away, 61])[3:] == [
        (5, "first_reengagement"),
        (15, "second_reengagement"),
        (61, "dormant"),
    ]


def test_a_weekly_brief_meets_every_stage_too() -> None:
    assert history(list(range(0, 160, 7))) == [
        (0, "standard"),
        (7, "first_reengagement"),
        (21, "second_reengagement"),
        (63, "dormant"),
        (154, "dormant"),
    ]


def test_a_visit_starts_everything_anew() -> None:
    back = day(30)
    assert decide(back, back, day(14)) == Send("standard", 0)
    assert decide(back + timedelta(days=4), back, day(14)) == Send("first_reengagement", 4)


@given(st.lists(st.integers(0, 500), unique=True).map(sorted))
def test_however_the_scheduler_comes_by_nobody_away_is_pressed(days: list[int]) -> None:
    sent = history(days)
    calls = [(number, stage) for number, stage in sent if stage != "standard"]
    stages = [stage for _, stage in calls]
    assert stages.count("first_reengagement") <= 1
    assert stages.count("second_reengagement") <= 1
    assert all(number <= 2 for number, stage in sent if stage == "standard")
    for (one, stage), (other, following) in pairwise(calls):
        least = {"second_reengagement": 10, "dormant": 90 if stage == "dormant" else 30}
        assert other - one >= least[following]


@given(st.integers(0, 500), st.none() | st.integers(-50, 500))
def test_rest_or_send_depends_on_nothing_but_the_days(since: int, last: int | None) -> None:
    moved = timedelta(days=4321)
    when = None if last is None else day(min(last, since))
    one = decide(day(since), VISIT, when)
    other = decide(day(since) + moved, VISIT + moved, None if when is None else when + moved)
    assert one == other
