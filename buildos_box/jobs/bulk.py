"""One action on many jobs, chosen by ids or by a filter (docs/spec.md#bulk)."""

from collections.abc import Callable
from functools import partial
from typing import Literal

import msgspec

from buildos_box.clock import as_stored
from buildos_box.db import Database, Tx
from buildos_box.errors import IllegalTransition, NotFound, Unprocessable
from buildos_box.jobs import bulk_store
from buildos_box.jobs.queue import Queue

Action = Literal["cancel", "retry", "promote"]
BATCH = 200
MOST_REFUSED = 50
WORKS_ON: dict[str, tuple[str, ...]] = {
    "cancel": ("pending", "processing", "queued_for_retry"),
    "retry": ("failed", "cancelled", "queued_for_retry"),
    "promote": ("pending", "queued_for_retry"),
}


class BulkFilter(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A filter of jobs: every given condition must hold. An empty list matches nothing."""

    types: list[str] | None = None
    statuses: list[str] | None = None
    user_id: str | None = None
    lane: str | None = None
    created_before: str | None = None
    errors: list[str] | None = None
    """Codes of the error that the job has, such as `worker_lost`."""

    @property
    def is_empty(self) -> bool:
        """Whether no condition is given, which would match every job."""
        return all(getattr(self, name) is None for name in self.__struct_fields__)


class BulkRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An action on the jobs named by either `ids` or `filter`."""

    action: Action
    ids: list[str] | None = None
    filter: BulkFilter | None = None
    dry_run: bool = False


class Refused(msgspec.Struct, frozen=True):
    """A job that the action was refused for."""

    id: str
    reason: str


class BulkReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many jobs matched, how many were changed (or would be), and at most 50 refusals."""

    action: str
    matched: int
    done: int
    dry_run: bool
    refused: list[Refused]


async def run_bulk(db: Database, queue: Queue, request: BulkRequest, *, actor: str) -> BulkReport:
    """Act on the jobs in transactions of 200.

    Of jobs with the same dedup key a retry revives the newest. With `dry_run` it only counts what
    it would change. Raises Unprocessable unless exactly one of ids and a non-empty filter is given.
    """
    ids = await _ids(db, request)
    if request.dry_run:
        possible = await bulk_store.count_possible(
            db, ids, WORKS_ON[request.action], retry=request.action == "retry", now=queue.now()
        )
        return _report(request, len(ids), possible, [])
    done, refused = 0, []
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        outcome = await db.write(
            partial(_act, queue=queue, request=request, ids=batch, actor=actor)
        )
        done += len(batch) - len(outcome)
        refused += outcome
    return _report(request, len(ids), done, refused[:MOST_REFUSED])


async def _ids(db: Database, request: BulkRequest) -> list[str]:
    if (request.ids is None) == (request.filter is None):
        raise Unprocessable.field("ids", "give either ids or filter")
    if request.ids is not None:
        return await bulk_store.newest_first(db, list(dict.fromkeys(request.ids)))
    assert request.filter is not None
    if request.filter.is_empty:
        raise Unprocessable.field(
            "filter", "must name at least one condition; {} would mean all jobs"
        )
    wanted = msgspec.structs.asdict(request.filter)
    wanted["created_before"] = as_stored(request.filter.created_before, "createdBefore")
    return await bulk_store.matching(db, WORKS_ON[request.action], **wanted)


def _act(tx: Tx, queue: Queue, request: BulkRequest, ids: list[str], actor: str) -> list[Refused]:
    refused = []
    act = _actions(tx, queue, actor)[request.action]
    for job_id in ids:
        try:
            act(job_id)
        except (IllegalTransition, NotFound) as error:
            refused.append(Refused(job_id, error.message))
    return refused


def _actions(tx: Tx, queue: Queue, actor: str) -> dict[str, Callable[[str], object]]:
    return {
        "cancel": lambda job_id: queue.cancel(
            tx, job_id, reason="cancelled by a bulk request", actor=actor
        ),
        "retry": lambda job_id: queue.retry(tx, job_id, actor=actor),
        "promote": lambda job_id: queue.promote(tx, job_id, actor=actor),
    }


def _report(request: BulkRequest, matched: int, done: int, refused: list[Refused]) -> BulkReport:
    return BulkReport(
        action=request.action,
        matched=matched,
        done=done,
        dry_run=request.dry_run,
        refused=refused,
    )
