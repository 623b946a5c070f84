"""A request that is repeated under its Idempotency-Key is done once, and answered the same."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.api.job_requests import BODY, job_requests
from tests.world import BoxWorld, open_world

ASKS: dict[str, dict[str, Any]] = dict.fromkeys(job_requests(), BODY) | {
    "/queue/brief": {"userId": "ada", "forceRegenerate": True},
    "/queue/sms": {"userId": "ada", "message": "Hello", "phoneNumber": "+12125550001"},
    "/queue/phases": {
        "userId": "ada",
        "projectId": "ada-launch",
        "options": {"forceRegenerate": True},
    },
    "/queue/onboarding": {
        "userId": "ada",
        "userContext": {"goal": "Ship"},
        "options": {"forceRegenerate": True},
    },
    "/queue/notification": {
        "userId": "ada",
        "eventType": "task.assigned",
        "payload": {"taskId": "t1", "taskName": "Pay rent"},
    },
}


async def ask(box: BoxWorld, path: str, key: str | None, **more: Any) -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await box.call("POST", path, {**ASKS[path], **more}, headers=headers)


async def job_ids(box: BoxWorld) -> list[str]:
    return [row["queue_job_id"] for row in await box.db.all("SELECT queue_job_id FROM queue_jobs")]


@pytest.mark.parametrize("path", ASKS)
async def test_the_same_key_is_the_same_request(box: BoxWorld, path: str) -> None:
    await box.person()
    await box.project()
    first = await ask(box, path, "k1")
    assert first.status_code == 200, first.text
    before = await job_ids(box)
    again = await ask(box, path, "k1")
    assert (again.status_code, again.json()) == (200, first.json())
    assert await job_ids(box) == before
    assert first.json()["jobId"] in before


@pytest.mark.parametrize("key", [None, "k2"])
async def test_without_that_key_it_is_another_request(box: BoxWorld, key: str | None) -> None:
    await box.person()
    first = (await ask(box, "/queue/sms", "k1")).json()
    assert (await ask(box, "/queue/sms", key)).json()["smsId"] != first["smsId"]


async def test_a_key_names_one_request_only(box: BoxWorld) -> None:
    await box.person()
    await ask(box, "/queue/sms", "k1")
    before = await job_ids(box)
    refused = await ask(box, "/queue/sms", "k1", message="Good bye")
    said = refused.json()
    assert (refused.status_code, said["code"]) == (422, "invalid")
    assert [detail["field"] for detail in said["details"]] == ["Idempotency-Key"]
    assert await job_ids(box) == before


async def test_what_was_refused_may_be_asked_again_with_its_key(box: BoxWorld) -> None:
    assert (await ask(box, "/queue/brief", "k1")).status_code == 404
    await box.person()
    assert (await ask(box, "/queue/brief", "k1")).status_code == 200


async def test_keys_of_others_are_their_own(box: BoxWorld) -> None:
    await box.person()
    first = (await ask(box, "/queue/sms", "k1")).json()
    other = await box.token_for("service")
    second = await box.call(
        "POST",
        "/queue/sms",
        ASKS["/queue/sms"],
        token=other,
        headers={"Idempotency-Key": "k1"},
    )
    assert second.json()["smsId"] != first["smsId"]


@pytest.mark.parametrize("key", ["", "k" * 256, "two words"])
async def test_a_key_that_is_none_is_refused_by_name(box: BoxWorld, key: str) -> None:
    await box.person()
    refused = await ask(box, "/queue/sms", key)
    assert refused.status_code == 400
    assert [detail["field"] for detail in refused.json()["details"]] == ["Idempotency-Key"]
    assert await job_ids(box) == []


async def test_a_key_is_known_after_a_restart_and_forgotten_after_a_week(tmp_path: Path) -> None:
    async with open_world(tmp_path) as box:
        await box.person()
        first = (await ask(box, "/queue/sms", "k1")).json()
    async with open_world(tmp_path, at="2024-10-30T07:59:00Z") as box:
        assert (await ask(box, "/queue/sms", "k1")).json() == first
        box.clock.advance(timedelta(minutes=2))
        assert (await ask(box, "/queue/sms", "k1")).json() != first
        assert len(await box.db.all("SELECT 1 FROM idempotency_keys")) == 1


async def test_with_a_person_go_the_answers_about_them(box: BoxWorld) -> None:
    await box.person()
    await ask(box, "/queue/sms", "k1")
    assert (await box.call("DELETE", "/users/ada")).status_code in (200, 204)
    assert await box.db.all("SELECT 1 FROM idempotency_keys") == []
    assert (await ask(box, "/queue/sms", "k1")).status_code == 404


async def test_what_a_stored_answer_of_an_earlier_version_lacks_is_read_from_its_job(
    box: BoxWorld,
) -> None:
    await box.person()
    body = {"userId": "ada", "scheduledFor": "2024-10-23T10:00:00Z"}
    headers = {"Idempotency-Key": "k1"}
    first = await box.post("/queue/brief", body, headers=headers)
    old = """UPDATE idempotency_keys
                SET answer = json_remove(answer, '$.correlation_id', '$.notification_at')"""
    await box.db.write(lambda tx: tx.execute(old))
    assert await box.post("/queue/brief", body, headers=headers) == first
    assert first["notificationScheduledFor"] == "2024-10-23T10:00:00.000Z"
    await box.db.write(lambda tx: tx.execute("DELETE FROM queue_jobs"))
    answered = await box.post(
        "/queue/brief", body, headers={**headers, "X-Correlation-ID": "corr-7"}
    )
    assert answered["correlationId"] == "corr-7"


async def test_an_answer_that_this_version_cannot_read_is_a_conflict(box: BoxWorld) -> None:
    await box.person()
    await ask(box, "/queue/sms", "k1")
    await box.db.write(lambda tx: tx.execute("UPDATE idempotency_keys SET answer = '{}'"))
    before = await job_ids(box)
    again = await ask(box, "/queue/sms", "k1")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert await job_ids(box) == before
