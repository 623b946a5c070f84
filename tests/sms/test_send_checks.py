"""What is checked once more at the moment of sending (docs/spec.md#sms-checks)."""

from datetime import timedelta
from typing import Any

import pytest

from buildos_box.chat import store as chat_store
from buildos_box.clock import from_text
from buildos_box.sms.changes import ReminderDue
from buildos_box.sms.send_job import SEND_SMS, SendPayload
from tests.doubles.twilio import TwilioDouble
from tests.sms.test_sms import NUMBER, ada, event, messages, states
from tests.world import BoxWorld

OTHER = "+14155552672"


async def behind_its_back(box: BoxWorld, *statements: str) -> None:
    """Change the data without telling anyone, as what nobody listens to would."""
    await box.db.write(lambda tx: [tx.execute(sql) for sql in statements])


async def send_job(box: BoxWorld) -> Any:
    (job,) = await box.jobs(types=["send_sms"])
    return job


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE events SET status = 'tentative'", "event_gone"),
        ("UPDATE events SET declined = 1", "event_gone"),
        (
            """UPDATE events SET all_day = 1, start_at = NULL, end_at = NULL,
                                 start_date = '2024-10-23'""",
            "event_gone",
        ),
        ("DELETE FROM events", "event_gone"),
        ("UPDATE events SET start_at = '2024-10-23T11:00:00.000Z', end_at = NULL", "event_moved"),
        ("UPDATE user_sms_preferences SET event_reminders_enabled = 0", "reminders_off"),
        ("UPDATE user_sms_preferences SET phone_verified = 0", "phone_not_verified"),
        (
            "UPDATE user_sms_preferences SET phone_verified = 0, phone_number = NULL",
            "no_phone_number",
        ),
        (
            """INSERT INTO sms_opt_outs (phone_number, at)
               VALUES ('+14155552671', '2024-10-23T08:00:00.000Z')""",
            "opted_out",
        ),
    ],
)
async def test_a_reminder_that_is_no_longer_right_is_skipped_with_its_reason(
    box: BoxWorld, twilio: TwilioDouble, change: str, reason: str
) -> None:
    await ada(box)
    await event(box, "2024-10-23T10:00:00Z")
    await box.work()
    await behind_its_back(box, change)
    box.clock.set("2024-10-23T09:45:00Z")
    await box.work()
    assert (twilio.sent, await states(box)) == ([], [("skipped", reason)])
    assert (await send_job(box))["status"] == "completed"
    (metric,) = await box.db.all("SELECT name FROM sms_metrics WHERE name LIKE 'skipped%'")
    assert metric["name"] == f"skipped:{reason}"


async def test_a_message_cancelled_behind_its_job_keeps_its_reason(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    asked = {"userId": "ada", "message": "Hello", "scheduledFor": "2024-10-23T09:00:00Z"}
    await box.post("/queue/sms", asked)
    await behind_its_back(
        box, "UPDATE scheduled_sms_messages SET status = 'cancelled', reason = 'enough'"
    )
    box.clock.set("2024-10-23T09:00:00Z")
    await box.work()
    assert (twilio.sent, await states(box)) == ([], [("cancelled", "enough")])
    assert '"enough"' in (await send_job(box))["result"]


async def test_a_message_that_is_not_there_fails_its_job(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    asked = {"userId": "ada", "message": "Hello", "scheduledFor": "2024-10-23T09:00:00Z"}
    await box.post("/queue/sms", asked)
    await behind_its_back(box, "DELETE FROM scheduled_sms_messages")
    box.clock.set("2024-10-23T09:00:00Z")
    await box.work()
    job = await send_job(box)
    assert (twilio.sent, job["status"], job["error_code"]) == ([], "failed", "unknown_sms")


async def test_one_that_was_sent_already_is_not_sent_by_another_run(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    made = await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    await box.work()
    payload = SendPayload(user_id="ada", sms_id=made["smsId"])
    queue = box.box.services.queue
    await box.db.write(lambda tx: queue.enqueue(tx, SEND_SMS, payload, user_id="ada"))
    await box.work()
    assert len(twilio.sent) == 1
    again = (await box.jobs(types=["send_sms"]))[-1]
    assert again["status"] == "completed"
    assert twilio.sent[0]["Sid"] in again["result"]
    (day,) = (await box.get("/sms/metrics"))["days"]
    assert day["sent"] == 1


async def test_one_in_doubt_is_stored_with_the_number_that_it_went_to(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    await event(box, "2024-10-23T08:30:00Z")
    twilio.script = [(503, 20503)]
    box.clock.set("2024-10-23T08:15:00Z")
    await box.step()
    moved = {"userId": "ada", "phone_number": OTHER, "phone_verified": True}
    await box.post("/sms/scheduled", moved)
    await box.run_until("2024-10-23T08:17:00Z")
    assert [form["To"] for form in twilio.sent] == [OTHER]
    rows = await box.db.all("SELECT phone_number, status FROM scheduled_sms_messages")
    assert [tuple(row) for row in rows] == [(OTHER, "sent")]


async def test_the_number_that_is_opted_out_is_the_one_that_was_written_to(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    twilio.script = [(400, 21610)]
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello", "phoneNumber": OTHER})
    await box.work()
    rows = await box.db.all("SELECT phone_number FROM sms_opt_outs")
    assert [row["phone_number"] for row in rows] == [OTHER]
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello to my own"})
    await box.work()
    assert [form["To"] for form in twilio.sent] == [NUMBER]


async def test_the_daily_limit_is_reached_at_its_number(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box, daily_limit=2)
    for said in ("One", "Two", "Three"):
        await box.post("/queue/sms", {"userId": "ada", "message": said})
        await box.work()
    assert [status for status, _ in await states(box)] == ["sent", "sent", "skipped"]
    assert (await states(box))[-1] == ("skipped", "daily_limit")
    assert len(twilio.sent) == 2


@pytest.mark.parametrize(("ends", "state"), [("10:00", "skipped"), ("09:59", "sent")])
async def test_quiet_hours_that_outlast_the_event_skip_its_reminder(
    box: BoxWorld, twilio: TwilioDouble, ends: str, state: str
) -> None:
    await ada(box, quiet_hours_start="07:00", quiet_hours_end=ends)
    await event(box, "2024-10-23T10:00:00Z")
    await behind_its_back(
        box,
        "UPDATE scheduled_sms_messages SET status = 'scheduled', reason = NULL",
    )
    if not await box.jobs(types=["send_sms"]):
        (row,) = await messages(box)
        payload = SendPayload(
            user_id="ada", sms_id=row["id"], expires_at="2024-10-23T10:00:00.000Z"
        )
        queue = box.box.services.queue
        await box.db.write(lambda tx: queue.enqueue(tx, SEND_SMS, payload, user_id="ada"))
    await box.run_until("2024-10-23T10:05:00Z")
    assert [status for status, _ in await states(box)] == [state]
    assert len(twilio.sent) == int(state == "sent")


async def test_a_job_that_is_stopped_before_it_sends_sends_nothing(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    made = await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    claimed = await box.claim()
    assert claimed is not None
    await box.recover()
    services = box.box.services
    await box.box.engine.runner.run(claimed, services)
    await services.db.write(lambda tx: None)
    assert (twilio.sent, await states(box)) == ([], [("scheduled", None)])
    await box.work()
    assert len(twilio.sent) == 1
    assert (await box.get(f"/jobs/{made['jobId']}"))["status"] == "completed"


async def use_chat(box: BoxWorld) -> list[ReminderDue]:
    """Reminders go to Ada's chat; returns those that are handed over from now on."""
    due: list[ReminderDue] = []
    box.db.subscribe(ReminderDue, lambda _tx, change: due.append(change))
    now = box.clock.now()
    await box.db.write(lambda tx: chat_store.set_address(tx, "ada", "ntfy", "ada-1", now))
    await box.post("/sms/scheduled", {"userId": "ada", "enabled": True, "reminder_channel": "chat"})
    return due


async def test_a_reminder_for_the_chat_is_handed_over_once_and_no_sms_leaves(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    due = await use_chat(box)
    await event(box, "2024-10-23T10:00:00Z")
    await box.run_until("2024-10-23T09:46:00Z")
    (message,) = await messages(box)
    assert (twilio.sent, message["status"], message["channel"]) == ([], "sent", "chat")
    assert message["sentAt"].startswith("2024-10-23T09:45")
    assert due == [ReminderDue(message["id"], "Standup at 10:00, in 15 min")]
    assert (await box.get("/sms/metrics"))["days"][0]["sent"] == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("DELETE FROM chat_addresses", "no_chat_address"),
        ("UPDATE events SET declined = 1", "event_gone"),
        ("UPDATE user_sms_preferences SET event_reminders_enabled = 0", "reminders_off"),
        (
            """UPDATE user_sms_preferences
                  SET quiet_hours_start = '07:00', quiet_hours_end = '11:00'""",
            "quiet_hours",
        ),
    ],
)
async def test_a_reminder_for_the_chat_is_checked_as_well(
    box: BoxWorld, twilio: TwilioDouble, change: str, reason: str
) -> None:
    await ada(box)
    due = await use_chat(box)
    await event(box, "2024-10-23T10:00:00Z")
    await box.work()
    await behind_its_back(box, change)
    box.clock.set("2024-10-23T09:45:00Z")
    await box.work()
    assert (due, twilio.sent, await states(box)) == ([], [], [("skipped", reason)])


async def test_a_reminder_for_the_chat_that_was_cancelled_keeps_its_reason(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    due = await use_chat(box)
    await event(box, "2024-10-23T10:00:00Z")
    await box.work()
    await behind_its_back(
        box, "UPDATE scheduled_sms_messages SET status = 'cancelled', reason = 'enough'"
    )
    box.clock.set("2024-10-23T09:45:00Z")
    await box.work()
    assert (due, twilio.sent, await states(box)) == ([], [], [("cancelled", "enough")])


async def test_a_message_to_a_number_goes_by_sms_whatever_reminders_go_by(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    due = await use_chat(box)
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    await box.work()
    assert (due, [form["Body"] for form in twilio.sent]) == ([], ["Hello"])


def test_a_message_is_tried_for_a_day_at_most_two_minutes_apart() -> None:
    now = from_text("2024-10-23T08:00:00Z")
    assert SEND_SMS.retry.deadline(now, None, None) == now + timedelta(days=1)
    assert SEND_SMS.retry.longest_delay == timedelta(minutes=2)
    assert (SEND_SMS.lane, SEND_SMS.max_attempts) == ("sms", 5)
    assert SEND_SMS.timeout == timedelta(minutes=2)


async def test_a_messages_job_ends_when_it_expires(box: BoxWorld, twilio: TwilioDouble) -> None:
    await ada(box)
    await event(box, "2024-10-23T10:00:00Z")
    await box.work()
    job = await send_job(box)
    assert from_text(job["expires_at"]) == from_text("2024-10-23T10:00:00Z")
    (message,) = await messages(box)
    assert job["dedup_key"] == f"sms-{message['id']}"
