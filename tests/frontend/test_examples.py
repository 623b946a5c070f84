"""The original's documented answers, type by type, and value by value where a test can cause them.

`EXAMPLES` holds what it documented for each call; an answer may have more fields, but each of
these with the same type. Instants differ in their milliseconds, ids in their form.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from buildos_box.clock import from_text
from tests.world import BoxWorld, open_world

NUMBER = "+14155552671"
START = "2024-10-21T10:00:00Z"
NOW = "2024-10-23T10:00:00Z"
COUNT = {"job_type": "generate_daily_brief", "status": "pending", "count": 5}
EXAMPLES: dict[str, Any] = {
    "brief queued": {
        "success": True,
        "jobId": "job-abc123",
        "scheduledFor": "2024-10-23T09:00:00Z",
        "briefDate": "2024-10-23",
    },
    "job": {
        "id": "job-abc123",
        "user_id": "user-123",
        "job_type": "generate_daily_brief",
        "status": "processing",
        "priority": 10,
        "attempts": 1,
        "scheduled_for": "2024-10-23T09:00:00Z",
        "started_at": "2024-10-23T09:02:15Z",
        "completed_at": None,
        "metadata": {
            "userId": "user-123",
            "briefDate": "2024-10-23",
            "timezone": "America/New_York",
            "options": {"isReengagement": False, "daysSinceLastLogin": 0},
            "notificationScheduledFor": "2024-10-23T09:00:00Z",
        },
        "result": None,
        "error": None,
        "progress": {"current": 75, "total": 100, "message": "Generating"},
    },
    "queued": {"success": True, "jobId": "job-def789"},
    "health": {
        "status": "healthy",
        "timestamp": "2024-10-23T10:30:45Z",
        "service": "daily-brief-worker",
        "queue": "supabase",
        "stats": [COUNT],
    },
    "stats": {"stats": [COUNT]},
    "stale": {
        "thresholdHours": 24,
        "staleCount": 3,
        "staleJobs": [
            {
                "id": "job-old1",
                "job_type": "generate_daily_brief",
                "status": "processing",
                "created_at": "2024-10-21T10:00:00Z",
                "age_hours": 48,
            }
        ],
        "oldFailedCount": 5,
        "message": "Found 3 stale job(s) that can be cleaned up",
    },
    "cleanup": {
        "success": True,
        "staleCancelled": 3,
        "oldFailedCancelled": 5,
        "errors": [],
        "message": "Cleanup completed - cancelled 3 stale job(s) and archived 5 old failed job(s)",
    },
    "sms schedule": {
        "schedule": [
            {
                "userId": "user-123",
                "phone_number": NUMBER,
                "enabled": True,
                "lead_time_minutes": 15,
                "quiet_hours_start": "22:00",
                "quiet_hours_end": "08:00",
            }
        ]
    },
    "sms schedule updated": {"success": True, "updated": True},
}


def kind(value: Any) -> str:
    """The type as JSON and JavaScript have it."""
    names = {bool: "boolean", int: "number", float: "number", str: "string", type(None): "null"}
    return names.get(type(value), type(value).__name__)


def unlike(example: Any, answer: Any, path: str = "") -> list[str]:
    """Where the answer lacks a field of the example, or has another type there.

    What the example has as null may have a value, since nothing tells its type.
    """
    if example is None:
        return []
    if kind(example) != kind(answer):
        return [f"{path or 'answer'} is {kind(answer)}, not {kind(example)}"]
    if isinstance(example, dict):
        missing = [f"{path}.{name} is missing" for name in example if name not in answer]
        both = [name for name in example if name in answer]
        return missing + [
            found
            for name in both
            for found in unlike(example[name], answer[name], f"{path}.{name}")
        ]
    if isinstance(example, list) and example:
        return [
            found
            for index, one in enumerate(answer)
            for found in unlike(example[0], one, f"{path}[{index}]")
        ]
    return []


def test_a_difference_of_types_is_found() -> None:
    assert unlike({"a": [{"b": 1}], "c": None}, {"a": [{"b": 1.5}], "c": "x", "d": 1}) == []
    assert unlike({"a": [{"b": 1}]}, {"a": [{"b": "1"}]}) == [".a[0].b is string, not number"]
    assert unlike({"a": True}, {"a": 1}) == [".a is number, not boolean"]
    assert unlike({"a": {"b": 1}}, {"a": {}}) == [".a.b is missing"]


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[BoxWorld]:
    async with open_world(tmp_path, at=START) as world:
        for user in ("ada", "bob", "eve"):
            await world.person(user)
        yield world


async def failed_messages(box: BoxWorld) -> None:
    for user in ("ada", "bob"):
        body = {"userId": user, "message": "Hello", "phoneNumber": NUMBER}
        await box.post("/queue/sms", body)
    await box.work()


async def waiting_briefs(box: BoxWorld) -> list[str]:
    await box.post("/queue/pause", {})
    queued = [await box.post("/queue/brief", {"userId": who}) for who in ("ada", "bob", "eve")]
    return [one["jobId"] for one in queued]


async def test_health_and_the_counts_of_the_queue(box: BoxWorld) -> None:
    await failed_messages(box)
    await waiting_briefs(box)
    stats = await box.get("/queue/stats")
    assert stats == {
        "stats": [
            {"job_type": "generate_daily_brief", "status": "pending", "count": 3, "scheduled": 0},
            {"job_type": "send_notification", "status": "completed", "count": 2, "scheduled": 0},
            {"job_type": "send_sms", "status": "failed", "count": 2, "scheduled": 0},
        ]
    }
    assert unlike(EXAMPLES["stats"], stats) == []
    health = await box.get("/health")
    assert health == {
        "status": "healthy",
        "timestamp": "2024-10-21T10:00:00.000Z",
        "service": "daily-brief-worker",
        "queue": "sqlite",
        "stats": stats["stats"],
        # More than the reference has, and only for operators.
        "backup": {"lastBackup": None, "lastDrill": None},
    }
    del health["backup"]
    assert unlike(EXAMPLES["health"], health) == []


async def test_stale_jobs_and_their_cleanup(box: BoxWorld) -> None:
    box.clock.set(from_text(START) - timedelta(days=8))
    await failed_messages(box)
    box.clock.set(from_text(START))
    ids = await waiting_briefs(box)
    box.clock.set(from_text(NOW))
    stale = await box.get("/queue/stale-stats?thresholdHours=24")
    assert stale == {
        "thresholdHours": 24,
        "staleCount": 3,
        "staleJobs": [
            {
                "id": job_id,
                "job_type": "generate_daily_brief",
                "status": "pending",
                "created_at": "2024-10-21T10:00:00.000Z",
                "age_hours": 48,
            }
            for job_id in ids
        ],
        "oldFailedCount": 2,
        "message": "Found 3 stale jobs that can be cleaned up",
    }
    assert unlike(EXAMPLES["stale"], stale) == []
    asked = {"staleThresholdHours": 24, "oldFailedJobsDays": 7, "dryRun": False}
    done = await box.post("/queue/cleanup", asked)
    assert unlike(EXAMPLES["cleanup"], done) == []
    assert {name: done[name] for name in EXAMPLES["cleanup"]} == {
        "success": True,
        "staleCancelled": 3,
        "oldFailedCancelled": 2,
        "errors": [],
        "message": "Cleanup completed - cancelled 3 stale jobs and archived 2 old failed jobs",
    }


async def test_what_is_queued_and_its_job(box: BoxWorld) -> None:
    project = await box.project("ada", tasks=2)
    at = {"scheduledFor": "2024-10-21T11:00:00Z"}
    brief = await box.post("/queue/brief", {"userId": "ada", **at})
    assert unlike(EXAMPLES["brief queued"], brief) == []
    for path, body in (
        ("/queue/phases", {"userId": "ada", "projectId": project, "options": {}}),
        (
            "/queue/onboarding",
            {"userId": "ada", "userContext": {"name": "John", "goals": ["Ship"]}},
        ),
    ):
        queued = await box.post(path, body)
        assert unlike(EXAMPLES["queued"], queued) == []
        assert queued["success"] is True
    await box.run_until("2024-10-21T11:00:00Z")
    job = await box.get(f"/jobs/{brief['jobId']}")
    assert unlike(EXAMPLES["job"], job) == []
    listed = await box.get("/users/ada/jobs?type=generate_daily_brief&status=completed&limit=10")
    assert listed["jobs"] == [job]


async def test_the_schedule_of_reminders(box: BoxWorld) -> None:
    settings = {
        "userId": "ada",
        "enabled": True,
        "lead_time_minutes": 30,
        "phone_number": NUMBER,
        "quiet_hours_start": "22:00",
        "quiet_hours_end": "08:00",
    }
    updated = await box.post("/sms/scheduled", settings)
    assert {name: updated[name] for name in EXAMPLES["sms schedule updated"]} == {
        "success": True,
        "updated": True,
    }
    schedule = await box.get("/sms/scheduled")
    assert unlike(EXAMPLES["sms schedule"], schedule) == []
    (row,) = schedule["schedule"]
    assert {name: row[name] for name in settings} == settings
