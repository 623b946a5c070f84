"""Jobs as they are shown: what they were queued with, and what its rows hold by now."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from buildos_box.job_views import JobView, job_view, job_views
from buildos_box.jobs.job_details import facts_of
from tests.world import BoxWorld

NUMBER = "+14155552671"
MASKED = "+1415•••2671"


async def shown(box: BoxWorld, *, masked: bool = False) -> dict[str, JobView]:
    """Every job by its type."""
    views = await job_views(box.db, await box.jobs(), masked=masked)
    return {view.job_type: view for view in views}


@pytest.fixture
async def queued(box: BoxWorld) -> Sequence[str]:
    """A brief, an SMS, a notification and a test SMS."""
    await box.person("ada")
    later = {"userId": "ada", "scheduledFor": "2024-10-23T12:00:00Z"}
    await box.post("/queue/brief", {**later})
    await box.post("/queue/sms", {**later, "message": "Tea", "phoneNumber": NUMBER})
    note = {"eventType": "task.assigned", "payload": {"taskId": "t1", "taskName": "Pay rent"}}
    await box.post("/queue/notification", {**later, **note, "channel": "email"})
    await box.post("/queue/test-sms", {"to": NUMBER})
    return [job["queue_job_id"] for job in await box.jobs()]


async def test_a_view_has_the_facts_of_its_row_in_both_names(
    box: BoxWorld, queued: Sequence[str]
) -> None:
    job = (await shown(box))["send_test_sms"]
    assert job.id == job.queue_job_id == queued[-1]
    assert (job.status, job.attempts, job.progress, job.result) == ("pending", 0, None, None)
    await box.work()
    job = (await shown(box))["send_test_sms"]
    assert (job.status, job.error, job.error_message) == ("failed", *["SMS not configured"] * 2)
    assert job.completed_at == job.processed_at == "2024-10-23T08:00:00.000Z"


async def test_the_order_of_the_rows_is_kept(box: BoxWorld, queued: Sequence[str]) -> None:
    rows = list(reversed(await box.jobs()))
    assert [view.id for view in await job_views(box.db, rows)] == list(reversed(queued))


async def test_a_brief_always_has_its_options(box: BoxWorld, queued: Sequence[str]) -> None:
    metadata = (await shown(box))["generate_daily_brief"].metadata
    assert metadata["userId"] == "ada"
    assert metadata["options"]["isReengagement"] is False
    assert metadata["options"]["daysSinceLastLogin"] == 0


async def test_an_sms_has_its_number_and_words_as_they_are_now(
    box: BoxWorld, queued: Sequence[str]
) -> None:
    metadata = (await shown(box))["send_sms"].metadata
    assert {name: metadata[name] for name in ("phone_number", "message")} == {
        "phone_number": NUMBER,
        "message": "Tea",
    }
    assert (metadata["eventId"], metadata["eventName"]) == (None, None)
    assert (await shown(box, masked=True))["send_sms"].metadata["phone_number"] == MASKED
    await box.db.write(
        lambda tx: tx.execute("UPDATE scheduled_sms_messages SET message = 'Coffee'")
    )
    assert (await shown(box))["send_sms"].metadata["message"] == "Coffee"


async def test_a_notification_has_its_channel_and_payload(
    box: BoxWorld, queued: Sequence[str]
) -> None:
    view = (await shown(box))["send_notification"]
    assert view.metadata["channel"] == "email"
    assert view.metadata["payload"]["taskName"] == "Pay rent"
    assert view.metadata["correlationId"] == view.correlation_id


async def test_a_delivery_has_the_channel_that_was_chosen_if_none_was_asked_for(
    box: BoxWorld,
) -> None:
    await box.person("ada")
    note = {"eventType": "task.assigned", "payload": {"taskId": "t1", "taskName": "Pay rent"}}
    await box.post("/queue/notification", {"userId": "ada", **note})
    views = await job_views(box.db, await box.jobs(types=["send_notification"]))
    assert [view.metadata["channel"] for view in views] == ["in_app"]


async def test_how_far_a_job_is_is_read_too(box: BoxWorld, queued: Sequence[str]) -> None:
    await box.run_until("2024-10-23T12:01:00Z")
    job = (await shown(box))["generate_daily_brief"]
    assert (job.status, job.progress["current"]) == ("completed", 100)
    assert job.result["briefDate"] == "2024-10-23"


async def test_a_number_in_what_was_asked_for_is_masked_too(
    box: BoxWorld, queued: Sequence[str]
) -> None:
    assert (await shown(box))["send_test_sms"].metadata["to"] == NUMBER
    assert (await shown(box, masked=True))["send_test_sms"].metadata["to"] == MASKED
    row = (await box.jobs())[-1]
    assert (await job_view(box.db, row)).metadata["to"] == NUMBER
    assert (await job_view(box.db, row, masked=True)).metadata["to"] == MASKED


async def test_an_archived_job_is_shown_alike(box: BoxWorld, queued: Sequence[str]) -> None:
    await box.work()
    row = (await box.jobs())[-1]
    before = await job_view(box.db, row)
    archived: Any = {"job": msgspec.json.encode(dict(row)).decode()}
    assert await job_view(box.db, facts_of(archived)) == before
