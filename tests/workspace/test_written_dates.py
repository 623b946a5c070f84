import contextlib
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import click
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from buildos_box.cli.option_value import given
from buildos_box.workspace.written_dates import (
    read_day,
    read_due,
    read_length,
    read_moment,
    read_time,
    read_weekdays,
)

WEDNESDAY = date(2026, 11, 25)
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, 23, 30, tzinfo=UTC)  # already Thursday in Berlin


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("today", date(2026, 11, 25)),
        (" Tomorrow ", date(2026, 11, 26)),
        ("yesterday", date(2026, 11, 24)),
        ("friday", date(2026, 11, 27)),
        ("wed", date(2026, 12, 2)),
        ("next monday", date(2026, 11, 30)),
        ("in 3 days", date(2026, 11, 28)),
        ("+2w", date(2026, 12, 9)),
        ("2028-02-29", date(2028, 2, 29)),
    ],
)
def test_a_day_is_read_as_people_write_it(text: str, day: date) -> None:
    assert read_day(text, WEDNESDAY) == day


@pytest.mark.parametrize("text", ["", "soon", "2026-02-30", "30.11.2026", "fr", "in many days"])
def test_what_is_no_day_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a day|there is no day"):
        read_day(text, WEDNESDAY)


@for_all(st.dates(), st.sampled_from(["monday", "thursday", "sunday"]))
def test_a_weekday_is_the_next_one_within_a_week(today: date, name: str) -> None:
    if today > date.max - timedelta(days=7):
        return
    found = read_day(name, today)
    assert timedelta(days=1) <= found - today <= timedelta(days=7)
    assert f"{found:%A}".lower() == name


@for_all(st.dates())
def test_every_iso_day_is_itself(day: date) -> None:
    assert read_day(day.isoformat(), WEDNESDAY) == day


@for_all(st.text(max_size=20))
def test_no_text_breaks_the_reading_of_a_due_time(text: str) -> None:
    with contextlib.suppress(ValueError):
        read_due(text, BERLIN, NOW)


def test_a_moment_is_in_the_users_zone() -> None:
    found = read_moment("tomorrow 14:00", BERLIN, NOW)
    assert found == datetime(2026, 11, 27, 13, tzinfo=UTC)


def test_a_time_alone_is_today_in_the_users_zone() -> None:
    assert read_moment("09:15", BERLIN, NOW) == datetime(2026, 11, 26, 8, 15, tzinfo=UTC)


def test_a_time_alone_is_on_the_day_that_is_meant() -> None:
    found = read_moment("9:15", BERLIN, NOW, day=date(2026, 7, 1))
    assert found == datetime(2026, 7, 1, 7, 15, tzinfo=UTC)


def test_an_instant_with_its_offset_is_taken_as_it_is() -> None:
    found = read_moment("2026-11-30T14:00:00+02:00", BERLIN, NOW)
    assert found == datetime(2026, 11, 30, 12, tzinfo=UTC)


def test_an_instant_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="no UTC offset"):
        read_due("2026-11-30T14:00:00", BERLIN, NOW)


def test_a_moment_needs_a_time() -> None:
    with pytest.raises(ValueError, match="has no time"):
        read_moment("friday", BERLIN, NOW)


def test_a_due_time_may_be_a_day_alone() -> None:
    assert read_due("friday", BERLIN, NOW) == date(2026, 11, 27)


@pytest.mark.parametrize("text", ["24:00", "9:60", "nine", "9"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a time"):
        read_time(text)


def test_a_time_may_have_one_digit_of_hours() -> None:
    assert read_time("7:05") == time(7, 5)


@pytest.mark.parametrize(
    ("text", "minutes"), [("45m", 45), ("1h", 60), ("1h30m", 90), ("2 h", 120)]
)
def test_a_length_is_hours_and_minutes(text: str, minutes: int) -> None:
    assert read_length(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "0m", "h", "long", "-5m"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        read_length(text)


def test_weekdays_are_counted_as_the_api_counts_them() -> None:
    assert read_weekdays("sun, mon,saturday") == [0, 1, 6]
    with pytest.raises(ValueError, match="'someday' is not a day of the week"):
        read_weekdays("mon,someday")


def test_an_option_that_cannot_be_read_is_named() -> None:
    with pytest.raises(click.BadParameter) as raised:
        given("--due", lambda: read_day("soon", WEDNESDAY))
    assert raised.value.param_hint == "--due"


def test_a_day_beyond_the_calendar_is_a_fault_of_its_option() -> None:
    with pytest.raises(click.BadParameter, match="too far"):
        given("--due", lambda: read_day("in 9999 weeks", date(9999, 1, 1)))
