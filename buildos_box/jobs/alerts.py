"""The checks that operators are alerted by, every minute (docs/spec.md#queue-alerts)."""

from datetime import timedelta

import msgspec

from buildos_box.clock import Clock, Instant, from_text, to_text
from buildos_box.db import Database, Tx
from buildos_box.jobs import alert_store, job_query_store
from buildos_box.operator_alert import OperatorAlert

WINDOW = timedelta(minutes=15)
SPIKE = 5
SPIKE_SHARE = 0.5
OLDEST_RUNNABLE = timedelta(minutes=10)
REPEAT_AFTER = timedelta(hours=1)
UNDELIVERED_EMAIL, UNDELIVERED_SMS = "email_undelivered", "sms_undelivered"
CHAT_REFUSED = "chat_refused"


class AlertSummary(msgspec.Struct, frozen=True):
    """Kinds of alerts that were found, and those of them that were raised now."""

    found: list[str]
    raised: list[str]


def failure_spike(failed: int, finished: int, job_type: str, codes: str) -> OperatorAlert | None:
    """An alert if five jobs or more, and half of all that ended in the window, failed."""
    if failed < SPIKE or failed < finished * SPIKE_SHARE:
        return None
    minutes = int(WINDOW / timedelta(minutes=1))
    return OperatorAlert(
        f"failures:{job_type}",
        f"{failed} of {finished} {job_type} jobs failed in the last {minutes} minutes: {codes}",
    )


def oldest_waiting(oldest: str | None, now: Instant) -> OperatorAlert | None:
    """An alert if a runnable job that is not paused has waited for ten minutes; else None."""
    if oldest is None or now - from_text(oldest) < OLDEST_RUNNABLE:
        return None
    return OperatorAlert("oldest_runnable", f"a job that could run has waited since {oldest}")


async def check(db: Database, clock: Clock) -> AlertSummary:
    """Run all checks, and announce new alerts in the transaction that stores them."""
    now = clock.now()
    since = now - WINDOW
    found = [
        alert
        for row in await alert_store.finished_since(db, since)
        if (alert := failure_spike(row["failed"], row["finished"], row["job_type"], row["codes"]))
    ]
    waiting = oldest_waiting(await job_query_store.oldest_ready(db), now)
    if waiting is not None:
        found.append(waiting)
    raised = await db.write(lambda tx: _raise_new(tx, found, now))
    return AlertSummary([alert.kind for alert in found], raised)


def report(tx: Tx, alert: OperatorAlert, now: Instant) -> None:
    """Announce something that has just happened, at most once an hour for its kind."""
    if alert_store.note(tx, alert.kind, to_text(now), to_text(now - REPEAT_AFTER)):
        tx.announce(alert)


def _raise_new(tx: Tx, found: list[OperatorAlert], now: Instant) -> list[str]:
    raised = []
    kept = [UNDELIVERED_EMAIL, UNDELIVERED_SMS, CHAT_REFUSED, *(alert.kind for alert in found)]
    alert_store.forget_others(tx, kept)
    for alert in found:
        if alert_store.note(tx, alert.kind, to_text(now), to_text(now - REPEAT_AFTER)):
            tx.announce(alert)
            raised.append(alert.kind)
    return raised
