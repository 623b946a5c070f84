"""The SQL of what operators see across packages: messages over every channel, and users."""

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row

_MAIL = """
    SELECT e.created_at AS at, e.id, 'email' AS channel, e.kind, e.user_id, e.status, e.reason,
           e.subject AS text, r.address AS recipient, coalesce(r.open_count, 0) AS opens,
           coalesce(r.click_count, 0) AS clicks, e.sent_at, e.correlation_id
      FROM emails e LEFT JOIN email_recipients r ON r.email_id = e.id"""
_SMS = """
    SELECT created_at AS at, id, channel, kind, user_id, status, reason,
           message AS text, phone_number AS recipient, 0 AS opens, 0 AS clicks, sent_at,
           correlation_id
      FROM scheduled_sms_messages
     WHERE channel = 'sms'"""
_WEBHOOKS = """
    SELECT d.created_at AS at, d.id, 'webhook' AS channel, e.type AS kind,
           coalesce(d.user_id, '') AS user_id, d.status, d.error AS reason,
           e.type || ' ' || e.id AS text, s.masked_url AS recipient, 0 AS opens, 0 AS clicks,
           d.sent_at, coalesce(e.correlation_id, '') AS correlation_id
      FROM webhook_deliveries d JOIN webhook_events e ON e.seq = d.event_seq
      JOIN webhook_subscriptions s ON s.id = d.subscription_id"""
_NOTIFICATIONS = """
    SELECT d.created_at AS at, d.id, d.channel, d.event_type AS kind, d.user_id, d.status,
           coalesce(d.reason, d.error) AS reason, n.title AS text, NULL AS recipient,
           d.status IN ('opened', 'clicked') AS opens, d.status = 'clicked' AS clicks, d.sent_at,
           d.correlation_id
      FROM notification_deliveries d JOIN notifications n ON n.id = d.notification_id
     WHERE d.channel IN ('push', 'in_app', 'chat')"""


async def messages(
    db: Database,
    *,
    user_id: str | None,
    channels: str | None,
    statuses: str | None,
    text: str | None,
    since: str | None,
    before: tuple[str, str] | None,
    limit: int,
) -> list[Row]:
    """Mails, SMS, push and in-app messages, and webhooks.

    `before` is the (at, id) of the previous page's end.

    A notification sent by mail or SMS is listed once, as that mail or SMS.
    """
    return await db.all(
        f"""SELECT * FROM (SELECT * FROM ({_MAIL}) UNION ALL SELECT * FROM ({_SMS})
                           UNION ALL SELECT * FROM ({_NOTIFICATIONS})
                           UNION ALL SELECT * FROM ({_WEBHOOKS}))
             WHERE (:user IS NULL OR user_id = :user)
               AND (:channels IS NULL OR channel IN (SELECT value FROM json_each(:channels)))
               AND (:statuses IS NULL OR status IN (SELECT value FROM json_each(:statuses)))
               AND (:text IS NULL OR instr(lower(text), lower(:text))
                    OR instr(lower(coalesce(reason, '')), lower(:text))
                    OR instr(lower(coalesce(recipient, '')), lower(:text))
                    OR id = :text OR correlation_id = :text)
               AND (:since IS NULL OR at >= :since)
               AND (:at IS NULL OR (at, id) < (:at, :id))
             ORDER BY at DESC, id DESC LIMIT :limit""",  # noqa: S608 (constants)
        {
            "user": user_id,
            "channels": channels,
            "statuses": statuses,
            "text": text,
            "since": since,
            "at": before[0] if before else None,
            "id": before[1] if before else None,
            "limit": limit,
        },
    )


_PEOPLE = """
    SELECT u.seq, u.id, u.name, u.email, u.timezone, coalesce(p.is_active, 0) AS is_active,
           p.time_of_day, coalesce(p.email_daily_brief, 1) AS by_mail,
           coalesce(p.sms_daily_brief, 0) AS by_sms, u.last_visit_at,
           coalesce(s.event_reminders_enabled AND s.reminder_channel = 'sms', 0) AS sms_reminders,
           EXISTS (SELECT 1 FROM push_subscriptions w
                    WHERE w.user_id = u.id AND w.active = 1) AS push,
           EXISTS (SELECT 1 FROM chat_addresses c WHERE c.user_id = u.id) AS chat,
           b.notify_at, b.last_decision,
           (SELECT d.brief_date FROM daily_briefs d WHERE d.user_id = u.id
             ORDER BY d.brief_date DESC LIMIT 1) AS last_brief,
           (SELECT d.generation_status FROM daily_briefs d WHERE d.user_id = u.id
             ORDER BY d.brief_date DESC LIMIT 1) AS last_brief_status
      FROM users u
      LEFT JOIN preferences p ON p.user_id = u.id
      LEFT JOIN brief_schedule b ON b.user_id = u.id
      LEFT JOIN user_sms_preferences s ON s.user_id = u.id"""


async def people(db: Database, *, text: str | None, before: int | None, limit: int) -> list[Row]:
    """Users, newest first, with this text in their id, name, address or zone."""
    return await db.all(
        f"""{_PEOPLE}
             WHERE (:before IS NULL OR u.seq < :before)
               AND (:text IS NULL OR instr(lower(u.id || char(10) || u.name || char(10)
                    || coalesce(u.email, '') || char(10) || u.timezone), lower(:text)))
             ORDER BY u.seq DESC LIMIT :limit""",
        {"text": text, "before": before, "limit": limit},
    )


async def next_briefs(db: Database, now: Instant, limit: int) -> list[Row]:
    """The users with the next briefs, soonest first."""
    return await db.all(
        """SELECT b.user_id, u.name, u.timezone, b.notify_at
             FROM brief_schedule b JOIN users u ON u.id = b.user_id
            WHERE b.notify_at IS NOT NULL AND b.notify_at >= ?
            ORDER BY b.notify_at LIMIT ?""",
        (to_text(now), limit),
    )
