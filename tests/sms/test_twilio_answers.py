"""What Twilio has answered to real senders, and what each answer means for a message.

The sources are beside the answers: Twilio's error pages and public reports.
"""

from datetime import timedelta
from pathlib import Path

import pytest

from buildos_box.clock import from_text
from buildos_box.errors import PermanentError, TransientError
from buildos_box.sms.twilio_client import (
    BadNumber,
    NotAccepted,
    Outgoing,
    TwilioSender,
    Unsubscribed,
    refusal,
)
from tests.doubles.twilio import TwilioDouble
from tests.mail.test_undelivered import inbox
from tests.sms.conftest import START, sms_box
from tests.sms.test_sms import ada, event, messages, states
from tests.world import BoxWorld

SAMPLES: list[tuple[int, int | None, type[Exception]]] = [
    # twilio/twilio-node#713, #714: too many requests, with no code in some answers.
    (429, 20429, NotAccepted),
    (429, None, NotAccepted),
    # twilio.com/docs/api/errors/21611: a full queue comes with 400.
    (400, 21611, NotAccepted),
    (400, 14107, NotAccepted),
    (400, 30001, NotAccepted),
    (400, 30022, NotAccepted),
    # Whether it has the message, Twilio does not say.
    (503, 20503, TransientError),
    (500, 20500, TransientError),
    (502, None, TransientError),
    # ProgressiveCoders/Spoke#451.
    (400, 21610, Unsubscribed),
    # CDCgov/prime-simplereport#3723, kpwhri/heartsteps#152: a landline.
    (400, 21635, BadNumber),
    # justarrived/just_match_api#1359: not a mobile number.
    (400, 21614, BadNumber),
    # caronc/apprise#448, tl-its-umich-edu/remote-office-hours-queue#491.
    (400, 21211, BadNumber),
    # twilio.com/docs/api/errors/21268: a premium number.
    (400, 21268, BadNumber),
    # Of our own account or sender: no number is to blame.
    (401, 20003, PermanentError),
    (400, 21408, PermanentError),
    (400, 21612, PermanentError),
    (403, 20005, PermanentError),
]


@pytest.mark.parametrize(("status", "code", "meaning"), SAMPLES)
def test_an_answer_means(status: int, code: int | None, meaning: type[Exception]) -> None:
    assert type(refusal(status, code, "no")) is meaning


@pytest.mark.parametrize("number", [21211, 21268, 21614, 21635])
async def test_a_number_that_no_sms_reaches_is_unverified(
    box: BoxWorld, twilio: TwilioDouble, number: int
) -> None:
    await ada(box)
    twilio.script = [(400, number)]
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    await box.work()
    assert [status for status, _ in await states(box)] == ["failed"]
    row = await box.db.one("SELECT phone_verified FROM user_sms_preferences WHERE user_id = 'ada'")
    assert row["phone_verified"] == 0


async def test_retry_after_reaches_the_queue(box: BoxWorld, twilio: TwilioDouble) -> None:
    """twilio/twilio-python drops the header with the answer that it raises."""
    await ada(box)
    twilio.script, twilio.headers = [(429, 20429)], {"Retry-After": "47"}
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    await box.step()
    job = next(job for job in await box.jobs() if job["job_type"] == "send_sms")
    assert from_text(job["scheduled_for"]) == box.clock.now() + timedelta(seconds=47)


async def test_a_problem_document_is_an_answer_too(box: BoxWorld, twilio: TwilioDouble) -> None:
    """RFC 9457, which newer services of Twilio's speak: `status` and `code` lie elsewhere."""
    twilio.problems = True
    twilio.script = [(400, 21635)]
    hello = Outgoing("+14155552671", "Hello", None, None)
    with pytest.raises(BadNumber):
        await TwilioSender(box.box.services.settings).send(hello)


async def test_after_a_refusal_the_message_is_in_no_doubt_and_twilio_is_not_searched(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    twilio.script = [(429, 20429)] * 3
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    await box.step()
    assert await states(box) == [("scheduled", None)]
    await box.run_until("2024-10-23T08:05:00Z")
    assert ([status for status, _ in await states(box)], len(twilio.sent)) == (["sent"], 1)
    assert twilio.listed == 0


async def test_an_older_message_of_the_same_words_is_not_taken_for_the_one_in_doubt(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    await box.work()
    twilio.script = [(503, 20503)]
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    await box.run_until("2024-10-23T08:05:00Z")
    assert (twilio.listed, len(twilio.sent)) == (1, 2)
    assert [status for status, _ in await states(box)] == ["sent", "sent"]
    rows = await box.db.all("SELECT DISTINCT twilio_sid FROM scheduled_sms_messages")
    assert {row["twilio_sid"] for row in rows} == {form["Sid"] for form in twilio.sent}


async def test_a_refusal_of_the_question_says_nothing_of_the_message_in_doubt(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    twilio.script, twilio.list_script = ["lost"], ["refused"]
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    await box.step()
    box.clock.advance(timedelta(seconds=5))
    await box.step()
    assert (twilio.listed, await states(box)) == (1, [("sending", None)])
    await box.run_until("2024-10-23T08:05:00Z")
    assert ([status for status, _ in await states(box)], len(twilio.sent)) == (["sent"], 1)


async def test_what_has_changed_since_a_refusal_counts(box: BoxWorld, twilio: TwilioDouble) -> None:
    await ada(box)
    twilio.script = [(429, 20429)] * 3
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    await box.step()
    quiet = {"quiet_hours_start": "08:00", "quiet_hours_end": "09:00"}
    await box.post("/sms/scheduled", {"userId": "ada", **quiet})
    await box.run_until("2024-10-23T08:59:00Z")
    assert twilio.sent == []
    await box.run_until("2024-10-23T09:10:00Z")
    assert len(twilio.sent) == 1


@pytest.mark.parametrize("minutes", [3, 10, 25])
async def test_a_reminder_outlasts_a_storm_of_429_and_says_what_is_so(
    tmp_path: Path, minutes: int
) -> None:
    with TwilioDouble(from_text(START).timestamp()) as twilio:
        async with sms_box(tmp_path, twilio) as box:
            await ada(box, lead_time_minutes=30)
            await event(box, "2024-10-23T10:00:00Z")
            await box.run_until("2024-10-23T09:29:00Z")
            twilio.script = [(429, 20429)] * 1000
            ends = from_text("2024-10-23T09:30:00Z") + timedelta(minutes=minutes)
            await box.run_until(ends, step=timedelta(seconds=15))
            twilio.script = []
            await box.run_until("2024-10-23T10:00:00Z", step=timedelta(seconds=15))
            (sent,) = twilio.sent
            (message,) = await messages(box)
            late = from_text(message["sentAt"]) - ends
            assert timedelta(0) <= late <= timedelta(minutes=2, seconds=15)
            left = from_text("2024-10-23T10:00:00Z") - from_text(message["sentAt"])
            assert f"in {round(left / timedelta(minutes=1))} min" in sent["Body"]


async def test_a_reminder_that_never_leaves_reaches_its_person_and_the_operator(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await box.sync(users=[{"id": "ops", "email": "ops@example.org", "isAdmin": True}])
    await ada(box)
    await event(box, "2024-10-23T10:00:00Z")
    twilio.script = [(429, 20429)] * 1000
    await box.run_until("2024-10-23T09:59:00Z")
    assert "sms.undelivered" not in dict(await inbox(box))
    await box.run_until("2024-10-23T10:10:00Z", step=timedelta(seconds=15))
    assert twilio.sent == []
    assert "Standup at 10:00" in dict(await inbox(box))["sms.undelivered"]
    alerts = dict(await inbox(box, "ops"))
    assert "was not delivered" in alerts["sms.alert"]


@pytest.mark.parametrize("code", [30003, 30005, 30006, 30034])
async def test_what_a_carrier_does_not_deliver_reaches_its_person(
    box: BoxWorld, twilio: TwilioDouble, code: int
) -> None:
    """department-of-veterans-affairs/notification-api#1376, va.gov-team#51354, SaraAlert#708."""
    await ada(box)
    await box.post("/queue/sms", {"userId": "ada", "message": "Bring the keys"})
    await box.work()
    twilio.outcomes[twilio.sent[0]["Sid"]] = {"status": "undelivered", "error_code": code}
    await box.run_until("2024-10-23T08:10:00Z")
    assert dict(await inbox(box))["sms.undelivered"] == "Bring the keys"
    await box.run_until("2024-10-23T10:00:00Z", step=timedelta(minutes=10))
    kinds = [kind for kind, _ in await inbox(box)]
    assert kinds.count("sms.undelivered") == 1


async def test_a_code_is_not_sent_another_way(box: BoxWorld, twilio: TwilioDouble) -> None:
    await box.person()
    twilio.script = [(429, 20429)] * 100
    await box.post("/users/ada/phone", {"phoneNumber": "+14155552671"})
    await box.run_until("2024-10-23T08:20:00Z")
    assert twilio.sent == []
    assert await inbox(box) == []
