"""Asks Twilio about messages in doubt, and for outcomes and prices that no callback reported.

A server without a public address gets no callbacks, and callbacks have no price.

The rules: docs/spec.md#sms-outcomes.
"""

from datetime import timedelta

import msgspec

from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db import Row, Tx
from buildos_box.errors import PermanentError, TransientError
from buildos_box.jobs.crons import Cron
from buildos_box.log import logger
from buildos_box.services import Services
from buildos_box.sms import store
from buildos_box.sms.delivery_status import apply_status, record_cost
from buildos_box.sms.record_outcome import body_of, mark_sent
from buildos_box.sms.twilio_client import MessageStatus, Outgoing, TwilioSender

AT_ONCE = 50
WAITS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 60, 360, 1440))
"""The times from one question to the next; after the last one Twilio is not asked again."""
log = logger(__name__)


class Asked(msgspec.Struct, frozen=True):
    """How many messages were asked about, and how many are finished now."""

    asked: int
    answered: int


async def sms_reconciliation(_due: Instant, services: Services) -> Asked:
    """Ask about the messages that are due, oldest first; stop when Twilio does not answer."""
    rows = await store.due_for_reconciliation(services.db, services.clock.now(), AT_ONCE)
    if not rows:
        return Asked(0, 0)
    asked, answered = 0, 0
    try:
        sender = TwilioSender(services.settings, services.twilio_http)
        for row in rows:
            asked += 1
            if row["twilio_sid"] is None:
                answered += await _look_for(sender, services, row)
                continue
            fetched = await _ask(sender, row)

            def learn(tx: Tx, row: Row = row, fetched: MessageStatus | None = fetched) -> bool:
                return _learn(tx, services, str(row["id"]), fetched)

            answered += await services.db.write(learn)
    except (PermanentError, TransientError) as error:
        log.warning("sms_reconciliation_failed", error=error.message)
    return Asked(asked, answered)


async def _look_for(sender: TwilioSender, services: Services, row: Row) -> bool:
    """Look for a message that may have been sent. It is never sent again from here."""
    message = Outgoing(row["phone_number"] or "", body_of(services, row), None, None)
    since = from_text(row["sending_since"] or row["updated_at"])
    known = await store.known_sids(services.db, message.to)
    sid = await sender.find_sent_message(message, since, known)

    def learn(tx: Tx) -> bool:
        fresh = store.find(tx, row["id"])
        if fresh is None or fresh["status"] != store.UNKNOWN or fresh["twilio_sid"]:
            return False
        if sid is None:
            _ask_again(tx, services, fresh, done=False)
            return False
        mark_sent(tx, services, fresh["id"], sid)
        return True

    return await services.db.write(learn)


async def _ask(sender: TwilioSender, row: Row) -> MessageStatus | None:
    """The message at Twilio; None if Twilio does not know it (any more)."""
    try:
        return await sender.fetch(row["twilio_sid"])
    except PermanentError as error:
        if error.code != "twilio_20404":
            raise
        return None


def _learn(tx: Tx, services: Services, sms_id: str, fetched: MessageStatus | None) -> bool:
    row = store.find(tx, sms_id)
    if row is None or row["reconcile_at"] is None:
        return False
    if fetched is not None:
        apply_status(tx, services, row, fetched.status, fetched.error_code, row["twilio_sid"])
        record_cost(
            tx, services, row, segments=fetched.segments, price=fetched.price, unit=fetched.unit
        )
    fresh = store.find(tx, sms_id)
    assert fresh is not None
    done = fetched is None or (fresh["price"] is not None and fresh["status"] in store.ENDED)
    _ask_again(tx, services, row, done=done)
    return done


def _ask_again(tx: Tx, services: Services, row: Row, *, done: bool) -> None:
    now = services.clock.now()
    given_up = not done and row["reconcile_tries"] >= len(WAITS)
    wait = None if done or given_up else WAITS[row["reconcile_tries"]]
    if given_up and row["status"] == store.UNKNOWN:
        store.count(tx, store.FAILED, now)
    reconcile_at = to_text(now + wait) if wait else None
    store.change(
        tx, row["id"], now, reconcile_at=reconcile_at, reconcile_tries=row["reconcile_tries"] + 1
    )


SMS_RECONCILIATION = Cron(
    name="sms_reconciliation",
    schedule="*/5 * * * *",
    does="Asks Twilio for the outcome and price of sent messages",
    run=sms_reconciliation,
    lookback=timedelta(minutes=5),
)
