"""Objects as the original documented them, field by field (docs/spec.md#job-metadata)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.world import BoxWorld, open_world

NUMBER = "+14155552671"


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[BoxWorld]:
    async with open_world(tmp_path) as world:
        yield world


async def newest(box: BoxWorld, job_type: str, **more: Any) -> Any:
    return (await box.get(f"/users/ada/jobs?type={job_type}&limit=1", **more))["jobs"][0]


async def test_a_job(box: BoxWorld) -> None:
    await box.person()
    queued = await box.post(
        "/queue/brief", {"userId": "ada", "scheduledFor": "2024-10-23T09:00:00Z"}
    )
    assert queued == {
        "success": True,
        "jobId": queued["jobId"],
        "correlationId": queued["correlationId"],
        "scheduledFor": "2024-10-23T09:00:00.000Z",
        "briefDate": "2024-10-23",
        "notificationScheduledFor": "2024-10-23T09:00:00.000Z",
    }
    job = await box.get(f"/jobs/{queued['jobId']}")
    expected = {
        "id": queued["jobId"],
        "queue_job_id": queued["jobId"],
        "user_id": "ada",
        "job_type": "generate_daily_brief",
        "status": "pending",
        "priority": 10,
        "attempts": 0,
        "scheduled_for": "2024-10-23T09:00:00.000Z",
        "started_at": None,
        "completed_at": None,
        "processed_at": None,
        "result": None,
        "error": None,
        "error_message": None,
        "correlation_id": queued["correlationId"],
        "metadata": {
            "userId": "ada",
            "briefDate": "2024-10-23",
            "timezone": "UTC",
            "options": {"isReengagement": False, "daysSinceLastLogin": 0},
            "notificationScheduledFor": "2024-10-23T09:00:00.000Z",
        },
    }
    assert {name: job[name] for name in expected} == expected
    again = await box.post(
        "/queue/brief", {"userId": "ada", "scheduledFor": "2024-10-23T09:00:00Z"}
    )
    assert (again["deduplicated"], again["correlationId"]) == (True, queued["correlationId"])


async def test_a_job_that_failed(box: BoxWorld) -> None:
    await box.person()
    body = {"userId": "ada", "message": "Hello", "phoneNumber": NUMBER}
    job_id = (await box.post("/queue/sms", body))["jobId"]
    await box.work()
    job = await box.get(f"/jobs/{job_id}")
    assert (job["status"], job["error_message"]) == ("failed", "SMS not configured")
    assert job["processed_at"] == job["completed_at"] == "2024-10-23T08:00:00.000Z"


async def test_a_mail(box: BoxWorld) -> None:
    await box.person()
    await box.post("/queue/brief", {"userId": "ada"})
    await box.work()
    metadata = (await newest(box, "generate_brief_email"))["metadata"]
    assert metadata["userId"] == "ada"
    assert metadata["recipientEmail"] == "ada@example.org"
    assert {"emailId", "briefId"} <= metadata.keys()


async def test_an_sms_whose_number_a_viewer_sees_masked(box: BoxWorld) -> None:
    await box.person()
    wanted = {"userId": "ada", "phone_number": NUMBER, "phone_verified": True, "enabled": True}
    await box.post("/sms/scheduled", wanted)
    await box.work()
    at = "2024-10-23T10:00:00Z"
    await box.sync(events=[{"id": "e1", "userId": "ada", "title": "Team standup", "startAt": at}])
    expected = {
        "phone_number": NUMBER,
        "message": "BuildOS: Team standup at 10:00, in 15 min",
        "eventId": "e1",
        "eventName": "Team standup",
    }
    metadata = (await newest(box, "send_sms"))["metadata"]
    assert {name: metadata[name] for name in expected} == expected
    viewer = await box.token_for("viewer")
    seen = await newest(box, "send_sms", token=viewer)
    one = await box.get(f"/jobs/{seen['id']}", token=viewer)
    assert seen["metadata"] == one["metadata"] == metadata | {"phone_number": "+1415•••2671"}


async def test_the_number_of_a_test_sms_is_masked_too(box: BoxWorld) -> None:
    job_id = (await box.post("/queue/test-sms", {"to": NUMBER}))["jobId"]
    assert (await box.get(f"/jobs/{job_id}"))["metadata"]["to"] == NUMBER
    viewer = await box.token_for("viewer")
    assert (await box.get(f"/jobs/{job_id}", token=viewer))["metadata"]["to"] == "+1415•••2671"


async def test_a_notification_with_its_channel_as_it_was_sent(box: BoxWorld) -> None:
    await box.person()
    payload = {"taskId": "task-xyz", "taskTitle": "Launch", "projectId": "proj-123"}
    sent = {"userId": "ada", "channel": "in-app", "eventType": "task_completed", "payload": payload}
    queued = await box.post("/queue/notification", sent)
    metadata = (await box.get(f"/jobs/{queued['jobId']}"))["metadata"]
    expected = {
        "userId": "ada",
        "channel": "in-app",
        "payload": payload,
        "correlationId": queued["correlationId"],
    }
    assert {name: metadata[name] for name in expected} == expected
    assert metadata["eventType"] == "task.completed"


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("task_completed", {"task_id": "t1", "task_name": "Plan", "project_name": None}),
        ("brief_completed", {"brief_id": "b1", "brief_date": "2024-10-23"}),
        ("project_phase_scheduled", {"project_id": "p1", "project_name": "Launch", "count": None}),
        ("payment_failed", {}),
        ("payment.failed", {"invoice_id": "in_1"}),
    ],
)
async def test_payloads_are_taken_in_snake_case(
    box: BoxWorld, event: str, payload: dict[str, Any]
) -> None:
    await box.person()
    await box.post("/queue/notification", {"userId": "ada", "eventType": event, "payload": payload})


async def test_signups_and_ended_trials_go_to_admins(box: BoxWorld) -> None:
    await box.sync(users=[{"id": "root", "isAdmin": True}, {"id": "ada"}])
    for user in ("root", "ada"):
        payload = {"user_email": "grace@example.org"}
        body = {"userId": user, "eventType": "user.signup", "payload": payload, "channel": "in_app"}
        await box.post("/queue/notification", body)
    await box.work()
    (told,) = (await box.get("/users/root/notifications"))["items"]
    assert (told["title"], told["body"]) == ("A user has signed up", "grace@example.org")
    assert (await box.get("/users/ada/notifications"))["items"] == []
