"""A message and its job belong together, and each message is counted once (docs/spec.md#sms)."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from buildos_box.clock import from_text, to_text
from buildos_box.db import Tx
from buildos_box.sms import outgoing, preferences_store, store
from buildos_box.sms.record_outcome import mark_failed, mark_sent, mark_unknown
from buildos_box.sms.send_job import SendPayload
from tests.doubles.twilio import TwilioDouble
from tests.sms.test_sms import NUMBER, ada, states
from tests.world import BoxWorld

HOUR = timedelta(hours=1)


async def add(box: BoxWorld, **more: Any) -> tuple[str, str]:
    """A message to Ada for an hour from now; its id and its job's."""
    given: dict[str, Any] = {
        "user_id": "ada",
        "kind": "message",
        "message": "Hello",
        "at": box.clock.now() + HOUR,
        "correlation_id": "corr-5",
        "phone_number": NUMBER,
        "actor": "me",
        **more,
    }
    services = box.box.services
    added: tuple[str, str] = await box.db.write(
        lambda tx: outgoing.add_message(tx, services, **given)
    )
    return added


async def message(box: BoxWorld, sms_id: str) -> dict[str, Any]:
    row = await store.get(box.db, sms_id)
    assert row is not None
    return dict(row)


async def last_event(box: BoxWorld, job: Any) -> tuple[str, str, str]:
    row = await box.db.one(
        "SELECT to_status, reason, actor FROM job_events WHERE job_id = ? ORDER BY id DESC LIMIT 1",
        (job["id"],),
    )
    assert row is not None
    return row["to_status"], row["reason"], row["actor"]


@pytest.mark.parametrize("expires", [None, 2 * HOUR])
async def test_a_messages_job_is_its_persons_and_ends_with_it(
    box: BoxWorld, expires: timedelta | None
) -> None:
    await ada(box)
    end = box.clock.now() + expires if expires else None
    sms_id, job_id = await add(box, expires_at=end)
    row, (job,) = await message(box, sms_id), await box.jobs(types=["send_sms"])
    due, until = to_text(box.clock.now() + HOUR), to_text(end) if end else None
    assert (row["status"], row["send_at"], row["expires_at"]) == ("scheduled", due, until)
    assert (row["kind"], row["message_source"], row["phone_number"]) == ("message", "given", NUMBER)
    assert (row["user_id"], row["correlation_id"]) == ("ada", "corr-5")
    payload = msgspec.json.decode(job["metadata"], type=SendPayload)
    assert payload == SendPayload(user_id="ada", sms_id=sms_id, expires_at=until)
    assert (job["queue_job_id"], job["user_id"], job["correlation_id"]) == (job_id, "ada", "corr-5")
    assert (job["scheduled_for"], job["expires_at"]) == (due, until)
    assert await last_event(box, job) == ("pending", "enqueued", "me")
    assert (await box.get("/sms/metrics"))["days"][0]["scheduled"] == 1


async def test_the_same_request_is_the_same_message_until_it_is_called_off(box: BoxWorld) -> None:
    await ada(box)
    first = await add(box, request_hash="h")
    assert await add(box, request_hash="h", message="whatever else") == first
    assert await add(box, request_hash="another") != first
    assert await add(box) != await add(box)
    services = box.box.services

    def call_off(tx: Tx) -> None:
        row = store.find(tx, first[0])
        assert row is not None
        outgoing.cancel_waiting(tx, services, row, "enough", "me")

    await box.db.write(call_off)
    row = await message(box, first[0])
    assert (row["status"], row["reason"]) == ("cancelled", "enough")
    job = (await box.jobs(types=["send_sms"]))[0]
    assert (job["status"], job["cancel_reason"]) == ("cancelled", "enough")
    assert await last_event(box, job) == ("cancelled", "enough", "me")
    assert await add(box, request_hash="h") != first


async def test_a_message_that_is_moved_has_one_job_at_its_new_time(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    sms_id, _ = await add(box)
    later, services = box.clock.now() + 3 * HOUR, box.box.services

    def move(tx: Tx) -> None:
        store.change(tx, sms_id, box.clock.now(), status="skipped", reason="daily_limit")
        row = store.find(tx, sms_id)
        assert row is not None
        outgoing.move(tx, services, row, later, "me")

    await box.db.write(move)
    row = await message(box, sms_id)
    assert (row["status"], row["reason"], row["send_at"]) == ("scheduled", None, to_text(later))
    old, new = await box.jobs(types=["send_sms"])
    assert (old["status"], old["cancel_reason"]) == ("cancelled", "rescheduled")
    assert await last_event(box, old) == ("cancelled", "rescheduled", "me")
    assert (new["status"], new["scheduled_for"]) == ("pending", to_text(later))
    assert await last_event(box, new) == ("pending", "enqueued", "me")
    box.clock.advance(2 * HOUR)
    await box.work()
    assert twilio.sent == []
    box.clock.advance(HOUR)
    await box.work()
    assert len(twilio.sent) == 1


async def counted(box: BoxWorld) -> tuple[int, int]:
    """Of Ada's messages of today: by her own limit, and by the operator's."""
    day = box.clock.now().date()
    of_user = await box.db.write(lambda tx: preferences_store.count_on(tx, "ada", day))
    rows = await box.db.all("SELECT sum(count) AS n FROM daily_usage WHERE name = 'sms_per_day'")
    return of_user, rows[0]["n"] or 0


async def test_what_was_sent_is_counted_once_and_asked_about_in_five_minutes(
    box: BoxWorld,
) -> None:
    await ada(box)
    sms_id, _ = await add(box, message="x" * 161)
    services = box.box.services
    for sid in ("SM1", "SM2"):
        await box.db.write(lambda tx, sid=sid: mark_sent(tx, services, sms_id, sid))
    row, now = await message(box, sms_id), box.clock.now()
    assert (row["status"], row["twilio_sid"], row["segments"]) == ("sent", "SM1", 2)
    assert (row["sent_at"], row["reason"]) == (to_text(now), None)
    assert from_text(row["reconcile_at"]) == now + timedelta(minutes=5)
    assert await counted(box) == (1, 1)
    (day,) = (await box.get("/sms/metrics"))["days"]
    assert (day["sent"], day["segments"]) == (1, 2)


async def test_a_code_is_sent_and_counts_against_nobodys_day(box: BoxWorld) -> None:
    await ada(box)
    sms_id, _ = await add(box, kind="code", message="Your code is {code}.")
    services = box.box.services
    await box.db.write(lambda tx: mark_sent(tx, services, sms_id, "SM1"))
    assert (await message(box, sms_id))["status"] == "sent"
    assert await counted(box) == (0, 0)
    assert (await box.get("/sms/metrics"))["days"][0]["sent"] == 1


async def test_what_nobody_knows_is_asked_about_and_what_failed_is_not(box: BoxWorld) -> None:
    await ada(box)
    unknown, failed = (await add(box))[0], (await add(box))[0]
    services = box.box.services
    await box.db.write(lambda tx: mark_unknown(tx, unknown, services, "no answer"))
    await box.db.write(lambda tx: mark_unknown(tx, failed, services, "no answer"))
    await box.db.write(lambda tx: mark_failed(tx, failed, services, "refused"))
    assert await states(box) == [("unknown", "no answer"), ("failed", "refused")]
    asked = (await message(box, unknown))["reconcile_at"]
    assert from_text(asked) == box.clock.now() + timedelta(minutes=5)
    assert (await message(box, failed))["reconcile_at"] is None
    assert await counted(box) == (0, 0)
    (day,) = (await box.get("/sms/metrics"))["days"]
    assert (day["sent"], day["failed"]) == (0, 1)
