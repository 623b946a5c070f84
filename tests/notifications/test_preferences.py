"""Whether and when a user is notified, as a table (docs/spec.md#notification-preferences)."""

from datetime import timedelta
from typing import Any

import pytest

from buildos_box.clock import from_text, to_text, zone_or_utc
from buildos_box.notifications.event_types import EVENT_TYPES, Channel
from buildos_box.notifications.preferences import (
    NotificationPreferences,
    Skip,
    Wait,
    decide,
)
from buildos_box.quiet_hours import quiet_until

NIGHT = {"dnd_start": "22:00", "dnd_end": "07:00"}
NOON = {"dnd_start": "12:00", "dnd_end": "13:00"}


@pytest.mark.parametrize(
    ("hours", "zone", "now", "ends"),
    [
        (NIGHT, "UTC", "2024-10-23T21:59:59Z", None),
        (NIGHT, "UTC", "2024-10-23T22:00:00Z", "2024-10-24T07:00"),
        (NIGHT, "UTC", "2024-10-24T06:59:59Z", "2024-10-24T07:00"),
        (NIGHT, "UTC", "2024-10-24T07:00:00Z", None),
        (NOON, "UTC", "2024-10-23T12:30:00Z", "2024-10-23T13:00"),
        (NOON, "UTC", "2024-10-23T11:59:00Z", None),
        # Far east and far west of the same instant, 25 hours apart.
        (NIGHT, "Pacific/Kiritimati", "2024-10-23T09:00:00Z", "2024-10-23T17:00"),
        (NIGHT, "Pacific/Pago_Pago", "2024-10-23T10:00:00Z", "2024-10-23T18:00"),
        (NIGHT, "Asia/Kathmandu", "2024-10-23T16:15:00Z", "2024-10-24T01:15"),
        (NIGHT, "Nowhere/Land", "2024-10-23T23:00:00Z", "2024-10-24T07:00"),
        # The night of 23 hours ends at 07:00 of the new time, that of 25 hours too.
        (NIGHT, "Europe/Vienna", "2024-03-30T23:00:00Z", "2024-03-31T05:00"),
        (NIGHT, "Europe/Vienna", "2024-10-26T23:00:00Z", "2024-10-27T06:00"),
        # 02:30 does not exist on that night: its end is the first instant that does.
        (
            {"dnd_start": "22:00", "dnd_end": "02:30"},
            "Europe/Vienna",
            "2024-03-31T00:30:00Z",
            "2024-03-31T01:00",
        ),
        # 02:30 is twice, and ends it each time.
        (
            {"dnd_start": "22:00", "dnd_end": "02:30"},
            "Europe/Vienna",
            "2024-10-27T00:15:00Z",
            "2024-10-27T00:30",
        ),
        ({"dnd_start": "22:00", "dnd_end": "02:30"}, "Europe/Vienna", "2024-10-27T00:45:00Z", None),
        (
            {"dnd_start": "22:00", "dnd_end": "02:30"},
            "Europe/Vienna",
            "2024-10-27T01:15:00Z",
            "2024-10-27T01:30",
        ),
        ({"dnd_start": "09:00", "dnd_end": "09:00"}, "UTC", "2024-10-23T09:00:00Z", None),
        ({}, "UTC", "2024-10-23T09:00:00Z", None),
    ],
)
def test_when_do_not_disturb_ends(
    hours: dict[str, Any], zone: str, now: str, ends: str | None
) -> None:
    wanted = NotificationPreferences(**hours)
    found = quiet_until(wanted.quiet, from_text(now), zone_or_utc(zone))
    assert (found and to_text(found)[:16]) == ends


CAPS = {"hourly_cap": 2, "daily_cap": 5}


@pytest.mark.parametrize(
    ("wanted", "event", "over", "hour", "day", "expected"),
    [
        ({}, "task.assigned", "push", 0, 0, None),
        (CAPS, "task.assigned", "push", 1, 4, None),
        (CAPS, "task.assigned", "push", 2, 2, Skip("hourly cap")),
        (CAPS, "task.assigned", "email", 0, 5, Skip("daily cap")),
        (CAPS, "task.assigned", "in_app", 9, 9, None),
        (CAPS, "error.critical", "push", 9, 9, None),
        ({"hourly_cap": 0}, "task.assigned", "sms", 0, 0, Skip("hourly cap")),
        ({"hourly_cap": None, "daily_cap": None}, "task.assigned", "sms", 999, 999, None),
        ({"sms": False}, "task.assigned", "sms", 0, 0, Skip("sms is off for task.assigned")),
        ({"sms": False}, "error.critical", "sms", 0, 0, Skip("sms is off for error.critical")),
        ({"in_app": False}, "task.assigned", "in_app", 0, 0,
         Skip("in_app is off for task.assigned")),
        ({"event_types": {"task.assigned": {"push": False}}}, "task.assigned", "push", 0, 0,
         Skip("push is off for task.assigned")),
        ({"event_types": {"task.assigned": {"push": False}}}, "task.due_soon", "push", 0, 0, None),
        ({"push": False, "event_types": {"task.assigned": {"push": True}}}, "task.assigned",
         "push", 0, 0, None),
        ({"push": False, "event_types": {"task.assigned": {"push": True}}}, "task.due_soon",
         "push", 0, 0, Skip("push is off for task.due_soon")),
        (NIGHT, "task.assigned", "push", 0, 0, Wait(from_text("2024-10-24T07:00:00Z"))),
        (NIGHT | CAPS, "task.assigned", "push", 9, 9, Wait(from_text("2024-10-24T07:00:00Z"))),
        (NIGHT, "task.assigned", "in_app", 0, 0, None),
        (NIGHT, "error.critical", "email", 0, 0, None),
    ],
)  # fmt: skip
def test_what_is_sent_what_waits_and_what_is_not_wanted(
    wanted: dict[str, object],
    event: str,
    over: Channel,
    hour: int,
    day: int,
    expected: Skip | Wait | None,
) -> None:
    """At 23:00, by someone who is an admin."""
    now = from_text("2024-10-23T23:00:00Z")
    found = decide(
        NotificationPreferences(**wanted),  # type: ignore[arg-type]
        EVENT_TYPES[event],
        over,
        is_admin=True,
        sent_last_hour=hour,
        sent_today=day,
        stale_at=now + timedelta(hours=12),
        now=now,
        zone=zone_or_utc("UTC"),
    )
    assert found == expected


@pytest.mark.parametrize(
    ("wanted", "hours", "expected"),
    [
        ({}, 0, Skip("stale")),
        (NIGHT, 0, Skip("stale")),
        (NIGHT, 7, Skip("stale after do-not-disturb")),
        (NIGHT, 8, Skip("stale after do-not-disturb")),
        (NIGHT, 9, Wait(from_text("2024-10-24T07:00:00Z"))),
        (NIGHT, None, Wait(from_text("2024-10-24T07:00:00Z"))),
    ],
)
def test_what_would_be_stale_is_not_kept(
    wanted: dict[str, Any], hours: int | None, expected: Skip | Wait
) -> None:
    now = from_text("2024-10-23T23:00:00Z")
    found = decide(
        NotificationPreferences(**wanted),
        EVENT_TYPES["task.assigned"],
        "push",
        is_admin=False,
        sent_last_hour=0,
        sent_today=0,
        stale_at=None if hours is None else now + timedelta(hours=hours),
        now=now,
        zone=zone_or_utc("UTC"),
    )
    assert found == expected


@pytest.mark.parametrize("event", EVENT_TYPES)
@pytest.mark.parametrize("is_admin", [True, False])
def test_what_is_for_admins_goes_to_no_other(event: str, is_admin: bool) -> None:
    kind, now = EVENT_TYPES[event], from_text("2024-10-23T12:00:00Z")
    found = decide(
        NotificationPreferences(),
        kind,
        "in_app",
        is_admin=is_admin,
        sent_last_hour=0,
        sent_today=0,
        stale_at=None,
        now=now,
        zone=zone_or_utc("UTC"),
    )
    for_admins = ("error.critical", "sms.alert", "queue.alert", "user.signup", "user.trial_expired")
    hidden = event in for_admins and not is_admin
    assert found == (Skip("only for admins") if hidden else None)
