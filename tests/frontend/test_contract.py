"""The calls of the BuildOS frontend, made by Node's fetch against a running server.

Each with its method, path, headers, body and the fields that it reads (docs/frontend.md#calls).
"""

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.faults.box_process import BoxProcess

NODE = shutil.which("node")
SCRIPT = Path(__file__).parent / "calls.mjs"
TOKEN = "service-token-of-the-frontend-0123456789"
CONFIG = f'[auth]\nservice_token = "{TOKEN}"\n'
NUMBER = "+14155552671"
pytestmark = pytest.mark.skipif(NODE is None, reason="there is no node, the frontend's runtime")


@dataclass(frozen=True)
class Call:
    """One call; `reads` are the fields that the frontend takes from the answer."""

    method: str
    path: str
    body: Any = None
    reads: tuple[str, ...] = ()
    status: int = 200
    keep: dict[str, str] = field(default_factory=dict)


BRIEF = ("success", "jobId", "correlationId", "scheduledFor", "briefDate")
SMS = (
    "id", "scheduled_for", "message_content", "event_title", "event_start", "event_end",
    "calendar_event_id", "generated_via", "status", "cancellation_reason", "timezone",
)  # fmt: skip
ADA = {"userId": "ada"}
CALLS = (
    Call("GET", "/health", reads=("status", "timestamp", "service", "queue", "stats")),
    # A brief: when the app is opened, written anew by a click, for later
    Call(
        "POST",
        "/queue/brief",
        {
            **ADA,
            "briefDate": None,
            "scheduledFor": "",
            "timezone": "america/new_york",
            "forceImmediate": True,
            "forceRegenerate": None,
            "options": {"suppressNotificationIfPastPreferredTime": True, "includeProjects": None},
        },
        (*BRIEF, "notificationScheduledFor"),
        keep={"brief": "jobId"},
    ),
    Call("POST", "/queue/brief", {**ADA, "forceRegenerate": True}, BRIEF),
    Call("POST", "/queue/brief", {**ADA, "scheduledFor": "2099-01-01T00:00:00Z"}, status=422),
    Call("POST", "/queue/brief", {"userId": "nobody"}, ("error",), 404),
    Call("GET", "/jobs/{brief}", reads=("id", "queue_job_id", "status", "metadata", "progress")),
    Call("GET", "/users/ada/jobs?type=generate_daily_brief&limit=100000", reads=("jobs",)),
    Call("GET", "/users/ada/jobs?status=retrying", reads=("jobs",)),
    # Onboarding and phases
    Call("POST", "/queue/onboarding", ADA, ("success", "jobId")),
    Call("POST", "/queue/phases", {**ADA, "projectId": "p1", "options": {}}, ("success", "jobId")),
    # SMS
    Call(
        "POST",
        "/queue/sms",
        {**ADA, "message": "Hello", "phoneNumber": NUMBER, "scheduledFor": "2099-01-01T00:00:00Z"},
        ("success", "jobId", "smsId"),
        keep={"sms": "smsId"},
    ),
    Call("GET", "/sms/scheduled/user/ada?status=scheduled", reads=("success", "count", "data")),
    Call(
        "PATCH",
        "/sms/scheduled/{sms}/update",
        {"scheduled_for": "2099-01-02T00:00:00Z", "message_content": "Later"},
        SMS,
    ),
    Call("PATCH", "/sms/scheduled/{sms}/update", {}, ("error",), 422),
    Call("POST", "/sms/scheduled/{sms}/cancel", {"reason": "event_deleted"}, SMS),
    Call("POST", "/sms/scheduled/{sms}/cancel", {"reason": "event_deleted"}, SMS),
    Call("DELETE", "/sms/scheduled/{sms}", reads=SMS),
    # Notifications, as stored there
    Call(
        "POST",
        "/queue/notification",
        {
            **ADA,
            "channel": "in-app",
            "eventType": "task_completed",
            "payload": {"task_id": "t1", "task_name": "Plan", "project_id": "p1"},
        },
        ("success", "jobId", "correlationId"),
    ),
    Call(
        "POST",
        "/queue/notification",
        {"userId": "nobody", "eventType": "payment.failed"},
        ("error",),
        404,
    ),
    # Steering
    Call("GET", "/queue/stats", reads=("stats",)),
    Call("GET", "/queue/stale-stats?thresholdHours=24", reads=("staleCount", "staleJobs")),
    Call(
        "POST",
        "/queue/cleanup",
        {
            "staleThresholdHours": 24,
            "completedJobsRetentionDays": 30,
            "maxDeletionBatchSize": 100,
            "dryRun": True,
        },
        ("success", "staleCancelled", "oldFailedCancelled", "errors", "message"),
    ),
    Call("POST", "/queue/cleanup", {"dryRun": "false"}, ("error",), 400),
    Call("POST", "/queue/cleanup", {"staleThresholdHours": "24"}, ("error",), 400),
    Call("POST", "/queue/brief", {**ADA, "forceRegenerate": "0"}, ("error",), 400),
    Call("GET", "/users/ada", reads=("id", "onboardingAnalyzedAt")),
    *(
        Call("GET", f"/users/nobody/{what}", reads=("error",), status=404)
        for what in ("jobs", "briefs", "emails", "notifications", "preferences", "onboarding")
    ),
)


def made(box: BoxProcess) -> list[Any]:
    """What Node's fetch was answered."""
    assert NODE is not None
    calls = [
        {
            "method": call.method,
            "path": call.path,
            "keep": call.keep,
            **({} if call.body is None else {"body": call.body}),
        }
        for call in CALLS
    ]
    text = json.dumps({"base": str(box.http.base_url).rstrip("/"), "token": TOKEN, "calls": calls})
    done = subprocess.run(
        [NODE, str(SCRIPT)], input=text, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def test_every_call_of_the_frontend_is_answered_with_what_it_reads(tmp_path: Path) -> None:
    with BoxProcess(tmp_path, config=CONFIG) as box:
        box.http.post(
            "/sync",
            json={
                "users": [{"id": "ada", "email": "ada@example.org", "timezone": "UTC"}],
                "projects": [{"id": "p1", "userId": "ada", "name": "Launch"}],
                "tasks": [{"id": "t1", "projectId": "p1", "title": "Plan"}],
            },
        ).raise_for_status()
        answers = made(box)
    wrong = [
        (call.method, call.path, answer["status"], answer["json"])
        for call, answer in zip(CALLS, answers, strict=True)
        if answer["status"] != call.status or not set(call.reads) <= set(answer["json"] or ())
    ]
    assert wrong == []
    assert [a["correlation"] for a in answers] == [f"frontend-{n}" for n in range(len(CALLS))]
    by_path = {call.path: answer["json"] for call, answer in zip(CALLS, answers, strict=True)}
    assert by_path["/jobs/{brief}"]["correlation_id"] == "frontend-1"
    assert by_path["/sms/scheduled/user/ada?status=scheduled"]["data"][0]["message_content"] == (
        "Hello"
    )
    assert by_path["/sms/scheduled/{sms}/cancel"]["cancellation_reason"] == "event_deleted"
