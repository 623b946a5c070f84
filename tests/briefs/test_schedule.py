"""When a brief is due: examples, and what holds in every zone (docs/spec.md#brief-next-run).

The instants of the tables are worked out by hand from the zones' published rules, not by the
code under test:

- New York: UTC-5; summer UTC-4 from 2026-03-08 and 2027-03-14 02:00 (gap to 03:00) until
  2026-11-01 and 2027-11-07 02:00 (back to 01:00).
- Berlin: UTC+1; summer UTC+2 from 2026-03-29 and 2027-03-28 02:00 (gap to 03:00) until
  2026-10-25 and 2027-10-31 03:00 (back to 02:00).
- Kolkata: UTC+5:30 always. Apia: UTC+13 always since 2021; it had no 2011-12-30.
"""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildos_box.briefs.schedule import NotYet, QueueAt, Schedule, Skip, next_run, plan
from buildos_box.clock import Instant, from_text, local_day, to_text, zone_names

NEW_YORK, KOLKATA = "America/New_York", "Asia/Kolkata"
APIA, BERLIN = "Pacific/Apia", "Europe/Berlin"
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)

DAILY: list[tuple[str, str, str, str]] = [
    # zone, local day, wall time, instant in UTC
    #
    # New York, clocks go forward: 02:30 does not exist, 03:00 is the first that does.
    (NEW_YORK, "2026-03-07", "02:30", "2026-03-07T07:30Z"),
    (NEW_YORK, "2026-03-08", "01:30", "2026-03-08T06:30Z"),
    (NEW_YORK, "2026-03-08", "02:30", "2026-03-08T07:00Z"),
    (NEW_YORK, "2026-03-08", "07:00", "2026-03-08T11:00Z"),
    (NEW_YORK, "2026-03-09", "02:30", "2026-03-09T06:30Z"),
    (NEW_YORK, "2027-03-14", "02:30", "2027-03-14T07:00Z"),
    (NEW_YORK, "2027-03-14", "07:00", "2027-03-14T11:00Z"),
    # New York, clocks go back: 01:30 comes twice, the first counts; 02:30 comes once.
    (NEW_YORK, "2026-11-01", "01:30", "2026-11-01T05:30Z"),
    (NEW_YORK, "2026-11-01", "02:30", "2026-11-01T07:30Z"),
    (NEW_YORK, "2026-11-01", "07:00", "2026-11-01T12:00Z"),
    (NEW_YORK, "2027-11-07", "01:30", "2027-11-07T05:30Z"),
    (NEW_YORK, "2027-11-07", "02:30", "2027-11-07T07:30Z"),
    (NEW_YORK, "2027-11-07", "07:00", "2027-11-07T12:00Z"),
    # Berlin, clocks go forward.
    (BERLIN, "2026-03-28", "02:30", "2026-03-28T01:30Z"),
    (BERLIN, "2026-03-29", "02:30", "2026-03-29T01:00Z"),
    (BERLIN, "2026-03-29", "07:00", "2026-03-29T05:00Z"),
    (BERLIN, "2026-03-30", "02:30", "2026-03-30T00:30Z"),
    (BERLIN, "2027-03-28", "02:30", "2027-03-28T01:00Z"),
    (BERLIN, "2027-03-28", "07:00", "2027-03-28T05:00Z"),
    # Berlin, clocks go back: 02:30 comes twice.
    (BERLIN, "2026-10-24", "02:30", "2026-10-24T00:30Z"),
    (BERLIN, "2026-10-25", "02:30", "2026-10-25T00:30Z"),
    (BERLIN, "2026-10-25", "07:00", "2026-10-25T06:00Z"),
    (BERLIN, "2026-10-26", "02:30", "2026-10-26T01:30Z"),
    (BERLIN, "2027-10-31", "02:30", "2027-10-31T00:30Z"),
    (BERLIN, "2027-10-31", "07:00", "2027-10-31T06:00Z"),
    # Kolkata and Apia do not move, on the days on which the others do.
    (KOLKATA, "2026-03-08", "02:30", "2026-03-07T21:00Z"),
    (KOLKATA, "2026-03-29", "07:00", "2026-03-29T01:30Z"),
    (KOLKATA, "2026-10-25", "02:30", "2026-10-24T21:00Z"),
    (KOLKATA, "2026-11-01", "07:00", "2026-11-01T01:30Z"),
    (KOLKATA, "2027-03-14", "02:30", "2027-03-13T21:00Z"),
    (KOLKATA, "2027-03-28", "07:00", "2027-03-28T01:30Z"),
    (KOLKATA, "2027-10-31", "02:30", "2027-10-30T21:00Z"),
    (KOLKATA, "2027-11-07", "07:00", "2027-11-07T01:30Z"),
    (APIA, "2026-03-08", "02:30", "2026-03-07T13:30Z"),
    (APIA, "2026-03-29", "07:00", "2026-03-28T18:00Z"),
    (APIA, "2026-10-25", "02:30", "2026-10-24T13:30Z"),
    (APIA, "2026-11-01", "07:00", "2026-10-31T18:00Z"),
    (APIA, "2027-03-14", "02:30", "2027-03-13T13:30Z"),
    (APIA, "2027-03-28", "07:00", "2027-03-27T18:00Z"),
    (APIA, "2027-10-31", "02:30", "2027-10-30T13:30Z"),
    (APIA, "2027-11-07", "07:00", "2027-11-06T18:00Z"),
]


def at(text: str) -> Instant:
    return from_text(text)


def runs(schedule: Schedule, zone: ZoneInfo, after: Instant, count: int) -> list[Instant]:
    """The next runs, each computed from just past the one before, as the cron does."""
    found: list[Instant] = []
    while len(found) < count:
        run = next_run(schedule, zone, after)
        assert run is not None
        found.append(run)
        after = run + SECOND
    return found


@pytest.mark.parametrize(("zone", "day", "wall", "utc"), DAILY)
def test_a_daily_brief_is_due_at_this_instant(zone: str, day: str, wall: str, utc: str) -> None:
    schedule = Schedule(time_of_day=time.fromisoformat(wall))
    run = at(utc)
    assert next_run(schedule, ZoneInfo(zone), run - 20 * timedelta(hours=1)) == run
    assert next_run(schedule, ZoneInfo(zone), run - SECOND) == run
    assert next_run(schedule, ZoneInfo(zone), run) == run
    assert local_day(run, ZoneInfo(zone)).isoformat() == day


FREQUENCIES: list[tuple[str, Schedule, str, list[str]]] = [
    # zone, schedule, computed from, the runs that follow
    (
        NEW_YORK,
        Schedule(frequency="weekly", day_of_week=0, time_of_day=time(2, 30)),
        "2026-02-28T12:00Z",
        ["2026-03-01T07:30Z", "2026-03-08T07:00Z", "2026-03-15T06:30Z"],
    ),
    (
        NEW_YORK,
        Schedule(frequency="weekly", day_of_week=0, time_of_day=time(7)),
        "2027-10-31T12:00Z",
        ["2027-11-07T12:00Z", "2027-11-14T12:00Z"],
    ),
    (
        NEW_YORK,
        Schedule(frequency="weekdays", time_of_day=time(7)),
        "2026-10-29T12:00Z",
        ["2026-10-30T11:00Z", "2026-11-02T12:00Z", "2026-11-03T12:00Z"],
    ),
    (
        BERLIN,
        Schedule(frequency="weekly", time_of_day=time(7)),
        "2026-03-22T00:00Z",
        ["2026-03-23T06:00Z", "2026-03-30T05:00Z", "2026-04-06T05:00Z"],
    ),
    (
        BERLIN,
        Schedule(frequency="custom", days=(0, 3), time_of_day=time(2, 30)),
        "2026-10-18T12:00Z",
        ["2026-10-21T00:30Z", "2026-10-25T00:30Z", "2026-10-28T01:30Z", "2026-11-01T01:30Z"],
    ),
    (
        BERLIN,
        Schedule(frequency="custom", time_of_day=time(7)),
        "2027-03-27T05:30Z",
        ["2027-03-27T06:00Z", "2027-03-28T05:00Z", "2027-03-29T05:00Z"],
    ),
    # Where UTC's day is not the local one: Saturday in Kolkata begins on UTC's Friday.
    (
        KOLKATA,
        Schedule(frequency="weekly", day_of_week=6, time_of_day=time(2, 30)),
        "2026-03-06T00:00Z",
        ["2026-03-06T21:00Z", "2026-03-13T21:00Z"],
    ),
    (
        KOLKATA,
        Schedule(frequency="weekdays", time_of_day=time(2, 30)),
        "2026-03-05T12:00Z",
        ["2026-03-05T21:00Z", "2026-03-08T21:00Z", "2026-03-09T21:00Z"],
    ),
    (
        APIA,
        Schedule(frequency="weekly", time_of_day=time(7)),
        "2026-10-24T00:00Z",
        ["2026-10-25T18:00Z", "2026-11-01T18:00Z"],
    ),
    (
        APIA,
        Schedule(frequency="custom", days=(1, 5), time_of_day=time(7)),
        "2027-10-28T00:00Z",
        ["2027-10-28T18:00Z", "2027-10-31T18:00Z", "2027-11-04T18:00Z"],
    ),
    # Apia went from Thursday to Saturday: UTC-10 to the end of 2011-12-29, then UTC+14.
    (
        APIA,
        Schedule(time_of_day=time(7)),
        "2011-12-28T00:00Z",
        ["2011-12-28T17:00Z", "2011-12-29T17:00Z", "2011-12-30T17:00Z", "2011-12-31T17:00Z"],
    ),
    (
        APIA,
        Schedule(frequency="weekly", day_of_week=5, time_of_day=time(7)),
        "2011-12-23T00:00Z",
        ["2011-12-23T17:00Z", "2012-01-05T17:00Z"],
    ),
    (
        APIA,
        Schedule(frequency="weekdays", time_of_day=time(7)),
        "2011-12-29T00:00Z",
        ["2011-12-29T17:00Z", "2012-01-01T17:00Z"],
    ),
]


@pytest.mark.parametrize(("zone", "schedule", "after", "expected"), FREQUENCIES)
def test_runs_follow_each_other_like_this(
    zone: str, schedule: Schedule, after: str, expected: list[str]
) -> None:
    found = runs(schedule, ZoneInfo(zone), at(after), len(expected))
    assert [to_text(run) for run in found] == [to_text(at(run)) for run in expected]


@pytest.mark.parametrize(
    ("schedule", "covered"),
    [
        (Schedule(), "SMTWTFS"),
        (Schedule(frequency="weekdays"), "-MTWTF-"),
        (Schedule(frequency="weekly"), "-M-----"),
        (Schedule(frequency="weekly", day_of_week=0), "S------"),
        (Schedule(frequency="weekly", day_of_week=6), "------S"),
        (Schedule(frequency="custom"), "SMTWTFS"),
        (Schedule(frequency="custom", days=(0, 2, 6)), "S-T---S"),
        # Days count for `custom` alone, the day of the week for `weekly` alone.
        (Schedule(frequency="daily", days=(1,), day_of_week=1), "SMTWTFS"),
        (Schedule(frequency="weekly", days=(1, 2), day_of_week=3), "---W---"),
        (Schedule(frequency="custom", days=(5,), day_of_week=1), "-----F-"),
    ],
)
def test_a_frequency_covers_these_days_of_a_week(schedule: Schedule, covered: str) -> None:
    sunday = date(2026, 3, 1)
    week = [sunday + n * DAY for n in range(7)]
    assert [schedule.covers(day) for day in week] == [letter != "-" for letter in covered]


def test_there_is_no_next_run_while_preferences_are_inactive() -> None:
    inactive = Schedule(is_active=False)
    assert next_run(inactive, ZoneInfo(BERLIN), at("2026-01-01T00:00Z")) is None


def test_runs_are_whole_seconds_a_fraction_past_one_means_the_next_day() -> None:
    zone, nine = ZoneInfo("UTC"), at("2026-01-01T09:00Z")
    assert next_run(Schedule(), zone, nine - timedelta(milliseconds=1)) == nine
    assert next_run(Schedule(), zone, nine + timedelta(milliseconds=1)) == nine + DAY


def test_a_time_in_a_gap_that_ends_at_midnight_moves_into_the_next_day() -> None:
    """Nuuk's clocks go from Saturday 23:00 to Sunday 00:00; Sunday has its own 23:30 as well."""
    found = runs(Schedule(time_of_day=time(23, 30)), ZoneInfo("America/Nuuk"), at(NUUK), 3)
    assert [to_text(run) for run in found] == [
        "2026-03-28T01:30:00.000Z",
        "2026-03-29T01:00:00.000Z",
        "2026-03-30T00:30:00.000Z",
    ]


NUUK = "2026-03-28T00:00Z"

zones = st.sampled_from(sorted(zone_names())).map(ZoneInfo)
moments = st.datetimes(
    datetime(1970, 1, 2), datetime(2090, 1, 1), timezones=st.just(UTC)
) | st.builds(
    # Near the changes of most zones, which a random moment seldom meets.
    lambda day, minutes: datetime.combine(day, time(0), UTC) + timedelta(minutes=minutes),
    st.sampled_from([date(2026, 3, 8), date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 1)])
    | st.sampled_from([date(2011, 12, 29), date(2026, 4, 5), date(2026, 10, 4)]),
    st.integers(-2880, 2880),
)
walls = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))
schedules = st.builds(
    Schedule,
    frequency=st.sampled_from(["daily", "weekdays", "weekly", "custom"]),
    day_of_week=st.none() | st.integers(0, 6),
    days=st.lists(st.integers(0, 6), unique=True, max_size=7).map(lambda days: tuple(sorted(days))),
    time_of_day=walls,
)


def wall_at(instant: Instant, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def asked_for(run: Instant, schedule: Schedule, zone: ZoneInfo) -> datetime:
    """The wall time, date and all, that the run answers: its own, or the skipped one before it."""
    shown, before = wall_at(run, zone), wall_at(run - SECOND, zone)
    asked = datetime.combine(shown.date(), schedule.time_of_day)
    return asked if asked <= shown else asked - DAY if before < asked - DAY else asked


@given(schedules, zones, moments)
def test_the_next_run_is_never_before_the_given_moment(
    schedule: Schedule, zone: ZoneInfo, now: datetime
) -> None:
    run = next_run(schedule, zone, now)
    assert run is not None
    assert run >= now
    following = next_run(schedule, zone, run + SECOND)
    assert following is not None
    assert following > run


@given(schedules, zones, moments)
def test_the_wall_shows_the_asked_time_or_has_just_jumped_over_it(
    schedule: Schedule, zone: ZoneInfo, now: datetime
) -> None:
    run = next_run(schedule, zone, now)
    assert run is not None
    asked = asked_for(run, schedule, zone)
    assert schedule.covers(asked.date())
    assert wall_at(run, zone) == asked or wall_at(run - SECOND, zone) < asked < wall_at(run, zone)


@given(schedules, zones, moments)
def test_no_day_is_skipped_and_none_comes_twice(
    schedule: Schedule, zone: ZoneInfo, now: datetime
) -> None:
    found = runs(schedule, zone, now, 4)
    answered = [asked_for(run, schedule, zone).date() for run in found]
    for (run, day), (later, next_day) in pairwise(zip(found, answered, strict=True)):
        assert run < later
        between = [day + n * DAY for n in range(1, (next_day - day).days)]
        assert next_day > day
        assert not [d for d in between if schedule.covers(d) and zone_has(d, zone)]


def zone_has(day: date, zone: ZoneInfo) -> bool:
    """Whether clocks in the zone ever showed that day, by looking each quarter of an hour."""
    start = datetime.combine(day, time(0), UTC) - timedelta(hours=15)
    return any(wall_at(start + n * timedelta(minutes=15), zone).date() == day for n in range(216))


@given(schedules, zones, moments, st.timedeltas(timedelta(0), timedelta(days=9)))
def test_a_later_moment_never_has_an_earlier_next_run(
    schedule: Schedule, zone: ZoneInfo, now: datetime, later: timedelta
) -> None:
    first, second = next_run(schedule, zone, now), next_run(schedule, zone, now + later)
    assert first is not None
    assert second is not None
    assert first <= second
    assert (first == second) == (now + later <= first)


BUFFER, LOOKBACK = timedelta(minutes=2), timedelta(hours=1)
NINE = "2026-01-01T09:00:00Z"


@pytest.mark.parametrize(
    ("now", "decision"),
    [
        # More than an hour and the buffer ahead: not yet.
        ("2026-01-01T07:57:59.999Z", NotYet()),
        ("2026-01-01T07:58:00Z", QueueAt(at("2026-01-01T08:58:00Z"), at(NINE))),
        ("2026-01-01T08:00:00Z", QueueAt(at("2026-01-01T08:58:00Z"), at(NINE))),
        # Within the buffer, and late: at once, still told to be for nine.
        ("2026-01-01T08:59:00Z", QueueAt(at("2026-01-01T08:59:00Z"), at(NINE))),
        ("2026-01-01T09:00:00Z", QueueAt(at("2026-01-01T09:00:00Z"), at(NINE))),
        ("2026-01-01T10:00:00Z", QueueAt(at("2026-01-01T10:00:00Z"), at(NINE))),
        # Later than the lookback: skipped.
        ("2026-01-01T10:00:00.001Z", Skip("missed")),
        ("2026-02-01T10:00:00Z", Skip("missed")),
    ],
)
def test_the_cron_does_this_about_a_run_at_nine(now: str, decision: object) -> None:
    assert plan(at(NINE), at(now), buffer=BUFFER, lookback=LOOKBACK) == decision
