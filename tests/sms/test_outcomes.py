"""When reminders are sent: quiet hours, clock changes, far zones (docs/spec.md#reminder-rules)."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from buildos_box.clock import from_text, to_text
from buildos_box.quiet_hours import QuietHours
from buildos_box.sms.planning import Skip, decide_reminder
from buildos_box.workspace.model import Event
from tests.doubles.twilio import TwilioDouble
from tests.sms.conftest import sms_box
from tests.world import BoxWorld

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
WEST, EAST = "Etc/GMT+12", "Pacific/Kiritimati"
NIGHT, NONE = ("22:00", "08:00"), (None, None)
QUIET = "quiet_hours"

TABLE = [
    # zone, quiet hours, lead, the event's start, what is expected: an instant or why not
    #
    # 22:00-08:00, an ordinary day in Berlin (UTC+2)
    (BERLIN, NIGHT, 15, "2024-10-23T10:00Z", "2024-10-23T09:45Z"),
    (BERLIN, NIGHT, 15, "2024-10-23T19:00Z", "2024-10-23T18:45Z"),
    # the reminder at 21:59 leaves, the one at 22:00 is in the night that its event is in
    (BERLIN, NIGHT, 15, "2024-10-23T20:14Z", "2024-10-23T19:59Z"),
    (BERLIN, NIGHT, 15, "2024-10-23T20:15Z", QUIET),
    (BERLIN, NIGHT, 15, "2024-10-23T22:30Z", QUIET),
    (BERLIN, NIGHT, 15, "2024-10-24T05:30Z", QUIET),
    # an event as the night ends, one just after, one long after with a long lead
    (BERLIN, NIGHT, 15, "2024-10-24T06:00Z", QUIET),
    (BERLIN, NIGHT, 15, "2024-10-24T06:10Z", "2024-10-24T06:00Z"),
    (BERLIN, NIGHT, 15, "2024-10-24T06:15Z", "2024-10-24T06:00Z"),
    (BERLIN, NIGHT, 120, "2024-10-24T07:00Z", "2024-10-24T06:00Z"),
    (BERLIN, NIGHT, 600, "2024-10-24T15:00Z", "2024-10-24T06:00Z"),
    (BERLIN, NIGHT, 1440, "2024-10-24T10:00Z", "2024-10-23T10:00Z"),
    # a lead of nothing: at the start, late by five minutes at most
    (BERLIN, NIGHT, 0, "2024-10-24T06:00Z", "2024-10-24T06:00Z"),
    (BERLIN, NIGHT, 0, "2024-10-24T05:58Z", "2024-10-24T06:00Z"),
    (BERLIN, NIGHT, 0, "2024-10-24T05:55Z", QUIET),
    # hours that do not wrap, hours that are none, no hours
    (BERLIN, ("12:00", "14:00"), 15, "2024-10-23T11:30Z", QUIET),
    (BERLIN, ("12:00", "14:00"), 15, "2024-10-23T12:10Z", "2024-10-23T12:00Z"),
    (BERLIN, ("12:00", "14:00"), 15, "2024-10-23T22:30Z", "2024-10-23T22:15Z"),
    (BERLIN, ("08:00", "08:00"), 15, "2024-10-24T01:00Z", "2024-10-24T00:45Z"),
    (BERLIN, NONE, 15, "2024-10-24T01:00Z", "2024-10-24T00:45Z"),
    #
    # nights on which the clocks change: 08:00 is another distance away
    (BERLIN, NIGHT, 15, "2024-10-27T07:10Z", "2024-10-27T07:00Z"),
    (BERLIN, NIGHT, 15, "2024-10-27T06:10Z", QUIET),
    (BERLIN, NIGHT, 15, "2025-03-30T06:10Z", "2025-03-30T06:00Z"),
    (NEW_YORK, NIGHT, 15, "2024-11-03T13:10Z", "2024-11-03T13:00Z"),
    (NEW_YORK, NIGHT, 15, "2025-03-09T12:10Z", "2025-03-09T12:00Z"),
    # half an hour at a time
    ("Australia/Lord_Howe", NIGHT, 15, "2024-10-05T21:10Z", "2024-10-05T21:00Z"),
    ("Australia/Lord_Howe", NIGHT, 15, "2025-04-05T21:40Z", "2025-04-05T21:30Z"),
    # at midnight itself
    ("Africa/Cairo", NIGHT, 15, "2024-11-01T06:10Z", "2024-11-01T06:00Z"),
    ("America/Santiago", ("22:00", "00:30"), 15, "2024-09-08T04:10Z", "2024-09-08T04:00Z"),
    # an end that the night skips, and one that comes twice
    (BERLIN, ("22:00", "02:30"), 15, "2025-03-30T01:10Z", "2025-03-30T01:00Z"),
    (BERLIN, ("22:00", "02:30"), 15, "2024-10-27T00:40Z", "2024-10-27T00:30Z"),
    (BERLIN, ("22:00", "02:30"), 15, "2024-10-27T01:40Z", "2024-10-27T01:30Z"),
    #
    # 26 hours apart: the same instant is evening in the one, long past midnight in the other
    (WEST, NIGHT, 15, "2024-10-23T10:05Z", "2024-10-23T09:50Z"),
    (EAST, NIGHT, 15, "2024-10-23T10:05Z", QUIET),
    (WEST, NIGHT, 15, "2024-10-23T20:10Z", "2024-10-23T20:00Z"),
    (EAST, NIGHT, 15, "2024-10-23T18:10Z", "2024-10-23T18:00Z"),
    (EAST, NIGHT, 15, "2024-10-23T20:10Z", "2024-10-23T19:55Z"),
]


def event_at(start: str, **more: Any) -> Event:
    values: dict[str, Any] = dict.fromkeys(Event.__struct_fields__)
    at = from_text("2024-01-01T00:00:00Z")
    known = {"id": "e", "user_id": "ada", "title": "Standup", "status": "confirmed"}
    return Event(
        **values
        | known
        | {"all_day": False, "declined": False, "created_at": at, "updated_at": at}
        | {"start_at": from_text(start.replace("Z", ":00Z"))}
        | more
    )


def expect(start: str, now: str, **more: Any) -> str:
    found = decide_reminder(
        event_at(start, **more.pop("event", {})),
        lead=timedelta(minutes=more.pop("lead", 15)),
        quiet=QuietHours.of(*more.pop("quiet", NIGHT)),
        zone=ZoneInfo(more.pop("zone", BERLIN)),
        now=from_text(now.replace("Z", ":00Z")),
    )
    return found.reason if isinstance(found, Skip) else to_text(found.at).replace(":00.000Z", "Z")


@pytest.mark.parametrize(("zone", "quiet", "lead", "start", "expected"), TABLE)
def test_planned_long_before(
    zone: str, quiet: tuple[Any, Any], lead: int, start: str, expected: str
) -> None:
    found = expect(start, "2024-01-01T00:00Z", zone=zone, quiet=quiet, lead=lead)
    assert found == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2024-10-23T09:44Z", "2024-10-23T09:45Z"),
        ("2024-10-23T09:50Z", "2024-10-23T09:50Z"),
        ("2024-10-23T09:59Z", "2024-10-23T09:59Z"),
        ("2024-10-23T10:00Z", "event_started"),
    ],
)
def test_planned_late(now: str, expected: str) -> None:
    assert expect("2024-10-23T10:00Z", now) == expected


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"all_day": True}, "all_day"),
        ({"status": "tentative"}, "event_tentative"),
        ({"status": "cancelled"}, "event_cancelled"),
        ({"declined": True}, "declined"),
    ],
)
def test_events_that_want_no_reminder(event: dict[str, Any], reason: str) -> None:
    assert expect("2024-10-23T10:00Z", "2024-10-23T08:00Z", event=event) == reason


async def wants(box: BoxWorld, user_id: str, zone: str, number: str, start: str) -> None:
    await box.person(user_id, zone=zone)
    await box.sync(
        smsPreferences=[
            {
                "userId": user_id,
                "phoneNumber": number,
                "phoneVerified": True,
                "eventRemindersEnabled": True,
                "quietHoursStart": "22:00",
                "quietHoursEnd": "08:00",
            }
        ],
        events=[{"id": user_id, "userId": user_id, "title": f"{user_id} rises", "startAt": start}],
    )


async def test_zones_26_hours_apart_each_get_their_own_day(
    tmp_path: Path, twilio: TwilioDouble
) -> None:
    """09:00 on the 25th in the east is two hours before 09:00 on the 24th in the west."""
    async with sms_box(tmp_path, twilio, at="2024-10-24T09:30:00Z") as box:
        await wants(box, "east", EAST, "+14155552671", "2024-10-24T19:00:00Z")
        await wants(box, "west", WEST, "+14155552672", "2024-10-24T21:00:00Z")
        await box.work()
        planned = "SELECT user_id FROM scheduled_sms_messages ORDER BY seq"
        assert await box.db.all(planned) == []
        for at, users in (("10:01", ["east"]), ("11:59", ["east"]), ("12:01", ["east", "west"])):
            await box.run_until(f"2024-10-24T{at}:00Z", step=timedelta(minutes=15))
            assert [row["user_id"] for row in await box.db.all(planned)] == users
        # Each step from 12:01 on is a minute after the quarter; the text says what is so then.
        await box.run_until("2024-10-24T21:00:00Z", step=timedelta(minutes=15))
        assert [sent["Body"] for sent in twilio.sent] == [
            "BuildOS: east rises at 09:00, in 14 min",
            "BuildOS: west rises at 09:00, in 14 min",
        ]
