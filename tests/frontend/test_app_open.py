"""A brief that is requested when the app is opened (docs/spec.md#brief-on-opening)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.world import BoxWorld, open_world

BEFORE, PAST = "09:30", "07:00"
"""The user's brief time; it is 08:00."""
OPENED = {"userId": "ada", "forceImmediate": True}
QUIET = {"options": {"suppressNotificationIfPastPreferredTime": True}}


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[BoxWorld]:
    async with open_world(tmp_path) as world:
        yield world


@pytest.mark.parametrize("more", [{}, QUIET])
async def test_before_the_brief_time_the_mail_waits_for_it(
    box: BoxWorld, more: dict[str, Any]
) -> None:
    await box.person(at=BEFORE)
    queued = await box.post("/queue/brief", OPENED | more)
    assert queued["scheduledFor"] == "2024-10-23T08:00:00.000Z"
    assert queued["notificationScheduledFor"] == "2024-10-23T09:30:00.000Z"
    await box.work()
    assert (await box.get("/users/ada/briefs/2024-10-23"))["generationStatus"] == "completed"
    assert box.outbox == []
    await box.run_until("2024-10-23T09:31:00Z")
    assert len(box.outbox) == 1


@pytest.mark.parametrize(
    ("preferences", "more", "mails"),
    [
        ({"at": PAST}, {}, 1),
        ({"at": PAST}, QUIET, 0),
        ({"at": BEFORE, "isActive": False}, {}, 0),
        ({"at": BEFORE, "isActive": False}, QUIET, 0),
        ({}, {}, 1),
        ({}, QUIET, 0),
        ({"at": BEFORE}, {"forceRegenerate": True}, 1),
        ({"at": PAST}, {"forceRegenerate": True, **QUIET}, 1),
    ],
)
async def test_otherwise_it_is_mailed_at_once_or_not_at_all(
    box: BoxWorld, preferences: dict[str, Any], more: dict[str, Any], mails: int
) -> None:
    await box.person(**preferences)
    queued = await box.post("/queue/brief", OPENED | more)
    assert queued["notificationScheduledFor"] == ("2024-10-23T08:00:00.000Z" if mails else None)
    await box.work()
    assert (await box.get("/users/ada/briefs/2024-10-23"))["generationStatus"] == "completed"
    assert len(box.outbox) == mails
    notified = (await box.get("/users/ada/notifications"))["items"]
    assert [one["eventType"] for one in notified] == ["brief.completed"] * mails
