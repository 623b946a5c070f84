"""The SQL that finds tasks due soon that were not announced yet (docs/spec.md#due-soon)."""

import msgspec

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row
from buildos_box.notifications.preferences import DUE_SOON_MINUTES

LONGEST_LEAD_MINUTES = 7 * 24 * 60
_TASK = """SELECT tasks.id, tasks.title, tasks.due_at, tasks.due_date, projects.name AS project,
                  users.id AS user_id, users.timezone
             FROM tasks JOIN projects ON projects.id = tasks.project_id
                        JOIN users ON users.id = projects.user_id
                        LEFT JOIN notification_preferences AS wanted
                               ON wanted.user_id = users.id"""
_OPEN = "tasks.completed_at IS NULL AND projects.status = 'active'"
_NOT_ANNOUNCED = """NOT EXISTS (SELECT 1 FROM notifications
                          WHERE once_key = 'due-soon:' || tasks.id || ':' ||
                                           coalesce(tasks.due_at, tasks.due_date))"""


def once_key(task: Row) -> str:
    """The key of the notification of that due time; a task that is moved gets another one."""
    return f"due-soon:{task['id']}:{task['due_at'] or task['due_date']}"


async def timed(db: Database, now: Instant, limit: int) -> list[Row]:
    """Tasks due at an instant within their user's lead time, soonest first."""
    return await db.all(
        f"""{_TASK}
             WHERE {_OPEN} AND tasks.due_at > :now
               AND tasks.due_at <= strftime('%Y-%m-%dT%H:%M:%fZ', :now, :longest)
               AND coalesce(wanted.due_soon_minutes, :lead) > 0
               AND tasks.due_at <= strftime('%Y-%m-%dT%H:%M:%fZ', :now,
                       printf('+%d minutes', coalesce(wanted.due_soon_minutes, :lead)))
               AND {_NOT_ANNOUNCED}
             ORDER BY tasks.due_at LIMIT :limit""",
        {
            "now": to_text(now),
            "longest": f"+{LONGEST_LEAD_MINUTES} minutes",
            "lead": DUE_SOON_MINUTES,
            "limit": limit,
        },
    )


async def all_day(db: Database, days: dict[str, str], limit: int) -> list[Row]:
    """Tasks due on the current local day of their user, whose zone is a key of `days`."""
    return await db.all(
        f"""{_TASK} JOIN json_each(:days) AS zone ON zone.key = users.timezone
             WHERE {_OPEN} AND tasks.due_date = zone.value
               AND tasks.due_date IN (SELECT value FROM json_each(:days))
               AND coalesce(wanted.due_soon_minutes, :lead) > 0 AND {_NOT_ANNOUNCED}
             LIMIT :limit""",  # noqa: S608 (constants of this file)
        {
            "days": msgspec.json.encode(days).decode(),
            "lead": DUE_SOON_MINUTES,
            "limit": limit,
        },
    )


async def zones(db: Database) -> list[str]:
    """The time zones of all users, as they were given."""
    return [row["timezone"] for row in await db.all("SELECT DISTINCT timezone FROM users")]
