"""The queue's interface: enqueue, cancel, retry, promote, each in the caller's transaction.

The rules: docs/spec.md#deduplication, docs/spec.md#cancel-running.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from buildos_box.clock import Clock, Instant, from_text, to_text
from buildos_box.db import Row, Tx
from buildos_box.errors import Conflict, IllegalTransition, NotFound, Unprocessable
from buildos_box.ids import Ids
from buildos_box.jobs import cleanup_store, job_store, pause_store, transitions
from buildos_box.jobs.attempt import P
from buildos_box.jobs.job_type import Enqueued, JobQueued, JobType
from buildos_box.jobs.lanes import Lane
from buildos_box.jobs.status import Status

MOST_URGENT = 1


class Queue:
    """The registered job types, and the operations on jobs."""

    def __init__(
        self,
        *,
        clock: Clock,
        ids: Ids,
        lanes: Mapping[str, Lane],
        max_attempts: int = 3,
    ) -> None:
        self.lanes = dict(lanes)
        self._clock = clock
        self._ids = ids
        self._max_attempts = max_attempts
        self._types: dict[str, JobType[Any]] = {}
        self._on_wake: list[Callable[[], None]] = []
        self._on_cancel: list[Callable[[int, str], None]] = []

    def register(self, job_types: Iterable[JobType[Any]]) -> None:
        """Register job types. Raises ValueError for a duplicate name or an unknown lane."""
        for job_type in job_types:
            if job_type.name in self._types:
                raise ValueError(f"two job types are named {job_type.name}")
            if job_type.lane not in self.lanes:
                raise ValueError(
                    f"the lane {job_type.lane} of job type {job_type.name} is not configured"
                )
            self._types[job_type.name] = job_type

    def type_named(self, name: str) -> JobType[Any] | None:
        """The job type of that name; None if it is not registered."""
        return self._types.get(name)

    @property
    def type_names(self) -> list[str]:
        """Every job type's name, in the order of registration."""
        return list(self._types)

    def on_wake(self, wake: Callable[[], None]) -> None:
        """Call `wake` before every commit that makes a job due or changes a due time.

        What `wake` submits runs after that transaction and usually shares its commit.
        """
        self._on_wake.append(wake)

    def on_cancel(self, cancel_attempt: Callable[[int, str], None]) -> None:
        """After a running job was cancelled, call `cancel_attempt(row_id, lease_token)`."""
        self._on_cancel.append(cancel_attempt)

    def now(self) -> Instant:
        """The time by which jobs are due and expire."""
        return self._clock.now()

    def wake(self) -> None:
        """Make the engine ask the job store for work now."""
        for wake in self._on_wake:
            wake()

    def enqueue(
        self,
        tx: Tx,
        job_type: JobType[P],
        payload: P,
        *,
        user_id: str | None,
        scheduled_for: Instant | None = None,
        priority: int | None = None,
        correlation_id: str | None = None,
        actor: str = "system",
        is_new: bool = False,
    ) -> Enqueued:
        """Add a job in the caller's transaction, due at once unless `scheduled_for` is given.

        `is_new` says that no live job can have its dedup key, which then is not looked for.

        If a live job has the same dedup key, that job is returned (`deduplicated`). If it waits, it
        becomes as urgent as this request asks, gets the metadata that it lacks, also within nested
        objects, and expires as its type says of the merged payload. If it runs, it runs once more
        when it is done, unless its type says otherwise.
        """
        now = self._clock.now()
        due = scheduled_for or now
        urgency = priority or job_type.priority
        key = job_type.dedup_key(payload)
        existing = job_store.live_with_key(tx, key) if key and not is_new else None
        tx.before_commit(self.wake)
        if existing is not None:
            return self._join(tx, job_type, existing, due, urgency, payload, actor, now)
        expires = job_type.expires_at(payload)
        job_id = self._ids.new("job", now)
        at = to_text(now)
        correlation_id = correlation_id or f"corr{job_id.removeprefix('job')}"
        job = job_store.NewJob(
            queue_job_id=job_id,
            user_id=user_id,
            job_type=job_type.name,
            lane=job_type.lane,
            ready=due <= now,
            priority=urgency,
            max_attempts=job_type.max_attempts or self._max_attempts,
            scheduled_for=at if due is now else to_text(due),
            expires_at=to_text(expires) if expires else None,
            created_at=at,
            updated_at=at,
            dedup_key=key,
            metadata=job_store.dump(payload),
            correlation_id=correlation_id,
        )
        job_store.insert(tx, job, actor=actor, now=now)
        return Enqueued(
            job_id, Status.PENDING, due, deduplicated=False, correlation_id=correlation_id
        )

    def enqueue_alone(
        self,
        tx: Tx,
        job_type: JobType[P],
        payload: P,
        *,
        user_id: str | None,
        replace: bool,
        correlation_id: str,
        actor: str,
    ) -> JobQueued:
        """Add a job whose work must not be queued or running already; `replace` cancels that first.

        Raises Conflict with the live job's id. The caller's transaction is rolled back then, so the
        live job keeps its metadata.
        """
        key = job_type.dedup_key(payload)
        if replace and key is not None:
            self.cancel_by_key(tx, key, reason="regenerated by request", actor=actor)
        queued = self.enqueue(
            tx, job_type, payload, user_id=user_id, correlation_id=correlation_id, actor=actor
        )
        if queued.deduplicated:
            raise Conflict("a job for this already waits or runs", existing_job_id=queued.job_id)
        return JobQueued(success=True, job_id=queued.job_id)

    def _join(
        self,
        tx: Tx,
        job_type: JobType[P],
        existing: Row,
        due: Instant,
        priority: int,
        payload: P,
        actor: str,
        now: Instant,
    ) -> Enqueued:
        status = Status(existing["status"])
        scheduled = from_text(existing["scheduled_for"])
        stored = msgspec.json.decode(existing["metadata"])
        merged = _merged(stored, msgspec.to_builtins(payload))
        more_urgent = due < scheduled or priority < existing["priority"]
        expires = job_type.expires_at(msgspec.convert(merged, job_type.payload))
        if status is Status.PROCESSING and job_type.rerun_when_joined:
            job_store.want_rerun(tx, existing["id"])
        if status is not Status.PENDING:
            if merged != stored and (job_type.rerun_when_joined or status is not Status.PROCESSING):
                job_store.set_metadata(tx, existing["id"], job_store.dump(merged), expires)
        elif more_urgent or merged != stored:
            transitions.make_more_urgent(
                tx,
                existing["id"],
                scheduled_for=due,
                priority=priority,
                metadata=job_store.dump(merged),
                expires_at=to_text(expires) if expires else None,
                reason="requested again",
                actor=actor,
                now=now,
            )
            scheduled = min(due, scheduled)
        return Enqueued(
            existing["queue_job_id"],
            status,
            scheduled,
            deduplicated=True,
            correlation_id=existing["correlation_id"],
        )

    def cancel(self, tx: Tx, job_id: str, *, reason: str, actor: str) -> Status:
        """Cancel a live job. Returns its old status.

        The row is cancelled and its lease ended in this transaction. If it was running, the engine
        then has `Runner.cancel_attempt` cancel the attempt's task; whatever that still does is
        dropped, since it has lost its lease.

        Raises NotFound, IllegalTransition.
        """
        return self._cancel_row(tx, self._row(tx, job_id), reason, actor)

    def cancel_by_key(
        self, tx: Tx, dedup_key: str, *, reason: str, actor: str, also_running: bool = True
    ) -> str | None:
        """Cancel the live job of that dedup key, if there is one; returns its id.

        With `also_running` false a running job is not cancelled.
        """
        row = job_store.live_with_key(tx, dedup_key)
        if row is None or (row["status"] == Status.PROCESSING and not also_running):
            return None
        self._cancel_row(tx, row, reason, actor)
        return str(row["queue_job_id"])

    def is_live(self, tx: Tx, dedup_key: str) -> bool:
        """Whether a live job has that key."""
        return job_store.live_with_key(tx, dedup_key) is not None

    def is_known(self, tx: Tx, job_id: str) -> bool:
        """Whether the job can still be read, in the job store or in the archive."""
        return job_store.by_public_id(tx, job_id) is not None or cleanup_store.is_archived(
            tx, job_id
        )

    def newest_of(self, tx: Tx, user_id: str, dedup_key: str) -> str | None:
        """The id of the user's newest job of that key, live or finished."""
        return job_store.newest_of(tx, user_id, dedup_key)

    def cancel_all_of(self, tx: Tx, user_id: str, *, reason: str, actor: str) -> int:
        """Cancel every live job of that user; returns how many."""
        rows = job_store.live_of(tx, user_id)
        for row in rows:
            self._cancel_row(tx, row, reason, actor)
        return len(rows)

    def retry(self, tx: Tx, job_id: str, *, actor: str) -> None:
        """Run a failed, cancelled or waiting-for-retry job again, now.

        Raises NotFound, IllegalTransition.
        """
        transitions.try_again(tx, self._row(tx, job_id), actor=actor, now=self._clock.now())
        tx.before_commit(self.wake)

    def promote(self, tx: Tx, job_id: str, *, actor: str) -> None:
        """Make a waiting job due now, with priority 1. Raises NotFound, IllegalTransition."""
        row, now = self._row(tx, job_id), self._clock.now()
        transitions.make_more_urgent(
            tx,
            row["id"],
            scheduled_for=now,
            priority=MOST_URGENT,
            metadata=row["metadata"],
            expires_at=row["expires_at"],
            reason="promoted",
            actor=actor,
            now=now,
        )
        tx.before_commit(self.wake)

    def pause(self, tx: Tx, kind: pause_store.Kind, name: str, *, actor: str) -> bool:
        """Start no more jobs of that lane or type, or none at all; running jobs go on.

        Returns False if it was paused already. Raises Unprocessable for an unknown name.
        """
        self._known(kind, name)
        return pause_store.pause(tx, kind, name, actor, self._clock.now())

    def resume(self, tx: Tx, kind: pause_store.Kind, name: str) -> bool:
        """Remove a pause; False if there was none. Raises Unprocessable for an unknown name."""
        self._known(kind, name)
        tx.before_commit(self.wake)
        return pause_store.resume(tx, kind, name)

    def _known(self, kind: pause_store.Kind, name: str) -> None:
        known = {"lane": [*self.lanes], "type": self.type_names, "all": [pause_store.ALL]}[kind]
        if name not in known:
            raise Unprocessable.field(kind, f"{name!r} must be one of {', '.join(known)}")

    def _row(self, tx: Tx, job_id: str) -> Row:
        row = job_store.by_public_id(tx, job_id)
        if row is not None:
            return row
        if cleanup_store.is_archived(tx, job_id):
            raise IllegalTransition(f"{job_id} is archived: it can be read, but not changed")
        raise NotFound(f"there is no job {job_id}")

    def _cancel_row(self, tx: Tx, row: Row, reason: str, actor: str) -> Status:
        transitions.cancel(tx, row, reason=reason, actor=actor, now=self._clock.now())
        status = Status(row["status"])
        row_id, lease_token = int(row["id"]), row["lease_token"]
        if status is Status.PROCESSING:
            tx.after_commit(lambda: self._cancel_attempt(row_id, lease_token))
        tx.before_commit(self.wake)
        return status

    def _cancel_attempt(self, row_id: int, lease_token: str) -> None:
        for cancel_attempt in self._on_cancel:
            cancel_attempt(row_id, lease_token)


def _merged(stored: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """What is stored, with what it lacks; nested objects likewise."""
    merged = {**more, **stored}
    for name, value in stored.items():
        other = more.get(name)
        if isinstance(value, dict) and isinstance(other, dict):
            merged[name] = _merged(value, other)
        elif value is None and other is not None:
            merged[name] = other
    return merged
