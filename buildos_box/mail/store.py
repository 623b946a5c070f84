"""The SQL of mails."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db import Database, Row, Tx
from buildos_box.mail.changes import EmailChanged
from buildos_box.services import MailContext

QUEUED, SENDING, SENT = "queued", "sending", "sent"
FAILED, UNKNOWN, CANCELLED, SKIPPED = "failed", "unknown", "cancelled", "skipped"
ALL = "all"
"""The scope of all mail; the others are kinds of mail."""
SCOPES = ("briefs", "notifications", ALL)
OF_NOTIFICATION = "notification"
"""The kind of a mail that brings a notification."""
IN_DOUBT = (SENDING, UNKNOWN)
"""States of a mail that was handed over without an answer: it may have been delivered."""


class TaskLine(msgspec.Struct, frozen=True):
    """A line of a mail's Markdown, counted from zero, and the task that it is about."""

    line: int
    task_id: str


@dataclass(frozen=True, slots=True)
class Email:
    """A mail to one user, with all that is needed to render and send it."""

    id: str
    user_id: str
    subject: str
    body_markdown: str
    message_id: str
    tracking: bool
    status: str
    brief_id: str | None
    address: str
    tracking_id: str
    created_at: Instant
    send_at: Instant
    correlation_id: str
    event_type: str = "brief.completed"
    brief_date: str | None = None
    notification_id: str | None = None
    delivery_id: str | None = None
    preheader: str = ""
    """The preview line of mail programs; the first line of the text if empty."""
    task_lines: tuple[TaskLine, ...] = ()
    """The lines that get a link by which their task is marked as done."""
    locale: str | None = None
    """The language of the words around the text; None is English."""

    @property
    def context(self) -> MailContext:
        """What the mail is about."""
        return MailContext(
            user_id=self.user_id,
            event_type=self.event_type,
            tracking_id=self.tracking_id,
            brief_id=self.brief_id,
            brief_date=self.brief_date,
            event_id=self.notification_id,
            delivery_id=self.delivery_id,
        )


def hash_token(token: str) -> str:
    """The stored form of an unsubscribe token; it has 128 random bits, so a plain
    hash is enough.
    """
    return hashlib.sha256(token.encode()).hexdigest()


def add(tx: Tx, email: Email, *, kind: str, unsubscribe: str) -> None:
    """Store a new mail and its recipient."""
    tx.execute(
        """INSERT INTO emails (id, user_id, kind, brief_id, subject, body_markdown, message_id,
                               tracking, status, send_at, correlation_id, created_at, updated_at,
                               event_type, brief_date, notification_id, delivery_id,
                               preheader, task_lines, locale)
           VALUES (:id, :user_id, :kind, :brief_id, :subject, :body, :message_id,
                   :tracking, 'queued', :send_at, :correlation_id, :now, :now,
                   :event_type, :brief_date, :notification_id, :delivery_id,
                   :preheader, :task_lines, :locale)""",
        {
            "id": email.id,
            "user_id": email.user_id,
            "kind": kind,
            "brief_id": email.brief_id,
            "subject": email.subject,
            "body": email.body_markdown,
            "message_id": email.message_id,
            "tracking": int(email.tracking),
            "send_at": to_text(email.send_at),
            "correlation_id": email.correlation_id,
            "now": to_text(email.created_at),
            "event_type": email.event_type,
            "brief_date": email.brief_date,
            "notification_id": email.notification_id,
            "delivery_id": email.delivery_id,
            "preheader": email.preheader,
            "task_lines": msgspec.json.encode(email.task_lines).decode(),
            "locale": email.locale,
        },
    )
    tx.execute(
        """INSERT INTO email_recipients (email_id, address, tracking_id, unsubscribe_hash)
           VALUES (?, ?, ?, ?)""",
        (email.id, email.address, email.tracking_id, hash_token(unsubscribe)),
    )
    log(tx, email.id, QUEUED, None, email.created_at)


def log(tx: Tx, email_id: str, status: str, detail: str | None, now: Instant) -> None:
    """Add a row to the delivery log."""
    tx.insert_deferred(
        "INSERT INTO email_logs (email_id, status, detail, at) VALUES",
        [(email_id, status, detail, to_text(now))],
    )


_EMAIL = """SELECT e.*, r.address, r.tracking_id FROM emails e
              JOIN email_recipients r ON r.email_id = e.id WHERE e.id = ?"""


_task_lines = msgspec.json.Decoder(tuple[TaskLine, ...])


def _email(row: Row | Mapping[str, Any]) -> Email:
    return Email(
        id=row["id"],
        user_id=row["user_id"],
        subject=row["subject"],
        body_markdown=row["body_markdown"],
        message_id=row["message_id"],
        tracking=bool(row["tracking"]),
        status=row["status"],
        brief_id=row["brief_id"],
        address=row["address"],
        tracking_id=row["tracking_id"],
        created_at=from_text(row["created_at"]),
        send_at=from_text(row["send_at"]),
        correlation_id=row["correlation_id"],
        event_type=row["event_type"],
        brief_date=row["brief_date"],
        notification_id=row["notification_id"],
        delivery_id=row["delivery_id"],
        preheader=row["preheader"] or "",
        task_lines=_task_lines.decode(row["task_lines"] or b"[]"),
        locale=row["locale"],
    )


async def get(db: Database, email_id: str) -> Email | None:
    """The mail."""
    row = await db.by_key("SELECT * FROM emails WHERE id = ?", (email_id,))
    recipients = await db.few(
        "SELECT address, tracking_id FROM email_recipients WHERE email_id = ? LIMIT ?",
        (email_id, 1),
    )
    return _email({**row, **recipients[0]}) if row and recipients else None


def find(tx: Tx, email_id: str) -> Email | None:
    """The mail, read in a transaction."""
    row = tx.one(_EMAIL, (email_id,))
    return _email(row) if row else None


def set_status(
    tx: Tx,
    email_id: str,
    status: str,
    now: Instant,
    *,
    reason: str | None = None,
    transport: str | None = None,
    provider_id: str | None = None,
) -> None:
    """Change the mail's status; a sent mail stays sent."""
    changed = tx.one(
        """UPDATE emails SET status = :status, reason = :reason,
                  transport = coalesce(:transport, transport),
                  provider_id = coalesce(:provider_id, provider_id),
                  sent_at = CASE WHEN :status = 'sent' THEN :now END, updated_at = :now
            WHERE id = :id AND status <> 'sent' RETURNING kind""",
        {
            "id": email_id,
            "status": status,
            "reason": reason,
            "transport": transport,
            "provider_id": provider_id,
            "now": to_text(now),
        },
    )
    if changed is not None:
        log(tx, email_id, status, reason or provider_id, now)
        tx.announce(EmailChanged(email_id, status, reason, changed["kind"] == OF_NOTIFICATION))


def stop(tx: Tx, email_id: str, status: str, reason: str, now: Instant) -> None:
    """End a mail whose job ended: a waiting one gets `status`, one being sent becomes unknown."""
    email = find(tx, email_id)
    if email is None:
        return
    if email.status == QUEUED:
        set_status(tx, email_id, status, now, reason=reason)
    elif email.status == SENDING:
        set_status(tx, email_id, UNKNOWN, now, reason=reason)


def unsent_of_brief(tx: Tx, brief_id: str) -> list[str]:
    """Ids of the brief's mails that wait or are being sent."""
    rows = tx.all(
        "SELECT id FROM emails WHERE brief_id = ? AND status IN ('queued', 'sending')", (brief_id,)
    )
    return [row["id"] for row in rows]


def waiting_of_briefs(tx: Tx, user_id: str) -> list[tuple[str, Instant]]:
    """The user's waiting mails of briefs: (brief id, time)."""
    rows = tx.all(
        """SELECT brief_id, send_at FROM emails
            WHERE user_id = ? AND status = 'queued' AND brief_id IS NOT NULL""",
        (user_id,),
    )
    return [(row["brief_id"], from_text(row["send_at"])) for row in rows]


def add_links(tx: Tx, email_id: str, urls: Sequence[str]) -> None:
    """Store the links of this mail, which clicks may lead to."""
    tx.insert_deferred(
        "INSERT OR IGNORE INTO email_links (email_id, url) VALUES",
        [(email_id, url) for url in urls],
    )


def is_unsubscribed(tx: Tx, user_id: str, scope: str) -> bool:
    """Whether the user has unsubscribed from that scope."""
    row = tx.one(
        "SELECT 1 FROM email_unsubscribes WHERE user_id = ? AND scope IN (?, 'all')",
        (user_id, scope),
    )
    return row is not None


def unsubscribe(tx: Tx, user_id: str, scope: str, now: Instant) -> None:
    """Unsubscribe the user from that scope; repeating it changes nothing."""
    tx.execute(
        """INSERT INTO email_unsubscribes (user_id, scope, at) VALUES (?, ?, ?)
           ON CONFLICT DO NOTHING""",
        (user_id, scope, to_text(now)),
    )


def resubscribe(tx: Tx, user_id: str, scope: str, now: Instant) -> None:
    """Subscribe the user to that scope again; the other scopes of `all` stay unsubscribed."""
    stopped = "SELECT 1 FROM email_unsubscribes WHERE user_id = ? AND scope = 'all'"
    if scope != ALL and tx.one(stopped, (user_id,)) is not None:
        for other in SCOPES:
            unsubscribe(tx, user_id, other, now)
        tx.execute("DELETE FROM email_unsubscribes WHERE user_id = ? AND scope = 'all'", (user_id,))
    tx.execute("DELETE FROM email_unsubscribes WHERE user_id = ? AND scope = ?", (user_id, scope))


def set_unsubscribed(tx: Tx, user_id: str, scopes: Iterable[str], now: Instant) -> None:
    """Unsubscribe the user from exactly these scopes."""
    wanted = set(scopes)
    for scope in SCOPES:
        if scope in wanted:
            unsubscribe(tx, user_id, scope, now)
        else:
            tx.execute(
                "DELETE FROM email_unsubscribes WHERE user_id = ? AND scope = ?", (user_id, scope)
            )


def stop_tracking(tx: Tx, user_id: str) -> None:
    """Remove pixel and wrapped links from the user's waiting mails."""
    tx.execute("UPDATE emails SET tracking = 0 WHERE user_id = ? AND status = 'queued'", (user_id,))


async def unsubscribed_scopes(db: Database, user_id: str) -> list[str]:
    """The scopes that the user has unsubscribed from."""
    rows = await db.all(
        "SELECT scope FROM email_unsubscribes WHERE user_id = ? ORDER BY scope", (user_id,)
    )
    return [row["scope"] for row in rows]


async def reader_of_token(db: Database, token: str) -> tuple[str, str] | None:
    """The user of that unsubscribe token, and the scope of its mail; None if unknown."""
    row = await db.by_key(
        """SELECT e.user_id,
                  CASE e.kind WHEN 'notification' THEN 'notifications' ELSE 'briefs' END AS scope
             FROM email_recipients r JOIN emails e ON e.id = r.email_id
            WHERE r.unsubscribe_hash = ?""",
        (hash_token(token),),
    )
    return (row["user_id"], row["scope"]) if row else None


async def mails_of(
    db: Database, user_id: str, before: tuple[str, str] | None, limit: int
) -> list[Row]:
    """A user's mails with their opens and clicks, newest first."""
    at, email_id = before or (None, None)
    return await db.all(
        """SELECT e.*, r.address, r.opened_at, r.open_count, r.clicked_at, r.click_count
             FROM emails e JOIN email_recipients r ON r.email_id = e.id
            WHERE e.user_id = :user_id AND (:at IS NULL OR (e.created_at, e.id) < (:at, :id))
            ORDER BY e.created_at DESC, e.id DESC LIMIT :limit""",
        {"user_id": user_id, "at": at, "id": email_id, "limit": limit},
    )


async def mail_of(db: Database, user_id: str, email_id: str) -> Row | None:
    """One mail of that user; None if there is none."""
    return await db.one(
        """SELECT e.*, r.address, r.opened_at, r.open_count, r.clicked_at, r.click_count
             FROM emails e JOIN email_recipients r ON r.email_id = e.id
            WHERE e.user_id = ? AND e.id = ?""",
        (user_id, email_id),
    )


async def log_of(db: Database, email_id: str) -> list[Row]:
    """The delivery log of a mail, oldest first."""
    return await db.all("SELECT * FROM email_logs WHERE email_id = ? ORDER BY id", (email_id,))


def ids_of_user(tx: Tx, user_id: str) -> list[str]:
    """The ids of all mails of a user."""
    return [row["id"] for row in tx.all("SELECT id FROM emails WHERE user_id = ?", (user_id,))]
