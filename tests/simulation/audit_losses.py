"""Jobs that lost their worker: who is suspected, how long they wait, when they are given up."""

import sqlite3
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.simulation.facts import Facts
from tests.simulation.violations import Broken
from tests.simulation.wall_time import MINUTE, SECOND, instant

SUSPECT_AFTER, GIVEN_UP_AFTER = 2, 5
WAITS = (0, 5, 60, 300, 900)
"""Seconds after each loss, at the default of `queue.retry_backoff_base_ms`."""
SOONER = ("requested again", "promoted")
"""Reasons with which a job that waits becomes due sooner."""


@dataclass
class Losses:
    """What the attempts of lost jobs say, gathered from day to day."""

    found: list[Broken] = field(default_factory=list)
    suspects: dict[int, tuple[str, datetime, datetime]] = field(default_factory=dict)
    """Attempts of suspects by row: job, from, to."""

    def look(self, name: str, job: Any, attempts: list[Any], events: list[Any]) -> None:
        """One job's attempts; `events` is its audit trail."""
        lost = [one for one in attempts if one["outcome"] == "lost"]
        at = instant(job["updated_at"])
        given_up = job["error_code"] == "worker_lost" and job["status"] == "failed"
        if given_up and len(lost) < SUSPECT_AFTER + GIVEN_UP_AFTER:
            self._say("nothing innocent fails", at, f"{name} was lost {len(lost)} times")
        told = sum(
            event["from_status"] == "processing" and event["to_status"] != "processing"
            for event in events
        )
        if told < sum(one["ended_at"] is not None for one in attempts):
            self._say("no state without its trail", at, f"{name}: {len(lost)} losses, {told} told")
        hurried = any(event["reason"].startswith(SOONER) for event in events)
        losses, last = 0, None
        for one in attempts:
            begun = instant(one["started_at"])
            if last is not None and not hurried:
                wait = timedelta(seconds=WAITS[min(losses, len(WAITS)) - 1])
                if begun < last + wait - SECOND:
                    says = f"{name} ran {begun - last} after loss {losses}"
                    self._say("what was lost waits", begun, says)
            if losses >= SUSPECT_AFTER:
                over = instant(one["ended_at"] or job["updated_at"])
                self.suspects[one["id"]] = (name, begun, over)
            last = None
            if one["outcome"] == "lost":
                losses, last = losses + 1, instant(one["ended_at"])

    def _say(self, promise: str, at: datetime, says: str) -> None:
        self.found.append(Broken(promise, at, says))

    def explained(self, facts: Facts) -> list[Broken]:
        """What no wrong clock or restored backup excuses."""
        broken = list(self.found)
        before: tuple[str, datetime, datetime] | None = None
        for one in sorted(self.suspects.values(), key=lambda one: one[1:]):
            if before is not None and one[0] != before[0] and one[1] < before[2]:
                says = f"{one[0]} beside {before[0]}"
                broken.append(Broken("one suspect at a time", one[1], says))
            if before is None or one[2] > before[2]:
                before = one
        return [
            one
            for one in broken
            if not facts.clock_wrong(one.at - 20 * MINUTE, one.at + 20 * MINUTE)
            and not any(span.begin <= one.at <= span.end for span in facts.restored)
        ]


def attempts_of(reading: sqlite3.Connection, row_id: int) -> list[Any]:
    """A job's attempts, the first one first."""
    return reading.execute(
        "SELECT * FROM job_attempts WHERE job_id = ? ORDER BY id", (row_id,)
    ).fetchall()
