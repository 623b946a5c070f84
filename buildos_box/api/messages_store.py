"""The SQL of all messages over every channel, newest first."""

from buildos_box.db import Database, Row

_MAIL = """
    SELECT e.created_at AS at, e.id, 'email' AS channel, e.kind, e.user_id, e.status, e.reason,
           e.subject AS text, r.address AS recipient, coalesce(r.open_count, 0) AS opens,
           coalesce(r.click_count, 0) AS clicks, e.sent_at, e.correlation_id
      FROM emails e LEFT JOIN email_recipients r ON r.email_id = e.id"""
_SMS = """
    SELECT created_at AS at, id, 'sms' AS channel, kind, user_id, status, reason,
           message AS text, phone_number AS recipient, 0 AS opens, 0 AS clicks, sent_at,
           correlation_id
      FROM scheduled_sms_messages"""
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
     WHERE d.channel IN ('push', 'in_app')"""


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
