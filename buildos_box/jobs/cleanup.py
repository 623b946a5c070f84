"""Cleanup: cancels stale jobs, archives failed ones, deletes old finished ones and cron runs.

The rules: docs/spec.md#cleanup.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import msgspec

from buildos_box.clock import Clock, Instant
from buildos_box.db import Database, Tx
from buildos_box.jobs import cleanup_store as store
from buildos_box.jobs import cron_store, history, history_store
from buildos_box.jobs.changes import STALE
from buildos_box.jobs.queue import Queue
from buildos_box.log import logger
from buildos_box.plural import plural

BATCH = 100
"""Rows per transaction, few enough that no other writer waits longer than 50 ms."""
log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The ages at which live jobs are stale and finished ones old."""

    stale: timedelta = timedelta(hours=24)
    old_failed: timedelta = timedelta(days=7)
    completed: timedelta = timedelta(days=30)
    cron_runs: timedelta = timedelta(days=30)
    most_deleted: int | None = None
    """How many completed or cancelled jobs may be deleted; None for all."""


class CleanupReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The numbers of a cleanup; with `dry_run`, what it would do."""

    stale_cancelled: int
    old_failed_cancelled: int
    completed_deleted: int
    dry_run: bool

    @property
    def message(self) -> str:
        """The report in one sentence."""
        verb = "would cancel" if self.dry_run else "cancelled"
        return (
            f"Cleanup {'dry run' if self.dry_run else 'completed'} - {verb} "
            f"{plural(self.stale_cancelled, 'stale job')} and archive"
            f"{'' if self.dry_run else 'd'} {plural(self.old_failed_cancelled, 'old failed job')}"
        )


async def preview(db: Database, clock: Clock, limits: Thresholds) -> CleanupReport:
    """The numbers that `clean_up` would report; changes nothing."""
    now = clock.now()
    deleted = [
        await store.count_finished(db, status, now - limits.completed)
        for status in ("completed", "cancelled")
    ]
    return CleanupReport(
        stale_cancelled=await store.count_stale(db, now - limits.stale, now),
        old_failed_cancelled=await store.count_finished(db, "failed", now - limits.old_failed),
        completed_deleted=min(sum(deleted), limits.most_deleted or sum(deleted)),
        dry_run=True,
    )


async def clean_up(
    db: Database, queue: Queue, clock: Clock, limits: Thresholds, *, actor: str
) -> CleanupReport:
    """Clean up in small transactions, so that the queue can go on in between."""
    now = clock.now()
    await history.roll_up(db)  # what is deleted stays counted
    stale = await _cancel_stale(db, queue, now, limits, actor)
    types = await store.finished_types(db)
    archived = deleted = 0
    for name in types:
        failed_before, done_before = now - limits.old_failed, now - limits.completed
        archive = partial(
            store.archive_failed, job_type=name, before=failed_before, now=now, limit=BATCH
        )
        archived += await _in_batches(db, archive)
        for status in ("completed", "cancelled"):
            delete = partial(
                store.delete_finished,
                job_type=name,
                status=status,
                before=done_before,
            )
            allowed = None if limits.most_deleted is None else limits.most_deleted - deleted
            deleted += await _delete_some(db, delete, allowed)
    forget = partial(cron_store.delete_before, before=now - limits.cron_runs, limit=BATCH)
    runs = await _in_batches(db, forget)
    await db.write(lambda tx: history_store.forget_before(tx, *history.oldest_kept(now)))
    log.info("cleaned_up", stale=stale, archived=archived, deleted=deleted, cron_runs=runs)
    return CleanupReport(
        stale_cancelled=stale,
        old_failed_cancelled=archived,
        completed_deleted=deleted,
        dry_run=False,
    )


async def _cancel_stale(
    db: Database, queue: Queue, now: Instant, limits: Thresholds, actor: str
) -> int:
    def cancel_some(tx: Tx) -> int:
        rows = store.take_stale(tx, now - limits.stale, now, BATCH)
        for row in rows:
            queue.cancel(tx, row["queue_job_id"], reason=STALE, actor=actor)
        return len(rows)

    if not await store.has_stale(db, now - limits.stale, now):
        return 0
    return await _in_batches(db, cancel_some)


async def _delete_some(db: Database, delete: Callable[..., int], allowed: int | None) -> int:
    """Delete in batches, at most `allowed` rows in all."""
    total = 0
    while allowed is None or total < allowed:
        size = BATCH if allowed is None else min(BATCH, allowed - total)
        done = await db.write(partial(delete, limit=size))
        total += done
        if done < size:
            break
    return total


async def _in_batches(db: Database, batch: Callable[[Tx], int]) -> int:
    total = 0
    while True:
        done = await db.write(batch)
        total += done
        if done < BATCH:
            return total
