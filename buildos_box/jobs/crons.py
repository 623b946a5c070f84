"""Crons: when each is due, which one ran, which run was missed.

Huey's scheduler asks every second; this module decides. A cron never runs twice at once, and a run
missed while the server was down is made up once if its lookback allows.

The rules: docs/spec.md#cron-runs.
"""

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import product
from typing import Any, Literal

from huey import crontab

from buildos_box.clock import Clock, Instant
from buildos_box.db import Database, StorageError
from buildos_box.errors import Conflict, NotFound
from buildos_box.jobs import cron_store
from buildos_box.log import correlated, logger

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
LONGEST_SEARCH_DAYS = 367
Cause = Literal["schedule", "catch_up", "by_hand"]
log = logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Cron:
    """A periodic task. `run(due, services)` does the work and returns a summary to store.

    `schedule` has five fields (minute, hour, day, month, day of week) in UTC. A run missed by more
    than `lookback` is not made up.
    """

    name: str
    schedule: str
    does: str
    run: Callable[[Instant, Any], Awaitable[Any]]
    lookback: timedelta = timedelta(hours=24)

    def times(self) -> "Times":
        """The minutes at which it is due."""
        return _times_of(self.schedule)


class Times:
    """The minutes that match a schedule's five fields, as Huey's `crontab` reads them."""

    def __init__(self, schedule: str) -> None:
        minute, hour, *days = schedule.split()
        any_day = datetime(2024, 1, 1)
        fits = crontab("*", hour, strict=True)
        hours = [at for at in range(24) if fits(any_day.replace(hour=at))]
        fits = crontab(minute, "*", strict=True)
        minutes = [at for at in range(60) if fits(any_day.replace(minute=at))]
        self._times = [time(*at) for at in product(hours, minutes)]
        self._day_fits: Callable[[datetime], bool] = crontab("*", "*", *days, strict=True)

    def next_due(self, after: Instant) -> Instant:
        """The first whole minute after `after` that matches. Raises ValueError if none does in a
        year.
        """
        start = after.replace(second=0, microsecond=0) + MINUTE
        later = self._times[bisect_left(self._times, start.time()) :]
        return self._first(start.date(), DAY, later[:1], self._times[:1])

    def last_due(self, at: Instant) -> Instant:
        """The last whole minute at or before `at` that matches. Raises ValueError if none does in a
        year.
        """
        earlier = self._times[: bisect_right(self._times, at.time())]
        return self._first(at.date(), -DAY, earlier[-1:], self._times[-1:])

    def _first(
        self, day: date, step: timedelta, wanted: list[time], on_other_days: list[time]
    ) -> Instant:
        for _ in range(LONGEST_SEARCH_DAYS):
            if wanted and self._day_fits(datetime.combine(day, wanted[0])):
                return datetime.combine(day, wanted[0], UTC)
            day, wanted = day + step, on_other_days
        raise ValueError("this schedule matches no minute within a year")


@lru_cache(maxsize=256)
def _times_of(schedule: str) -> Times:
    """Cached, because crons share few schedules and parsing one tries every hour and minute."""
    return Times(schedule)


@dataclass(frozen=True, slots=True)
class CronState:
    """A cron with its next and last run."""

    cron: Cron
    next_run: Instant
    last: cron_store.Run | None


class CronRegistry:
    """Knows when each cron is due next, and stores each run."""

    def __init__(self, db: Database, clock: Clock, crons: Iterable[Cron]) -> None:
        self._db = db
        self._clock = clock
        self.crons = {cron.name: cron for cron in crons}
        self._times = {cron.name: cron.times() for cron in self.crons.values()}
        self._next: dict[str, Instant] = {}
        self._running: set[str] = set()
        self._looked_at = clock.now()
        self._gate = threading.Lock()

    async def open(self) -> None:
        """Mark runs of a previous process as lost, and plan missed runs that may be made up."""
        now = self._clock.now()
        await self._db.write(lambda tx: cron_store.close_lost(tx, now))
        for name, cron in self.crons.items():
            missed = self._times[name].last_due(now)
            ran = await cron_store.ran_since(self._db, name, missed)
            make_good = not ran and now - missed <= cron.lookback
            self._next[name] = missed if make_good else self._times[name].next_due(now)

    def is_due(self, name: str) -> bool:
        """Whether the cron must start now."""
        with self._gate:
            now = self._clock.now()
            if now < self._looked_at:
                self._plan_again(now)
            self._looked_at = now
            next_run = self._next.get(name)
            return next_run is not None and name not in self._running and next_run <= now

    def _plan_again(self, now: Instant) -> None:
        """After the clock was set back: no cron waits for a time that was computed by the wrong
        clock.
        """
        for name, planned in self._next.items():
            self._next[name] = min(planned, self._times[name].next_due(now))

    def next_of(self, name: str) -> Instant:
        """When the cron is due next."""
        return self._next.get(name) or self._times[name].next_due(self._clock.now())

    async def run_due(self, name: str, services: Any) -> None:
        """Run the cron if it is due; a second call for the same due time does nothing.

        Raises StorageError if nothing of it could be written; it is tried again after a minute.
        """
        now = self._clock.now()
        with self._gate:
            planned = self._next.get(name)
            if planned is None or planned > now or name in self._running:
                return
            self._running.add(name)
            self._next[name] = self._times[name].next_due(now)
        due = self._times[name].last_due(now)
        cause: Cause = "schedule" if now - due < MINUTE else "catch_up"
        try:
            await self._run(name, due, cause, "scheduler", services)
        except StorageError:
            # Nothing was written, so the cron is tried again soon instead of at its next due time.
            with self._gate:
                self._next[name] = min(self._next[name], now + MINUTE)
            raise

    async def run_by_hand(self, name: str, services: Any, actor: str) -> cron_store.Run:
        """Run the cron now and return its run. Raises NotFound, Conflict if it is running."""
        if name not in self.crons:
            raise NotFound(f"no cron is named {name}; known: {', '.join(self.crons)}")
        with self._gate:
            if name in self._running:
                raise Conflict(f"the cron {name} is already running", code="already_running")
            self._running.add(name)
        return await self._run(name, self._clock.now(), "by_hand", actor, services)

    async def _run(
        self, name: str, due: Instant, cause: Cause, actor: str, services: Any
    ) -> cron_store.Run:
        cron, started = self.crons[name], self._clock.now()
        try:
            run_id = await self._db.write(
                lambda tx: cron_store.start(tx, name, due, cause, actor, started)
            )
            summary, error = None, None
            with correlated(f"cron-{name}-{run_id}"):
                try:
                    summary = await cron.run(due, services)
                except Exception as failure:
                    log.exception("cron_failed", cron=name)
                    error = f"{type(failure).__name__}: {failure}"
            ended = self._clock.now()
            return await self._db.write(
                lambda tx: cron_store.finish(tx, run_id, summary, error, ended)
            )
        finally:
            with self._gate:
                self._running.discard(name)

    async def states(self) -> list[CronState]:
        """Every cron with its next and last run."""
        return [
            CronState(cron, self.next_of(name), await cron_store.last_run(self._db, name))
            for name, cron in self.crons.items()
        ]
