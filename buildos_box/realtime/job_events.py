"""The events `job.updated` and `job.progress` for open streams.

They are not stored, have no id and carry the job's present state, so that streams get at most ten
events per second about one job, the last of which is current, however fast jobs change. A client
that was disconnected reads the jobs again.
"""

import asyncio
import threading
from functools import partial

import msgspec

from buildos_box.db import Database, Row, Tx
from buildos_box.jobs import job_query_store as jobs
from buildos_box.jobs.changes import JobProgressed, JobsChanged
from buildos_box.log import logger
from buildos_box.realtime import sse
from buildos_box.realtime.hub import Hub

AT_ONCE = 200
PAUSE_SECONDS = 0.01
"""The pause between batches, in which streams can send."""

log = logger(__name__)


class JobNews:
    """Which jobs have changed since their last event."""

    def __init__(self, db: Database, hub: Hub) -> None:
        self._db = db
        self._hub = hub
        self._gate = threading.Lock()
        self._changed: dict[int, bool] = {}
        """By row id, whether more than the progress has changed."""
        self._teller: asyncio.Task[None] | None = None
        db.subscribe(JobsChanged, self._on_change)
        db.subscribe(JobProgressed, self._on_progress)

    def _on_change(self, tx: Tx, change: JobsChanged) -> None:
        if self._hub.is_heard:
            tx.after_commit(lambda: self._note(change.row_ids, status=True))

    def _on_progress(self, tx: Tx, change: JobProgressed) -> None:
        if self._hub.is_heard:
            tx.after_commit(lambda: self._note((change.row_id,), status=False))

    def _note(self, row_ids: tuple[int, ...], *, status: bool) -> None:
        with self._gate:
            first = not self._changed
            for row_id in row_ids:
                self._changed[row_id] = status or self._changed.get(row_id, False)
        if first and not self._hub.hand_over(self._start):
            self._take()

    def _take(self) -> dict[int, bool]:
        with self._gate:
            taken, self._changed = self._changed, {}
        return taken

    def _start(self) -> None:
        if self._teller is None or self._teller.done():
            self._teller = self._hub.spawn(self._tell_all())

    async def _tell_all(self) -> None:
        while changed := self._take():
            if not self._hub.is_heard:
                continue
            row_ids = [*changed]
            for start in range(0, len(row_ids), AT_ONCE):
                await self._tell(row_ids[start : start + AT_ONCE], changed)
                await asyncio.sleep(PAUSE_SECONDS)
            await asyncio.sleep(self._hub.limits.job_seconds)

    async def _tell(self, row_ids: list[int], changed: dict[int, bool]) -> None:
        try:
            rows = await jobs.present_states(self._db, row_ids)
        except Exception:
            log.exception("job_news_failed")
            return
        for row in rows:
            kind = "job.updated" if changed[row["id"]] else "job.progress"
            self._hub.tell(row["user_id"], None, partial(_event, kind, row))


def _event(kind: str, row: Row) -> bytes:
    progress = msgspec.Raw(row["progress"].encode()) if row["progress"] else None
    data = {
        "jobId": row["queue_job_id"],
        "jobType": row["job_type"],
        "status": row["status"],
        "userId": row["user_id"],
        "progress": progress,
        "attempts": row["attempts"],
        "maxAttempts": row["max_attempts"],
        "retryUntil": row["retry_until"],
        "scheduledFor": row["scheduled_for"],
        "error": row["error"],
    }
    return sse.event(
        event_id=None,
        type=kind,
        user_id=row["user_id"],
        at=row["updated_at"],
        correlation_id=row["correlation_id"],
        data=msgspec.json.encode(data).decode(),
    )
