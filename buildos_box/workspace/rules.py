"""Rules that hold for a whole row, however few fields a request gives.

Each `normalise_…` takes the row before (None for a new one), the given values, and both merged; it
completes the merged row and yields (column, fault) for what is not possible.
"""

from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Any

from buildos_box.clock import Instant, is_zone, to_text, zone_named

Values = dict[str, Any]
Edge = tuple[str, str]
"""A task and one that it depends on."""

MAX_CYCLES_NAMED = 20


def as_it_is(
    _before: Values | None, _given: Values, _merged: Values, _now: Instant
) -> Iterator[tuple[str, str]]:
    """Nothing to normalise."""
    return iter(())


def normalise_user(
    before: Values | None, given: Values, merged: Values, _now: Instant
) -> Iterator[tuple[str, str]]:
    """An unknown zone counts as UTC, with a warning; an address that is given is confirmed.

    What the mail server said of an address holds until there is another.
    """
    zone = merged["timezone"] = zone_named(merged["timezone"]) or merged["timezone"]
    merged["timezone_warning"] = (
        None if is_zone(zone) else f"{zone!r} is not an IANA time zone; UTC is used instead"
    )
    if "email" in given and "email_confirmed" not in given:
        merged["email_confirmed"] = 1
    same = before is not None and before["email"] == merged["email"]
    merged["email_warning"] = before["email_warning"] if before is not None and same else None
    return iter(())


def normalise_own_user(
    before: Values | None, given: Values, merged: Values, now: Instant
) -> Iterator[tuple[str, str]]:
    """As any user, but another mail address than before is unconfirmed."""
    faults = normalise_user(before, given, merged, now)
    if before is None or before["email"] != merged["email"]:
        merged["email_confirmed"] = 0
    else:
        merged["email_confirmed"] = before["email_confirmed"]
    return faults


def normalise_preferences(
    before: Values | None, given: Values, merged: Values, _now: Instant
) -> Iterator[tuple[str, str]]:
    """What `/sync` merely repeats of `emailDailyBrief` does not overrule a later choice.

    The rule: docs/spec.md#sync-email-daily-brief.
    """
    wanted, synced = "email_daily_brief", "email_daily_brief_synced"
    last = before[synced] if before is not None else 1
    merged[synced] = given.get(synced, last)
    if given.get(synced) == last:
        merged[wanted] = before[wanted] if before is not None else last
    return iter(())


def normalise_sms_preferences(
    before: Values | None, given: Values, merged: Values, _now: Instant
) -> Iterator[tuple[str, str]]:
    """A new number is unverified unless given otherwise; quiet hours need both ends or neither."""
    number = merged["phone_number"]
    if number != (before["phone_number"] if before else None) and "phone_verified" not in given:
        merged["phone_verified"] = 0
    if number is None and merged["phone_verified"]:
        if given.get("phone_verified"):
            yield "phone_verified", "needs a phoneNumber"
        merged["phone_verified"] = 0
    for one, other in (
        ("quiet_hours_start", "quiet_hours_end"),
        ("quiet_hours_end", "quiet_hours_start"),
    ):
        if merged[one] is not None and merged[other] is None:
            yield other, "is needed: quiet hours have a start and an end, or neither"


def normalise_task(
    before: Values | None, given: Values, merged: Values, now: Instant
) -> Iterator[tuple[str, str]]:
    """A task is due on a day or at an instant; it has a completion time if and
    only if it is done.
    """
    if given.get("due_date") and given.get("due_at"):
        yield "due_at", "give either dueDate or dueAt"
    elif given.get("due_at"):
        merged["due_date"] = None
    elif given.get("due_date"):
        merged["due_at"] = None
    _note_task_changes(before, merged, now)
    if merged["status"] == "done":
        if merged["completed_at"] is None:
            merged["completed_at"] = (before and before["completed_at"]) or to_text(now)
    elif given.get("completed_at"):
        yield "completed_at", "only a task that is done has one"
    else:
        merged["completed_at"] = None


def _note_task_changes(before: Values | None, merged: Values, now: Instant) -> None:
    """Note when the task was moved and when it was blocked, which a brief tells."""
    if before is not None and any(before[name] != merged[name] for name in ("due_date", "due_at")):
        merged["due_changed_at"] = to_text(now)
    if merged["status"] == "blocked" and (before is None or before["status"] != "blocked"):
        merged["blocked_at"] = to_text(now)


def normalise_note(
    before: Values | None, _given: Values, merged: Values, _now: Instant
) -> Iterator[tuple[str, str]]:
    """A note keeps its time of change until another is given or something else changes."""
    if merged["updated_at"] is None and before is not None:
        merged["updated_at"] = before["updated_at"]
    return iter(())


def normalise_event(
    _before: Values | None, _given: Values, merged: Values, _now: Instant
) -> Iterator[tuple[str, str]]:
    """An event has days or instants, according to `allDay`; the others are cleared."""
    start, end, names = (
        ("start_date", "end_date", ("startDate", "endDate"))
        if merged["all_day"]
        else ("start_at", "end_at", ("startAt", "endAt"))
    )
    for unused in ("start_at", "end_at") if merged["all_day"] else ("start_date", "end_date"):
        merged[unused] = None
    if merged[start] is None:
        kind = "an all-day event" if merged["all_day"] else "an event that is not all-day"
        yield start, f"is required for {kind}"
    elif merged[end] is not None and merged[end] < merged[start]:
        yield end, f"{names[1]} lies before {names[0]}"


def cycles(stored: Iterable[Edge], added: Iterable[Edge]) -> list[tuple[Edge, list[str]]]:
    """New edges that close a dependency cycle, each with the tasks of its cycle; at most 20.

    `stored` must not contain a cycle.
    """
    links: dict[str, set[str]] = {}
    for task, other in (*stored, *added):
        links.setdefault(task, set()).add(other)
    new = set(added)
    found: list[tuple[Edge, list[str]]] = []
    while len(found) < MAX_CYCLES_NAMED:
        try:
            TopologicalSorter(links).prepare()
        except CycleError as error:
            nodes: list[str] = error.args[1]
            edge = _closing(nodes, new)
            if edge is None:
                return found
            found.append((edge, nodes))
            links[edge[0]].discard(edge[1])
            new.discard(edge)
        else:
            return found
    return found


def _closing(nodes: list[str], new: set[Edge]) -> Edge | None:
    """A new edge of the cycle, which the sorter lists in the reverse direction."""
    return next(((task, other) for other, task in pairwise(nodes) if (task, other) in new), None)
