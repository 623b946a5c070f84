"""The SMS of the coming days, by the same rules that plan and send them.

The rules: docs/spec.md#forecast.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo

from buildos_box.clock import Instant, day_bounds, from_text, local_day, to_text, zone_or_utc
from buildos_box.db import Row, Tx
from buildos_box.jobs import job_store
from buildos_box.jobs.why import retry_note
from buildos_box.quiet_hours import quiet_until
from buildos_box.services import Services
from buildos_box.sms import preferences_store, store
from buildos_box.sms.planning import LONGEST_LEAD, Skip, decide_reminder
from buildos_box.sms.preferences import daily_limit
from buildos_box.sms.preferences_store import CHAT, SMS, SmsPreferences
from buildos_box.sms.send_job import sms_key
from buildos_box.sms.twilio_client import why_off
from buildos_box.workspace import store as workspace
from buildos_box.workspace.model import Event

Kind = Literal["reminder", "message"]


@dataclass(frozen=True, slots=True)
class ExpectedSms:
    """An SMS that is sent at `at`; `skipped` is why not, `moved` why not at `wanted_at`."""

    user_id: str
    kind: Kind
    at: Instant
    wanted_at: Instant
    event_id: str | None = None
    title: str | None = None
    start_at: Instant | None = None
    skipped: str | None = None
    moved: str | None = None
    channel: str = SMS
    retried: str | None = None
    """Until when it is retried, and why."""


def expected_sms(
    tx: Tx, services: Services, user_id: str, now: Instant, until: Instant
) -> list[ExpectedSms]:
    """Waiting messages, and the reminders of events whose day is not planned yet."""
    user, preferences = workspace.find_user(tx, user_id), preferences_store.find(tx, user_id)
    if user is None or (preferences.phone_number is None and not preferences.by_chat):
        return []
    zone = zone_or_utc(user.timezone)
    found = [_waiting(tx, row, preferences, zone, now) for row in store.waiting_of(tx, user_id)]
    if preferences.event_reminders_enabled:
        for event in workspace.timed_events(tx, user_id, now, until + LONGEST_LEAD):
            found += _reminder(tx, event, preferences, zone, now)
    found = [
        replace(one, skipped=one.skipped or _why_none(services, preferences, one))
        for one in found
        if one.at <= until
    ]
    limit = daily_limit(preferences, services.settings.limits)
    return _within_limit(tx, user_id, limit, zone, sorted(found, key=lambda one: one.at))


def _why_none(services: Services, preferences: SmsPreferences, one: ExpectedSms) -> str | None:
    if one.channel == CHAT:
        return None if preferences.has_chat else "no_chat_address"
    if off := why_off(services.settings.sms):
        return off.code
    if preferences.phone_number is None:
        return "no_phone_number"
    if preferences.opted_out:
        return "opted_out"
    return None if preferences.phone_verified else "phone_not_verified"


def _until_quiet_ends(
    preferences: SmsPreferences, at: Instant, zone: ZoneInfo
) -> tuple[Instant, str]:
    """When a message of that time is sent, and the reason if it is later; empty if it is not."""
    end = quiet_until(preferences.quiet, at, zone)
    if end is None:
        return at, ""
    return end, f"quiet hours until {end.astimezone(zone):%H:%M} {zone.key}"


def _waiting(
    tx: Tx, row: Row, preferences: SmsPreferences, zone: ZoneInfo, now: Instant
) -> ExpectedSms:
    start = from_text(row["event_start_at"]) if row["event_start_at"] else None
    wanted = from_text(row["send_at"])
    if start is not None:
        wanted = min(wanted, max(start - preferences.lead, from_text(row["created_at"])))
    job = job_store.live_with_key(tx, sms_key(row["id"]))
    retried = retry_note(job) if job is not None else None
    due = from_text(job["scheduled_for"] if job is not None and retried else row["send_at"])
    at, moved = _until_quiet_ends(preferences, max(due, now), zone)
    if not moved and from_text(row["send_at"]) > wanted:
        moved = _until_quiet_ends(preferences, wanted, zone)[1]
    late = row["expires_at"] is not None and to_text(at) >= row["expires_at"]
    return ExpectedSms(
        preferences.user_id,
        "reminder" if row["kind"] == "reminder" else "message",
        at,
        wanted,
        event_id=row["event_id"],
        title=row["event_title"],
        start_at=start,
        skipped="quiet_hours" if late and moved else None,
        channel=preferences.reminder_channel if row["kind"] == "reminder" else SMS,
        moved=moved or None,
        retried=retried,
    )


def _reminder(
    tx: Tx, event: Event, preferences: SmsPreferences, zone: ZoneInfo, now: Instant
) -> list[ExpectedSms]:
    """The reminder that the plan of the event's day will add; none if it has one already."""
    assert event.start_at is not None
    start = to_text(event.start_at)
    known = [row for row in store.reminders_of(tx, event.id) if row["event_start_at"] == start]
    if any(row["status"] not in (store.SKIPPED, store.CANCELLED) for row in known):
        return []
    first = event.start_at - preferences.lead
    planned_at = max(now, day_bounds(local_day(first, zone), zone)[0])
    wanted = max(event.start_at - preferences.lead, planned_at)
    decision = decide_reminder(
        event, lead=preferences.lead, quiet=preferences.quiet, zone=zone, now=planned_at
    )
    one = ExpectedSms(
        preferences.user_id,
        "reminder",
        wanted,
        wanted,
        event_id=event.id,
        title=event.title,
        start_at=event.start_at,
        channel=preferences.reminder_channel,
    )
    by_hand = [row for row in known if row["by_request"]]
    if by_hand:
        return [replace(one, skipped=store.BY_REQUEST)]
    if isinstance(decision, Skip):
        return [replace(one, skipped=decision.reason)]
    if decision.at == wanted:
        return [one]
    return [replace(one, at=decision.at, moved=_until_quiet_ends(preferences, wanted, zone)[1])]


def _within_limit(
    tx: Tx, user_id: str, limit: int, zone: ZoneInfo, found: list[ExpectedSms]
) -> list[ExpectedSms]:
    """Apply the daily limit in the order of sending."""
    counts: Counter[date] = Counter()
    kept = []
    for one in found:
        day = local_day(one.at, zone)
        if one.skipped is None and one.channel == SMS:
            if preferences_store.count_on(tx, user_id, day) + counts[day] >= limit:
                one = replace(one, skipped="daily_limit", moved=None)
            else:
                counts[day] += 1
        kept.append(one)
    return kept
