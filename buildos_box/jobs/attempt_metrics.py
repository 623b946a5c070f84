"""Counts attempts as they end, reading each attempt's row at most twice."""

from collections import Counter

from buildos_box.clock import Clock
from buildos_box.db import Database
from buildos_box.jobs import metrics_store


class AttemptMeter:
    """Attempts since the process began by type and outcome, and their duration in seconds."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._since = clock.now()
        self._seen: int | None = None
        self._running: set[int] = set()
        self.ended: Counter[tuple[str, str]] = Counter()
        self.seconds: Counter[str] = Counter()

    async def look(self) -> None:
        """Count the attempts that ended since the last call."""
        if self._seen is None:
            self._seen = await metrics_store.last_attempt_before(self._db, self._since)
        more = True
        while more:
            rows = await metrics_store.attempts_after(self._db, self._seen, self._running)
            more = sum(row["id"] > self._seen for row in rows) == metrics_store.PAGE
            self._running = {row["id"] for row in rows if row["outcome"] == "running"}
            self._seen = max([self._seen, *(row["id"] for row in rows)])
            for row in rows:
                if row["outcome"] != "running":
                    self.ended[row["job_type"], row["outcome"]] += 1
                    self.seconds[row["job_type"]] += row["seconds"]
