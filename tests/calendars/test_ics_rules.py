"""Recurrence rules agree with dateutil's, where that is right, and with the RFC's examples."""

from datetime import datetime
from itertools import takewhile

import pytest
from dateutil.rrule import rrulestr  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from buildos_box.calendars.ics.recurrence import Budget, BudgetSpentError, instances
from buildos_box.calendars.ics.recurrence_rule import FREQUENCIES, WEEKDAYS, read_rule

SINCE, BEFORE = datetime(2023, 1, 1), datetime(2024, 6, 1)


def ours(rule: str, first: datetime, *, steps: int = 300_000) -> list[datetime]:
    parsed = read_rule(rule, lambda until: until, pytest.fail)
    return list(instances(parsed, first, SINCE, BEFORE, Budget(steps)))


def part(name: str, values: list[object]) -> st.SearchStrategy[str]:
    some = st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)
    return st.just("") | some.map(lambda found: f";{name}={','.join(map(str, found))}")


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Rules of all sorts that come true every few years at least: dateutil never gives up."""
    freq = draw(st.sampled_from(FREQUENCIES[:5]))
    rule = f"FREQ={freq};INTERVAL={draw(st.sampled_from([1, 2, 3]))}"
    days: list[object] = [*WEEKDAYS]
    if freq in ("YEARLY", "MONTHLY"):
        days = draw(st.sampled_from([days, ["1MO", "-1FR", "2TU", "-2SU"]]))
    chosen = draw(st.sampled_from(["BYDAY", "BYMONTHDAY", ""]))
    if chosen == "BYDAY":
        rule += draw(part("BYDAY", days))
    elif chosen == "BYMONTHDAY" and freq != "WEEKLY":
        rule += draw(part("BYMONTHDAY", [1, 13, 28, 29, 31, -1, -2, -31]))
    months = draw(part("BYMONTH", [1, 2, 3, 6, 11, 12]))
    if freq == "YEARLY" and "BYMONTHDAY" in rule:
        # Without a month such a rule is read otherwise than the RFC has it.
        months = months or ";BYMONTH=2"
    if freq in ("YEARLY", "DAILY"):
        rule += months
    if freq != "HOURLY":
        rule += draw(part("BYHOUR", [0, 7, 23])) + draw(part("BYMINUTE", [0, 30]))
        # dateutil's first week begins with its DTSTART, the RFC's is whole.
        positions = ["", ";BYSETPOS=1", ";BYSETPOS=-1"] if freq != "WEEKLY" else [""]
        rule += draw(st.sampled_from(positions) if chosen else st.just(""))
    rule += draw(st.sampled_from(["", ";WKST=SU"]))
    return rule + draw(st.sampled_from(["", ";COUNT=7", ";UNTIL=20230515T120000"]))


@given(rules(), st.datetimes(datetime(2019, 1, 1), datetime(2023, 12, 31)))
@settings(max_examples=150)
def test_a_rule_makes_what_dateutil_makes_of_it(rule: str, first: datetime) -> None:
    first = first.replace(microsecond=0, second=0)
    try:
        parsed = rrulestr(rule, dtstart=first)
    except ValueError:
        return
    expected = takewhile(lambda start: start < BEFORE, parsed)
    assert ours(rule, first) == [start for start in expected if start >= SINCE]


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", ["2023-01-13", "2023-10-13"]),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", ["2023-05-15", "2024-05-13"]),
        ("FREQ=YEARLY;BYWEEKNO=1,-1;BYDAY=SU", ["2023-01-01", "2023-01-08", "2023-12-31"]),
        ("FREQ=YEARLY;BYYEARDAY=-1,60", ["2023-03-01", "2023-12-31", "2024-02-29"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", ["2024-02-29"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=38", ["2023-01-31", "2023-02-28"]),
        ("FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8", []),
    ],
)
def test_the_examples_of_the_rfc(rule: str, days: list[str]) -> None:
    found = [start.date().isoformat() for start in ours(rule, datetime(2020, 1, 1, 9))]
    assert found[: len(days)] == days
    assert days or not found


def test_a_week_that_is_told_by_number_alone_means_the_weekday_of_the_first() -> None:
    found = ours("FREQ=YEARLY;BYWEEKNO=20", datetime(2020, 1, 1, 9))
    assert found == [datetime(2023, 5, 17, 9), datetime(2024, 5, 15, 9)]


def test_plain_and_numbered_weekdays_add_up() -> None:
    found = ours("FREQ=MONTHLY;BYDAY=WE,1FR;COUNT=6", datetime(2023, 3, 1))
    assert [start.day for start in found] == [1, 3, 8, 15, 22, 29]


def test_a_minute_of_a_weekday_is_found_without_looking_at_every_minute() -> None:
    rule = "FREQ=HOURLY;BYDAY=MO;BYHOUR=9"
    assert len(ours(rule, datetime(2000, 1, 1), steps=5_000)) == 74


def test_a_rule_stops_when_its_budget_is_spent() -> None:
    with pytest.raises(BudgetSpentError):
        ours("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", datetime(2020, 1, 1), steps=100)
