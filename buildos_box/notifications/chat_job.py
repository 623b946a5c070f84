"""The job that sends one notification to its user's chat.

Chat services have no idempotency keys: after a crash between intent and outcome the message is
sent again. The rules: docs/spec.md#chat-sending.
"""

from dataclasses import dataclass

from buildos_box.chat import client
from buildos_box.chat import store as chat_store
from buildos_box.chat.client import KeyRefused
from buildos_box.db import Row, Tx
from buildos_box.errors import TransientError
from buildos_box.jobs import alerts, external_effects
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.retry import Snooze
from buildos_box.notifications import fanout, push_outcome, sending, store
from buildos_box.notifications.fanout import DeliveryPayload, DeliveryResult
from buildos_box.notifications.preferences import Wait
from buildos_box.notifications.recipient import NO_ADDRESS
from buildos_box.notifications.sending import Begun
from buildos_box.operator_alert import OperatorAlert
from buildos_box.page_links import PageLinks
from buildos_box.services import Services


@dataclass(frozen=True, slots=True)
class _Ready:
    address: Row
    notification: Row


async def send_chat(job: Attempt[DeliveryPayload], services: Services) -> DeliveryResult:
    """Send the notification of the payload, unless it is no longer wanted.

    Raises Snooze during do-not-disturb hours, KeyRefused, TransientError, PermanentError (the
    notification or its user was deleted, the service refuses it or is gone), LeaseLost.
    """
    ready = await services.db.write(lambda tx: _prepare(tx, job, services))
    if isinstance(ready, Wait):
        raise Snooze(ready.until, "do-not-disturb")
    if isinstance(ready, DeliveryResult):
        return ready
    try:
        await _send(job, services, ready)
    except KeyRefused as refused:
        message = refused.message
        await services.db.write(lambda tx: _refused(tx, job, services, message))
        raise
    except TransientError as fault:
        message = fault.message
        await services.db.write(lambda tx: sending.note_error(tx, job, services, message))
        raise
    return DeliveryResult(job.payload.delivery_id, store.SENT)


def _prepare(
    tx: Tx, job: Attempt[DeliveryPayload], services: Services
) -> _Ready | DeliveryResult | Wait:
    begun = sending.begin(tx, job, services, "chat")
    if not isinstance(begun, Begun):
        return begun
    delivery, notification = begun.delivery, begun.notification
    if begun.skip is not None:
        return _skip(tx, services, delivery, begun.skip.reason)
    address = chat_store.address(tx, notification["user_id"])
    if address is None:
        push_outcome.fall_back(tx, services, notification["id"], "chat")
        return _skip(tx, services, delivery, NO_ADDRESS)
    return _Ready(address, notification)


def _skip(tx: Tx, services: Services, delivery: Row, reason: str) -> DeliveryResult:
    store.finish(tx, delivery["id"], store.SKIPPED, services.clock.now(), reason=reason)
    return DeliveryResult(delivery["id"], store.SKIPPED, reason)


async def _send(job: Attempt[DeliveryPayload], services: Services, ready: _Ready) -> None:
    delivery_id = job.payload.delivery_id
    title, body = message_of(services, ready.notification)

    def sent(tx: Tx, provider_id: str) -> None:
        now = services.clock.now()
        store.finish(tx, delivery_id, store.SENT, now, provider_id=provider_id)

    await external_effects.once(
        services,
        job,
        key=f"chat:{delivery_id}",
        kind="chat",
        look_up=None,
        send=lambda: client.send(
            services, ready.address["service"], ready.address["target"], title, body
        ),
        on_outcome=sent,
    )


def message_of(services: Services, notification: Row) -> tuple[str, str]:
    """Its title, and its text above the address that it is about.

    Of a brief that is its short form: the subject, the preview line and the link.
    """
    link = PageLinks.of(services.settings).action(notification["action_url"])
    return notification["title"], "\n".join(line for line in (notification["body"], link) if line)


def _refused(tx: Tx, job: Attempt[DeliveryPayload], services: Services, message: str) -> None:
    """Raise an alert: what the operator configured is refused, which concerns everybody."""
    job.ensure_lease(tx)
    alert = OperatorAlert(alerts.CHAT_REFUSED, f"{message}; check the URL in [chat]")
    alerts.report(tx, alert, services.clock.now())


SEND_CHAT = sending.job_type(fanout.SEND_CHAT, send_chat)
