"""Storing the outcome and price of a message, reported by callback or on request.

The rules: docs/spec.md#sms-outcomes.
"""

from decimal import Decimal, InvalidOperation
from typing import Any

from buildos_box.clock import from_text, to_text
from buildos_box.db import Row, Tx
from buildos_box.services import Services
from buildos_box.sms import preferences_store, store
from buildos_box.sms.record_outcome import mark_sent
from buildos_box.sms.schedule_job import set_opt_out
from buildos_box.sms.twilio_client import BAD_NUMBER, UNSUBSCRIBED

STATUSES = {
    "sending": store.SENDING,
    "sent": store.SENT,
    "delivered": store.DELIVERED,
    "read": store.DELIVERED,
    "undelivered": store.UNDELIVERED,
    "failed": store.FAILED,
    "canceled": store.FAILED,
}
"""Twilio's states and ours; earlier states of Twilio's add nothing."""
MICROS = 1_000_000


def apply_status(
    tx: Tx, services: Services, row: Row, said: str, error: int | None, sid: str
) -> bool:
    """Apply a state that Twilio reported; False if it is not later than the stored one.

    Reports may come in any order. A number that has opted out or does not exist is marked.
    """
    now, status = services.clock.now(), STATUSES.get(said)
    if status is None or store.RANK[status] <= store.RANK.get(row["status"], 3):
        return False
    mark_sent(tx, services, row["id"], sid)
    values: dict[str, Any] = {"status": status, "twilio_sid": sid}
    if status == store.DELIVERED:
        values["delivered_at"] = to_text(now)
        store.count(tx, store.DELIVERED, now)
    if status in (store.UNDELIVERED, store.FAILED):
        values |= {"error_code": error, "reason": f"twilio_{error}" if error else said}
        store.count(tx, store.FAILED, now)
    store.change(tx, row["id"], now, **values)
    if error == UNSUBSCRIBED and row["phone_number"]:
        set_opt_out(tx, services, row["phone_number"], out=True)
    if error in BAD_NUMBER and row["phone_number"]:
        preferences_store.unverify(tx, row["phone_number"], now)
    return True


def record_cost(
    tx: Tx,
    services: Services,
    row: Row,
    *,
    segments: str | None,
    price: str | None,
    unit: str | None,
) -> None:
    """Store the message's price, once, with the number of billed segments.

    Before there is a price Twilio's number of segments is provisional, and ours is kept.
    """
    micros = micros_of(price)
    if micros is None or row["price"] is not None:
        return
    sent = from_text(row["sent_at"]) if row["sent_at"] else services.clock.now()
    values: dict[str, Any] = {"price": price, "price_unit": unit or "USD"}
    store.add_cost(tx, sent.date(), values["price_unit"], micros)
    if segments is not None and segments.isdecimal() and 0 < int(segments) != row["segments"]:
        store.count(tx, store.SEGMENTS, sent, int(segments) - (row["segments"] or 0))
        values["segments"] = int(segments)
    store.change(tx, row["id"], services.clock.now(), **values)


def micros_of(price: str | None) -> int | None:
    """The price in millionths of the currency; Twilio writes costs as negative numbers."""
    try:
        return abs(int(Decimal(price) * MICROS)) if price is not None else None
    except InvalidOperation:
        return None
