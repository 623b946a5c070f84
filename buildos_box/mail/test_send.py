"""A test mail to any address (`send-test email`)."""

from datetime import timedelta
from typing import Any

import msgspec
from litestar import post

from buildos_box.auth.caller import Caller
from buildos_box.auth.scope_guard import NEEDS_SERVICE
from buildos_box.errors import Impossible, PermanentError
from buildos_box.jobs import effects
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.types import JobQueued, JobType, Payload
from buildos_box.mail.headers import mailbox
from buildos_box.mail.short_message import short_message
from buildos_box.services import Services

SUBJECT = "Test mail from BuildOS Box"
TEXT = "This box can send mail: you are reading the proof. Nobody else was written to.\n"


class TestMailPayload(Payload, frozen=True, kw_only=True):
    """The recipient."""

    to: str


class TestMailRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The body of `POST /queue/test-email`."""

    to: str


class TestMailResult(msgspec.Struct, frozen=True, rename="camel"):
    """The transport's answer."""

    transport: str
    message_id: str


async def send_test_mail(job: Attempt[TestMailPayload], box: Services) -> TestMailResult:
    """Hand the test mail over; returns the transport's answer.

    Raises PermanentError, TransientError, LeaseLost.
    """
    to, key = job.payload.to, f"test-{job.job_id}"
    message = short_message(box, key, to=to, at=job.scheduled_for, subject=SUBJECT, text=TEXT)
    sent = await effects.once(
        box,
        job,
        key=f"mail:{key}",
        kind="mail",
        found=None,
        send=lambda: box.mailer.send(key, str(mailbox(to)), message),
    )
    return TestMailResult(box.settings.email.transport, sent)


@post("/queue/test-email", status_code=200, tags=["Mail"], opt=NEEDS_SERVICE)
async def queue_test_mail(
    data: TestMailRequest, box: Services, caller: Caller, correlation_id: str
) -> JobQueued:
    """Send one test mail to an address; the result of its job is the transport's answer.

    Raises Forbidden, Impossible (the address), Unavailable.
    """
    try:
        mailbox(data.to)
    except PermanentError as error:
        raise Impossible.field("to", error.message) from error
    queued = await box.db.write(
        lambda tx: box.queue.enqueue(
            tx,
            SEND_TEST_MAIL,
            TestMailPayload(to=data.to),
            user_id=None,
            priority=1,
            correlation_id=correlation_id,
            actor=caller.actor,
        )
    )
    return JobQueued(True, queued.job_id)


SEND_TEST_MAIL = JobType(
    name="send_test_email",
    payload=TestMailPayload,
    run=send_test_mail,
    lane="email",
    timeout=timedelta(minutes=2),
    max_attempts=1,
)
ROUTES: list[Any] = [queue_test_mail]
