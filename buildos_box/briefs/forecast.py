"""The briefs of the coming days, by the same rules as the cron (docs/spec.md#forecast)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import msgspec

from buildos_box.briefs import store
from buildos_box.briefs.empty import is_empty_day, why_not_sent
from buildos_box.briefs.engagement import Send, decide
from buildos_box.briefs.job import GENERATE_DAILY_BRIEF, BriefPayload
from buildos_box.briefs.planning import (
    Subscriber,
    last_reengagement,
    last_visit,
    skip_reason,
    subscriber,
)
from buildos_box.briefs.schedule import Skip, next_run, plan
from buildos_box.clock import Instant, from_text, local_day, zone_or_utc
from buildos_box.db import Tx
from buildos_box.jobs import job_store
from buildos_box.jobs.why import retry_note
from buildos_box.mail import store as mail
from buildos_box.mail.job import BRIEFS, email_key
from buildos_box.mail.outgoing import why_no_mail
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.store import DayQuery

A_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class ExpectedBrief:
    """A brief of that day whose mail is sent at `at`, or `skipped` for that reason."""

    user_id: str
    day: date
    at: Instant
    skipped: str | None = None
    retried: str | None = None
    """Until when the mail is retried, and why."""


def expected_briefs(
    tx: Tx, services: Services, user_id: str, now: Instant, until: Instant
) -> list[ExpectedBrief]:
    """Briefs that are queued already, then every run up to `until`, soonest first."""
    person = subscriber(tx, user_id)
    found = [*_waiting(tx, user_id, now)]
    if person is not None:
        found += _runs(tx, services, person, {one.day for one in found}, now, until)
    no_mail = _why_no_mail(tx, user_id)
    return [
        replace(one, skipped=one.skipped or no_mail)
        for one in sorted(found, key=lambda one: one.at)
        if one.at <= until
    ]


def _waiting(tx: Tx, user_id: str, now: Instant) -> Iterator[ExpectedBrief]:
    """Briefs that are queued or running, and waiting mails of completed ones."""
    for row in job_store.live_of(tx, user_id):
        if row["job_type"] == GENERATE_DAILY_BRIEF.name:
            payload = msgspec.json.decode(row["metadata"], type=BriefPayload)
            notify_at = payload.notify_at or row["scheduled_for"]
            reason = None
            if payload.options.by_schedule:
                reason = _nothing_to_tell(
                    tx, user_id, payload.day, zone_or_utc(payload.timezone), now
                )
            yield ExpectedBrief(user_id, payload.day, max(from_text(notify_at), now), reason)
    for brief_id, send_at in mail.waiting_of_briefs(tx, user_id):
        day = store.day_of(tx, brief_id)
        job = job_store.live_with_key(tx, email_key(brief_id))
        due = max(send_at, from_text(job["scheduled_for"])) if job is not None else send_at
        if day is not None:
            retried = retry_note(job) if job is not None else None
            yield ExpectedBrief(user_id, day, max(due, now), retried=retried)


def _runs(
    tx: Tx, services: Services, person: Subscriber, waiting: set[date], now: Instant, until: Instant
) -> Iterator[ExpectedBrief]:
    due = store.due_of(tx, person.user.id)
    settings = services.settings.briefs
    lookback = timedelta(seconds=settings.missed_lookback_seconds)
    last = last_reengagement(tx, person, due) if due else None
    while due is not None and due.notify_at <= until:
        day = local_day(due.notify_at, person.zone)
        decision = plan(due.notify_at, now, buffer=timedelta(0), lookback=lookback)
        stage = None
        if settings.engagement_backoff:
            stage = decide(day, last_visit(person), last)
        reason = (
            decision.reason if isinstance(decision, Skip) else skip_reason(tx, person, due, stage)
        )
        if day in waiting:
            reason = "already_queued"
        elif reason is None and isinstance(stage, Send) and stage.is_reengagement:
            last = day
        reason = reason or _nothing_to_tell(tx, person.user.id, day, person.zone, now)
        yield ExpectedBrief(person.user.id, day, max(due.notify_at, now), reason)
        after = max(due.notify_at, now - lookback - A_SECOND) + A_SECOND
        following = next_run(person.schedule, person.zone, after)
        due = replace(due, notify_at=following) if following else None


def _nothing_to_tell(tx: Tx, user_id: str, day: date, zone: ZoneInfo, now: Instant) -> str | None:
    """The reason if the daily brief of that day has, on today's data, nothing to tell."""
    query = DayQuery(user_id, day, zone, now)
    preferences = workspace.find_preferences(tx, user_id)
    return why_not_sent(preferences, empty=is_empty_day(tx, query))


def _why_no_mail(tx: Tx, user_id: str) -> str | None:
    """The reason if the brief is written but not mailed; None if it is mailed."""
    user = workspace.find_user(tx, user_id)
    if user is None or not user.email:
        return "the user has no address"
    return why_no_mail(tx, user, BRIEFS)
