"""Messages together with their jobs: added, moved and cancelled."""

from typing import Any

from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db import Row, Tx
from buildos_box.services import Services
from buildos_box.sms import store
from buildos_box.sms.send_job import SEND_SMS, SendPayload, sms_key


def enqueue(
    tx: Tx, services: Services, row: Row | dict[str, Any], at: Instant, actor: str = "system"
) -> str:
    """Queue the message's job for that time; returns the job's id."""
    payload = SendPayload(user_id=row["user_id"], sms_id=row["id"], expires_at=row["expires_at"])
    return services.queue.enqueue(
        tx,
        SEND_SMS,
        payload,
        user_id=row["user_id"],
        scheduled_for=at,
        correlation_id=row["correlation_id"],
        actor=actor,
    ).job_id


def add_message(
    tx: Tx,
    services: Services,
    *,
    user_id: str,
    kind: str,
    message: str,
    at: Instant,
    correlation_id: str,
    phone_number: str | None = None,
    expires_at: Instant | None = None,
    request_hash: str | None = None,
    actor: str = "system",
) -> tuple[str, str]:
    """Add a message and its job; returns their ids, or those of the same earlier request."""
    now = services.clock.now()
    before = store.find_by_request(tx, user_id, request_hash) if request_hash else None
    job_id = services.queue.newest_of(tx, user_id, sms_key(before["id"])) if before else None
    if before is not None and job_id is not None:
        return before["id"], job_id
    row = {
        "id": services.ids.new("sms", now),
        "user_id": user_id,
        "kind": kind,
        "phone_number": phone_number,
        "message": message,
        "message_source": "given",
        "send_at": to_text(at),
        "expires_at": to_text(expires_at) if expires_at else None,
        "status": store.SCHEDULED,
        "correlation_id": correlation_id,
        "request_hash": request_hash,
    }
    store.add(tx, row, now)
    store.count(tx, store.SCHEDULED, now)
    return row["id"] or "", enqueue(tx, services, row, at, actor)


def cancel_waiting(
    tx: Tx, services: Services, row: Row, reason: str, actor: str = "system"
) -> None:
    """Cancel a waiting message and its job."""
    store.change(tx, row["id"], services.clock.now(), status=store.CANCELLED, reason=reason)
    services.queue.cancel_by_key(tx, sms_key(row["id"]), reason=reason, actor=actor)


def move(tx: Tx, services: Services, row: Row, at: Instant, actor: str = "system") -> None:
    """Send a message at another time: the old job is cancelled, a new one queued."""
    services.queue.cancel_by_key(tx, sms_key(row["id"]), reason="rescheduled", actor=actor)
    store.change(
        tx,
        row["id"],
        services.clock.now(),
        send_at=to_text(at),
        status=store.SCHEDULED,
        reason=None,
    )
    enqueue(tx, services, row, at, actor)


def expiry_of(row: Row) -> Instant | None:
    """When the message expires; None if never."""
    return from_text(row["expires_at"]) if row["expires_at"] else None
