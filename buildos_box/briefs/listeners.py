"""What briefs do when something that they depend on changes, in the same transaction."""

from typing import Any

import msgspec

from buildos_box.briefs import store
from buildos_box.briefs.job import GENERATE_DAILY_BRIEF, BriefPayload
from buildos_box.briefs.planning import reschedule
from buildos_box.clock import Instant
from buildos_box.db import Tx
from buildos_box.feature import Listener
from buildos_box.jobs.changes import JobCancelled, JobFailed
from buildos_box.mail.changes import EmailUndelivered
from buildos_box.notifications.outgoing import notify
from buildos_box.realtime import store as realtime
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.changes import PreferencesChanged, UserSaved


def on_preferences_changed(tx: Tx, services: Services, change: PreferencesChanged) -> None:
    """Plan the user's next brief again."""
    reschedule(tx, services, change.user_id)


def on_user_saved(tx: Tx, services: Services, change: UserSaved) -> None:
    """In another time zone the next brief is due at another instant."""
    if change.zone_changed:
        reschedule(tx, services, change.user_id)


def on_job_failed(tx: Tx, services: Services, change: JobFailed) -> None:
    """Record that a brief failed, and notify its user."""
    if change.job_type != GENERATE_DAILY_BRIEF.name:
        return
    now = services.clock.now()
    user_is_there = (
        change.user_id is not None and workspace.find_user(tx, change.user_id) is not None
    )
    brief = store.note_failure(tx, change.job_id, change.message, now)
    if brief is None and user_is_there and _begin_failed(tx, services, change, now):
        brief = store.note_failure(tx, change.job_id, change.message, now)
    realtime.publish(
        tx,
        user_id=change.user_id,
        type="brief.failed",
        data={
            "briefId": brief["id"] if brief else None,
            "briefDate": change.metadata.get("briefDate"),
            "jobId": change.job_id,
            "error": change.message,
        },
        correlation_id=change.correlation_id,
        now=now,
    )
    if change.user_id is not None and user_is_there:
        notify(
            tx,
            services,
            user_id=change.user_id,
            event_type="brief.failed",
            payload={
                "briefId": brief["id"] if brief else "",
                "briefDate": str(change.metadata.get("briefDate")),
                "error": change.message,
            },
            correlation_id=change.correlation_id,
            actor="job:generate_daily_brief",
        )


def _begin_failed(tx: Tx, services: Services, change: JobFailed, now: Instant) -> bool:
    """Store the beginning of a brief whose job has stored nothing; returns whether it says which
    brief that is.
    """
    try:
        payload = msgspec.convert(change.metadata, BriefPayload)
        day = payload.day
    except ValueError:
        return False
    brief_id = services.ids.new("brief", now)
    store.begin(tx, brief_id, change.user_id or "", day, payload.timezone, change.job_id, now)
    return True


def on_job_cancelled(tx: Tx, services: Services, change: JobCancelled) -> None:
    """An unfinished brief whose job is cancelled is not being written any more."""
    if change.job_type == GENERATE_DAILY_BRIEF.name:
        store.note_failure(tx, change.job_id, f"cancelled: {change.reason}", services.clock.now())


def on_email_undelivered(tx: Tx, services: Services, change: EmailUndelivered) -> None:
    """Notify the user in another channel that their brief could not be mailed."""
    day = store.day_of(tx, change.brief_id) if change.brief_id else None
    if day is None or workspace.find_user(tx, change.user_id) is None:
        return
    notify(
        tx,
        services,
        user_id=change.user_id,
        event_type="brief.email_failed",
        payload={
            "briefId": change.brief_id,
            "briefDate": day.isoformat(),
            "error": change.reason,
        },
        correlation_id=change.correlation_id,
        once_key=f"brief-email-failed-{change.email_id}",
    )


LISTENERS: tuple[Listener[Any], ...] = (
    Listener(PreferencesChanged, on_preferences_changed),
    Listener(UserSaved, on_user_saved),
    Listener(JobFailed, on_job_failed),
    Listener(JobCancelled, on_job_cancelled),
    Listener(EmailUndelivered, on_email_undelivered),
)
