"""The SQL of users as operators see them."""

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row

_PEOPLE = """
    SELECT u.seq, u.id, u.name, u.email, u.timezone, coalesce(p.is_active, 0) AS is_active,
           p.time_of_day, coalesce(p.email_daily_brief, 1) AS by_mail,
           coalesce(p.sms_daily_brief, 0) AS by_sms, u.last_visit_at,
           coalesce(s.event_reminders_enabled, 0) AS sms_reminders,
           EXISTS (SELECT 1 FROM push_subscriptions w
                    WHERE w.user_id = u.id AND w.active = 1) AS push,
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
