"""From a user's next run to a queued brief: the hourly cron's work for one user (spec 5.1, 5.2)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from buildos_box.briefs import engagement, store
from buildos_box.briefs.job import GENERATE_DAILY_BRIEF, BriefOptions, BriefPayload, brief_key
from buildos_box.briefs.schedule import Queue as QueueIt
from buildos_box.briefs.schedule import Schedule, next_run, plan
from buildos_box.clock import Instant, local_day, to_text, zone_or_utc
from buildos_box.db import Tx
from buildos_box.jobs import store as jobs_store
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.model import Preferences, User

SCHEDULED_PRIORITY = 10
TOLERANCE = timedelta(minutes=30)
Outcome = Literal["queued", "skipped", "not_yet"]
ACTOR = "cron:briefs"


@dataclass(frozen=True, slots=True)
class Person:
    """A user with preferences, as planning needs them."""

    user: User
    schedule: Schedule
    zone: ZoneInfo


def person_of(tx: Tx, user_id: str) -> Person | None:
    """The user and when they want briefs; None if there is no such user or no preferences."""
    user = workspace.find_user(tx, user_id)
    preferences = workspace.find_preferences(tx, user_id)
    if user is None or preferences is None:
        return None
    return Person(user, schedule_of(preferences), zone_or_utc(user.timezone))


def schedule_of(preferences: Preferences) -> Schedule:
    """The rule of `briefs.schedule` in a user's preferences."""
    return Schedule(
        is_active=preferences.is_active,
        frequency=preferences.frequency,
        day_of_week=preferences.day_of_week,
        days=preferences.days,
        time_of_day=preferences.time_of_day,
    )


def reschedule(tx: Tx, box: Services, user_id: str) -> None:
    """Preferences or zone have changed: compute the next run anew, and take back what is queued.

    What the scheduler has queued and not begun is cancelled, so that the brief comes at the new
    time and not at both; a run that lies within the cron's horizon is planned at once.
    """
    now = box.clock.now()
    person = person_of(tx, user_id)
    jobs = jobs_store.waiting_jobs(tx, user_id, GENERATE_DAILY_BRIEF.name, ACTOR)
    for job_id in jobs:
        box.queue.cancel(tx, job_id, reason="the schedule changed", actor="system")
    coming = next_run(person.schedule, person.zone, now) if person else None
    store.set_next_run(tx, user_id, coming, now)
    if coming is not None:
        plan_user(tx, box, user_id)


def plan_user(tx: Tx, box: Services, user_id: str) -> Outcome:
    """Queue the user's due brief, or skip it and record why; then set the run after it."""
    due, person = store.due_of(tx, user_id), person_of(tx, user_id)
    if due is None or person is None:
        return "not_yet"
    now, settings = box.clock.now(), box.settings.briefs
    decision = plan(
        due.notify_at,
        now,
        buffer=timedelta(seconds=settings.pre_generation_buffer_seconds),
        lookback=timedelta(seconds=settings.missed_lookback_seconds),
    )
    raise NotImplementedError(
        (
            decision,
            QueueIt,
            engagement,
            local_day,
            to_text,
            brief_key,
            BriefOptions,
            BriefPayload,
            Instant,
        )
    )
