"""Local days and wall times, and how instants are written and read (docs/spec.md#wall-time)."""

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildos_box.clock import (
    UTC_ZONE,
    Instant,
    SystemClock,
    as_stored,
    at_wall_time,
    day_bounds,
    day_from_text,
    from_text,
    instants_of_wall_time,
    is_zone,
    local_day,
    to_text,
    truncate,
    zone_named,
    zone_names,
    zone_or_utc,
)
from buildos_box.errors import Unprocessable

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)

zones = st.deferred(lambda: st.sampled_from(sorted(zone_names())).map(ZoneInfo))
days = st.dates(date(1890, 1, 1), date(2090, 1, 1))
walls = st.builds(time, st.integers(0, 23), st.integers(0, 59), st.sampled_from([0, 0, 0, 59]))
instants = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)).map(
    truncate
)

NEW_YORK = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")
APIA = ZoneInfo("Pacific/Apia")


def wall_at(instant: Instant, zone: ZoneInfo) -> datetime:
    """What the clocks on the wall show, date and all."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


@pytest.mark.parametrize(
    ("zone", "day", "wall", "utc"),
    [
        # A plain day.
        ("Europe/Berlin", "2026-06-01", "09:00", "2026-06-01T07:00:00.000Z"),
        ("Asia/Kathmandu", "2026-06-01", "00:00", "2026-05-31T18:15:00.000Z"),
        # The gap 02:00-03:00: its first, middle and last second move to 03:00, 03:00 stays.
        ("America/New_York", "2026-03-08", "01:59:59", "2026-03-08T06:59:59.000Z"),
        ("America/New_York", "2026-03-08", "02:00", "2026-03-08T07:00:00.000Z"),
        ("America/New_York", "2026-03-08", "02:30", "2026-03-08T07:00:00.000Z"),
        ("America/New_York", "2026-03-08", "02:59:59", "2026-03-08T07:00:00.000Z"),
        ("America/New_York", "2026-03-08", "03:00", "2026-03-08T07:00:00.000Z"),
        # The hour 01:00-02:00 twice: the first counts; 02:00 comes once.
        ("America/New_York", "2026-11-01", "00:59:59", "2026-11-01T04:59:59.000Z"),
        ("America/New_York", "2026-11-01", "01:00", "2026-11-01T05:00:00.000Z"),
        ("America/New_York", "2026-11-01", "01:59:59", "2026-11-01T05:59:59.000Z"),
        ("America/New_York", "2026-11-01", "02:00", "2026-11-01T07:00:00.000Z"),
        # A shift of half an hour: 02:00-02:30 skipped, 01:30-02:00 doubled.
        ("Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03T15:30:00.000Z"),
        ("Australia/Lord_Howe", "2026-04-05", "01:45", "2026-04-04T14:45:00.000Z"),
        # A gap at midnight: the day begins at 01:00.
        ("Africa/Cairo", "2026-04-24", "00:00", "2026-04-23T22:00:00.000Z"),
        ("Africa/Cairo", "2026-04-24", "00:30", "2026-04-23T22:00:00.000Z"),
        # A gap that ends at midnight: what it skips moves into the next day.
        ("America/Nuuk", "2026-03-28", "23:30", "2026-03-29T01:00:00.000Z"),
        # A whole day that never was: it moves to the first instant after it.
        ("Pacific/Apia", "2011-12-30", "00:00", "2011-12-30T10:00:00.000Z"),
        ("Pacific/Apia", "2011-12-30", "09:00", "2011-12-30T10:00:00.000Z"),
        ("Pacific/Apia", "2011-12-31", "00:00", "2011-12-30T10:00:00.000Z"),
        ("Pacific/Apia", "2011-12-31", "09:00", "2011-12-30T19:00:00.000Z"),
        # An offset with seconds: local mean time, 4 h 56 min 2 s behind.
        ("America/New_York", "1883-01-01", "12:00", "1883-01-01T16:56:02.000Z"),
    ],
)
def test_a_wall_time_is_this_instant(zone: str, day: str, wall: str, utc: str) -> None:
    at = at_wall_time(date.fromisoformat(day), time.fromisoformat(wall), ZoneInfo(zone))
    assert to_text(at) == utc


@pytest.mark.parametrize(
    ("zone", "day", "start", "hours"),
    [
        ("UTC", "2026-03-08", "2026-03-08T00:00:00.000Z", 24.0),
        ("America/New_York", "2026-03-08", "2026-03-08T05:00:00.000Z", 23.0),
        ("America/New_York", "2026-11-01", "2026-11-01T04:00:00.000Z", 25.0),
        ("Europe/Berlin", "2027-03-28", "2027-03-27T23:00:00.000Z", 23.0),
        ("Europe/Berlin", "2027-10-31", "2027-10-30T22:00:00.000Z", 25.0),
        ("Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00.000Z", 23.5),
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00.000Z", 24.5),
        ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00.000Z", 23.0),
        ("America/Nuuk", "2026-03-28", "2026-03-28T02:00:00.000Z", 23.0),
        ("America/Havana", "2026-11-01", "2026-11-01T04:00:00.000Z", 25.0),
        ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00.000Z", 24.0),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00.000Z", 0.0),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00.000Z", 24.0),
        ("Pacific/Kwajalein", "1993-08-21", "1993-08-21T12:00:00.000Z", 0.0),
        ("Pacific/Kiritimati", "1994-12-31", "1994-12-31T10:00:00.000Z", 0.0),
        ("Pacific/Fakaofo", "2011-12-30", "2011-12-30T11:00:00.000Z", 0.0),
    ],
)
def test_a_local_day_has_this_start_and_length(
    zone: str, day: str, start: str, hours: float
) -> None:
    begins, ends = day_bounds(date.fromisoformat(day), ZoneInfo(zone))
    assert (to_text(begins), (ends - begins) / HOUR) == (start, hours)


@pytest.mark.parametrize(
    ("zone", "instant", "day"),
    [
        ("America/New_York", "2026-03-09T03:59:59Z", "2026-03-08"),
        ("America/New_York", "2026-03-09T04:00:00Z", "2026-03-09"),
        ("Pacific/Kiritimati", "2026-01-01T10:00:00Z", "2026-01-02"),
        ("Pacific/Pago_Pago", "2026-01-02T10:59:59Z", "2026-01-01"),
        ("Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29"),
        ("Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31"),
    ],
)
def test_an_instant_falls_on_this_local_day(zone: str, instant: str, day: str) -> None:
    assert local_day(from_text(instant), ZoneInfo(zone)).isoformat() == day


@given(zones, days, walls)
def test_a_wall_time_is_the_first_instant_at_which_clocks_show_it_or_have_passed_it(
    zone: ZoneInfo, day: date, wall: time
) -> None:
    at, wanted = at_wall_time(day, wall, zone), datetime.combine(day, wall)
    assert wall_at(at, zone) >= wanted
    for earlier in (1, 60, 1799, 3599, 3600, 7200, 43_200, 86_400, 100_000):
        assert wall_at(at - earlier * SECOND, zone) < wanted


@given(zones, days, walls)
def test_a_wall_time_that_exists_is_hit_exactly(zone: ZoneInfo, day: date, wall: time) -> None:
    wanted = datetime.combine(day, wall)
    exists = [
        instant
        for fold in (0, 1)
        if wall_at(instant := wanted.replace(tzinfo=zone, fold=fold).astimezone(UTC), zone)
        == wanted
    ]
    at = at_wall_time(day, wall, zone)
    assert at == min(exists) if exists else wall_at(at, zone) > wanted


@given(zones, days, walls)
def test_the_same_wall_time_never_comes_earlier_on_a_later_day(
    zone: ZoneInfo, day: date, wall: time
) -> None:
    later = at_wall_time(day + timedelta(days=1), wall, zone)
    assert at_wall_time(day, wall, zone) <= later


@given(zones, days)
def test_local_days_follow_each_other_without_gap_or_overlap(zone: ZoneInfo, day: date) -> None:
    start, end = day_bounds(day, zone)
    assert day_bounds(day + timedelta(days=1), zone)[0] == end
    if end == start:
        assert local_day(start, zone) > day
    else:
        assert local_day(start, zone) == day
        assert local_day(start - SECOND, zone) < day


@given(zones, st.datetimes(datetime(2012, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))
def test_an_instant_lies_within_the_bounds_of_its_local_day(
    zone: ZoneInfo, instant: datetime
) -> None:
    """From 2012: before, some clocks went back across midnight, to the day that had ended."""
    start, end = day_bounds(local_day(instant, zone), zone)
    assert start <= instant < end


def test_no_zone_and_an_unknown_zone_are_utc() -> None:
    for name in (None, "", "Mars/Olympus", "europe/berlin", "../etc/passwd", "Europe"):
        assert zone_or_utc(name) is UTC_ZONE
        assert not is_zone(name or "")
    assert zone_or_utc("Europe/Berlin").key == "Europe/Berlin"


def test_the_names_are_those_of_places_and_found_in_any_case() -> None:
    assert {"Europe/Berlin", "UTC"} < zone_names()
    assert not {"localtime", "Factory", "posixrules"} & zone_names()
    assert zone_named(" europe/BERLIN ") == "Europe/Berlin"
    assert zone_named("Mars/Olympus") is None


def test_the_machines_clock_tells_utc_in_whole_milliseconds() -> None:
    clock = SystemClock()
    now = clock.now()
    assert now.tzinfo is UTC
    assert now == truncate(now)
    assert clock.now() >= now
    assert clock.monotonic() <= clock.monotonic()


@pytest.mark.parametrize(
    ("zone", "day", "wall", "utc"),
    [
        ("Europe/Berlin", "2026-06-01", "02:30", ["2026-06-01T00:30:00.000Z"]),
        ("Europe/Berlin", "2026-03-29", "02:30", ["2026-03-29T01:00:00.000Z"]),
        (
            "Europe/Berlin",
            "2026-10-25",
            "02:30",
            ["2026-10-25T00:30:00.000Z", "2026-10-25T01:30:00.000Z"],
        ),
        (
            "America/New_York",
            "2026-11-01",
            "01:00",
            ["2026-11-01T05:00:00.000Z", "2026-11-01T06:00:00.000Z"],
        ),
    ],
)
def test_a_wall_time_comes_once_or_twice(zone: str, day: str, wall: str, utc: list[str]) -> None:
    found = instants_of_wall_time(date.fromisoformat(day), time.fromisoformat(wall), ZoneInfo(zone))
    assert [to_text(at) for at in found] == utc


def test_a_field_is_stored_as_an_instant_or_refused_by_its_name() -> None:
    assert as_stored(None, "at") is None
    assert as_stored("2026-01-01T00:30:00+05:30", "at") == "2025-12-31T19:00:00.000Z"
    with pytest.raises(Unprocessable) as refused:
        as_stored("soon", "startAt")
    assert [detail.field for detail in refused.value.details] == ["startAt"]


@given(instants)
def test_an_instant_is_read_as_it_was_written(instant: Instant) -> None:
    assert from_text(to_text(instant)) == instant


@given(instants, instants)
def test_instants_sort_as_texts_as_they_do_in_time(one: Instant, other: Instant) -> None:
    assert (to_text(one) < to_text(other)) == (one < other)


def test_an_instant_is_cut_to_milliseconds_and_never_rounded_up() -> None:
    assert to_text(datetime(2026, 1, 1, 0, 0, 0, 999_999, UTC)) == "2026-01-01T00:00:00.999Z"
    assert truncate(datetime(2026, 1, 1, 0, 0, 0, 1_999, UTC)).microsecond == 1000


def test_an_instant_in_another_offset_is_the_same_moment() -> None:
    assert to_text(from_text("2026-01-01T00:30:00+05:30")) == "2025-12-31T19:00:00.000Z"
    assert to_text(datetime(2026, 7, 1, 9, tzinfo=BERLIN)) == "2026-07-01T07:00:00.000Z"


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "2026-01-01", "2026-01-01T09:00:00"),
        *("2026-02-30T09:00:00Z", "2026-01-01T25:00Z"),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"),
    ],
)
def test_what_is_no_instant_is_refused_as_a_wrong_value(text: str) -> None:
    with pytest.raises(ValueError):
        from_text(text)


@given(st.dates(date(2, 1, 1), date(9998, 12, 31)))
def test_a_day_is_read_as_it_was_written(day: date) -> None:
    assert day_from_text(day.isoformat()) == day


@pytest.mark.parametrize(
    "text",
    [
        *("", "today", "2026-1-1", "20260101", "2026-02-29", "2026-13-01"),
        *("2026-01-01T00:00:00Z", "2026-W43-3", "2026W433", " 2026-01-01", "2026-01-01 "),
        *("٢٠٢٦-٠١-٠١", "0001-01-01", "9999-12-31"),
    ],
)
def test_what_is_no_day_is_refused_and_the_right_form_shown(text: str) -> None:
    with pytest.raises(ValueError, match="write it like 2024-10-23"):
        day_from_text(text)


@given(st.text(max_size=12))
def test_any_text_is_a_day_or_a_wrong_value(text: str) -> None:
    with suppress(ValueError):
        assert day_from_text(text).isoformat() == text
