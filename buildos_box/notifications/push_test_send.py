"""A test message to all browsers of a user (`send-test push`)."""

from datetime import timedelta
from typing import Any

import msgspec
from litestar import post

from buildos_box.auth.caller import Caller
from buildos_box.auth.scope_guard import NEEDS_SERVICE
from buildos_box.clock import to_text
from buildos_box.db import Row, Tx
from buildos_box.errors import Impossible, PermanentError, TransientError
from buildos_box.jobs import effects
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.types import Enqueued, JobQueued, JobType, Payload
from buildos_box.notifications import push_client, push_store
from buildos_box.notifications.push_client import SubscriptionGone
from buildos_box.notifications.push_message import PushMessage, topic
from buildos_box.services import Services

TITLE = "BuildOS Box can send push messages"
BODY = "This is a test message."
TAG = "test"
TTL_SECONDS = 600


class TestPushPayload(Payload, frozen=True, kw_only=True):
    """The user whose browsers get the message."""

    user_id: str


class TestPushRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The body of `POST /queue/test-push`."""

    user_id: str


class TestPushResult(msgspec.Struct, frozen=True, rename="camel"):
    """How many push services accepted the message, and the errors of the others."""

    sent: int
    failed: list[str]


async def send_test_push(job: Attempt[TestPushPayload], box: Services) -> TestPushResult:
    """Send to each browser, whatever the other push services answer.

    Raises PermanentError if no browser has subscribed or no push service accepted it, LeaseLost.
    """
    now = box.clock.now()
    content = {
        "id": job.job_id,
        "eventType": TAG,
        "title": TITLE,
        "body": BODY,
        "tag": TAG,
        "url": "/app",
        "createdAt": to_text(now),
    }
    message = PushMessage(content, TTL_SECONDS, "high", topic(TAG))
    sent, failed = 0, []
    for subscription in await box.db.write(lambda tx: _browsers(tx, job)):
        try:
            await _send(job, box, subscription, message)
            sent += 1
        except (PermanentError, TransientError) as error:
            failed.append(error.message)
    if not sent:
        raise PermanentError("; ".join(failed) or "no browser has subscribed", code="not_sent")
    return TestPushResult(sent, failed)


def _browsers(tx: Tx, job: Attempt[TestPushPayload]) -> list[Row]:
    job.ensure_lease(tx)
    return push_store.active_of(tx, job.payload.user_id)


async def _send(job: Attempt[Any], box: Services, subscription: Row, message: PushMessage) -> None:
    try:
        await effects.once(
            box,
            job,
            key=f"push:test-{job.job_id}-{subscription['id']}",
            kind="push",
            found=None,
            send=lambda: push_client.send(box, subscription, message),
        )
    except SubscriptionGone as gone:
        reason = gone.message
        await box.db.write(lambda tx: push_store.deactivate(tx, subscription["id"], reason))
        raise


@post("/queue/test-push", status_code=200, tags=["Push"], opt=NEEDS_SERVICE)
async def queue_test_push(
    data: TestPushRequest, box: Services, caller: Caller, correlation_id: str
) -> JobQueued:
    """Queue a test message to each browser of a user.

    Raises Forbidden (not a service or admin), Impossible (no browser has subscribed), Unavailable.
    """

    def add(tx: Tx) -> Enqueued:
        if not push_store.active_of(tx, data.user_id):
            raise Impossible.field("userId", f"no browser of {data.user_id} has subscribed to push")
        return box.queue.enqueue(
            tx,
            SEND_TEST_PUSH,
            TestPushPayload(user_id=data.user_id),
            user_id=data.user_id,
            priority=1,
            correlation_id=correlation_id,
            actor=caller.actor,
        )

    return JobQueued(True, (await box.db.write(add)).job_id)


SEND_TEST_PUSH = JobType(
    name="send_test_push",
    payload=TestPushPayload,
    run=send_test_push,
    lane="push",
    timeout=timedelta(minutes=3),
    max_attempts=1,
)
ROUTES: list[Any] = [queue_test_push]
