"""Why a job is where it is and what comes next, from the rules that decide (docs/spec.md#why)."""

from collections.abc import Mapping

import msgspec

from buildos_box.clock import Instant, to_text
from buildos_box.db import Tx
from buildos_box.jobs import claim_order, claims, pause_store, why_store
from buildos_box.jobs.job_details import Facts
from buildos_box.jobs.lanes import Lane, Running, open_lanes, users_at_their_share
from buildos_box.jobs.rescuer import SUSPECT_AFTER
from buildos_box.jobs.status import Status
from buildos_box.plural import plural


class Why(msgspec.Struct, frozen=True):
    """One sentence, and when the next thing happens (UTC text) if that is known."""

    why: str
    next_at: str | None = None


def explain(tx: Tx, row: Facts, lanes: Mapping[str, Lane], workers: int, now: Instant) -> Why:
    """Why the job is in its state and what happens next, from one consistent read."""
    match Status(row["status"]):
        case Status.PENDING if not row["ready"] and row["scheduled_for"] > to_text(now):
            return _not_due(tx, row)
        case Status.PENDING:
            return _waiting(tx, row, lanes, workers, now)
        case Status.QUEUED_FOR_RETRY:
            return _waits_for_retry(row)
        case Status.PROCESSING:
            return _running(row)
        case Status.COMPLETED:
            return Why(f"completed at {row['completed_at']}, attempt {row['attempts']}")
        case Status.FAILED:
            return _failed(row)
        case Status.CANCELLED:
            return _cancelled(tx, row)


def retry_note(row: Facts) -> str | None:
    """Until when a waiting job is retried, and after which error; None if no time bounds it."""
    if row["retry_until"] is None or row["error_code"] is None:
        return None
    return f"retried until {row['retry_until']} after {row['error_code']}"


def _waits_for_retry(row: Facts) -> Why:
    after = f"after {row['error_code']}: {row['error']}"
    number, due = row["attempts"] + 1, row["scheduled_for"]
    if row["retry_until"] is None:
        return Why(f"attempt {number} of {row['max_attempts']} at {due} {after}", due)
    return Why(f"attempt {number} at {due}, retried until {row['retry_until']}, {after}", due)


def _not_due(tx: Tx, row: Facts) -> Why:
    last = why_store.last_event(tx, row["id"])
    snoozed = last is not None and last["from_status"] == Status.PROCESSING
    reason = f": {last['reason']}" if snoozed and last is not None else ""
    verb = "snoozed until" if snoozed else "due at"
    if row["error_code"] == "worker_lost":
        verb = "runs again at"
    return Why(f"{verb} {row['scheduled_for']}{reason}", row["scheduled_for"])


def _waiting(tx: Tx, row: Facts, lanes: Mapping[str, Lane], workers: int, now: Instant) -> Why:
    pause = _pause_on(tx, row)
    if pause is not None:
        what = "everything" if pause.kind == pause_store.ALL else f"{pause.kind} {pause.name}"
        return Why(f"{what} is paused since {to_text(pause.since)} by {pause.actor}")
    if row["expires_at"] is not None and row["expires_at"] <= to_text(now):
        return Why(f"expired at {row['expires_at']}: it will be cancelled, not run")
    lane = lanes.get(row["lane"])
    if lane is None:
        return Why(f"its lane {row['lane']} is not configured")
    suspect = why_store.running_suspect(tx)
    if row["losses"] >= SUSPECT_AFTER and suspect is not None:
        return Why(
            f"its worker stopped {plural(row['losses'], 'time')} while it ran, so it waits until "
            f"{suspect}, which lost its worker too, has ended"
        )
    shut = claim_order.find_closed_lanes(tx, lanes, now)
    if lane.name in shut.lanes:
        at = to_text(shut.reopens_at) if shut.reopens_at else None
        started = plural(lane.per_minute or 0, "job")
        return Why(f"lane {lane.name} has started {started} in the last minute", at)
    return _in_line(tx, row, lane, lanes, workers, shut.lanes)


def _pause_on(tx: Tx, row: Facts) -> pause_store.Pause | None:
    names = {"lane": row["lane"], "type": row["job_type"], "all": pause_store.ALL}
    found = [pause for pause in pause_store.in_force(tx) if names[pause.kind] == pause.name]
    return found[0] if found else None


def _in_line(
    tx: Tx,
    row: Facts,
    lane: Lane,
    lanes: Mapping[str, Lane],
    workers: int,
    shut: frozenset[str],
) -> Why:
    running = claim_order.running(tx)
    full = users_at_their_share(lane, running)
    ahead = _ahead(tx, row, lane, running)
    in_lane = _in_lane(row, lane, running)
    if row["user_id"] in full and why_store.others_wait(tx, row, full):
        return Why(f"its user has reached their share of lane {lane.name} {in_lane}")
    if ahead:
        return Why(f"waits for {plural(ahead, 'job')} ahead of it in lane {lane.name} {in_lane}")
    if lane not in open_lanes(lanes, running, workers, shut):
        return Why(f"next in lane {lane.name}, which is full {in_lane}")
    return Why(f"next in lane {lane.name}: it starts with the next claim")


def _ahead(tx: Tx, row: Facts, lane: Lane, running: Running) -> int:
    """How many jobs will start before it: of each other user, no more than fit into their share."""
    paused = [pause.name for pause in pause_store.in_force(tx) if pause.kind == "type"]
    total = 0
    for user, count in why_store.ahead_in_lane(tx, row, paused, suspects=not running.suspects):
        if user is None or user == row["user_id"] or row["user_id"] is None:
            total += count
        else:
            free = lane.per_user - running.by_user.get((lane.name, user), 0)
            total += min(count, max(0, free))
    return total


def _in_lane(row: Facts, lane: Lane, running: Running) -> str:
    count = running.by_lane.get(lane.name, 0)
    own = running.by_user.get((lane.name, row["user_id"]), 0) if row["user_id"] else 0
    return f"({count} running, {own} of them this user's)" if own else f"({count} running)"


def _running(row: Facts) -> Why:
    progress = msgspec.json.decode(row["progress"]) if row["progress"] else None
    at = f": {progress['current']} %, {progress['message']}" if progress else ""
    if row["rerun_wanted"]:
        at += "; it was requested again and runs once more when done"
    number = claims.attempt_words(row["attempts"], row["deferred"], row["max_attempts"])
    return Why(f"{number} running since {row['started_at']}{at}")


def _failed(row: Facts) -> Why:
    if row["error_kind"] == "lost":
        return Why(f"failed at {row['completed_at']}: {row['error_code']}: {row['error']}")
    if row["error_kind"] == "permanent":
        tries = "a retry cannot succeed"
    elif row["retry_until"] is not None and row["error_kind"] == "transient":
        tries = f"retried until {row['retry_until']}, {plural(row['attempts'], 'attempt')}"
    else:
        most = row["max_attempts"]
        tries = f"all {most} attempts used" if most > 1 else "its only attempt used"
    return Why(f"failed at {row['completed_at']}, {tries}: {row['error_code']}: {row['error']}")


def _cancelled(tx: Tx, row: Facts) -> Why:
    last = why_store.last_event(tx, row["id"])
    by = f" by {last['actor']}" if last is not None and last["actor"] != "system" else ""
    if row["cancel_reason"] == "expired":
        return Why(f"cancelled as expired: its time was over at {row['expires_at']}")
    return Why(f"cancelled{by} at {row['completed_at']}: {row['cancel_reason']}")
