"""Reminders from the calendar to the phone (docs/spec.md#sms)."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from buildos_box.sms import store
from buildos_box.sms.schedule_job import set_opt_out
from tests.doubles.twilio import SERVICE, TwilioDouble
from tests.world import BoxWorld

NUMBER = "+14155552671"


async def ada(box: BoxWorld, *, zone: str = "UTC", **wishes: Any) -> None:
    await box.person(zone=zone)
    await box.post(
        "/sms/scheduled",
        {
            "userId": "ada",
            "phone_number": NUMBER,
            "phone_verified": True,
            "enabled": True,
            **wishes,
        },
    )
    await box.work()


async def event(box: BoxWorld, start: str, **more: Any) -> None:
    await box.sync(
        events=[{"id": "e1", "userId": "ada", "title": "Standup", "startAt": start, **more}]
    )


async def test_who_travels_is_told_the_time_of_where_they_are(box: BoxWorld) -> None:
    """Found by simulation: planned in Berlin's tomorrow, which in Los Angeles is not today."""
    await ada(box, zone="Europe/Berlin", lead_time_minutes=60)
    await event(box, "2024-10-23T10:45:00Z")
    box.clock.set("2024-10-23T08:40:00Z")
    await box.sync(users=[{"id": "ada", "timezone": "Pacific/Pago_Pago"}])
    await box.work()
    assert [m["message"] for m in await messages(box)] == ["BuildOS: Standup at 23:45, in 60 min"]
    await box.sync(users=[{"id": "ada", "timezone": "America/Los_Angeles"}])
    assert "at 03:45" in (await messages(box))[0]["message"]


async def messages(box: BoxWorld) -> list[Any]:
    """In the order in which they were made."""
    listed: list[Any] = (await box.get("/sms/scheduled/user/ada"))["messages"]
    return sorted(listed, key=lambda message: message["created_at"])


async def test_a_promoted_reminder_says_what_is_so_when_it_is_sent(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box, lead_time_minutes=20)
    await event(box, "2024-10-23T10:30:00Z")
    await box.work()
    assert (await messages(box))[0]["message"] == "BuildOS: Standup at 10:30, in 20 min"
    (job,) = await box.jobs(types=["send_sms"])
    await box.post(f"/jobs/{job['queue_job_id']}/promote")
    await box.work()
    assert [sent["Body"] for sent in twilio.sent] == ["BuildOS: Standup at 10:30"]
    assert (await messages(box))[0]["message"] == "BuildOS: Standup at 10:30"


async def test_an_event_that_is_cancelled_before_its_day_is_planned_leaves_its_skip(
    box: BoxWorld,
) -> None:
    await ada(box)
    await event(box, "2024-10-24T10:00:00Z", status="cancelled")
    await box.run_until("2024-10-24T00:20:00Z", step=timedelta(minutes=20))
    assert await states(box) == [("skipped", "event_cancelled")]
    (metric,) = await box.db.all("SELECT * FROM sms_metrics WHERE name LIKE 'skipped%'")
    assert (metric["name"], metric["count"]) == ("skipped:event_cancelled", 1)


async def test_a_reminder_cancelled_with_its_event_stays_so_when_the_day_is_planned_again(
    box: BoxWorld,
) -> None:
    await ada(box)
    await event(box, "2024-10-23T10:00:00Z")
    await event(box, "2024-10-23T10:00:00Z", status="cancelled")
    assert await states(box) == [("cancelled", "event_cancelled")]
    await box.post("/sms/scheduled", {"userId": "ada", "lead_time_minutes": 20})
    await box.work()
    assert await states(box) == [("cancelled", "event_cancelled")]


async def test_the_activity_log_tells_what_planning_and_sending_did(box: BoxWorld) -> None:
    await ada(box)
    await event(box, "2024-10-23T10:00:00Z")
    await box.work()
    rows = await box.db.all("SELECT * FROM activity_log WHERE activity_type = 'schedule_daily_sms'")
    assert {row["user_id"] for row in rows} == {"ada"}
    assert [row["status"] for row in rows][:3] == ["pending", "processing", "completed"]
    assert [json.loads(row["details"])["scheduled"] for row in rows if row["details"]] == [0]
    sent = await box.db.all("SELECT * FROM activity_log WHERE activity_type = 'send_sms'")
    assert [(row["status"], row["actor"]) for row in sent] == [("pending", "system")]


async def states(box: BoxWorld) -> list[tuple[str, str | None]]:
    return [(m["status"], m["reason"]) for m in await messages(box)]


async def live_jobs(box: BoxWorld) -> list[str]:
    return [
        job["scheduled_for"]
        for job in await box.jobs()
        if job["job_type"] == "send_sms" and job["status"] == "pending"
    ]


async def test_preferences_in_the_shape_of_the_reference(box: BoxWorld) -> None:
    await ada(box, lead_time_minutes=30, quiet_hours_start="22:00", quiet_hours_end="08:00")
    (line,) = (await box.get("/sms/scheduled"))["schedule"]
    assert (
        line.items()
        >= {
            "userId": "ada",
            "phone_number": NUMBER,
            "enabled": True,
            "lead_time_minutes": 30,
            "quiet_hours_start": "22:00",
            "quiet_hours_end": "08:00",
        }.items()
    )
    again = await box.post("/sms/scheduled", {"userId": "ada", "lead_time_minutes": 30})
    assert again == {"success": True, "updated": False}
    token = await box.token_for("user:bob")
    assert (await box.get("/sms/scheduled", token=token)) == {"schedule": []}
    answer = await box.call("POST", "/sms/scheduled", {"userId": "ada"}, token=token)
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [{"phone_number": "12"}, {"lead_time_minutes": 1441}, {"quiet_hours_start": "25:00"}],
)
async def test_impossible_preferences_are_refused(box: BoxWorld, wrong: dict[str, Any]) -> None:
    await box.person()
    answer = await box.call("POST", "/sms/scheduled", {"userId": "ada", **wrong})
    assert answer.status_code == 422


async def test_a_reminder_goes_out_before_its_event(box: BoxWorld, twilio: TwilioDouble) -> None:
    await ada(box)
    await event(box, "2024-10-23T10:00:00Z")
    await box.run_until("2024-10-23T09:44:00Z")
    assert twilio.sent == []
    await box.run_until("2024-10-23T09:46:00Z")
    (sent,) = twilio.sent
    assert sent["Body"] == "BuildOS: Standup at 10:00, in 15 min"
    assert (sent["To"], sent["MessagingServiceSid"]) == (NUMBER, SERVICE)
    assert (sent["ValidityPeriod"], sent["SmartEncoded"].lower()) == ("900", "true")
    assert sent["StatusCallback"].startswith("https://box.example/webhooks/twilio/status?sms=sms-")
    assert await states(box) == [("sent", None)]


async def test_what_twilio_never_got_is_sent_after_asking(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    twilio.script = [(503, 20503)]
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    await box.run_until("2024-10-23T08:05:00Z")
    assert (len(twilio.sent), twilio.listed) == (1, 1)


async def test_a_request_repeated_for_want_of_an_answer_is_the_same_message(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    asked = {"userId": "ada", "message": "Hello", "scheduledFor": "2024-10-23T08:01:00Z"}
    first = await box.post("/queue/sms", asked)
    assert await box.post("/queue/sms", asked) == first
    await box.run_until("2024-10-23T08:05:00Z")
    assert await box.post("/queue/sms", asked) == first
    await box.run_until("2024-10-23T08:10:00Z")
    assert len(twilio.sent) == 1


@pytest.mark.parametrize("other", [{"message": "Hi"}, {"scheduledFor": "2024-10-23T08:02:00Z"}])
async def test_another_text_or_time_is_another_message(
    box: BoxWorld, twilio: TwilioDouble, other: dict[str, str]
) -> None:
    await ada(box)
    asked = {"userId": "ada", "message": "Hello", "scheduledFor": "2024-10-23T08:01:00Z"}
    await box.post("/queue/sms", asked)
    await box.post("/queue/sms", asked | other)
    await box.run_until("2024-10-23T08:05:00Z")
    assert len(twilio.sent) == 2


async def test_a_message_called_off_may_be_asked_for_again(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    asked = {"userId": "ada", "message": "Hello", "scheduledFor": "2024-10-23T08:01:00Z"}
    first = await box.post("/queue/sms", asked)
    await box.post(f"/sms/scheduled/{first['smsId']}/cancel")
    assert (await box.post("/queue/sms", asked))["smsId"] != first["smsId"]
    await box.run_until("2024-10-23T08:05:00Z")
    assert len(twilio.sent) == 1


async def test_one_given_up_without_an_answer_is_looked_for_and_never_sent_again(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    twilio.script = [(503, 20503)] * 4 + ["lost"]
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    for _ in range(120):  # its last try comes sooner or later, and the cron that asks soon after
        await box.run_until(box.clock.now() + timedelta(minutes=1))
        if (await states(box))[0][0] in ("unknown", "sent"):
            break
    assert len(twilio.sent) == 1
    await box.run_until(box.clock.now() + timedelta(minutes=11))
    assert (await states(box), len(twilio.sent)) == ([("sent", None)], 1)
    (day,) = (await box.get("/sms/metrics"))["days"]
    assert (day["sent"], day["failed"]) == (1, 0)


@pytest.mark.parametrize("text", ["½ hour 5⁄6 ʻOkina", "Café 東京 ½", "👍"])
async def test_one_whose_signs_were_replaced_at_twilio_is_found_there(
    box: BoxWorld, twilio: TwilioDouble, text: str
) -> None:
    await ada(box)
    twilio.script = ["lost"]
    await box.post("/queue/sms", {"userId": "ada", "message": text})
    await box.run_until(box.clock.now() + timedelta(minutes=30))
    assert (await states(box), len(twilio.sent)) == ([("sent", None)], 1)


async def test_a_text_without_letters_is_not_taken_for_another(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    twilio.script = ["lost", (503, 20503)]
    await box.post("/queue/sms", {"userId": "ada", "message": "👎"})
    await box.work()
    twilio.sent[0]["Body"] = "Hello"
    await box.run_until(box.clock.now() + timedelta(minutes=30))
    assert [sent["Body"] for sent in twilio.sent] == ["Hello", "👎"]


async def test_a_reminder_that_leaves_late_does_not_promise_the_planned_minutes(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    await event(box, "2024-10-23T10:00:00Z")
    await box.work()
    box.clock.set("2024-10-23T09:55:00Z")
    await box.work()
    assert [sent["Body"] for sent in twilio.sent] == ["BuildOS: Standup at 10:00, in 5 min"]


async def test_who_has_opted_out_at_twilio_is_opted_out_here(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    twilio.script = [(400, 21610)]
    for text in ("one", "two"):
        await box.post("/queue/sms", {"userId": "ada", "message": text})
        await box.work()
    assert await states(box) == [("skipped", "opted_out")] * 2
    assert twilio.sent == []


async def test_without_an_account_the_job_fails_at_once(tmp_path: Any) -> None:
    from tests.world import open_world

    async with open_world(tmp_path) as box:
        await ada(box)
        made = await box.post("/queue/sms", {"userId": "ada", "message": "x"})
        await box.work()
        job = await box.get(f"/jobs/{made['jobId']}")
        assert "SMS not configured" in str(job)
        assert await states(box) == [(store.FAILED, "SMS not configured")]


async def test_a_time_that_a_person_gave_outlives_a_new_plan(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    await event(box, "2024-10-23T12:00:00Z")
    (message,) = await messages(box)
    path = f"/sms/scheduled/{message['id']}/update"
    await box.call("PATCH", path, {"scheduledFor": "2024-10-23T11:55:00Z"})
    await box.sync(smsPreferences=[{"userId": "ada", "dailyLimit": 9}])
    await event(box, "2024-10-23T12:00:00Z", title="Retro")
    await box.work()
    (message,) = await messages(box)
    assert message["sendAt"].startswith("2024-10-23T11:55")
    assert message["message"] == "BuildOS: Retro at 12:00, in 5 min"
    await box.run_until("2024-10-23T11:54:00Z")
    assert twilio.sent == []
    await box.run_until("2024-10-23T11:56:00Z")
    assert len(twilio.sent) == 1


async def test_one_in_doubt_is_not_sent_to_the_number_of_before(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    """It did not leave; meanwhile the number has changed, and the old one wants nothing more."""
    await ada(box)
    await event(box, "2024-10-23T08:30:00Z")
    twilio.script = [(503, 20503)]
    box.clock.set("2024-10-23T08:15:00Z")
    await box.step()
    moved = {"userId": "ada", "phone_number": "+14155552672", "phone_verified": True}
    await box.post("/sms/scheduled", moved)
    services = box.box.services
    await services.db.write(lambda tx: set_opt_out(tx, services, NUMBER, out=True))
    await box.run_until("2024-10-23T08:17:00Z")
    assert [form["To"] for form in twilio.sent] == ["+14155552672"]


async def test_one_in_doubt_is_no_failure_because_twilio_cannot_be_asked(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    twilio.script = ["lost"]
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    await box.step()
    twilio.list_script = ["refused"] * 2000
    await box.run_until("2024-10-24T08:01:00Z", step=timedelta(minutes=2))
    assert [status for status, _ in await states(box)] == ["unknown"]
    twilio.list_script = []
    await box.run_until("2024-10-24T09:00:00Z")
    assert ([status for status, _ in await states(box)], len(twilio.sent)) == (["sent"], 1)


@pytest.mark.parametrize("hours", [-13, 14])
async def test_a_box_whose_clock_is_wrong_knows_its_message_again(
    box: BoxWorld, twilio: TwilioDouble, hours: int
) -> None:
    """Found by simulation: Twilio dates messages by its own clock."""
    await ada(box)
    twilio.now = (box.clock.now() - timedelta(hours=hours)).timestamp()
    twilio.script = ["lost"]
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    await box.run_until("2024-10-23T08:20:00Z")
    assert ([status for status, _ in await states(box)], len(twilio.sent)) == (["sent"], 1)


async def test_two_at_the_same_moment_cannot_both_be_the_last_of_the_day(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    """Found by simulation: each had looked at the limit before the other was on its way."""
    await ada(box, daily_limit=1)
    for said in ("One", "Two"):
        await box.post("/queue/sms", {"userId": "ada", "message": said})
    await asyncio.gather(box.step(), box.step())
    await box.run_until("2024-10-23T08:05:00Z")
    assert len(twilio.sent) == 1
    assert sorted(await states(box), key=str) == [("sent", None), ("skipped", "daily_limit")]


async def test_two_in_doubt_do_not_wait_for_each_other_for_ever(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    """Each had its place in the day's limit, which has been lowered since."""
    await ada(box, daily_limit=2)
    twilio.script = [(503, 20503), (503, 20503)]
    for said in ("One", "Two"):
        await box.post("/queue/sms", {"userId": "ada", "message": said})
    await box.work()
    await box.post("/sms/scheduled", {"userId": "ada", "daily_limit": 1})
    await box.run_until("2024-10-23T08:10:00Z")
    assert len(twilio.sent) == 1
    assert sorted(await states(box), key=str) == [("sent", None), ("skipped", "daily_limit")]


async def test_a_message_that_waits_is_no_error_in_the_log(
    box: BoxWorld, twilio: TwilioDouble, capsys: pytest.CaptureFixture[str]
) -> None:
    await ada(box, quiet_hours_start="07:00", quiet_hours_end="09:00")
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    await box.work()
    assert twilio.sent == []
    said = capsys.readouterr()
    assert "error" not in (said.out + said.err).lower()
