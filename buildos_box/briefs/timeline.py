"""The day in time: its events with the free stretches between them, and how full it is.

The rules: docs/spec.md#brief-content.
"""

from collections.abc import Sequence
from datetime import timedelta

from buildos_box.briefs import texts
from buildos_box.briefs.agenda import Span, conflicts, free_spans, meetings, span_of, total, when
from buildos_box.briefs.draft import Draft, Line
from buildos_box.briefs.facts import DayFacts
from buildos_box.briefs.project_markdown import place
from buildos_box.clock import Instant
from buildos_box.workspace.model import Event
from buildos_box.workspace.store.day import LONG_LATE_DAYS

FREE_FROM = timedelta(minutes=30)
NOON = 12
EVENING = 18
AFTERNOON = timedelta(hours=2)
TIGHT = timedelta(minutes=45)
"""Free time per task below which a day is called full."""
FULL_DAY = timedelta(hours=5)
LIGHT_TASKS = 2
LIGHT_MEETINGS = timedelta(hours=2)


def events_ahead(facts: DayFacts) -> list[Event]:
    """The day's events that have not ended, all-day ones first."""
    return [event for event in facts.events if event.all_day or _is_ahead(facts, event)]


def meetings_ahead(facts: DayFacts) -> list[Event]:
    """The meetings of the day that are still to begin, in order; none that began yesterday."""
    return [event for event in meetings(facts.events) if span_of(event)[0] >= facts.moment]


def timeline(draft: Draft, most: int) -> list[Line]:
    """The events and the free stretches of half an hour and more, in order of time."""
    facts = draft.facts
    ahead = events_ahead(facts)
    shown = shown_events(ahead, most)
    if not any(not event.all_day for event in shown):
        return [Line(_event_line(draft, event, overlaps=False)) for event in shown]
    clashing = {second.id for _, second, _ in conflicts(shown)}
    lines: list[tuple[bool, Instant, Line]] = [
        (
            not event.all_day,
            facts.moment if event.all_day else span_of(event)[0],
            Line(_event_line(draft, event, overlaps=event.id in clashing)),
        )
        for event in shown
    ]
    lines += [(True, since, _free(facts, (since, until))) for since, until in free(facts)]
    lines.sort(key=lambda entry: entry[:2])
    left = facts.event_count - (len(facts.events) - len(ahead)) - len(shown)
    more = [Line(facts.language.count(texts.AND_MORE, left))] if left > 0 else []
    return [line for _, _, line in lines] + more


def shown_events(events: Sequence[Event], most: int) -> list[Event]:
    """The events that are listed, in their order: all-day ones leave half for the timed ones."""
    all_day = [event for event in events if event.all_day]
    timed = [event for event in events if not event.all_day]
    first = all_day[: max(most // 2, most - len(timed))]
    return first + timed[: most - len(first)]


def free(facts: DayFacts) -> list[Span]:
    """The stretches of the working hours ahead without a meeting, of half an hour and more."""
    if facts.hours is None:
        return []
    spans = free_spans(facts.events, facts.hours)
    return [(since, until) for since, until in spans if until - since >= FREE_FROM]


def busy(facts: DayFacts) -> timedelta:
    """How long meetings take in the working hours ahead, overlaps counted once."""
    if facts.hours is None:
        return timedelta(0)
    whole = facts.hours[1] - facts.hours[0]
    return whole - total(free_spans(facts.events, facts.hours))


def load(facts: DayFacts) -> str:
    """How full the day is, in one sentence."""
    language, zone = facts.language, facts.zone
    if facts.hours is None:
        return language.say(texts.LOAD_OVER)
    spans, taken = free(facts), busy(facts)
    until = language.spoken_time(facts.hours[1], zone)
    if not taken:
        since = language.spoken_time(facts.hours[0], zone)
        room = language.length(facts.hours[1] - facts.hours[0])
        return language.say(texts.LOAD_FREE, free=room, since=since, until=until)
    said = language.length(taken)
    if not spans:
        return language.say(texts.LOAD_NONE_FREE, busy=said, until=until)
    last, longest = spans[-1], max(spans, key=_span_length)
    since = language.spoken_time(last[0], zone)
    if last[1] == facts.hours[1] and _is_afternoon(last, facts):
        return language.say(texts.LOAD_AFTERNOON, busy=said, time=since)
    if last[1] == facts.hours[1] and _span_length(last) == _span_length(longest):
        return language.say(texts.LOAD_REST_FREE, busy=said, time=since, until=until)
    start, end = (language.spoken_time(at, zone) for at in longest)
    return language.say(texts.LOAD_LONGEST, busy=said, since=start, until=end)


def _span_length(span: Span) -> timedelta:
    return span[1] - span[0]


def _is_afternoon(span: Span, facts: DayFacts) -> bool:
    """Whether it begins in the afternoon and is long enough to be called that."""
    begins = span[0].astimezone(facts.zone)
    return NOON <= begins.hour < EVENING and _span_length(span) >= AFTERNOON


def opening(facts: DayFacts) -> str:
    """What kind of day it is: how much is due, what matters about it, how many meetings."""
    tasks, met, language = work_count(facts), len(meetings_ahead(facts)), facts.language
    kind = language.say(texts.KINDS[_kind(facts, tasks)])
    held = language.count(texts.MEETINGS, met) if met else language.say(texts.NO_MEETINGS)
    if not tasks:
        return language.say(texts.OPEN_NOTHING_DUE, kind=kind, meetings=held)
    late = [task for task in facts.split.overdue if facts.days_late(task) <= LONG_LATE_DAYS]
    known = [*facts.split.today, *late]
    urgent = sum(task.priority == "urgent" for task in known)
    waited = sum(bool(facts.waiting(task)) for task in known)
    text = texts.OPEN
    if urgent:
        text = texts.OPEN_URGENT
    elif waited:
        text = texts.OPEN_WAITED
    return language.say(
        text,
        kind=kind,
        tasks=language.count(texts.TASKS, tasks),
        urgent=language.count(texts.URGENT, urgent),
        waited=language.count(texts.WAITED, waited),
        meetings=held,
    )


def work_count(facts: DayFacts) -> int:
    """The tasks of today and the late ones, without those late by more than two weeks."""
    counts = facts.task_counts
    return counts.today + counts.overdue - counts.long_late


def _kind(facts: DayFacts, tasks: int) -> str:
    if facts.is_late_in_the_day:
        return "rest"
    taken, room = busy(facts), facts.hours
    spare = total(free(facts)) if room else timedelta(0)
    if taken >= FULL_DAY or spare < TIGHT * tasks:
        return "full"
    return "light" if tasks <= LIGHT_TASKS and taken < LIGHT_MEETINGS else "steady"


def _event_line(draft: Draft, event: Event, *, overlaps: bool) -> str:
    """`**09:30–10:00** Standup · Room 4 · overlaps`."""
    facts = draft.facts
    label, addition = when(event, facts.brief_date, facts.zone, facts.language)
    parts = [f"**{label}** {draft.event(event)}", addition, place(event.location)]
    parts += [facts.language.say(texts.OVERLAPS)] if overlaps else []
    parts += [facts.language.say(texts.TENTATIVE)] if event.status == "tentative" else []
    return " · ".join(part for part in parts if part)


def _free(facts: DayFacts, span: Span) -> Line:
    return Line(facts.language.say(texts.FREE, span=facts.language.time_span(*span, facts.zone)))


def _is_ahead(facts: DayFacts, event: Event) -> bool:
    """Whether it has not ended; one without a length ends when it begins."""
    start, end = span_of(event)
    return end > facts.moment or start == end == facts.moment
