"""What a brief reads: counted whole, ranked before any limit cuts.

A limit keeps a brief's size in bounds; it never decides by the order in which things were added.
Every category of tasks keeps a share of it, so that none hides another.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from buildos_box.clock import Instant, day_bounds, to_text
from buildos_box.db import Row, Tx
from buildos_box.workspace.model import Event, Project, Task

UPCOMING_DAYS = 7
LONG_LATE_DAYS = 14
RECENT = timedelta(hours=24)
SHARES = {"overdue": 300, "today": 400, "upcoming": 300, "undated": 100, "completed": 100}
"""Tasks of each category that are read before more of any other."""
SHARE_ALL_DAY = 100
"""All-day events that are read before more of them than of timed ones."""

_CHOSEN = """chosen AS (
    SELECT id FROM projects
     WHERE user_id = :user AND status = 'active'
       AND (:include IS NULL OR id IN (SELECT value FROM json_each(:include)))
       AND id NOT IN (SELECT value FROM json_each(:exclude)))"""

_PLACED = f"""{_CHOSEN},
live AS (
    SELECT * FROM tasks INDEXED BY tasks_open
     WHERE project_id IN (SELECT id FROM chosen) AND completed_at IS NULL
    UNION ALL
    SELECT * FROM tasks INDEXED BY tasks_done
     WHERE project_id IN (SELECT id FROM chosen) AND completed_at BETWEEN :since AND :now),
placed AS (
    SELECT seq, id, project_id, status, priority, due_at, due_date,
           CASE WHEN completed_at IS NOT NULL THEN 'completed'
                WHEN due_at < :day_starts OR due_date < :day THEN 'overdue'
                WHEN due_at < :day_ends OR due_date = :day OR start_date = :day THEN 'today'
                WHEN due_at < :soon_ends OR due_date <= :soon THEN 'upcoming'
                WHEN due_at IS NULL AND due_date IS NULL
                     AND status IN ('in_progress', 'blocked') THEN 'undated'
                ELSE 'later' END AS category,
           coalesce(due_at >= :day_starts AND due_at < :day_ends, due_date = :day, 0)
               AS due_today,
           coalesce(due_at < :long_late_starts, due_date < :long_late, 0) AS long_late
      FROM live)"""  # noqa: S608
"""The category of each task by the rule of `briefs.facts.category_of`; a test compares the two.

The indexes are named, because SQLite otherwise goes through everybody's tasks to find those of one
person, or to make a filter of them: without statistics in some versions, with them in others. For
the same reason some terms below have a `+`, by which SQLite looks for no index for them, and joins
that a person's day is read with are `CROSS JOIN`, which it keeps in their order
(sqlite.org/optoverview.html).
"""


@dataclass(frozen=True)
class DayQuery:
    """Whose day is read, at what moment, and of which projects (None: all active ones)."""

    user_id: str
    day: date
    zone: ZoneInfo
    now: Instant
    include: Sequence[str] | None = None
    exclude: Sequence[str] | None = None

    @cached_property
    def params(self) -> dict[str, str | None]:
        """What the statements are bound to."""
        starts, ends = day_bounds(self.day, self.zone)
        soon = self.day + timedelta(days=UPCOMING_DAYS)
        long_late = self.day - timedelta(days=LONG_LATE_DAYS)
        return {
            "user": self.user_id,
            "include": None if self.include is None else json.dumps(list(self.include)),
            "exclude": json.dumps(list(self.exclude or ())),
            "day": self.day.isoformat(),
            "day_after": (self.day + timedelta(days=1)).isoformat(),
            "day_starts": to_text(starts),
            "day_ends": to_text(ends),
            "soon": soon.isoformat(),
            "soon_ends": to_text(day_bounds(soon, self.zone)[1]),
            "long_late": long_late.isoformat(),
            "long_late_starts": to_text(day_bounds(long_late, self.zone)[0]),
            "since": to_text(self.now - RECENT),
            "now": to_text(self.now),
        }


def count_tasks(tx: Tx, query: DayQuery) -> list[Row]:
    """One row for each active project with its tasks counted: `project_id`, each category, and

    `due_today` of those of today, `long_late` of the overdue, `adrift` of the undated (in progress,
    not blocked), and `open`, which is all that is not done.
    """
    return tx.all(
        f"""WITH {_PLACED}
            SELECT c.id AS project_id,
                   coalesce(sum(category = 'overdue'), 0) AS overdue,
                   coalesce(sum(category = 'today'), 0) AS today,
                   coalesce(sum(category = 'upcoming'), 0) AS upcoming,
                   coalesce(sum(category = 'completed'), 0) AS completed,
                   coalesce(sum(category = 'undated'), 0) AS undated,
                   coalesce(sum(category = 'today' AND due_today), 0) AS due_today,
                   coalesce(sum(category = 'overdue' AND long_late), 0) AS long_late,
                   coalesce(sum(category = 'undated' AND p.status <> 'blocked'), 0) AS adrift,
                   coalesce(sum(category <> 'completed'), 0) AS open
              FROM chosen c LEFT JOIN placed p ON p.project_id = c.id
             GROUP BY c.id""",  # noqa: S608 (no part of it comes from outside)
        query.params,
    )


def pressing_projects(tx: Tx, query: DayQuery, *, limit: int) -> list[Project]:
    """Active projects: those with most overdue tasks first, then most of today, then due first."""
    rows = tx.all(
        f"""WITH {_PLACED},
            pressing AS (SELECT project_id, sum(category = 'overdue') AS overdue,
                                sum(category = 'today') AS today
                           FROM placed GROUP BY project_id)
            SELECT projects.* FROM chosen
              JOIN projects ON projects.id = chosen.id
              LEFT JOIN pressing ON pressing.project_id = chosen.id
             ORDER BY coalesce(overdue, 0) DESC, coalesce(today, 0) DESC,
                      due_date IS NULL, due_date, seq LIMIT :limit""",  # noqa: S608
        {**query.params, "limit": limit},
    )
    return [Project.of(row) for row in rows]


def pressing_tasks(tx: Tx, query: DayQuery, *, limit: int) -> list[Task]:
    """Tasks of active projects, open or completed within 24 hours, the most pressing first.

    Of each category the first of its share by priority and due time, then the rest, then tasks
    without a place in the day. Those that one of them waits for, and that are open, follow, as
    many again at most.
    """
    shares = " ".join(f"WHEN '{name}' THEN {share}" for name, share in SHARES.items())
    order = " ".join(f"WHEN '{name}' THEN {place}" for place, name in enumerate(_BY_PRESSURE))
    rows = tx.all(
        f"""WITH {_PLACED},
            ranked AS (
                SELECT seq, id, category, row_number() OVER (
                           PARTITION BY category
                           ORDER BY CASE priority WHEN 'urgent' THEN 0 WHEN 'high' THEN 1
                                                  WHEN 'low' THEN 3 ELSE 2 END,
                                    coalesce(due_at, due_date || 'T99', 'Z'), seq) AS nth
                  FROM placed),
            picked AS (
                SELECT seq, id, row_number() OVER (
                           ORDER BY nth > CASE category {shares} ELSE 0 END,
                                    CASE category {order} ELSE 9 END, nth) AS place
                  FROM ranked ORDER BY place LIMIT :limit),
            awaited AS (
                SELECT seq FROM tasks
                 WHERE id IN (SELECT depends_on_id FROM task_dependencies
                               WHERE task_id IN (SELECT id FROM picked))
                   AND +completed_at IS NULL AND +seq NOT IN (SELECT seq FROM picked)
                   AND +project_id IN (SELECT id FROM chosen) LIMIT :limit)
            SELECT tasks.* FROM (SELECT seq, place FROM picked
                                  UNION ALL SELECT seq, 1000000000 FROM awaited) read
              JOIN tasks ON tasks.seq = read.seq ORDER BY place, tasks.seq""",  # noqa: S608
        {**query.params, "limit": limit},
    )
    return [Task.of(row) for row in rows]


_BY_PRESSURE = ("today", "overdue", "upcoming", "undated", "completed", "later")

_EVENTS = """events_of_day AS (
    SELECT * FROM events
     WHERE user_id = :user AND all_day = 1 AND start_date < :day_after
       AND (start_date >= :day OR COALESCE(end_date, start_date) > :day)
    UNION ALL
    SELECT * FROM events
     WHERE user_id = :user AND all_day = 0 AND COALESCE(end_at, start_at) >= :day_starts
       AND start_at < :day_ends
       AND (COALESCE(end_at, start_at) > :day_starts OR start_at >= :day_starts)),
kept AS (SELECT * FROM events_of_day WHERE status <> 'cancelled' AND declined = 0)"""


_DAY_SIZE = f"""WITH {_CHOSEN}, {_EVENTS}
SELECT (SELECT count(*) FROM chosen) AS projects, (SELECT count(*) FROM kept) AS events"""  # noqa: S608


def find_day_size(tx: Tx, query: DayQuery) -> Row:
    """How many active `projects` there are, and `events` of the day, neither cancelled nor
    declined.
    """
    row = tx.one(_DAY_SIZE, query.params)
    assert row is not None
    return row


def events_of_day(tx: Tx, query: DayQuery, *, limit: int) -> list[Event]:
    """The events that take place on the day, by their start; a share of the all-day ones first."""
    rows = tx.all(
        f"""WITH {_EVENTS},
            ranked AS (SELECT kept.*, row_number() OVER (
                                  PARTITION BY all_day
                                  ORDER BY COALESCE(start_at, start_date), seq) AS nth FROM kept)
            SELECT * FROM ranked
             ORDER BY all_day = 1 AND nth > {SHARE_ALL_DAY}, all_day DESC, nth
             LIMIT :limit""",  # noqa: S608
        {**query.params, "limit": limit},
    )
    return [Event.of(row) for row in rows]
