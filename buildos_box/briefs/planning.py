"""From a user's next run to a queued brief: the hourly cron's work for one user.

The rules: docs/spec.md#brief-scheduling.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from buildos_box.briefs import store
from buildos_box.briefs.engagement import Rest, Send, decide
from buildos_box.briefs.job import GENERATE_DAILY_BRIEF, BriefOptions, BriefPayload, brief_key
from buildos_box.briefs.schedule import QueueAt, Schedule, Skip, next_run, plan
from buildos_box.clock import Instant, from_text, local_day, to_text, zone_or_utc
from buildos_box.db import Row, Tx, epoch_store
from buildos_box.jobs import job_query_store as jobs_store
from buildos_box.jobs import job_store
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.model import Preferences, User

SCHEDULED_PRIORITY = 10
Outcome = Literal["queued", "skipped", "not_yet"]
ACTOR = "cron:briefs"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A user with brief preferences."""

    user: User
    schedule: Schedule
    zone: ZoneInfo


def subscriber(tx: Tx, user_id: str) -> Subscriber | None:
    """The user and their brief schedule; None for an unknown user or one without preferences."""
    user = workspace.find_user(tx, user_id)
    preferences = workspace.find_preferences(tx, user_id)
    if user is None or preferences is None:
        return None
    return Subscriber(user, schedule_of(preferences), zone_or_utc(user.timezone))


def schedule_of(preferences: Preferences) -> Schedule:
    """The brief schedule in a user's preferences."""
    return Schedule(
        is_active=preferences.is_active,
        frequency=preferences.frequency,
        day_of_week=preferences.day_of_week,
        days=preferences.days,
        time_of_day=preferences.time_of_day,
    )


def reschedule(tx: Tx, services: Services, user_id: str) -> None:
    """Compute the next run after preferences or the zone have changed, and cancel what was queued.

    A brief that the cron queued and that has not begun is cancelled, so that it comes at the new
    time only. A run within the cron's horizon is planned at once. A brief whose notification time
    has passed is kept, because the next run is a later one.
    """
    now = services.clock.now()
    person = subscriber(tx, user_id)
    coming = next_run(person.schedule, person.zone, now) if person else None
    waiting = set(jobs_store.waiting_jobs(tx, user_id, GENERATE_DAILY_BRIEF.name, ACTOR))
    for row in job_store.live_of(tx, user_id):
        job_id = row["queue_job_id"]
        if job_id in waiting and (coming is None or not _is_owed(row, now)):
            services.queue.cancel(tx, job_id, reason="the schedule changed", actor="system")
    store.set_next_run(tx, user_id, coming, now)
    if coming is not None:
        plan_user(tx, services, user_id)


def _is_owed(job: Row, now: Instant) -> bool:
    notify_at = _payload_of(job).notify_at
    return notify_at is not None and from_text(notify_at) < now


def _payload_of(job: Row) -> BriefPayload:
    return msgspec.json.decode(job["metadata"], type=BriefPayload)


def plan_user(tx: Tx, services: Services, user_id: str) -> Outcome:
    """Queue the user's due brief, or skip it with a reason; then store the next run."""
    due, person = store.due_of(tx, user_id), subscriber(tx, user_id)
    if due is None or person is None:
        return "not_yet"
    now, settings = services.clock.now(), services.settings.briefs
    decision = plan(
        due.notify_at,
        now,
        buffer=timedelta(seconds=settings.pre_generation_buffer_seconds),
        lookback=timedelta(seconds=settings.missed_lookback_seconds),
    )
    sent_until = epoch_store.notified_until(tx)
    if sent_until is not None and due.notify_at <= sent_until:
        decision = Skip("before_restore")
    match decision:
        case QueueAt():
            stage = _stage(tx, services, person, due)
            reason = skip_reason(tx, person, due, stage)
            outcome: Outcome = "skipped" if reason else "queued"
            if reason:
                store.note_skip(tx, user_id, due.notify_at, reason, now)
            else:
                _queue(tx, services, person, due, decision, stage)
        case Skip(reason):
            outcome = "skipped"
            store.note_skip(tx, user_id, due.notify_at, reason, now)
        case _:
            return "not_yet"
    after = max(due.notify_at, _first_worth_trying(now, settings.missed_lookback_seconds))
    following = next_run(person.schedule, person.zone, after + timedelta(seconds=1))
    store.set_next_run(tx, user_id, following, now)
    return outcome


def _first_worth_trying(now: Instant, lookback_seconds: float) -> Instant:
    """The earliest run that may be made up, so that runs missed in a month are
    skipped in one step.
    """
    return now - timedelta(seconds=lookback_seconds + 1)


def _stage(tx: Tx, services: Services, person: Subscriber, due: store.Due) -> Send | Rest | None:
    """What to send according to the user's visits; None if the backoff is off.

    A re-engagement brief that was not completed (cancelled, failed, expired) does not count as
    sent.
    """
    if not services.settings.briefs.engagement_backoff:
        return None

    today = local_day(due.notify_at, person.zone)
    return decide(today, last_visit(person), last_reengagement(tx, person, due))


def last_visit(person: Subscriber) -> date | None:
    """The local day of the user's last visit."""
    at = person.user.last_visit_at
    return local_day(at, person.zone) if at else None


def last_reengagement(tx: Tx, person: Subscriber, due: store.Due) -> date | None:
    """The local day of the last re-engagement brief that was completed."""
    at = due.last_reengagement_at
    day = local_day(at, person.zone) if at else None
    if day is not None and store.completed_job(tx, person.user.id, day) is None:
        return None
    return day


def skip_reason(
    tx: Tx, person: Subscriber, due: store.Due, stage: Send | Rest | None
) -> str | None:
    """The reason why a due brief is not queued; None if it is."""
    user, day = person.user, local_day(due.notify_at, person.zone)
    if store.completed_job(tx, user.id, day) is not None:
        return "already_completed"
    # A live job of that day at another hour would become more urgent, but not its mail.
    if job_store.live_with_key(tx, brief_key(user.id, day.isoformat())) is not None:
        return "already_queued"
    return f"resting: {stage.reason}" if isinstance(stage, Rest) else None


def _queue(
    tx: Tx,
    services: Services,
    person: Subscriber,
    due: store.Due,
    when: QueueAt,
    stage: Send | Rest | None,
) -> None:
    user, day = person.user, local_day(due.notify_at, person.zone)
    options = BriefOptions(by_schedule=True)
    if isinstance(stage, Send):
        options = BriefOptions(
            by_schedule=True,
            is_reengagement=stage.is_reengagement,
            days_since_last_login=stage.days_since_visit,
            engagement_stage=stage.stage,
        )
    services.queue.enqueue(
        tx,
        GENERATE_DAILY_BRIEF,
        BriefPayload(
            user_id=user.id,
            brief_date=day.isoformat(),
            timezone=person.zone.key,
            options=options,
            notify_at=to_text(due.notify_at),
        ),
        user_id=user.id,
        scheduled_for=when.scheduled_for,
        priority=SCHEDULED_PRIORITY,
        actor=ACTOR,
    )
    store.note_decision(
        tx,
        user.id,
        due.notify_at,
        "queued",
        reengaged=options.is_reengagement,
        now=services.clock.now(),
    )
