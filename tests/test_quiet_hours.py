"""One rule of quiet hours, in every zone, on every kind of night, for both who ask."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildos_box.clock import Instant, from_text, to_text, zone_names
from buildos_box.notifications.event_types import EVENT_TYPES
from buildos_box.notifications.preferences import NotificationPreferences, Wait, decide
from buildos_box.quiet_hours import QuietHours, quiet_until
from buildos_box.sms.planning import SendAt, Skip, decide_reminder
from buildos_box.workspace.model import Event

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
SPANS = (("22:00", "07:00"), ("02:30", "06:00"), ("23:30", "02:15"), ("00:00", "00:30"))
YEARS = ((2011, 2012), (2024, 2025))
"""Samoa skipped 30 December 2011."""

zones = st.sampled_from(sorted(zone_names()))
minutes = st.builds(time, st.integers(0, 23), st.integers(0, 59))
instants = st.datetimes(datetime(2005, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)).map(
    lambda at: at.replace(second=0, microsecond=0)
)


def transitions(zone: ZoneInfo) -> Iterator[Instant]:
    """When the zone's offset changes in those years, to the minute."""
    for first, last in YEARS:
        at, end = datetime(first, 1, 1, tzinfo=UTC), datetime(last + 1, 1, 1, tzinfo=UTC)
        while at < end:
            later = at + 7 * DAY
            if at.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset():
                low, high = at, later
                while high - low > MINUTE:
                    middle = low + (high - low) // 2
                    same = middle.astimezone(zone).utcoffset() == at.astimezone(zone).utcoffset()
                    low, high = (middle, high) if same else (low, middle)
                yield high.replace(second=0, microsecond=0)
            at = later


def wall(at: Instant, zone: ZoneInfo) -> time:
    return at.astimezone(zone).time()


def within(span: tuple[str, str], shown: time) -> bool:
    """By the text of the clock alone."""
    start, end, now = *span, f"{shown:%H:%M}"
    return start <= now < end if start <= end else (now >= start or now < end)


def of_sms(span: tuple[str, str], at: Instant, zone: ZoneInfo) -> Instant | None:
    """What a reminder that is due at `at` waits for."""
    event = _event(at + 30 * DAY)
    found = decide_reminder(
        event, lead=30 * DAY, quiet=QuietHours.of(*span), zone=zone, now=at - 365 * DAY
    )
    assert not isinstance(found, Skip)
    assert isinstance(found, SendAt)
    return found.at if found.at != at else None


def of_notifications(span: tuple[str, str], at: Instant, zone: ZoneInfo) -> Instant | None:
    """What a notification that comes up at `at` waits for."""
    found = decide(
        NotificationPreferences(dnd_start=span[0], dnd_end=span[1]),
        EVENT_TYPES["task.completed"],
        "push",
        is_admin=False,
        sent_last_hour=0,
        sent_today=0,
        stale_at=None,
        now=at,
        zone=zone,
    )
    assert found is None or isinstance(found, Wait)
    return found.until if found else None


def _event(start: Instant) -> Event:
    known: dict[str, Any] = {"id": "e", "user_id": "ada", "title": "Standup", "status": "confirmed"}
    flags = {"all_day": False, "declined": False, "start_at": start}
    times = {"created_at": start, "updated_at": start}
    return Event(**{**dict.fromkeys(Event.__struct_fields__), **known, **flags, **times})


def check(span: tuple[str, str], at: Instant, zone: ZoneInfo) -> Instant | None:
    """Both callers agree, and what they say fits what clocks show."""
    until = of_notifications(span, at, zone)
    assert of_sms(span, at, zone) == until
    assert (until is not None) == within(span, wall(at, zone)), (zone, span, at)
    if until is not None:
        assert until > at
        assert not within(span, wall(until, zone)), (zone, span, at, until)
        end = time.fromisoformat(span[1])
        skipped = wall(until - MINUTE, zone) < end < wall(until, zone) or (
            wall(until - MINUTE, zone) > wall(until, zone) > end
        )
        assert wall(until, zone) == end or skipped, (zone, span, at, until)
    return until


@pytest.mark.slow
def test_on_every_night_of_every_zone_on_which_clocks_change() -> None:
    seen = 0
    for name in sorted(zone_names()):
        zone = ZoneInfo(name)
        for change in transitions(zone):
            for span in SPANS:
                for step in range(-4, 5):
                    check(span, change + step * timedelta(minutes=45), zone)
                    seen += 1
    assert seen > 10_000


@given(zones, instants, minutes, minutes)
def test_the_end_is_the_next_one_that_clocks_show(
    name: str, at: Instant, start: time, end: time
) -> None:
    zone, span = ZoneInfo(name), (f"{start:%H:%M}", f"{end:%H:%M}")
    until = check(span, at, zone)
    later = at + MINUTE
    while until is not None and later < until:
        assert wall(later, zone) != end, (zone, span, at, later)
        later += MINUTE


@pytest.mark.parametrize(
    ("at", "until"),
    [
        # Vienna's clocks go back from 03:00 to 02:00 at 01:00Z: 02:15 and 02:30 come twice.
        ("2024-10-27T00:15Z", "2024-10-27T00:30Z"),
        ("2024-10-27T00:45Z", None),
        ("2024-10-27T01:15Z", "2024-10-27T01:30Z"),
        ("2024-10-27T01:30Z", None),
        # They go forward from 02:00 to 03:00: 02:30 is skipped.
        ("2024-03-31T00:30Z", "2024-03-31T01:00Z"),
        ("2024-03-31T01:00Z", None),
    ],
)
def test_a_span_that_ends_in_the_hour_that_comes_twice_or_never(at: str, until: str | None) -> None:
    zone, span = ZoneInfo("Europe/Vienna"), ("22:00", "02:30")
    start = from_text(at.replace("Z", ":00Z"))
    for ask in (of_sms, of_notifications):
        found = ask(span, start, zone)
        assert (to_text(found).replace(":00.000Z", "Z") if found else None) == until


def test_a_day_that_a_zone_skips() -> None:
    """Samoa went from 29 December 2011, 24:00 to 31 December, 00:00: the night goes on."""
    found = quiet_until(
        QuietHours.of("22:00", "07:00"),
        from_text("2011-12-30T09:00:00Z"),
        ZoneInfo("Pacific/Apia"),
    )
    assert found == from_text("2011-12-30T17:00:00Z")
