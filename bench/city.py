"""A data folder with a city in it, written straight into the file through the same schema."""

import asyncio
import sqlite3
from pathlib import Path

from buildos_box.app import DATABASE_FILE
from buildos_box.clock import Instant, SystemClock, to_text
from buildos_box.db import Database
from buildos_box.db.connect import connect_writer

TASKS, EVENTS = 10, 3
"""Of each person."""
AT_ONCE = 5_000
"""People of one transaction."""

_PEOPLE = (
    "WITH RECURSIVE people (n) AS (SELECT :first UNION ALL SELECT n + 1 FROM people LIMIT :many)"
)
_FILL = (
    f"""{_PEOPLE} INSERT INTO users (id, email, name, timezone, last_visit_at, created_at,
                                   updated_at)
    SELECT printf('u%d', n), printf('u%d@example.org', n), printf('Person %d', n), 'UTC', :now,
           :now, :now FROM people""",
    f"""{_PEOPLE} INSERT INTO preferences (user_id, is_active, frequency, time_of_day, created_at,
                                         updated_at)
    SELECT printf('u%d', n), n < :due, 'daily', :brief_time, :now, :now FROM people""",
    f"""{_PEOPLE} INSERT INTO notification_preferences (user_id, due_soon_minutes, updated_at)
    SELECT printf('u%d', n), 0, :now FROM people""",
    f"""{_PEOPLE} INSERT INTO projects (id, user_id, name, created_at, updated_at)
    SELECT printf('u%d-p%d', n, value), printf('u%d', n), printf('Project %d', value), :now, :now
      FROM people, json_each('[0,1]')""",
    f"""{_PEOPLE} INSERT INTO tasks (id, project_id, title, due_date, created_at, updated_at)
    SELECT printf('u%d-t%d', n, value), printf('u%d-p%d', n, value % 2),
           printf('Task %d of %d', value, n), date(:now, printf('%d days', value - 2)), :now, :now
      FROM people, json_each('[0,1,2,3,4,5,6,7,8,9]')""",
    f"""{_PEOPLE} INSERT INTO events (id, user_id, title, start_at, end_at, created_at, updated_at)
    SELECT printf('u%d-e%d', n, value), printf('u%d', n), printf('Meeting %d', value),
           strftime('%Y-%m-%dT%H:%M:%fZ', :now, printf('%d hours', 3 * value + 1)),
           strftime('%Y-%m-%dT%H:%M:%fZ', :now, printf('%d hours', 3 * value + 2)), :now, :now
      FROM people, json_each('[0,1,2]')""",
    f"""{_PEOPLE} INSERT INTO brief_schedule (user_id, notify_at, updated_at)
    SELECT printf('u%d', n), :notify_at, :now FROM people WHERE n < :due""",
)


def fill(data: Path, people: int, due: int) -> None:
    """Make the folder: `due` of the people have had their brief time in this very minute."""
    data.mkdir(mode=0o700, parents=True)
    path = data / DATABASE_FILE

    async def make() -> None:
        await (await Database.open(path, SystemClock())).close()

    asyncio.run(make())
    now = SystemClock().now()
    notify_at = now.replace(second=0, microsecond=0)
    db = connect_writer(path)
    for first in range(0, people, AT_ONCE):
        _add(db, first, min(AT_ONCE, people - first), due, now, notify_at)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def _add(
    db: sqlite3.Connection, first: int, many: int, due: int, now: Instant, notify_at: Instant
) -> None:
    facts = {
        "first": first,
        "many": many,
        "due": due,
        "now": to_text(now),
        "brief_time": f"{notify_at:%H:%M}",
        "notify_at": to_text(notify_at),
    }
    db.execute("BEGIN IMMEDIATE")
    for statement in _FILL:
        db.execute(statement, facts)
    db.execute("COMMIT")
