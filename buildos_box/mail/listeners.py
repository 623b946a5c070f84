"""How mails follow changes of jobs and users, in the same transaction."""

import contextlib
from typing import Any

from buildos_box.db import Tx
from buildos_box.errors import RateLimited, Unprocessable
from buildos_box.feature import Listener
from buildos_box.jobs import alerts
from buildos_box.jobs.changes import EXPIRED, JobCancelled, JobFailed
from buildos_box.mail import bounce_store, confirmation_store, store, subscriptions
from buildos_box.mail.changes import EmailBounced, EmailUndelivered
from buildos_box.mail.confirmation import queue_code
from buildos_box.mail.job import GENERATE_BRIEF_EMAIL
from buildos_box.mail.notification_job import SEND_NOTIFICATION_EMAIL
from buildos_box.operator_alert import OperatorAlert
from buildos_box.realtime import store as realtime
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.changes import PreferencesChanged, UserSaved
from buildos_box.workspace.model import User

_MAIL_JOBS = (GENERATE_BRIEF_EMAIL.name, SEND_NOTIFICATION_EMAIL.name)


def on_job_failed(tx: Tx, services: Services, change: JobFailed) -> None:
    """Fail the mail of a job that has failed for good."""
    if change.job_type in _MAIL_JOBS:
        email_id = str(change.metadata.get("emailId"))
        store.stop(tx, email_id, store.FAILED, change.message, services.clock.now())
        _undelivered(tx, services, email_id, change.message, change.correlation_id)


def on_job_cancelled(tx: Tx, services: Services, change: JobCancelled) -> None:
    """Cancel the mail of a cancelled or expired job."""
    if change.job_type in _MAIL_JOBS:
        email_id = str(change.metadata.get("emailId"))
        store.stop(tx, email_id, store.CANCELLED, change.reason, services.clock.now())
        if change.reason == EXPIRED:
            _undelivered(tx, services, email_id, "it expired", change.correlation_id)


def _undelivered(
    tx: Tx, services: Services, email_id: str, reason: str, correlation_id: str
) -> None:
    """Announce that the mail is not tried again, and alert operators."""
    email = store.find(tx, email_id)
    if email is None or email.status == store.SENT:
        return
    tx.announce(EmailUndelivered(email.id, email.user_id, email.brief_id, reason, correlation_id))
    message = f"mail {email.id} to user {email.user_id} was not delivered: {reason}"
    alerts.report(tx, OperatorAlert(alerts.UNDELIVERED_EMAIL, message), services.clock.now())


def on_user_saved(tx: Tx, services: Services, change: UserSaved) -> None:
    """Forget bounces of another address; without tracking, waiting mails are not tracked either."""
    user = workspace.find_user(tx, change.user_id)
    if user is None:
        return
    if change.email_changed:
        _confirm(tx, services, user)
    if change.created:
        return
    bounce_store.clear_others(tx, user.id, user.email)
    if not user.email_tracking:
        store.stop_tracking(tx, user.id)


def _confirm(tx: Tx, services: Services, user: User) -> None:
    """Send an unconfirmed address its code; past the limits the user has to ask for it."""
    confirmation_store.close(tx, user.id)
    if user.email and not user.email_confirmed:
        with contextlib.suppress(RateLimited, Unprocessable):
            queue_code(tx, services, user)


def on_preferences_changed(tx: Tx, services: Services, change: PreferencesChanged) -> None:
    """Subscribe the user to briefs by mail, or unsubscribe, as their preferences say."""
    subscriptions.follow_preferences(tx, change.user_id, services.clock.now())


def on_email_bounced(tx: Tx, services: Services, change: EmailBounced) -> None:
    """Publish the bounce to open streams."""
    realtime.publish(
        tx,
        user_id=change.user_id,
        type="email.bounced",
        data={"emailId": change.email_id, "address": change.address, "reason": change.reason},
        correlation_id=change.correlation_id,
        now=services.clock.now(),
    )


LISTENERS: tuple[Listener[Any], ...] = (
    Listener(UserSaved, on_user_saved),
    Listener(PreferencesChanged, on_preferences_changed),
    Listener(EmailBounced, on_email_bounced),
    Listener(JobFailed, on_job_failed),
    Listener(JobCancelled, on_job_cancelled),
)
