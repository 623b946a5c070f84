"""The calendar of one local day: which events belong to it, when they are, what time is free.

An all-day event has days; its `end_date` is the first day after it (RFC 5545, 3.6.1), and one that
is missing or not after `start_date` means a single day. A timed event has instants.
"""

from collections.abc import Iterable
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from buildos_box.briefs import texts
from buildos_box.clock import Instant, at_wall_time, day_bounds, local_day
from buildos_box.locales.language import Language
from buildos_box.workspace.model import Event

BACKGROUND = timedelta(hours=12)
"""Events at least this long (on call, travelling) do not count as taking up the time."""

Span = tuple[Instant, Instant]


def agenda(events: Iterable[Event], day: date, zone: ZoneInfo) -> tuple[Event, ...]:
    """The events that take place on `day`: all-day first, then by start, end and title."""
    bounds = day_bounds(day, zone)
    found = [e for e in events if _takes_place(e) and _touches(e, day, bounds)]
    return tuple(sorted(found, key=_order))


def when(event: Event, day: date, zone: ZoneInfo, language: Language) -> tuple[str, str]:
    """When an event is, seen from `day`: a short label and an addition, which may be empty.

    `("09:30–10:00", "")`, `("until 02:00", "")`, `("All day", "day 2 of 3")`.
    """
    if event.all_day:
        first, last = _days(event)
        total = (last - first).days + 1
        place = language.say(texts.DAY_OF, day=(day - first).days + 1, days=total)
        return language.say(texts.ALL_DAY), place if total > 1 else ""
    start, end = span_of(event)
    begins, ends = day_bounds(day, zone)
    since, until = language.day_and_time(start, zone), language.day_and_time(end, zone)
    if start < begins and end > ends:
        all_day = language.say(texts.ALL_DAY)
        return all_day, language.say(texts.SINCE_UNTIL, since=since, until=until)
    if start < begins and end == ends:
        return language.say(texts.ALL_DAY), language.say(texts.SINCE, time=since)
    if start < begins:
        return language.say(texts.UNTIL, time=language.clock_time(end, zone)), ""
    if start == end:
        return language.clock_time(start, zone), ""
    label, last = language.time_span(start, end, zone), local_day(end, zone)
    if end <= ends:
        return label, ""
    return label, language.say(texts.ENDS, day=language.coming_day(last, day))


def meetings(events: Iterable[Event]) -> list[Event]:
    """The timed events that take a person's time, in order of start."""
    found = [e for e in events if not e.all_day and timedelta(0) < _length(e) < BACKGROUND]
    return sorted(found, key=_order)


def conflicts(events: Iterable[Event]) -> list[tuple[Event, Event, Span]]:
    """Pairs of meetings that overlap, with the time they share."""
    found = []
    timed = meetings(events)
    for index, first in enumerate(timed):
        start, end = span_of(first)
        for second in timed[index + 1 :]:
            other_start, other_end = span_of(second)
            if other_start >= end:
                break
            found.append((first, second, (max(start, other_start), min(end, other_end))))
    return found


def hours_ahead(day: date, zone: ZoneInfo, now: Instant, starts: time, ends: time) -> Span | None:
    """The working hours of `day`, or the rest of them after `now`; None when they are over.

    Hours that end before they start, or when they start, end on the next day.
    """
    begin = max(at_wall_time(day, starts, zone), now.replace(second=0, microsecond=0))
    last = day + timedelta(days=ends <= starts)
    end = at_wall_time(last, ends, zone)
    return (begin, end) if begin < end else None


def free_spans(events: Iterable[Event], hours: Span) -> list[Span]:
    """The spans of `hours` in which there are no meetings."""
    at, closes = hours
    free = []
    for event in meetings(events):
        start, end = span_of(event)
        if start > at:
            free.append((at, min(start, closes)))
        at = max(at, end)
        if at >= closes:
            break
    if at < closes:
        free.append((at, closes))
    return [(start, end) for start, end in free if start < end]


def span_of(event: Event) -> Span:
    """Start and end of a timed event; without an end, or with one before the start, both are the
    start.
    """
    assert event.start_at is not None
    return event.start_at, max(event.start_at, event.end_at or event.start_at)


def total(spans: Iterable[Span]) -> timedelta:
    """The total length of spans that do not overlap."""
    return sum((end - start for start, end in spans), timedelta(0))


def _takes_place(event: Event) -> bool:
    return event.status != "cancelled" and not event.declined


def _touches(event: Event, day: date, bounds: Span) -> bool:
    if event.all_day:
        if event.start_date is None:
            return False
        first, last = _days(event)
        return first <= day <= last
    if event.start_at is None:
        return False
    start, end = span_of(event)
    begins, ends = bounds
    return start < ends and (end > begins or start >= begins)


def _days(event: Event) -> tuple[date, date]:
    """First and last day of an all-day event."""
    assert event.start_date is not None
    after = event.end_date or event.start_date
    return event.start_date, max(event.start_date, after - timedelta(days=1))


def _length(event: Event) -> timedelta:
    start, end = span_of(event)
    return end - start


def _order(event: Event) -> tuple[bool, Instant | date, Instant | date, str, str]:
    if event.all_day:
        first, last = _days(event)
        return False, first, last, event.title.casefold(), event.id
    start, end = span_of(event)
    return True, start, end, event.title.casefold(), event.id
