"""Requesting a brief: `POST /queue/brief` with all options (docs/spec.md#brief-on-demand)."""

from dataclasses import dataclass
from datetime import date, timedelta

import msgspec

from buildos_box.auth import daily_limits
from buildos_box.auth.caller import Caller
from buildos_box.auth.idempotency import IdempotentRequest
from buildos_box.briefs import store
from buildos_box.briefs.job import GENERATE_DAILY_BRIEF, BriefOptions, BriefPayload, brief_key
from buildos_box.clock import (
    Instant,
    at_wall_time,
    day_from_text,
    from_text,
    is_zone,
    local_day,
    to_text,
    zone_named,
    zone_or_utc,
)
from buildos_box.db import Tx
from buildos_box.errors import FieldFault, NotFound, Unprocessable
from buildos_box.jobs import job_store
from buildos_box.jobs.job_details import job_named
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.model import User

IMMEDIATE, SCHEDULED = 1, 10
FURTHEST_AHEAD = timedelta(days=366)


class RequestOptions(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which projects the brief covers; None means all active ones, an empty list none."""

    include_projects: list[str] | None = None
    exclude_projects: list[str] | None = None
    suppress_notification_if_past_preferred_time: bool = False
    """With `forceImmediate`: nothing is mailed or notified if the user's brief time has passed."""


class BriefRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The body of `POST /queue/brief`."""

    user_id: str
    scheduled_for: str | None = None
    brief_date: str | None = None
    timezone: str | None = None
    force_immediate: bool = False
    force_regenerate: bool = False
    options: RequestOptions = msgspec.field(default_factory=RequestOptions)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The parsed request: when, which day, in which zone."""

    due: Instant
    immediate: bool
    day: date | None
    zone: str | None


class Answer(msgspec.Struct, frozen=True):
    """The job that does what was requested, or has done it.

    There is no `job_id` if the brief is complete and its job was deleted by the cleanup.
    """

    job_id: str | None
    scheduled_for: Instant
    day: date
    deduplicated: bool = False
    already_completed: bool = False
    notify_at: Instant | None = msgspec.field(default=None, name="notification_at")
    """When its mail goes; None if none does. Stored answers have it under its older name."""
    correlation_id: str = ""
    """Of the job; empty in an answer to an Idempotency-Key that an earlier version stored."""


def read_request(request: BriefRequest, now: Instant) -> Wanted:
    """Parse the request. Raises Unprocessable, which names every invalid field."""
    faults: list[FieldFault] = []
    due = _read_due(request, now, faults)
    day = _read_day(request.brief_date, faults)
    zone = zone_named(request.timezone) if request.timezone else None
    if request.timezone and zone is None:
        faults.append(FieldFault("timezone", f"{request.timezone!r} is not an IANA time zone"))
    if faults:
        sentence = "; ".join(f"{fault.field}: {fault.message}" for fault in faults)
        raise Unprocessable(sentence, details=tuple(faults))
    immediate = request.force_immediate or due is None or due <= now
    return Wanted(
        due=now if immediate or due is None else due,
        immediate=immediate,
        day=day,
        zone=zone,
    )


def _read_due(request: BriefRequest, now: Instant, faults: list[FieldFault]) -> Instant | None:
    if not request.scheduled_for:
        return None
    try:
        due = from_text(request.scheduled_for)
    except ValueError:
        faults.append(FieldFault("scheduledFor", "must be an instant like 2024-10-23T09:00:00Z"))
        return None
    if due > now + FURTHEST_AHEAD:
        faults.append(FieldFault("scheduledFor", "must be at most a year ahead"))
    return due


def _read_day(text: str | None, faults: list[FieldFault]) -> date | None:
    try:
        return day_from_text(text) if text else None
    except ValueError as fault:
        faults.append(FieldFault("briefDate", str(fault)))
        return None


async def queue_brief(
    services: Services,
    request: BriefRequest,
    *,
    idempotent: IdempotentRequest,
    correlation_id: str | None,
) -> Answer:
    """Queue a brief; the answer may be the job that does the same already, or has done it.

    In one transaction: with `force_regenerate` the day's live job is cancelled and a new one
    queued. Raises Unprocessable (invalid fields; an Idempotency-Key of another request), NotFound
    (unknown user), Conflict (a stored answer of another version), RateLimited
    (`limits.briefs_per_day`), Unavailable, StorageError.
    """
    wanted = read_request(request, services.clock.now())
    answer = await idempotent.once(
        services,
        request.user_id,
        lambda tx: _queue(tx, services, request, wanted, correlation_id, idempotent.caller),
        Answer,
    )
    return answer if answer.correlation_id else await _completed(services, answer, correlation_id)


async def _completed(services: Services, answer: Answer, correlation_id: str | None) -> Answer:
    """The answer with what it lacks of its job; the request's correlation id without a job."""
    job = await job_named(services.db, answer.job_id) if answer.job_id else None
    if job is None:
        return msgspec.structs.replace(answer, correlation_id=correlation_id or "")
    payload = msgspec.json.decode(job["metadata"], type=BriefPayload)
    return msgspec.structs.replace(
        answer,
        notify_at=_notify_at(payload, answer.scheduled_for),
        correlation_id=job["correlation_id"],
    )


def _queue(
    tx: Tx,
    services: Services,
    request: BriefRequest,
    wanted: Wanted,
    correlation_id: str | None,
    caller: Caller,
) -> Answer:
    user = workspace.find_user(tx, request.user_id)
    if user is None:
        raise NotFound(f"there is no user {request.user_id}", code="user_not_found")
    payload = _payload(tx, request, wanted, user, services.clock.now())
    key = brief_key(user.id, payload.brief_date)
    is_new = request.force_regenerate
    if request.force_regenerate:
        services.queue.cancel_by_key(tx, key, reason="regenerated by request", actor=caller.actor)
    elif not services.queue.is_live(tx, key):
        is_new = True
        done = store.completed_job(tx, user.id, payload.day)
        if done is not None:
            job_id = done if services.queue.is_known(tx, done) else None
            return Answer(
                job_id,
                wanted.due,
                payload.day,
                already_completed=True,
                correlation_id=correlation_id or "",
            )
    enqueued = services.queue.enqueue(
        tx,
        GENERATE_DAILY_BRIEF,
        payload,
        user_id=user.id,
        scheduled_for=wanted.due,
        priority=IMMEDIATE if wanted.immediate else SCHEDULED,
        correlation_id=correlation_id,
        actor=caller.actor,
        is_new=is_new,
    )
    if not enqueued.deduplicated:
        daily_limits.take(tx, services, caller, user.id, "briefs_per_day")
    # A new job is as it was just asked for, and not read again.
    live = job_store.live_with_key(tx, key) if enqueued.deduplicated else None
    queued = payload if live is None else msgspec.json.decode(live["metadata"], type=BriefPayload)
    return Answer(
        enqueued.job_id,
        enqueued.scheduled_for,
        payload.day,
        deduplicated=enqueued.deduplicated,
        notify_at=_notify_at(queued, wanted.due),
        correlation_id=enqueued.correlation_id,
    )


def _notify_at(payload: BriefPayload, due: Instant) -> Instant | None:
    if payload.options.suppress_notification:
        return None
    planned = payload.notify_at
    return from_text(planned) if planned else due


def _notified(
    tx: Tx, request: BriefRequest, user: User, day: date, zone: str, now: Instant
) -> tuple[Instant | None, bool]:
    """When the mail of a brief that is written at once goes (None: at once), and whether at all.

    A brief that is requested when the user opens the app waits with its mail for their brief time.
    One that is written anew was asked for by the user, and is mailed at once.
    """
    quiet = request.options.suppress_notification_if_past_preferred_time
    if not request.force_immediate or request.force_regenerate:
        return None, True
    preferences = workspace.find_preferences(tx, user.id)
    if preferences is None:
        return None, not quiet
    if not preferences.is_active:
        return None, False
    preferred = at_wall_time(day, preferences.time_of_day, zone_or_utc(zone))
    return (preferred, True) if now < preferred else (None, not quiet)


def _payload(
    tx: Tx, request: BriefRequest, wanted: Wanted, user: User, now: Instant
) -> BriefPayload:
    zone = wanted.zone or (user.timezone if is_zone(user.timezone) else "UTC")
    day = wanted.day or local_day(wanted.due, zone_or_utc(zone))
    later, notifies = _notified(tx, request, user, day, zone, now)
    notify_at = later if wanted.immediate else wanted.due
    return BriefPayload(
        user_id=user.id,
        brief_date=day.isoformat(),
        timezone=zone,
        options=BriefOptions(
            include_projects=request.options.include_projects,
            exclude_projects=request.options.exclude_projects,
            suppress_notification=not notifies,
        ),
        notify_at=to_text(notify_at) if notify_at else None,
        asked_by_date=wanted.day is not None,
    )
