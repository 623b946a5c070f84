"""The rows that the specification names, read straight from the file: every job has its trail."""

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.simulation.audit_briefs import Briefs, asked_for_by_name
from tests.simulation.audit_losses import Losses, attempts_of
from tests.simulation.audit_mails import Mails
from tests.simulation.facts import Facts
from tests.simulation.violations import Broken
from tests.simulation.wall_time import MINUTE, instant

UNCOUNTED = ("snoozed", "drained", "lost")
COUNTED_ANEW = ("retry requested", "requested again while it ran")
"""Reasons with which a job's attempts begin at zero again."""
FINISHED = ("completed", "failed", "cancelled")


class Auditor:
    """Looks at the jobs that have changed since it last looked; rows are deleted in time."""

    def __init__(self) -> None:
        self.broken: list[Broken] = []
        self.attempts: list[tuple[str, datetime, datetime, str]] = []
        """Attempts that were lost: job, from, to, outcome; the story must explain each."""
        self._since = ""
        self._begun: list[tuple[str, str, datetime]] = []
        """Attempts: job, lane, since when."""
        self._losses = Losses()
        self._briefs = Briefs()
        self._mails = Mails()

    def look(self, path: Path, now: datetime) -> None:
        reading = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        reading.row_factory = sqlite3.Row
        try:
            jobs = reading.execute(
                "SELECT * FROM queue_jobs WHERE updated_at >= ? ORDER BY id", (self._since,)
            ).fetchall()
            for job in jobs:
                self._job(reading, job, now)
            for row in reading.execute(
                """SELECT dedup_key, count(*) AS n FROM queue_jobs
                    WHERE status NOT IN ('completed', 'failed', 'cancelled')
                      AND dedup_key IS NOT NULL GROUP BY dedup_key HAVING n > 1"""
            ):
                self._say("one live job a key", now, f"{row['n']} of {row['dedup_key']}")
            self._briefs.look(reading, self._since, now)
            self._mails.look(reading, self._since)
            self._since = max((job["updated_at"] for job in jobs), default=self._since)
        finally:
            reading.close()

    def _say(self, promise: str, at: datetime, says: str) -> None:
        self.broken.append(Broken(promise, at, says))

    def _job(self, reading: sqlite3.Connection, job: Any, now: datetime) -> None:
        name = f"{job['queue_job_id']} ({job['job_type']}, {job['user_id']})"
        at = instant(job["updated_at"])
        events = reading.execute(
            "SELECT * FROM job_events WHERE job_id = ? ORDER BY id", (job["id"],)
        ).fetchall()
        state = None
        for event in events:
            if event["from_status"] != state:
                says = f"{name}: {event['from_status']} → {event['to_status']} after {state}"
                self._say("no state without its trail", at, says)
            state = event["to_status"]
        if state != job["status"]:
            self._say("no state without its trail", at, f"{name} is {job['status']}, not {state}")
        attempts = attempts_of(reading, job["id"])
        retried = any(event["reason"].startswith(COUNTED_ANEW) for event in events)
        counted = sum(attempt["outcome"] not in UNCOUNTED for attempt in attempts)
        if counted != job["attempts"] and not retried:
            says = f"{name} counts {job['attempts']} attempts, had {counted}"
            self._say("attempts are counted once", at, says)
        if job["attempts"] - job["deferred"] > job["max_attempts"]:
            self._say("no more attempts than allowed", at, name)
        self._begun += [(name, job["lane"], instant(one["started_at"])) for one in attempts]
        self._attempts(name, attempts)
        if not retried:
            self._losses.look(name, job, attempts, events)

    def _attempts(self, name: str, attempts: list[Any]) -> None:
        last = None
        for attempt in attempts:
            begun = instant(attempt["started_at"])
            ended = instant(attempt["ended_at"]) if attempt["ended_at"] else None
            if last is not None and begun < last - timedelta(seconds=1):
                self.attempts.append((name, begun, last, "overlap"))
            if attempt["outcome"] == "lost" and ended is not None:
                self.attempts.append((name, begun, ended, "lost"))
            last = ended or last

    def explain(self, facts: Facts) -> None:
        """A lost attempt needs a box that died, or a clock that leapt, while it ran."""
        for name, begun, ended, outcome in self.attempts:
            begun, ended = min(begun, ended), max(begun, ended)
            begin, end = begun - MINUTE, ended + MINUTE
            excused = (
                facts.crashes(begin, end)
                or facts.clock_wrong(begin, end)
                or facts.full_between(begin, end)
            )
            if not excused:
                self._say("what runs is not run again", ended, f"{name}: {outcome}")

        for name, lane, at in self._begun:
            if facts.paused(lane, at):
                self._say("a paused lane begins nothing", at, f"{name} in {lane}")

        for eye in (self._losses, self._briefs, self._mails):
            self.broken += eye.explained(facts)

    def compare(self, path: Path, facts: Facts) -> None:
        """What must be true at any time."""
        reading = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        reading.row_factory = sqlite3.Row
        try:
            self._deliveries(reading, facts)
            self._undelivered(reading, facts)
        finally:
            reading.close()
        self.explain(facts)

    def at_end(self, path: Path, facts: Facts) -> None:
        """What must be true when all is quiet: nothing stuck, nothing acknowledged lost."""
        reading = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        reading.row_factory = sqlite3.Row
        end = facts.end
        try:
            for job in reading.execute(
                f"SELECT * FROM queue_jobs WHERE status NOT IN {FINISHED!r}"
            ):
                if instant(job["scheduled_for"]) < end - timedelta(hours=3):
                    says = f"{job['queue_job_id']} ({job['job_type']}) is {job['status']}"
                    self._say("no job is stuck", end, says)
            self._deliveries(reading, facts)
            self._undelivered(reading, facts)
            self._data(reading, facts)
            self._answers(reading, facts)
            self.broken += asked_for_by_name(reading, facts)
        finally:
            reading.close()
        self.explain(facts)

    def _deliveries(self, reading: sqlite3.Connection, facts: Facts) -> None:
        for row in reading.execute("SELECT twilio_sid, status FROM scheduled_sms_messages"):
            told = [status for _, status in facts.called_back.get(row["twilio_sid"], [])]
            if "delivered" in told and row["status"] != "delivered":
                says = f"{row['twilio_sid']} is {row['status']}, Twilio told {told}"
                self._say("a late callback changes nothing", facts.end, says)

    def _undelivered(self, reading: sqlite3.Connection, facts: Facts) -> None:
        """Whoever did not get their mail or SMS reads of it in their inbox."""
        since = (facts.end - timedelta(days=80)).isoformat()
        for row in reading.execute(
            """SELECT m.id FROM emails m JOIN users u ON u.id = m.user_id
                WHERE m.kind = 'brief' AND m.updated_at > :since
                  AND (m.status = 'failed' OR (m.status = 'cancelled' AND m.reason = 'expired'))
                  AND NOT EXISTS (SELECT 1 FROM notifications
                                   WHERE once_key = 'brief-email-failed-' || m.id)
               UNION ALL
               SELECT s.id FROM scheduled_sms_messages s JOIN users u ON u.id = s.user_id
                WHERE s.kind IN ('reminder', 'message') AND s.updated_at > :since
                  AND (s.status IN ('failed', 'undelivered')
                       OR (s.status = 'cancelled' AND s.reason = 'expired'))
                  AND NOT EXISTS (SELECT 1 FROM notifications
                                   WHERE once_key = 'sms-undelivered-' || s.id)""",
            {"since": since},
        ):
            self._say("what is not delivered is told", facts.end, row["id"])

    def _data(self, reading: sqlite3.Connection, facts: Facts) -> None:
        if any(spans and spans[-1].end > facts.end for spans in facts.open_deeds.values()):
            return
        kept = {row["id"] for row in reading.execute("SELECT id FROM tasks")}
        wanted = {name for name, task in facts.tasks.items() if task is not None}
        if kept != wanted:
            says = f"lost {sorted(wanted - kept)}, too many {sorted(kept - wanted)}"
            self._say("nothing acknowledged is lost", facts.end, says)
        starts = {row["id"]: row["start_at"] for row in reading.execute("SELECT * FROM events")}
        for name, history in facts.events.items():
            event = history[-1].event
            if starts.get(name) != (event["startAt"] if event else None):
                says = f"{name} starts at {starts.get(name)}, was set to {event}"
                self._say("nothing acknowledged is lost", facts.end, says)

    def _answers(self, reading: sqlite3.Connection, facts: Facts) -> None:
        for answer in facts.answers:
            if answer["t"] < facts.end - timedelta(days=6) or answer["answer"]["job"] is None:
                continue
            row = reading.execute(
                "SELECT status FROM queue_jobs WHERE queue_job_id = ?", (answer["answer"]["job"],)
            ).fetchone()
            if row is None:
                says = f"{answer['answer']['job']} is not there"
                self._say("nothing acknowledged is lost", answer["t"], says)
