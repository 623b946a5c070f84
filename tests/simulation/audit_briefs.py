"""Briefs as they are stored: none is written for ever, none after its day, each is in the inbox."""

import json
import sqlite3
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from tests.simulation.facts import Facts
from tests.simulation.violations import Broken
from tests.simulation.wall_time import DAY, HOUR, SECOND, instant, wall_instant


@dataclass
class Briefs:
    """What the stored briefs say, gathered from day to day; the story must excuse the rest."""

    found: list[Broken] = field(default_factory=list)
    late: dict[str, tuple[Any, datetime]] = field(default_factory=dict)
    """Briefs whose writing began when their day was over, by id: row, end of the day."""

    def look(self, reading: sqlite3.Connection, since: str, now: datetime) -> None:
        for row in reading.execute(
            """SELECT b.id, b.user_id, b.brief_date, b.generation_status, j.status
                 FROM daily_briefs b LEFT JOIN queue_jobs j ON j.queue_job_id = b.job_id
                WHERE b.generation_status IN ('pending', 'processing')
                  AND (j.status IS NULL OR j.completed_at IS NOT NULL)"""
        ):
            says = f"{row['user_id']}'s of {row['brief_date']} is {row['generation_status']}, "
            self._say("a brief follows its job", now, says + f"its job is {row['status']}")
        for row in reading.execute(
            """SELECT * FROM daily_briefs
                WHERE generation_status = 'completed' AND generation_completed_at >= ?""",
            (since and (instant(since) - 3 * HOUR).isoformat(),),
        ):
            self._completed(reading, row, now)

    def _completed(self, reading: sqlite3.Connection, row: Any, now: datetime) -> None:
        day = date.fromisoformat(row["brief_date"])
        over = wall_instant(day + DAY, time(0), row["timezone"])
        begun = instant(row["generation_started_at"])
        # One that began after the other was complete is a new version, not written as yet.
        if over + SECOND <= begun <= instant(row["generation_completed_at"]):
            self.late[row["id"]] = (row, over)
        told = reading.execute(
            """SELECT 1 FROM notifications WHERE user_id = ? AND event_type = 'brief.completed'
                  AND in_inbox = 1 AND payload LIKE ?""",
            (row["user_id"], f'%"{row["id"]}"%'),
        ).fetchone()
        silent = tells_nothing(reading, row)
        says = f"{row['user_id']}'s brief of {row['brief_date']}, {row['id']}"
        if told is None and not silent:
            self._say("what happened is in the inbox", now, says)
        if silent and _is_sent(reading, row):
            self._say("a brief of nothing is not sent", now, says)

    def _say(self, promise: str, at: datetime, says: str) -> None:
        self.found.append(Broken(promise, at, says))

    def explained(self, facts: Facts) -> list[Broken]:
        broken = list(self.found)
        for row, over in self.late.values():
            who, at = row["user_id"], instant(row["generation_started_at"])
            named = facts.asked_by_name(who, date.fromisoformat(row["brief_date"]))
            if not named and not facts.clock_wrong(over - 3 * HOUR, at + 3 * HOUR):
                says = f"{who}'s of {row['brief_date']} at {at:%m-%d %H:%M:%S}Z"
                broken.append(Broken("no brief of a past day", at, says))
        return broken


def tells_nothing(reading: sqlite3.Connection, row: Any) -> bool:
    """Whether it is a daily brief of no project and no event, and such are not wished for."""
    counts = json.loads(row["counts"])
    job = reading.execute(
        "SELECT metadata FROM queue_jobs WHERE queue_job_id = ?", (row["job_id"],)
    ).fetchone()
    wished = reading.execute(
        "SELECT send_empty_briefs FROM preferences WHERE user_id = ?", (row["user_id"],)
    ).fetchone()
    options = json.loads(job["metadata"]).get("options", {}) if job is not None else {}
    asked = wished is not None and wished["send_empty_briefs"]
    return bool(
        options.get("bySchedule") and not asked and not counts["projects"] + counts["events"]
    )


def _is_sent(reading: sqlite3.Connection, row: Any) -> bool:
    """Whether this version of it is mailed or was."""
    found = reading.execute(
        """SELECT 1 FROM emails WHERE brief_id = ? AND created_at >= ?""",
        (row["id"], row["generation_started_at"]),
    ).fetchone()
    return found is not None


def asked_for_by_name(reading: sqlite3.Connection, facts: Facts) -> list[Broken]:
    """Whose date was named is written, however late that is."""
    broken = []
    for answer in facts.answers:
        who, day, t = answer["who"], answer["body"].get("briefDate"), answer["t"]
        if day is None or t > facts.end - 12 * HOUR or facts.restored_since(t):
            continue
        called_off = facts.called_off_between(who, t - HOUR, facts.end)
        if any(not one["sure"] or (one["answer"] or {}).get("day") == day for one in called_off):
            continue
        row = reading.execute(
            "SELECT status, cancel_reason, metadata FROM queue_jobs WHERE queue_job_id = ?",
            (answer["answer"]["job"],),
        ).fetchone()
        complete = reading.execute(
            """SELECT 1 FROM daily_briefs
                WHERE user_id = ? AND brief_date = ? AND generation_status = 'completed'""",
            (who, day),
        ).fetchone()
        if complete is None and row is not None and row["status"] == "cancelled":
            options = json.loads(row["metadata"]).get("options")
            says = f"{who}'s of {day}: {row['cancel_reason']}, {options}"
            broken.append(Broken("asked for by name is written", t, says))
    return broken
