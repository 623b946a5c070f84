"""Null means left out, and a value of a wrong type is refused (docs/spec.md#api-null)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.world import BoxWorld, open_world

ADA = {"userId": "ada"}
EXTRA = "suppressNotificationIfPastPreferredTime"


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[BoxWorld]:
    async with open_world(tmp_path) as world:
        yield world


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/queue/brief", {"forceImmediate": None, "forceRegenerate": None, "timezone": None}),
        ("/queue/brief", {"options": None, "briefDate": None, "scheduledFor": None}),
        ("/queue/brief", {"options": {EXTRA: None, "includeProjects": None}}),
        ("/queue/brief", {"briefDate": "", "scheduledFor": "", "timezone": ""}),
        ("/queue/brief", {"timezone": "EUROPE/berlin"}),
        ("/queue/phases", {"projectId": "ada-launch", "options": None}),
        ("/queue/onboarding", {"userContext": None, "options": {"forceRegenerate": None}}),
        ("/queue/notification", {"eventType": "payment.failed", "payload": None, "channel": None}),
        ("/queue/cleanup", {"dryRun": None, "staleThresholdHours": None}),
        ("/queue/sms", {"message": "Hello", "phoneNumber": "+14155552671", "scheduledFor": None}),
    ],
)
async def test_null_and_an_empty_date_mean_left_out(
    box: BoxWorld, path: str, body: dict[str, Any]
) -> None:
    await box.person()
    await box.project()
    await box.post(path, ADA | body)


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/queue/brief", {"userId": None}, "userId: Expected `str`, got `null`"),
        ("/queue/brief", {"forceRegenerate": "0"}, "forceRegenerate: Expected `bool`, got `str`"),
        ("/queue/brief", {"forceImmediate": 1}, "forceImmediate: Expected `bool`, got `int`"),
        ("/queue/brief", {"options": {EXTRA: "false"}}, f"options.{EXTRA}: Expected `bool`"),
        ("/queue/cleanup", {"dryRun": "false"}, "dryRun: Expected `bool`, got `str`"),
        ("/queue/cleanup", {"staleThresholdHours": "24"}, "staleThresholdHours: Expected `float`"),
        ("/queue/cleanup", {"dryRun": "true", "oldFailedJobsDays": None}, "dryRun: Expected"),
    ],
)
async def test_a_value_of_a_wrong_type_is_refused(
    box: BoxWorld, path: str, body: dict[str, Any], said: str
) -> None:
    await box.person()
    refused = await box.call("POST", path, ADA | body)
    assert refused.status_code == 400
    assert said in refused.json()["error"]


async def test_a_zone_is_stored_as_iana_spells_it(box: BoxWorld) -> None:
    await box.person(zone="europe/BERLIN")
    assert (await box.get("/users/ada"))["timezone"] == "Europe/Berlin"
    changed = await box.call("PATCH", "/users/ada", {"timezone": "america/new_york"})
    assert changed.json()["timezone"] == "America/New_York"
    job = (await box.post("/queue/brief", {**ADA, "timezone": "asia/tokyo"}))["jobId"]
    assert (await box.get(f"/jobs/{job}"))["metadata"]["timezone"] == "Asia/Tokyo"


async def test_onboarding_without_context_reads_what_is_known(box: BoxWorld) -> None:
    await box.person()
    refused = await box.call("POST", "/queue/onboarding", ADA)
    assert refused.status_code == 422
    assert "userContext: is required" in refused.text
    await box.project(name="Launch", tasks=2)
    job = (await box.post("/queue/onboarding", ADA))["jobId"]
    context = (await box.get(f"/jobs/{job}"))["metadata"]["userContext"]
    expected = {"name": "Ada", "goals": ["Task 1", "Task 0"], "input_projects": "Launch"}
    assert context == expected
    assert (await box.get("/users/ada"))["onboardingAnalyzedAt"] is None
    await box.work()
    assert (await box.get("/users/ada"))["onboardingAnalyzedAt"] == "2024-10-23T08:00:00.000Z"


async def test_a_cleanup_deletes_no_more_than_it_may(box: BoxWorld) -> None:
    await box.person()
    for number in range(3):
        body = {"userId": "ada", "eventType": "payment.failed", "channel": "in_app"}
        await box.post("/queue/notification", body | {"payload": {"message": str(number)}})
    await box.work()
    box.clock.set("2024-12-23T08:00:00Z")
    limits = {"completedJobsRetentionDays": 40, "maxDeletionBatchSize": 2}
    for dry_run, deleted in ((True, 2), (False, 2), (False, 1), (False, 0)):
        report = await box.post("/queue/cleanup", {**limits, "dryRun": dry_run})
        assert report["completedDeleted"] == deleted
