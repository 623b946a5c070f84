"""The SQL of the queue's history, which is added up from the audit trail.

The rules: docs/spec.md#queue-history.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from buildos_box.clock import Instant
from buildos_box.db import Database, Row, Tx

PAGE = 30_000
"""How many events of the audit trail one transaction adds at most."""
LEAST_PAGE = 1_000
"""How many it adds at least, if there are so many, however long ago they were."""
HOUR = 3600
_ENDED = """(e.from_status = 'processing' AND e.to_status IN ('completed', 'failed',
             'queued_for_retry') OR e.to_status = 'cancelled')"""
_COUNTS = """count(iif(to_status = 'completed', 1, NULL)) AS done,
             count(iif(to_status = 'failed', 1, NULL)) AS failed,
             count(iif(to_status = 'queued_for_retry', 1, NULL)) AS retried,
             count(iif(to_status = 'cancelled', 1, NULL)) AS cancelled"""
_STARTED = """julianday(iif(e.to_status IN ('completed', 'failed'), j.started_at, NULL))"""
_ROUNDED = "CAST(({} - {}) * 86400000 + 0.5 AS INTEGER)"
_WAIT = _ROUNDED.format(_STARTED, "julianday(j.scheduled_for)")
_RUN = _ROUNDED.format("julianday(e.at)", _STARTED)


BOUNDS = tuple(round(10 ** (n / 10), 1) for n in range(91))
"""Durations in ms between buckets: ten to a decade, from 1 ms to 11 days."""


def _bucket(ms: str) -> str:
    """SQL of the bucket of a duration: how many bounds it reaches, but the last; NULL of NULL."""

    def among(first: int, last: int) -> str:
        """Halved again and again, since it is asked of every event."""
        if first == last:
            return str(first)
        middle = (first + last + 1) // 2
        lower, upper = among(first, middle - 1), among(middle, last)
        return f"iif({ms} < {BOUNDS[middle - 1]}, {lower}, {upper})"

    return f"iif({ms} IS NULL, NULL, {among(0, len(BOUNDS) - 1)})"


class Totals(NamedTuple):
    """A row of the history to write."""

    step: int
    start: int
    job_type: str
    lane: str
    done: int
    failed: int
    retried: int
    cancelled: int
    waits: bytes
    runs: bytes


_UNREAD = """SELECT event_id, coalesce((SELECT max(id) FROM job_events), 0) AS newest
               FROM queue_history_cursor"""


async def unread(db: Database) -> tuple[int, int]:
    """The last event that the history holds, and the newest that there is."""
    row = await db.one(_UNREAD)
    assert row is not None
    return row["event_id"], row["newest"]


def find_unread(tx: Tx) -> tuple[int, int]:
    """The same, read inside a transaction."""
    row = tx.one(_UNREAD)
    assert row is not None
    return row["event_id"], row["newest"]


async def seconds_between(db: Database, after: int, upto: int) -> int:
    """The time between the first and the last of these events, in whole seconds."""
    row = await db.one(
        """SELECT 86400 * (
               julianday((SELECT at FROM job_events WHERE id <= :upto ORDER BY id DESC LIMIT 1))
               - julianday((SELECT at FROM job_events WHERE id > :after ORDER BY id LIMIT 1)))""",
        {"after": after, "upto": upto},
    )
    return 0 if row is None or row[0] is None else int(row[0])


def ended(tx: Tx, after: int, upto: int) -> Iterator[Row]:
    """How many attempts ended in each minute, by type, lane, and the buckets of their wait and
    duration; and how many on each day (UTC), by user. Each row is of a minute or of a day.

    Waits and durations are those of jobs that are done or failed; a job that has started again
    since has none. Both are counted from one reading of the events. Durations come first in the
    sort, because whole numbers are compared sooner than texts.
    """
    return tx.execute(
        f"""WITH ended AS MATERIALIZED (
                SELECT substr(e.at, 1, 16) AS minute, e.to_status, j.job_type, j.lane, j.user_id,
                       {_WAIT} AS wait, {_RUN} AS run
                  FROM job_events e CROSS JOIN queue_jobs j ON j.id = e.job_id
                 WHERE e.id > :after AND e.id <= :upto AND {_ENDED})
            SELECT minute, job_type, lane,
                   {_bucket("wait")} AS wait, {_bucket("run")} AS run,
                   NULL AS day, NULL AS user_id, {_COUNTS}
              FROM ended GROUP BY 4, 5, 1, 2, 3
             UNION ALL
            SELECT NULL, NULL, NULL, NULL, NULL, substr(minute, 1, 10), user_id, {_COUNTS}
              FROM ended WHERE user_id IS NOT NULL GROUP BY 7, 6""",  # noqa: S608 (constants)
        {"after": after, "upto": upto},
    )


def move_cursor(tx: Tx, after: int, upto: int) -> bool:
    """Note that the history holds all up to there; False if another writer was first."""
    moved = tx.execute(
        "UPDATE queue_history_cursor SET event_id = ? WHERE event_id = ?", (upto, after)
    )
    return moved.rowcount == 1


def forget_deleted_events(tx: Tx) -> None:
    """Let the ids of deleted events be used again: they are given anew from the highest kept."""
    tx.execute(
        """UPDATE queue_history_cursor
              SET event_id = min(event_id, coalesce((SELECT max(id) FROM job_events), 0))"""
    )


def totals(tx: Tx, step: int, start: int, job_type: str, lane: str) -> Row | None:
    """What the history holds of that step."""
    return tx.one(
        """SELECT * FROM queue_history
            WHERE step = ? AND start = ? AND job_type = ? AND lane = ?""",
        (step, start, job_type, lane),
    )


def write(tx: Tx, rows: Iterable[Totals]) -> None:
    """Replace these rows."""
    tx.executemany(
        f"""INSERT OR REPLACE INTO queue_history ({", ".join(Totals._fields)})
            VALUES ({", ".join("?" * len(Totals._fields))})""",  # noqa: S608 (constants)
        list(rows),
    )


def add_users(tx: Tx, rows: Iterable[tuple[int, str, int, int, int, int]]) -> None:
    """Add to the days of users: start, user, done, failed, retried, cancelled."""
    tx.executemany(
        """INSERT INTO queue_history_users (start, user_id, done, failed, retried, cancelled)
           VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (start, user_id) DO UPDATE SET
             done = done + excluded.done, failed = failed + excluded.failed,
             retried = retried + excluded.retried, cancelled = cancelled + excluded.cancelled""",
        list(rows),
    )


async def between(db: Database, level: int, first: int, end: int) -> list[Row]:
    """The rows of that level that start in `[first, end)`, oldest first."""
    return await db.all(
        "SELECT * FROM queue_history WHERE step = ? AND start >= ? AND start < ? ORDER BY start",
        (level, first, end),
    )


async def users_between(db: Database, first: int, end: int, most: int) -> list[Row]:
    """The days of the users with the most jobs between them."""
    return await db.all(
        """SELECT h.start, h.user_id, h.done, h.failed, h.retried, h.cancelled
             FROM queue_history_users h
            WHERE h.start >= :first AND h.start < :end AND h.user_id IN (
                  SELECT user_id FROM queue_history_users
                   WHERE start >= :first AND start < :end
                   GROUP BY user_id ORDER BY sum(done + failed + retried + cancelled) DESC, user_id
                   LIMIT :most)
            ORDER BY h.start""",
        {"first": first, "end": end, "most": most},
    )


async def ended_by_lane(db: Database, first: int) -> list[Row]:
    """How many jobs of each `lane` were done or failed in each minute (`start`) from `first` on."""
    return await db.all(
        """SELECT lane, start, sum(done + failed) AS count FROM queue_history
            WHERE step = 60 AND start >= ? GROUP BY lane, start""",
        (first,),
    )


def forget_before(tx: Tx, minutes_before: Instant, hours_before: Instant) -> None:
    """Delete steps below an hour, and hours, that are older than that."""
    minutes, hours = int(minutes_before.timestamp()), int(hours_before.timestamp())
    for step, before in ((60, minutes), (600, minutes), (HOUR, hours)):
        tx.execute("DELETE FROM queue_history WHERE step = ? AND start < ?", (step, before))
    tx.execute("DELETE FROM queue_history_users WHERE start < ?", (hours,))
