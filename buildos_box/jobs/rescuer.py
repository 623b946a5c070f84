"""Rescues jobs whose worker is gone: when they run again, and when they are given up.

A process that dies takes down all jobs that it ran, and at most one of them was the cause. So a
loss does not use up an attempt: a job that was lost twice is a *suspect*, at most one suspect runs
at a time, and only losses while it was the one suspect running count against it. A suspect's pause
begins anew whenever the process starts: what stops the process without the suspect, and does so
sooner, stays unmixed with what the suspect does.

The rules: docs/spec.md#lost-workers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from buildos_box.clock import Instant, from_text, to_text, truncate
from buildos_box.db import Row, Tx
from buildos_box.jobs import lease_store, transitions
from buildos_box.jobs.retry import Failure

SUSPECT_AFTER = 2
"""Losses after which a job is a suspect."""
MOST_LOSSES_AS_SUSPECT = 5
_PAUSES = (0, 5, 60, 300, 900)
"""Waits after the first, second … loss, as multiples of `queue.retry_backoff_base_ms`."""


@dataclass(frozen=True, slots=True)
class RunAgainAt:
    """Run the job again from that instant on."""

    at: Instant


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The job stops its worker: fail it."""


def decide(
    *, losses: int, losses_as_suspect: int, now: Instant, base: timedelta
) -> RunAgainAt | GiveUp:
    """What happens to a job after a loss; both numbers include that loss."""
    if losses_as_suspect >= MOST_LOSSES_AS_SUSPECT:
        return GiveUp()
    return RunAgainAt(_after_pause(losses, now, base))


def _after_pause(losses: int, now: Instant, base: timedelta) -> Instant:
    return truncate(now + base * _PAUSES[min(losses, len(_PAUSES)) - 1])


def recover_lost(
    tx: Tx,
    *,
    now: Instant,
    all_leases: bool,
    base: timedelta,
    entry_of: Callable[[str], str | None],
) -> list[Row]:
    """Give jobs whose worker is gone back to pending, without counting the attempt.

    With `all_leases` every running job, because the previous process is known to be dead; otherwise
    those whose lease has ended. `base` is the unit of the pauses. A job that was lost
    MOST_LOSSES_AS_SUSPECT times while it was the one suspect running fails as `worker_lost`.
    With `all_leases` the pauses of waiting suspects begin anew. An attempt that has written nothing
    stood where its job type begins: `entry_of` tells that. Returns the jobs as they were before.
    """
    if all_leases:
        for row in lease_store.waiting_suspects(tx, SUSPECT_AFTER):
            at = _after_pause(row["losses"], now, base)
            if at > from_text(row["scheduled_for"]):
                lease_store.postpone(tx, row["id"], at, now)
    lost = lease_store.running_without_worker(tx, now=now, all_leases=all_leases)
    for row in lost:
        losses = row["losses"] + 1
        as_suspect = row["losses_as_suspect"] + (row["losses"] >= SUSPECT_AFTER)
        decision = decide(losses=losses, losses_as_suspect=as_suspect, now=now, base=base)
        counted = f"loss {losses}" + (f", {as_suspect} as the one suspect" if as_suspect else "")
        lease_store.count_loss(tx, row["id"], losses=losses, losses_as_suspect=as_suspect)
        gone = Failure("lost", "worker_lost", f"its worker stopped without a result ({counted})")
        entry = entry_of(row["job_type"])
        if isinstance(decision, GiveUp):
            transitions.fail(
                tx, row["id"], row["lease_token"], gone, now, outcome="lost", stack=entry
            )
        else:
            wait = f"; again at {to_text(decision.at)}" if decision.at > now else ""
            transitions.give_back(
                tx,
                row["id"],
                row["lease_token"],
                outcome="lost",
                reason=f"worker_lost: {counted}{wait}",
                at=decision.at,
                now=now,
                actor="system",
                failure=gone,
                stack=entry,
            )
    return lost
