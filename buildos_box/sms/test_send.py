"""A test SMS to any number (`send-test sms`)."""

from datetime import timedelta
from typing import Any

import msgspec
from litestar import post

from buildos_box.auth.caller import Caller
from buildos_box.auth.scope_guard import NEEDS_SERVICE
from buildos_box.db import Tx
from buildos_box.errors import PermanentError
from buildos_box.jobs import effects
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.types import Enqueued, JobQueued, JobType, Payload
from buildos_box.services import Services
from buildos_box.sms import preferences_store
from buildos_box.sms.phone import e164
from buildos_box.sms.twilio_client import Outgoing, TwilioSender

TEXT = "This is a test message from BuildOS Box."
VALID_SECONDS = 600


class TestSmsPayload(Payload, frozen=True, kw_only=True):
    """The number, in E.164."""

    to: str


class TestSmsRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The body of `POST /queue/test-sms`; a number without `+` is read as one of `sms.country`."""

    to: str


class TestSmsResult(msgspec.Struct, frozen=True, rename="camel"):
    """Twilio's id for the message."""

    twilio_sid: str


async def send_test_sms(job: Attempt[TestSmsPayload], box: Services) -> TestSmsResult:
    """Hand the test message over. A number that has opted out gets none.

    Raises PermanentError, TransientError, LeaseLost.
    """
    to = job.payload.to
    if await box.db.write(lambda tx: _opted_out(tx, job, to)):
        raise PermanentError("this number has opted out of SMS", code="opted_out")
    sender = TwilioSender(box.settings)
    sid = await effects.once(
        box,
        job,
        key=f"sms:test-{job.job_id}",
        kind="sms",
        found=None,
        send=lambda: sender.send(Outgoing(to=to, body=TEXT, validity=VALID_SECONDS, callback=None)),
    )
    return TestSmsResult(sid)


def _opted_out(tx: Tx, job: Attempt[Any], number: str) -> bool:
    job.ensure_lease(tx)
    return preferences_store.has_opted_out(tx, number)


@post("/queue/test-sms", status_code=200, tags=["SMS"], opt=NEEDS_SERVICE)
async def queue_test_sms(
    data: TestSmsRequest, box: Services, caller: Caller, correlation_id: str
) -> JobQueued:
    """Send one test SMS to a number; the result of its job is Twilio's answer.

    Raises Forbidden, Impossible (the number), Unavailable.
    """
    number = e164(data.to, box.settings.sms, "to")

    def add(tx: Tx) -> Enqueued:
        return box.queue.enqueue(
            tx,
            SEND_TEST_SMS,
            TestSmsPayload(to=number),
            user_id=None,
            priority=1,
            correlation_id=correlation_id,
            actor=caller.actor,
        )

    return JobQueued(True, (await box.db.write(add)).job_id)


SEND_TEST_SMS = JobType(
    name="send_test_sms",
    payload=TestSmsPayload,
    run=send_test_sms,
    lane="sms",
    timeout=timedelta(minutes=2),
    max_attempts=1,
)
ROUTES: list[Any] = [queue_test_sms]
