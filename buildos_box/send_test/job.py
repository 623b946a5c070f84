"""The jobs that send one test message over a channel; attempted once, so that the error shows."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import msgspec

from buildos_box.chat import client as chat_client
from buildos_box.chat import store as chat_store
from buildos_box.clock import to_text
from buildos_box.db import Row
from buildos_box.errors import PermanentError, TransientError
from buildos_box.jobs import external_effects
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.job_type import JobType, Payload
from buildos_box.mail.short_message import send_short_message
from buildos_box.notifications import push_client, push_store
from buildos_box.notifications.push_client import SubscriptionGone
from buildos_box.notifications.push_message import PushMessage, topic
from buildos_box.services import MailContext, Services
from buildos_box.sms import preferences_store
from buildos_box.sms.twilio_client import Outgoing, TwilioSender
from buildos_box.workspace import store as workspace

MAIL_EVENT = "email.test"
MAIL_SUBJECT = "Test mail from BuildOS Box"
MAIL_TEXT = "This server can send mail. Nobody else received this message.\n"
SMS_TEXT = "This is a test message from BuildOS Box."
PUSH_TITLE = "BuildOS Box can send push messages"
PUSH_TEXT = "This is a test message."
PUSH_TAG = "test"
CHAT_TITLE = "BuildOS Box can send chat messages"
VALID_SECONDS = 600


class TestTo(Payload, frozen=True, kw_only=True):
    """The recipient: an address, or a number in E.164."""

    to: str


class TestOfUser(Payload, frozen=True, kw_only=True):
    """The user whose browsers or chat get the message."""

    user_id: str


class TestMailResult(msgspec.Struct, frozen=True, rename="camel"):
    """The transport's answer."""

    transport: str
    message_id: str | None


class TestSmsResult(msgspec.Struct, frozen=True, rename="camel"):
    """Twilio's id for the message."""

    twilio_sid: str


class TestPushResult(msgspec.Struct, frozen=True, rename="camel"):
    """How many push services accepted the message, and the errors of the others."""

    sent: int
    failed: list[str]


class TestChatResult(msgspec.Struct, frozen=True, rename="camel"):
    """The service that took the message, and its id for it."""

    service: str
    message_id: str


async def _once(
    job: Attempt[Any], services: Services, kind: str, name: str, send: Callable[[], Awaitable[str]]
) -> str:
    return await external_effects.once(
        services, job, key=f"{kind}:{name}", kind=kind, look_up=None, send=send
    )


async def send_test_mail(job: Attempt[TestTo], services: Services) -> TestMailResult:
    """Send the test mail; the transport's answer.

    A webhook's receiver may need a user: the one with that address, else an admin, else the first.
    Raises PermanentError, TransientError, LeaseLost.
    """
    to = job.payload.to
    user_id = await workspace.user_of_address_or_admin(services.db, to)
    sent = await send_short_message(
        services,
        job,
        f"test-{job.job_id}",
        to=to,
        subject=MAIL_SUBJECT,
        text=MAIL_TEXT,
        about=MailContext(user_id=user_id, event_type=MAIL_EVENT),
    )
    return TestMailResult(services.settings.email.transport, sent.message_id)


async def send_test_sms(job: Attempt[TestTo], services: Services) -> TestSmsResult:
    """Send the test message; Twilio's answer. A number that has opted out gets none.

    Raises PermanentError, TransientError, LeaseLost.
    """
    to = job.payload.to
    if await services.db.read_snapshot(lambda tx: preferences_store.has_opted_out(tx, to)):
        raise PermanentError("this number has opted out of SMS", code="opted_out")
    sender = TwilioSender(services.settings)
    outgoing = Outgoing(to=to, body=SMS_TEXT, validity=VALID_SECONDS, callback=None)
    sid = await _once(job, services, "sms", f"test-{job.job_id}", lambda: sender.send(outgoing))
    return TestSmsResult(sid)


async def send_test_push(job: Attempt[TestOfUser], services: Services) -> TestPushResult:
    """Send to each browser, even if other push services refuse; the counts and errors.

    Raises PermanentError if no browser has subscribed or no push service accepted it, LeaseLost.
    """
    content = {
        "id": job.job_id,
        "eventType": PUSH_TAG,
        "title": PUSH_TITLE,
        "body": PUSH_TEXT,
        "tag": PUSH_TAG,
        "url": "/app",
        "createdAt": to_text(services.clock.now()),
    }
    message = PushMessage(content, VALID_SECONDS, "high", topic(PUSH_TAG))
    sent, failed = 0, []
    user_id = job.payload.user_id
    browsers = await services.db.read_snapshot(lambda tx: push_store.active_of(tx, user_id))
    for subscription in browsers:
        try:
            await _push(job, services, subscription, message)
            sent += 1
        except (PermanentError, TransientError) as error:
            failed.append(error.message)
    if not sent:
        raise PermanentError("; ".join(failed) or "no browser has subscribed", code="not_sent")
    return TestPushResult(sent, failed)


async def send_test_chat(job: Attempt[TestOfUser], services: Services) -> TestChatResult:
    """Send to the user's confirmed chat address; the service's answer.

    Raises PermanentError, also if there is no address, TransientError, LeaseLost.
    """
    user_id = job.payload.user_id
    row = await services.db.read_snapshot(lambda tx: chat_store.address(tx, user_id))
    if row is None:
        raise PermanentError("there is no confirmed chat address", code="no_chat_address")
    service, target = row["service"], row["target"]
    sent = await _once(
        job,
        services,
        "chat",
        f"test-{job.job_id}",
        lambda: chat_client.send(services, service, target, CHAT_TITLE, PUSH_TEXT),
    )
    return TestChatResult(service, sent)


async def _push(
    job: Attempt[Any], services: Services, subscription: Row, message: PushMessage
) -> None:
    name = f"test-{job.job_id}-{subscription['id']}"
    try:
        await _once(
            job, services, "push", name, lambda: push_client.send(services, subscription, message)
        )
    except SubscriptionGone as gone:
        reason = gone.message
        await services.db.write(lambda tx: push_store.deactivate(tx, subscription["id"], reason))
        raise


SEND_TEST_MAIL = JobType(
    name="send_test_email",
    payload=TestTo,
    run=send_test_mail,
    lane="email",
    timeout=timedelta(minutes=2),
    max_attempts=1,
)
SEND_TEST_SMS = JobType(
    name="send_test_sms",
    payload=TestTo,
    run=send_test_sms,
    lane="sms",
    timeout=timedelta(minutes=2),
    max_attempts=1,
)
SEND_TEST_PUSH = JobType(
    name="send_test_push",
    payload=TestOfUser,
    run=send_test_push,
    lane="push",
    timeout=timedelta(minutes=3),
    max_attempts=1,
)
SEND_TEST_CHAT = JobType(
    name="send_test_chat",
    payload=TestOfUser,
    run=send_test_chat,
    lane="push",
    timeout=timedelta(minutes=2),
    max_attempts=1,
)
