"""The job that plans one user's day of reminders (docs/spec.md#sms-daily-plan)."""

from collections import Counter
from datetime import date, timedelta

import msgspec

from buildos_box.clock import day_bounds, from_text, local_day, to_text, zone_or_utc
from buildos_box.db import Tx
from buildos_box.errors import PermanentError
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.job_type import JobType, Payload
from buildos_box.services import Services
from buildos_box.sms import preferences_store, store
from buildos_box.sms.llm_reminders import writes
from buildos_box.sms.planning import LONGEST_LEAD, covered_until
from buildos_box.sms.reminders import plan_reminder
from buildos_box.sms.write_job import WRITE_SMS_TEXTS, WritePayload
from buildos_box.workspace import store as workspace
from buildos_box.workspace.model import Event


class SchedulePayload(Payload, frozen=True, kw_only=True):
    """One user's local day."""

    user_id: str
    date: str
    expires_at: str


class ScheduleResult(msgspec.Struct, frozen=True, rename="camel"):
    """How many events of the day have a reminder, and the reasons of the others."""

    date: str
    scheduled: int
    others: dict[str, int]


async def schedule_daily_sms(job: Attempt[SchedulePayload], services: Services) -> ScheduleResult:
    """Plan every reminder of the day; running it again adds nothing.

    Raises PermanentError (`unknown_user`), LeaseLost.
    """
    user_id, day = job.payload.user_id, date.fromisoformat(job.payload.date)
    user = await workspace.get_user(services.db, user_id)
    if user is None:
        raise PermanentError(f"there is no user {user_id}", code="unknown_user")
    start, end = day_bounds(day, zone_or_utc(user.timezone))
    latest = covered_until(end, LONGEST_LEAD)
    events = await workspace.events_between(
        services.db,
        user_id,
        start,
        latest,
        first_day=day,
        day_after=day + timedelta(days=1),
        cancelled=True,
    )
    found = [e for e in events if e.all_day or (e.start_at and start <= e.start_at < latest)]
    counts = await services.db.write(lambda tx: _plan(tx, job, services, found))
    scheduled = counts.pop(store.SCHEDULED, 0)
    return ScheduleResult(job.payload.date, scheduled, dict(counts))


def _plan(
    tx: Tx, job: Attempt[SchedulePayload], services: Services, events: list[Event]
) -> Counter[str]:
    """All in one transaction: the day is planned or it is not.

    If a language model is to write the texts, its job is queued in the same transaction.
    """
    job.ensure_lease(tx)
    user = workspace.find_user(tx, job.payload.user_id)
    preferences = preferences_store.find(tx, job.payload.user_id)
    if user is None or not preferences.wants_reminders:
        return Counter({"reminders_off": len(events)})
    results: Counter[str] = Counter()
    latest = covered_until(from_text(job.payload.expires_at), preferences.lead)
    # A reminder that waits has its place by the lead time, which may have been a longer one.
    waiting = {row["event_id"] for row in store.waiting_of(tx, user.id)}
    for event in events:
        is_beyond = event.start_at is not None and not event.all_day and event.start_at >= latest
        if is_beyond and event.id not in waiting:
            continue
        fresh = workspace.find_event(tx, event.id)
        if fresh is not None and (fresh.start_at, fresh.all_day) == (event.start_at, event.all_day):
            results[plan_reminder(tx, services, fresh, user, preferences, job.correlation_id)] += 1
    if results[store.SCHEDULED] and writes(services):
        payload = WritePayload(
            user_id=user.id, date=job.payload.date, expires_at=job.payload.expires_at
        )
        services.queue.enqueue(
            tx, WRITE_SMS_TEXTS, payload, user_id=user.id, correlation_id=job.correlation_id
        )
    return results


SCHEDULE_DAILY_SMS = JobType(
    name="schedule_daily_sms",
    payload=SchedulePayload,
    run=schedule_daily_sms,
    timeout=timedelta(minutes=2),
    dedup_key=lambda payload: f"daily-sms-{payload.user_id}-{payload.date}",
    expires_at=lambda payload: from_text(payload.expires_at),
)


def plan_today(tx: Tx, services: Services, user_id: str) -> bool:
    """Queue the plan of the user's current local day, and store when the next one begins.

    Returns False if the user is unknown or wants no reminders.
    """
    user, now = workspace.find_user(tx, user_id), services.clock.now()
    if user is None or not preferences_store.find(tx, user_id).wants_reminders:
        preferences_store.stop_planning(tx, user_id)
        return False
    zone = zone_or_utc(user.timezone)
    day = local_day(now, zone)
    _, end = day_bounds(day, zone)
    preferences_store.plan_next(tx, user_id, day + timedelta(days=1), end)
    payload = SchedulePayload(user_id=user_id, date=day.isoformat(), expires_at=to_text(end))
    services.queue.enqueue(tx, SCHEDULE_DAILY_SMS, payload, user_id=user_id)
    return True


def set_opt_out(tx: Tx, services: Services, phone_number: str, *, out: bool) -> None:
    """Store or remove a number's opt-out, and plan the days of all users who have it."""
    for user_id in preferences_store.set_opt_out(
        tx, phone_number, out=out, now=services.clock.now()
    ):
        plan_today(tx, services, user_id)
