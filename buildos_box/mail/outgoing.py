"""Queueing mails in the transaction of their cause (docs/spec.md#enqueue-transaction)."""

from collections.abc import Sequence
from dataclasses import dataclass

from buildos_box.auth.daily_limits import day_start
from buildos_box.clock import Instant, to_text
from buildos_box.db import Tx
from buildos_box.locales.messages import N_
from buildos_box.mail import bounce_store, mail_urls, refusal_store, store
from buildos_box.mail.html import is_safe_in_markdown
from buildos_box.mail.job import (
    BRIEFS,
    GENERATE_BRIEF_EMAIL,
    UNCONFIRMED,
    UNSUBSCRIBED,
    BriefEmailPayload,
    email_key,
)
from buildos_box.mail.notification_job import (
    NOTIFICATIONS,
    SEND_NOTIFICATION_EMAIL,
    NotificationEmailPayload,
)
from buildos_box.mail.render import message_id
from buildos_box.mail.store import TaskLine
from buildos_box.services import Services
from buildos_box.workspace.languages import find_language
from buildos_box.workspace.model import User

OPEN_ACTION = N_("Open in BuildOS")


@dataclass(frozen=True, slots=True)
class QueuedEmail:
    """The mail that was queued, or the reason if there is none."""

    email_id: str | None
    skipped: str | None = None


def why_no_mail(tx: Tx, user: User, scope: str) -> str | None:
    """Why the user gets no mail of that scope; None if they do."""
    if reason := _no_usable_address(user):
        return reason
    if store.is_unsubscribed(tx, user.id, scope):
        return UNSUBSCRIBED
    return bounce_store.reason_against(tx, user.email or "")


def _no_usable_address(user: User) -> str | None:
    if not user.email:
        return "no address"
    return None if user.email_confirmed else UNCONFIRMED


def _why_not_now(
    tx: Tx, services: Services, user: User, scope: str, *, unless_bounced: bool
) -> str | None:
    """Why the user gets no mail of that scope, or no more of them today; None if they do."""
    if reason := _no_usable_address(user):
        return reason
    limit = services.settings.limits.mails_per_day or 0
    today = day_start(services.clock.now())
    reader = refusal_store.find_reader(tx, user.id, scope, since=today, most=limit)
    if reader.unsubscribed:
        return UNSUBSCRIBED
    bounced = bounce_store.reason_against(tx, user.email or "") if unless_bounced else None
    past = limit and reader.mails >= limit
    return bounced or (f"limits.mails_per_day ({limit}) is reached for today" if past else None)


def _store_email(
    tx: Tx,
    services: Services,
    user: User,
    *,
    kind: str,
    subject: str,
    markdown: str,
    send_at: Instant,
    correlation_id: str,
    event_type: str,
    locale: str,
    preheader: str = "",
    task_lines: Sequence[TaskLine] = (),
    brief_id: str | None = None,
    brief_date: str | None = None,
    notification_id: str | None = None,
    delivery_id: str | None = None,
) -> str:
    """Store a mail that is to be sent to the user's address; returns its id."""
    assert user.email is not None  # why_no_mail has looked
    now = services.clock.now()
    email_id = services.ids.new("email", now)
    email = store.Email(
        id=email_id,
        user_id=user.id,
        subject=subject,
        body_markdown=markdown,
        message_id=message_id(email_id, services.settings.email.from_address),
        tracking=user.email_tracking and services.settings.email.tracking,
        status=store.QUEUED,
        brief_id=brief_id,
        brief_date=brief_date,
        address=user.email,
        tracking_id=services.ids.secret(128),
        created_at=now,
        send_at=send_at,
        correlation_id=correlation_id,
        event_type=event_type,
        notification_id=notification_id,
        delivery_id=delivery_id,
        preheader=preheader,
        task_lines=tuple(task_lines),
        locale=locale,
    )
    token = mail_urls.unsubscribe_token(services.secret, email_id)
    store.add(tx, email, kind=kind, unsubscribe=token)
    return email_id


def queue_brief_email(
    tx: Tx,
    services: Services,
    user: User,
    *,
    brief_id: str,
    brief_date: str,
    subject: str,
    preheader: str,
    markdown: str,
    task_lines: Sequence[TaskLine],
    send_at: Instant,
    expires_at: Instant | None,
    correlation_id: str,
    locale: str,
) -> QueuedEmail:
    """Queue the brief's mail for `send_at`; earlier ones must have been superseded.

    `task_lines` are the lines that get a link by which their task is marked as done. `locale` is
    the language of the words around the text.
    """
    # One to an address that has bounced is stored, and skipped when it is to be sent: it is listed.
    skipped = _why_not_now(tx, services, user, BRIEFS, unless_bounced=False)
    if skipped is not None or user.email is None:
        return QueuedEmail(None, skipped)
    email_id = _store_email(
        tx,
        services,
        user,
        kind="brief",
        subject=subject,
        markdown=markdown,
        send_at=send_at,
        correlation_id=correlation_id,
        event_type="brief.completed",
        locale=locale,
        preheader=preheader,
        task_lines=task_lines,
        brief_id=brief_id,
        brief_date=brief_date,
    )
    services.queue.enqueue(
        tx,
        GENERATE_BRIEF_EMAIL,
        BriefEmailPayload(
            user_id=user.id,
            email_id=email_id,
            brief_id=brief_id,
            recipient_email=user.email,
            expires_at=to_text(expires_at) if expires_at else None,
        ),
        user_id=user.id,
        scheduled_for=send_at,
        correlation_id=correlation_id,
        actor="job:generate_daily_brief",
        is_new=True,
    )
    return QueuedEmail(email_id)


def queue_notification_email(
    tx: Tx,
    services: Services,
    user: User,
    *,
    subject: str,
    body_markdown: str,
    correlation_id: str,
    event_type: str,
    notification_id: str | None = None,
    delivery_id: str | None = None,
    action_url: str | None = None,
) -> QueuedEmail:
    """Queue a notification's mail for now; `action_url` becomes a link below its text."""
    skipped = _why_not_now(tx, services, user, NOTIFICATIONS, unless_bounced=True)
    if skipped:
        return QueuedEmail(None, skipped)
    language = find_language(tx, services, user.id)
    if action_url is not None and is_safe_in_markdown(action_url):
        label = language.say(OPEN_ACTION)
        body_markdown = f"{body_markdown}\n\n[{label}](<{action_url}>)"
    email_id = _store_email(
        tx,
        services,
        user,
        kind=store.OF_NOTIFICATION,
        subject=subject,
        markdown=body_markdown,
        send_at=services.clock.now(),
        correlation_id=correlation_id,
        event_type=event_type,
        locale=language.tag,
        notification_id=notification_id,
        delivery_id=delivery_id,
    )
    services.queue.enqueue(
        tx,
        SEND_NOTIFICATION_EMAIL,
        NotificationEmailPayload(user_id=user.id, email_id=email_id),
        user_id=user.id,
        correlation_id=correlation_id,
        actor="system",
    )
    return QueuedEmail(email_id)


def supersede(tx: Tx, services: Services, brief_id: str) -> None:
    """Cancel the waiting mail of a brief's earlier version.

    One that is being handed over is stopped, and its outcome stored as unknown.
    """
    services.queue.cancel_by_key(tx, email_key(brief_id), reason="superseded", actor="system")
    for email_id in store.unsent_of_brief(tx, brief_id):
        store.stop(tx, email_id, store.CANCELLED, "superseded", services.clock.now())
