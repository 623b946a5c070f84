"""One event's reminder, planned, moved, changed or cancelled with the event.

Running it again has the same result. The rules: docs/spec.md#reminder-identity.
"""

from buildos_box.clock import Instant, day_bounds, from_text, local_day, to_text, zone_or_utc
from buildos_box.db import Row, Tx, epoch_store
from buildos_box.services import Services
from buildos_box.sms import preferences_store, store
from buildos_box.sms.fact_check import Facts, facts_of, fault_of
from buildos_box.sms.outgoing import cancel_waiting, enqueue, move
from buildos_box.sms.planning import Skip, covered_until, deadline, decide_reminder
from buildos_box.sms.preferences_store import SmsPreferences
from buildos_box.sms.send_job import sms_key
from buildos_box.sms.text import reminder_text
from buildos_box.workspace import store as workspace
from buildos_box.workspace.languages import find_language
from buildos_box.workspace.model import Event, User


def plan_reminder(
    tx: Tx,
    services: Services,
    event: Event,
    user: User,
    preferences: SmsPreferences,
    correlation_id: str,
) -> str:
    """Plan, move, change or skip the event's reminder; returns its status or the reason."""
    now, zone = services.clock.now(), zone_or_utc(user.timezone)
    start = to_text(event.start_at) if event.start_at and not event.all_day else None
    stop_reminders(tx, services, event.id, "event_moved", but=start)
    decision = decide_reminder(
        event, lead=preferences.lead, quiet=preferences.quiet, zone=zone, now=now
    )
    notified_until = epoch_store.notified_until(tx)
    if (
        event.start_at is not None
        and notified_until is not None
        and event.start_at - preferences.lead <= notified_until
    ):
        decision = Skip("before_restore")
    if start is None or event.start_at is None:
        return decision.reason if isinstance(decision, Skip) else "all_day"
    before = next(
        (r for r in store.reminders_of(tx, event.id) if r["event_start_at"] == start), None
    )
    if before is not None and not _may_change(before):
        return str(before["status"])
    late = deadline(event.start_at, preferences.lead)
    values = {
        "event_title": event.title,
        "event_end_at": to_text(event.end_at) if event.end_at else None,
        "expires_at": to_text(late),
    }
    if isinstance(decision, Skip):
        return _skip(tx, services, event, before, values, decision.reason, correlation_id)
    at = _time_given(before, late) or decision.at
    sender = services.settings.email.from_name
    language = find_language(tx, services, user.id)
    about = (event.start_at, zone, at)
    values["message"] = reminder_text(event.title, *about, sender=sender, language=language)
    if before is None:
        row = _row(services, event, start, values, correlation_id, now)
        row |= {"send_at": to_text(at), "status": store.SCHEDULED}
        store.add(tx, row, now)
        store.count(tx, store.SCHEDULED, now)
        enqueue(tx, services, row, at)
        return store.SCHEDULED
    facts = facts_of(event.title, event.location, *about, language=language)
    _update(tx, services, before, values, at, facts)
    return store.SCHEDULED


def _time_given(before: Row | None, late: Instant) -> Instant | None:
    """The time that was given by hand for the waiting reminder; None if none, or too late."""
    if before is None or not before["time_given"] or before["status"] != store.SCHEDULED:
        return None
    at = from_text(before["send_at"])
    return at if at < late else None


def _may_change(row: Row) -> bool:
    if row["status"] == store.CANCELLED:
        return not row["by_request"]
    return row["status"] in (store.SCHEDULED, store.SKIPPED)


def _update(
    tx: Tx,
    services: Services,
    before: Row,
    values: dict[str, str | None],
    at: Instant,
    facts: Facts,
) -> None:
    written = before["message_source"] == "llm" and fault_of(before["message"], facts) is None
    if before["message_source"] == "given" or written:
        values.pop("message")
    else:
        values["message_source"] = "template"
    store.change(tx, before["id"], services.clock.now(), **values)
    if before["status"] != store.SCHEDULED or before["send_at"] != to_text(at):
        waits = before["status"] == store.SCHEDULED and from_text(before["send_at"]) <= at
        if waits and at <= services.clock.now():
            return  # already due; only the current time has changed
        fresh = store.find(tx, before["id"])
        assert fresh is not None
        move(tx, services, fresh, at)


def _row(
    services: Services,
    event: Event,
    start: str,
    values: dict[str, str | None],
    correlation_id: str,
    now: Instant,
) -> dict[str, str | None]:
    return {
        "id": services.ids.new("sms", now),
        "user_id": event.user_id,
        "kind": "reminder",
        "event_id": event.id,
        "event_start_at": start,
        "message_source": "template",
        "correlation_id": correlation_id,
        **values,
    }


def _skip(
    tx: Tx,
    services: Services,
    event: Event,
    before: Row | None,
    values: dict[str, str | None],
    reason: str,
    correlation_id: str,
) -> str:
    now = services.clock.now()
    assert event.start_at is not None
    if before is None:
        row = _row(services, event, to_text(event.start_at), values, correlation_id, now)
        row |= {"message": "", "send_at": to_text(now), "status": store.SKIPPED, "reason": reason}
        store.add(tx, row, now)
    elif before["status"] != store.SCHEDULED and before["reason"] == reason:
        return reason
    else:
        store.change(tx, before["id"], now, status=store.SKIPPED, reason=reason)
        services.queue.cancel_by_key(tx, sms_key(before["id"]), reason=reason, actor="system")
    store.count(tx, f"skipped:{reason}", now)
    return reason


def replan_waiting(tx: Tx, services: Services, user_id: str) -> None:
    """Plan the user's waiting reminders again, because their local times have changed."""
    user, preferences = workspace.find_user(tx, user_id), preferences_store.find(tx, user_id)
    if user is None or not preferences.wants_reminders:
        return
    for row in store.waiting_of(tx, user_id):
        event = workspace.find_event(tx, row["event_id"]) if row["kind"] == "reminder" else None
        if event is not None:
            plan_reminder(tx, services, event, user, preferences, row["correlation_id"])


def stop_reminders(
    tx: Tx, services: Services, event_id: str, reason: str, *, but: str | None = None
) -> None:
    """Cancel the event's waiting reminders, except the one of the start `but`."""
    for row in store.reminders_of(tx, event_id):
        if row["status"] == store.SCHEDULED and row["event_start_at"] != but:
            cancel_waiting(tx, services, row, reason)


def replan_changed(tx: Tx, services: Services, event: Event) -> str | None:
    """Plan the reminder of a changed event again if its day is planned, else cancel it.

    Returns the reminder's status, None if the day is not planned.
    """
    user = workspace.find_user(tx, event.user_id)
    preferences = preferences_store.find(tx, event.user_id)
    until = preferences_store.planned_until(tx, event.user_id)
    if user is None or until is None or not preferences.wants_reminders:
        stop_reminders(tx, services, event.id, "event_changed")
        return None
    begun = day_bounds(
        local_day(services.clock.now(), zone_or_utc(user.timezone)), zone_or_utc(user.timezone)
    )[0]
    latest = covered_until(from_text(until), preferences.lead)
    planned = event.start_at is None or begun <= event.start_at < latest
    if not planned:
        stop_reminders(tx, services, event.id, "event_moved")
        return None
    return plan_reminder(tx, services, event, user, preferences, f"corr-{event.id}"[:128])
