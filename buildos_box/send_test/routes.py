"""The routes of test messages."""

from typing import Any

import msgspec
from litestar import post

from buildos_box.auth.caller import Caller
from buildos_box.auth.scope_guard import NEEDS_SERVICE
from buildos_box.chat import store as chat_store
from buildos_box.db import Tx
from buildos_box.errors import PermanentError, Unprocessable
from buildos_box.jobs.job_type import JobQueued, JobType, Payload
from buildos_box.mail.mailbox import mailbox
from buildos_box.notifications import push_store
from buildos_box.send_test.job import (
    SEND_TEST_CHAT,
    SEND_TEST_MAIL,
    SEND_TEST_PUSH,
    SEND_TEST_SMS,
    TestOfUser,
    TestTo,
)
from buildos_box.services import Services
from buildos_box.sms.phone import e164


class TestToRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The recipient: an address, or a number; one without `+` is read as one of `sms.country`."""

    to: str


class TestOfUserRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The body of `POST /queue/test-push` and `/queue/test-chat`."""

    user_id: str


def _enqueue(
    tx: Tx,
    services: Services,
    caller: Caller,
    correlation_id: str,
    job_type: JobType[Any],
    payload: Payload,
    user_id: str | None = None,
) -> JobQueued:
    queued = services.queue.enqueue(
        tx,
        job_type,
        payload,
        user_id=user_id,
        priority=1,
        correlation_id=correlation_id,
        actor=caller.actor,
    )
    return JobQueued(True, queued.job_id)


@post("/queue/test-email", status_code=200, tags=["Mail"], opt=NEEDS_SERVICE)
async def queue_test_mail(
    data: TestToRequest, services: Services, caller: Caller, correlation_id: str
) -> JobQueued:
    """Send one test mail to an address; the result of its job is the transport's answer.

    Raises Forbidden, Unprocessable (the address), Unavailable.
    """
    try:
        mailbox(data.to)
    except PermanentError as error:
        raise Unprocessable.field("to", error.message) from error
    payload = TestTo(to=data.to)
    return await services.db.write(
        lambda tx: _enqueue(tx, services, caller, correlation_id, SEND_TEST_MAIL, payload)
    )


@post("/queue/test-sms", status_code=200, tags=["SMS"], opt=NEEDS_SERVICE)
async def queue_test_sms(
    data: TestToRequest, services: Services, caller: Caller, correlation_id: str
) -> JobQueued:
    """Send one test SMS to a number; the result of its job is Twilio's answer.

    Raises Forbidden, Unprocessable (the number), Unavailable.
    """
    payload = TestTo(to=e164(data.to, services.settings.sms, "to"))
    return await services.db.write(
        lambda tx: _enqueue(tx, services, caller, correlation_id, SEND_TEST_SMS, payload)
    )


@post("/queue/test-push", status_code=200, tags=["Push"], opt=NEEDS_SERVICE)
async def queue_test_push(
    data: TestOfUserRequest, services: Services, caller: Caller, correlation_id: str
) -> JobQueued:
    """Queue a test message to each browser of a user.

    Raises Forbidden (not a service or admin), Unprocessable (no browser has subscribed),
    Unavailable.
    """
    user_id = data.user_id

    def add(tx: Tx) -> JobQueued:
        if not push_store.active_of(tx, user_id):
            raise Unprocessable.field("userId", f"no browser of {user_id} has subscribed to push")
        payload = TestOfUser(user_id=user_id)
        return _enqueue(tx, services, caller, correlation_id, SEND_TEST_PUSH, payload, user_id)

    return await services.db.write(add)


@post("/queue/test-chat", status_code=200, tags=["Chat"], opt=NEEDS_SERVICE)
async def queue_test_chat(
    data: TestOfUserRequest, services: Services, caller: Caller, correlation_id: str
) -> JobQueued:
    """Queue a test message to a user's chat; the result of its job is the service's answer.

    Raises Forbidden (not a service or admin), Unprocessable (no confirmed address), Unavailable.
    """
    user_id = data.user_id

    def add(tx: Tx) -> JobQueued:
        if chat_store.address(tx, user_id) is None:
            raise Unprocessable.field("userId", f"{user_id} has no confirmed chat address")
        payload = TestOfUser(user_id=user_id)
        return _enqueue(tx, services, caller, correlation_id, SEND_TEST_CHAT, payload, user_id)

    return await services.db.write(add)


ROUTES: list[Any] = [queue_test_mail, queue_test_sms, queue_test_push, queue_test_chat]
