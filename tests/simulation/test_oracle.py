"""The judge, told stories by hand: what it excuses, and that it excuses no more."""

from typing import Any

import pytest

from tests.simulation.oracle import judge
from tests.simulation.story_index import gather

EVENT = {
    "id": "u01e1",
    "userId": "u01",
    "title": "Visit u01e1x owner-u01",
    "startAt": "2026-07-25T20:15:00Z",
    "endAt": "2026-07-25T21:00:00Z",
    "status": "confirmed",
    "declined": False,
}


def fact(at: str, what: str, **more: Any) -> dict[str, Any]:
    return {"at": at, "box": at, "what": what, **more}


def done(number: int, at: str, do: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Something that u01 asked for, and that was answered at once."""
    told = {"n": number, "who": "u01", "do": do, "body": body}
    return [fact(at, "asked", **told), fact(at, "acked", answer={}, **told)]


def reminded_a_day_before(quiet: tuple[str | None, str | None], away_until: str, sms: str) -> Any:
    """What is said of a box that was away when a reminder was due, at 20:15."""
    wishes = {
        "enabled": True,
        "lead_time_minutes": 1440,
        "daily_limit": 9,
        "phone_number": "+12125550001",
        "quiet_hours_start": quiet[0],
        "quiet_hours_end": quiet[1],
    }
    text = {"to": "+12125550001", "sid": "SM1", "body": "Visit u01e1x owner-u01 at 20:15"}
    story = [
        fact("2026-07-20T00:00:00Z", "up"),
        *done(1, "2026-07-20T08:00:00Z", "sms_preferences", wishes),
        *done(2, "2026-07-23T19:00:00Z", "sync", {"events": [EVENT]}),
        fact("2026-07-24T20:00:00Z", "down"),
        fact(away_until, "up"),
        fact(sms, "sms", **text),
        fact("2026-07-26T00:00:00Z", "end"),
    ]
    return [str(one) for one in judge(gather(sorted(story, key=lambda one: one["at"])))]


@pytest.mark.parametrize(
    ("quiet", "sms", "broken"),
    [
        ((None, None), "2026-07-24T23:46:00Z", 0),
        ((None, None), "2026-07-25T07:30:00Z", 1),
        (("22:00", "07:30"), "2026-07-25T07:30:00Z", 0),
        (("22:00", "07:30"), "2026-07-24T23:46:00Z", 1),
    ],
    ids=["when it is back", "long after that", "after quiet hours", "in quiet hours"],
)
def test_a_reminder_that_was_due_while_the_box_was_away(
    quiet: tuple[str | None, str | None], sms: str, broken: int
) -> None:
    said = reminded_a_day_before(quiet, "2026-07-24T23:44:00Z", sms)
    assert len(said) == broken, said
