"""Every refusal has the right status and one shape, and no effect (docs/spec.md#api-errors)."""

import base64
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin

import pytest

from buildos_box.jobs import transitions
from buildos_box.jobs.retry import Failure
from tests.world import BoxWorld

GOOD: dict[str, Any] = {"userId": "ada"}


async def nothing_queued(box: BoxWorld) -> bool:
    rows = await box.db.all("SELECT 1 FROM queue_jobs UNION ALL SELECT 1 FROM daily_briefs")
    return rows == []


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({}, 400, "malformed", "userId"),
        ({"userId": 7}, 400, "malformed", "userId"),
        ({"userId": "nobody"}, 404, "user_not_found", None),
        ({**GOOD, "briefDate": "2024-02-30"}, 422, "invalid", "briefDate"),
        ({**GOOD, "briefDate": "20240230"}, 422, "invalid", "briefDate"),
        ({**GOOD, "timezone": "Mars/Base"}, 422, "invalid", "timezone"),
        ({**GOOD, "scheduledFor": "tomorrow"}, 422, "invalid", "scheduledFor"),
        ({**GOOD, "scheduledFor": "2024-10-23T09:00:00"}, 422, "invalid", "scheduledFor"),
        ({**GOOD, "scheduledFor": "2026-10-23T09:00:00Z"}, 422, "invalid", "scheduledFor"),
        ({**GOOD, "forceImmediate": "yes"}, 400, "malformed", "forceImmediate"),
        (
            {**GOOD, "options": {"includeProjects": "all"}},
            400,
            "malformed",
            "options.includeProjects",
        ),
        ([], 400, "malformed", "body"),
    ],
)
async def test_a_bad_request_for_a_brief_is_refused_by_name(
    box: BoxWorld, body: Any, status: int, code: str, field: str | None
) -> None:
    await box.person()
    answer = await box.call("POST", "/queue/brief", body)
    said = answer.json()
    assert (answer.status_code, said["code"]) == (status, code)
    assert set(said) == {"error", "code", "details", "correlationId"}
    assert [detail["field"] for detail in said["details"]] == ([field] if field else [])
    assert answer.headers["x-correlation-id"] == said["correlationId"]
    assert await nothing_queued(box)


async def test_every_fault_of_a_request_is_named_at_once(box: BoxWorld) -> None:
    await box.person()
    body = {**GOOD, "briefDate": "2024-13-01", "timezone": "Mars/Base", "scheduledFor": "soon"}
    said = (await box.call("POST", "/queue/brief", body)).json()
    assert [d["field"] for d in said["details"]] == ["scheduledFor", "briefDate", "timezone"]


async def test_what_is_no_json_is_malformed(box: BoxWorld) -> None:
    answer = await box.call(
        "POST", "/queue/brief", content=b"{nope", headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


@pytest.mark.parametrize(
    "path", ["/queue/brief", "/tasks", "/sync", "/tokens", "/jobs/bulk", "/queue/notification"]
)
async def test_a_body_that_is_not_there_is_asked_for(box: BoxWorld, path: str) -> None:
    for headers in ({}, {"Content-Type": "application/json"}):
        refused = await box.call("POST", path, content=b"", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (400, "malformed")
        assert refused.json()["error"] == "the body must be a JSON object"


async def test_what_is_none_of_a_few_words_is_told_which_there_are(box: BoxWorld) -> None:
    refused = await box.call("POST", "/jobs/bulk", {"action": "cancle"})
    assert refused.json()["details"] == [
        {
            "field": "action",
            "message": "must be one of cancel, retry, promote; did you mean cancel?",
        }
    ]
    refused = await box.call("GET", "/queue/history?by=nobody")
    assert refused.json()["error"] == "by: must be one of all, type, lane, user"


async def test_what_is_not_declared_as_json_is_refused(box: BoxWorld) -> None:
    answer = await box.call(
        "POST", "/queue/brief", content=b"a=b", headers={"Content-Type": "text/plain"}
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_a_body_of_ten_megabytes_is_too_large(box: BoxWorld) -> None:
    body = {**GOOD, "padding": "x" * 10_000_000}
    answer = await box.call("POST", "/queue/brief", body)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert await nothing_queued(box)


async def test_sync_takes_bodies_of_more_than_a_megabyte(box: BoxWorld) -> None:
    await box.person()
    await box.project()
    notes = [
        {"id": f"n{n}", "projectId": "ada-launch", "content": "x" * 100_000} for n in range(30)
    ]
    assert (await box.sync(notes=notes))["changed"]["notes"]["created"] == 30


@pytest.mark.parametrize("depth", [1_000, 5_000, 30_000])
@pytest.mark.parametrize("path", ["/sync", "/queue/brief", "/queue/onboarding", "/app/session"])
async def test_a_body_that_is_nested_too_deeply_is_malformed(
    box: BoxWorld, path: str, depth: int
) -> None:
    headers = {"Content-Type": "application/json", "X-Box-Page": "1"}
    for content in ('{"more": ' + "[" * depth + "]" * depth + "}", "[" * depth):
        answer = await box.call("POST", path, headers=headers, content=content)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed"), answer.text


async def test_unknown_fields_are_ignored(box: BoxWorld) -> None:
    await box.person()
    assert (await box.post("/queue/brief", {**GOOD, "colour": "blue"}))["success"]


@pytest.mark.parametrize(
    "path", ["/nowhere", "/jobs/job-unknown", "/users/nobody/briefs/2024-01-01"]
)
async def test_what_is_not_there_is_404_in_the_same_shape(box: BoxWorld, path: str) -> None:
    answer = await box.call("GET", path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_wrong_method_is_405_in_the_same_shape(box: BoxWorld) -> None:
    answer = await box.call("PUT", "/queue/brief", {})
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("query", ["status=lost", "limit=many", "cursor=%21%21"])
async def test_impossible_queries_are_refused(box: BoxWorld, query: str) -> None:
    answer = await box.call("GET", f"/jobs?{query}")
    assert answer.status_code in (400, 422)
    assert answer.json()["details"]


async def test_a_correlation_id_goes_into_the_answer_the_job_and_all_it_causes(
    box: BoxWorld,
) -> None:
    await box.person()
    answer = await box.call(
        "POST", "/queue/brief", GOOD, headers={"X-Correlation-Id": "from-the-frontend"}
    )
    assert answer.headers["x-correlation-id"] == "from-the-frontend"
    await box.work()
    jobs = await box.jobs()
    assert {"generate_daily_brief", "generate_brief_email", "send_notification"} == {
        job["job_type"] for job in jobs
    }
    assert {job["correlation_id"] for job in jobs} == {"from-the-frontend"}
    mails = await box.db.all("SELECT correlation_id FROM emails")
    assert [mail["correlation_id"] for mail in mails] == ["from-the-frontend"]


async def test_an_unsafe_correlation_id_is_replaced(box: BoxWorld) -> None:
    answer = await box.call("GET", "/jobs", headers={"X-Correlation-Id": "a b\t<x>"})
    assert answer.headers["x-correlation-id"].startswith("corr-")


async def test_jobs_are_listed_newest_first_page_by_page(box: BoxWorld) -> None:
    for n in range(5):
        await box.person(f"user-{n}")
        await box.post("/queue/brief", {"userId": f"user-{n}"})
    seen: list[str] = []
    cursor = ""
    while True:
        page = await box.get(f"/jobs?limit=2{cursor}")
        seen += [job["user_id"] for job in page["jobs"]]
        if page["nextCursor"] is None:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert seen == [f"user-{n}" for n in (4, 3, 2, 1, 0)]


async def test_jobs_are_filtered_by_user_type_status_and_text(box: BoxWorld) -> None:
    await box.person()
    await box.person("bob")
    job = (await box.post("/queue/brief", GOOD))["jobId"]
    await box.post("/queue/brief", {"userId": "bob"})
    await box.work()
    url = "/users/ada/jobs?type=generate_daily_brief&status=completed,failed&limit=10"
    assert [j["id"] for j in (await box.get(url))["jobs"]] == [job]
    assert (await box.get("/jobs?type=&user=ada"))["jobs"] == []
    assert len((await box.get("/jobs?text=bob@example.org"))["jobs"]) == 1


async def test_a_job_is_cancelled_and_retried_over_http(box: BoxWorld) -> None:
    await box.person()
    job = (await box.post("/queue/brief", GOOD))["jobId"]
    assert (await box.post(f"/jobs/{job}/cancel"))["status"] == "cancelled"
    again = await box.call("POST", f"/jobs/{job}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "illegal_transition")
    assert (await box.post(f"/jobs/{job}/retry"))["status"] == "pending"
    await box.work()
    trail = (await box.get(f"/jobs/{job}/events"))["events"]
    assert [event["to_status"] for event in trail] == [
        "pending",
        "cancelled",
        "pending",
        "processing",
        "completed",
    ]
    assert len((await box.get(f"/jobs/{job}/attempts"))["attempts"]) == 1
    assert "completed at" in (await box.get(f"/jobs/{job}/why"))["why"]


async def test_the_queue_is_steered_over_http(box: BoxWorld) -> None:
    await box.person()
    assert await box.post("/queue/pause", {"lane": "llm"}) == {"success": True, "changed": True}
    job = (await box.post("/queue/brief", GOOD))["jobId"]
    await box.work()
    assert "lane llm is paused" in (await box.get(f"/jobs/{job}/why"))["why"]
    lanes = await box.get("/queue/lanes")
    assert [(x["name"], x["waiting"]) for x in lanes["lanes"] if x["paused"]] == [("llm", 1)]
    await box.post("/queue/resume", {"lane": "llm"})
    await box.work()
    stats = (await box.get("/queue/stats"))["stats"]
    brief = {"job_type": "generate_daily_brief", "status": "completed", "count": 1, "scheduled": 0}
    assert brief in stats
    wrong = await box.call("POST", "/queue/pause", {"lane": "fast"})
    assert (wrong.status_code, wrong.json()["details"][0]["field"]) == (422, "lane")


async def test_stale_jobs_are_told_and_cleaned_up_over_http(box: BoxWorld) -> None:
    await box.person()
    await box.post("/queue/brief", {**GOOD, "briefDate": "2024-10-23"})
    box.clock.set("2024-10-25T09:00:00Z")
    stats = await box.get("/queue/stale-stats?thresholdHours=24")
    assert (stats["staleCount"], stats["staleJobs"][0]["age_hours"]) == (1, 49)
    assert stats["message"] == "Found 1 stale job that can be cleaned up"
    dry = await box.post("/queue/cleanup", {"dryRun": True})
    assert (dry["staleCancelled"], dry["dryRun"]) == (1, True)
    wet = await box.post("/queue/cleanup", {})
    assert wet["message"] == (
        "Cleanup completed - cancelled 1 stale job and archived 0 old failed jobs"
    )


async def test_an_archived_job_is_still_readable(box: BoxWorld) -> None:
    await box.person()
    queued = await box.post("/queue/brief", GOOD)
    claimed = await box.claim()
    assert claimed is not None
    failure = Failure("permanent", "no_way", "it can't be done", False)
    await box.db.write(
        lambda tx: transitions.fail(
            tx, claimed.row_id, claimed.lease_token, failure, box.clock.now()
        )
    )
    box.clock.advance(timedelta(days=8))
    await box.post("/queue/cleanup", {})
    job = await box.get(f"/jobs/{queued['jobId']}")
    assert (job["status"], job["error"]) == ("failed", "it can't be done")
    attempts = (await box.get(f"/jobs/{queued['jobId']}/attempts"))["attempts"]
    assert [attempt["outcome"] for attempt in attempts] == ["failed"]
    events = (await box.get(f"/jobs/{queued['jobId']}/events"))["events"]
    assert [event["to_status"] for event in events] == ["pending", "processing", "failed"]
    assert "no_way" in (await box.get(f"/jobs/{queued['jobId']}/why"))["why"]


async def test_a_queue_alert_is_an_event_for_admins(box: BoxWorld) -> None:
    await box.person()
    await box.post("/queue/brief", GOOD)
    box.clock.advance(timedelta(minutes=11))
    await box.post("/schedule/queue_alerts/run")
    events = await box.db.all("SELECT * FROM realtime_events WHERE type = 'queue.alert'")
    assert [(event["user_id"], "has waited" in event["data"]) for event in events] == [(None, True)]


async def test_crons_are_shown_and_run_by_hand(box: BoxWorld) -> None:
    run = await box.post("/schedule/briefs/run")
    assert (run["cause"], run["status"]) == ("by_hand", "completed")
    crons = {cron["name"]: cron for cron in (await box.get("/schedule"))["crons"]}
    assert {"briefs", "cleanup", "queue_alerts"} <= crons.keys()
    assert crons["briefs"]["lastRun"]["summary"] == {"due": 0, "queued": 0, "skipped": 0}


async def test_health_tells_strangers_little_and_token_holders_more(box: BoxWorld) -> None:
    await box.person()
    await box.post("/queue/brief", GOOD)
    stranger = (await box.api.get("/health")).json()
    assert stranger["status"] == "healthy"
    assert (stranger["service"], stranger["queue"], stranger["stats"]) == (
        "daily-brief-worker",
        "sqlite",
        [],
    )
    known = await box.get("/health")
    brief = {"job_type": "generate_daily_brief", "status": "pending", "count": 1, "scheduled": 0}
    assert known["stats"] == [brief]


async def test_health_is_503_with_the_reason_when_a_job_waits_too_long(box: BoxWorld) -> None:
    await box.person()
    await box.post("/queue/brief", GOOD)
    box.clock.set("2024-10-23T09:00:00Z")
    answer = await box.call("GET", "/health")
    assert answer.status_code == 503
    assert any("has waited since" in reason for reason in answer.json()["reasons"])
    assert "reasons" not in (await box.api.get("/health")).json()


async def test_the_description_and_its_page_come_from_this_box_alone(box: BoxWorld) -> None:
    document = (await box.api.get("/docs/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert "/queue/brief" in document["paths"]
    page = await box.api.get("/docs")
    assert page.status_code == 200
    assert "connect-src 'self'" in page.headers["content-security-policy"]
    assert "http" not in page.text.replace("http-equiv", "")
    assert (await box.api.get("/docs/rapidoc-min.js")).status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/docs/"])
async def test_the_documentation_page_names_its_files_relative_to_itself(
    box: BoxWorld, path: str
) -> None:
    page = (await box.api.get(path)).text
    named = re.findall(r'(?:src|spec-url|href)="([^"]+)"', page)
    at = [urljoin(f"https://example.org/box{path}", name) for name in named]
    root = "https://example.org/box"
    assert at == [
        f"{root}/app/icon.svg",
        f"{root}/docs/rapidoc-min.js",
        f"{root}/docs/openapi.json",
        f"{root}/docs/openapi.json",
    ]


LONG_AGO_CURSOR = base64.urlsafe_b64encode(b"r" + b"9" * 30).decode()


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=yesterday", "since"),
        ("until=2024-10-23", "until"),
        (f"cursor={LONG_AGO_CURSOR}", "cursor"),
    ],
)
async def test_a_list_of_jobs_by_nonsense_is_refused(box: BoxWorld, query: str, field: str) -> None:
    answer = await box.call("GET", f"/jobs?{query}")
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["details"]] == [field]


async def test_jobs_since_an_instant_that_names_its_offset(box: BoxWorld) -> None:
    await box.person()
    await box.post("/queue/brief", {"userId": "ada"})  # at 08:00Z
    shown = await box.call("GET", "/jobs", params={"since": "2024-10-23T09:30:00+02:00"})
    assert len(shown.json()["jobs"]) == 1


async def test_a_user_without_a_name_has_no_jobs(box: BoxWorld) -> None:
    await box.person()
    await box.post("/queue/brief", {"userId": "ada"})
    assert (await box.call("GET", "/jobs", params={"user": ""})).json()["jobs"] == []


async def test_many_jobs_of_before_no_time_are_left_alone(box: BoxWorld) -> None:
    await box.person()
    await box.post("/queue/brief", {"userId": "ada"})
    asked = {"action": "cancel", "filter": {"createdBefore": "yesterday"}}
    answer = await box.call("POST", "/jobs/bulk", asked)
    assert answer.status_code == 422
    assert [job["status"] for job in await box.jobs()] == ["pending"]


async def test_a_paused_lane_hides_no_stuck_job_of_another(box: BoxWorld) -> None:
    await box.person()
    await box.post("/queue/brief", {"userId": "ada"})
    await box.post("/queue/pause", {"lane": "sms"})
    box.clock.advance(timedelta(hours=1))
    assert "a job that could run" in (await box.call("GET", "/health")).text
    await box.post("/queue/pause", {"lane": "default"})
    await box.post("/queue/pause", {"lane": "llm"})
    await box.post("/queue/pause", {"lane": "email"})
    assert "a job that could run" not in (await box.call("GET", "/health")).text
