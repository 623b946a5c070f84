"""What a request for a brief queues, and what it is answered (docs/spec.md#brief-on-demand)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from buildos_box.briefs.queueing import FURTHEST_AHEAD, Answer, BriefRequest, read_request
from buildos_box.clock import from_text, to_text
from buildos_box.errors import Unprocessable
from tests.briefs.test_cron import briefs, cron, prefer
from tests.world import BoxWorld, open_world

NOW = from_text("2024-10-23T08:00:00Z")
MOMENT = timedelta(milliseconds=1)
HOUR = timedelta(hours=1)


async def queue(box: BoxWorld, **more: Any) -> Any:
    return await box.post("/queue/brief", {"userId": "ada", **more})


async def metadata(box: BoxWorld) -> Any:
    return msgspec.json.decode((await box.jobs(types=["generate_daily_brief"]))[-1]["metadata"])


def asked(**more: Any) -> BriefRequest:
    return BriefRequest(user_id="ada", **more)


def test_a_brief_may_be_asked_for_a_year_ahead_and_no_further() -> None:
    furthest = NOW + FURTHEST_AHEAD
    wanted = read_request(asked(scheduled_for=to_text(furthest)), NOW)
    assert (wanted.due, wanted.immediate) == (furthest, False)
    with pytest.raises(Unprocessable) as refused:
        read_request(asked(scheduled_for=to_text(furthest + MOMENT)), NOW)
    assert [fault.field for fault in refused.value.details] == ["scheduledFor"]


@pytest.mark.parametrize(
    ("more", "due", "immediate"),
    [
        ({}, NOW, True),
        ({"scheduled_for": to_text(NOW)}, NOW, True),
        ({"scheduled_for": to_text(NOW - HOUR)}, NOW, True),
        ({"scheduled_for": to_text(NOW + MOMENT)}, NOW + MOMENT, False),
        ({"scheduled_for": to_text(NOW + HOUR), "force_immediate": True}, NOW, True),
    ],
)
def test_a_request_is_for_now_unless_it_is_for_later(
    more: dict[str, Any], due: Any, immediate: bool
) -> None:
    wanted = read_request(asked(**more), NOW)
    assert (wanted.due, wanted.immediate, wanted.day, wanted.zone) == (due, immediate, None, None)


def test_every_fault_of_a_request_is_named_at_once() -> None:
    wrong = asked(scheduled_for="soon", brief_date="today", timezone="Mars/Olympus")
    with pytest.raises(Unprocessable) as refused:
        read_request(wrong, NOW)
    fields = [fault.field for fault in refused.value.details]
    assert fields == ["scheduledFor", "briefDate", "timezone"]


async def test_a_request_for_now_is_urgent_and_one_for_later_is_not(box: BoxWorld) -> None:
    await box.person()
    answer = await queue(box)
    assert answer == {
        "success": True,
        "jobId": answer["jobId"],
        "scheduledFor": "2024-10-23T08:00:00.000Z",
        "briefDate": "2024-10-23",
        "correlationId": answer["correlationId"],
        "notificationScheduledFor": "2024-10-23T08:00:00.000Z",
    }
    (job,) = await box.jobs()
    assert (job["priority"], job["queue_job_id"]) == (1, answer["jobId"])
    assert job["correlation_id"] == answer["correlationId"]
    assert (await queue(box))["deduplicated"] is True
    later = await queue(box, scheduledFor="2024-10-24T09:00:00Z")
    assert later["briefDate"] == "2024-10-24"
    assert (await box.jobs())[-1]["priority"] == 10
    assert "deduplicated" not in later


async def test_a_day_asked_for_by_name_may_be_written_after_its_end(box: BoxWorld) -> None:
    await box.person(zone="Asia/Tokyo")
    await queue(box, briefDate="2024-10-20")
    assert (await box.jobs())[-1]["expires_at"] is None
    assert (await metadata(box))["briefDate"] == "2024-10-20"
    await queue(box)
    job = (await box.jobs())[-1]
    assert job["expires_at"] == "2024-10-23T15:00:00.000Z"
    assert (await metadata(box))["timezone"] == "Asia/Tokyo"


async def test_a_zone_that_is_asked_for_has_its_own_day(box: BoxWorld) -> None:
    await box.person(zone="UTC")
    box.clock.set("2024-10-23T20:00:00Z")
    answer = await queue(box, timezone="Asia/Tokyo")
    assert answer["briefDate"] == "2024-10-24"
    assert (await metadata(box))["timezone"] == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("preferred", "quiet", "regenerate", "mail_at"),
    [
        ("09:00", False, False, "2024-10-23T09:00:00.000Z"),
        ("09:00", True, False, "2024-10-23T09:00:00.000Z"),
        ("07:00", False, False, "2024-10-23T08:00:00.000Z"),
        ("08:00", True, False, None),
        ("07:00", True, False, None),
        ("09:00", True, True, "2024-10-23T08:00:00.000Z"),
        (None, False, False, "2024-10-23T08:00:00.000Z"),
        (None, True, False, None),
    ],
)
async def test_the_mail_of_a_brief_that_is_opened_waits_for_its_readers_time(
    box: BoxWorld, preferred: str | None, quiet: bool, regenerate: bool, mail_at: str | None
) -> None:
    await box.person(at=preferred)
    answer = await queue(
        box,
        forceImmediate=True,
        forceRegenerate=regenerate,
        options={"suppressNotificationIfPastPreferredTime": quiet},
    )
    assert answer["notificationScheduledFor"] == mail_at
    await box.work()
    (brief,) = (await box.get("/users/ada/briefs"))["briefs"]
    assert brief["briefDate"] == "2024-10-23"
    assert len(box.outbox) == (1 if mail_at == "2024-10-23T08:00:00.000Z" else 0)


async def test_a_brief_that_is_opened_while_briefs_are_off_is_not_mailed(box: BoxWorld) -> None:
    await box.person(at="09:00")
    await prefer(box, isActive=False)
    answer = await queue(box, forceImmediate=True)
    assert answer["notificationScheduledFor"] is None
    assert (await queue(box, forceRegenerate=True))["notificationScheduledFor"] is not None


def test_a_request_that_says_no_more_asks_for_no_more() -> None:
    """These defaults are in the API's description."""
    assert msgspec.to_builtins(BriefRequest(user_id="ada")) == {
        "userId": "ada",
        "scheduledFor": None,
        "briefDate": None,
        "timezone": None,
        "forceImmediate": False,
        "forceRegenerate": False,
        "options": {
            "includeProjects": None,
            "excludeProjects": None,
            "suppressNotificationIfPastPreferredTime": False,
        },
    }


def test_an_answer_that_an_earlier_version_has_stored_can_be_read() -> None:
    stored = {"job_id": "job-1", "scheduled_for": to_text(NOW), "day": "2024-10-23"}
    answer = msgspec.convert(stored, Answer)
    assert answer == Answer("job-1", NOW, NOW.date())
    assert (answer.notify_at, answer.correlation_id) == (None, "")
    assert (answer.deduplicated, answer.already_completed) == (False, False)
    later = msgspec.convert(stored | {"notification_at": to_text(NOW + HOUR)}, Answer)
    assert later.notify_at == NOW + HOUR
    assert msgspec.to_builtins(later)["notification_at"].startswith("2024-10-23T09:00:00")


async def test_after_a_month_a_brief_missed_by_just_the_lookback_is_still_made(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path, at="2024-10-23T06:00:00Z") as box:
        await box.person(at="09:00")
    async with open_world(tmp_path, at="2024-11-23T10:00:00Z") as box:
        assert await cron(box) == {"due": 2, "queued": 1, "skipped": 1}
        assert (await briefs(box))["ada"][0] == "2024-11-23"
