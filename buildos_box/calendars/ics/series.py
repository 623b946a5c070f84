"""The events of a series in a span of time (RFC 5545, 3.8.4.4 and 3.8.5)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any

import recurring_ical_events
from icalendar import Calendar, Event
from icalendar.prop import vDDDLists, vDDDTypes, vRecur

from buildos_box.calendars.ics.component_parser import ZONE
from buildos_box.calendars.ics.events import Instance, Item, Window, wall, zone_of
from buildos_box.calendars.ics.fields import Moment, located, plus, several, sort_time, text_of
from buildos_box.calendars.ics.recurrence import Budget, BudgetSpentError, instances
from buildos_box.calendars.ics.recurrence_rule import read_rule

MAX_INSTANCES = 2_000
"""Instances of one series."""
SERIES_STEPS = 100_000

_INDEX = "X-ITEM-INDEX"
_MOST_RULES = 10
_LONGEST_LEAD = timedelta(days=3660)
_DAY = timedelta(days=1)


def lay_out(items: list[Item], window: Window, budget: Budget) -> Iterator[Instance]:
    """All events with one UID that overlap the window.

    Raises BudgetSpentError if the file's steps are used up, ProcessorTimeSpentError.
    """
    cores = _newest([item for item in items if item.original is None])
    changes = [item for item in items if item.original is not None]
    if len(changes) > MAX_INSTANCES:
        changes[0].warn(f"changes too often; the last {MAX_INSTANCES:,} changes were taken")
        changes = changes[-MAX_INSTANCES:]
    changed = _owners(cores, changes)
    if None in changed:
        yield from _Series(None, changed[None], window, budget).instances()
    for number, core in enumerate(cores):
        if core.repeats or number in changed:
            yield from _Series(core, changed.get(number, []), window, budget).instances()
        elif window.touches(core.start, core.end):
            yield Instance(core, core.start, core.end, _key(core) if len(cores) > 1 else "")


def _newest(cores: list[Item]) -> list[Item]:
    """The items of the highest SEQUENCE, each once.

    A UID should belong to one event (RFC 5545, 3.8.4.7), but some programs give the same to all.
    """
    highest = max((core.sequence for core in cores), default=0)
    newest = {_key(core): core for core in cores if core.sequence == highest}
    if any(core.sequence < highest for core in cores):
        cores[0].warn("shares its UID with others; those of the highest SEQUENCE were taken")
    return list(newest.values())


def _key(core: Item) -> str:
    """A key that distinguishes a single event from others of its UID."""
    return f"{_utc(core.start)} {text_of(core.component, 'SUMMARY')}"


def _owners(cores: list[Item], changes: list[Item]) -> dict[int | None, list[Item]]:
    """The series that each change belongs to: the one that begins last before it."""
    series = [n for n, core in enumerate(cores) if core.repeats] or list(range(len(cores)))[-1:]
    series.sort(key=lambda n: sort_time(cores[n].start))
    found: dict[int | None, list[Item]] = {}
    for change in changes:
        assert change.original is not None
        at = sort_time(change.original)
        before = [n for n in series if sort_time(cores[n].start).date() <= at.date()]
        owner = before[-1] if before else next(iter(series), None)
        found.setdefault(owner, []).append(change)
    return found


class _Series:
    """A series, computed in the local time of its zone, so that nine o'clock stays nine o'clock.

    The rules become dates here, under a budget; recurring_ical_events decides which of them are
    left out, moved or replaced.
    """

    def __init__(
        self, core: Item | None, changes: list[Item], window: Window, budget: Budget
    ) -> None:
        self.core = core
        self.items = [*([core] if core else []), *changes]
        self.window = window
        self.zones = window.zones
        start = self.items[0].start
        self.zone = zone_of(start) or self.zones.reader
        self.since, self.before = window.walls(self.zone)
        self.budget = budget
        self.warn = self.items[0].warn
        self.periods: dict[datetime, Moment | timedelta] = {}
        """Ends of the extra dates that have their own end, by their start."""

    def instances(self) -> Iterator[Instance]:
        calendar = Calendar()
        for index, item in enumerate(self.items):
            calendar.add_component(self._bare(index, item))
        query = recurring_ical_events.of(calendar)
        found = query.between(self.since, self.before)
        found.sort(key=lambda event: spelled_wall(event["DTSTART"].dt))
        if len(found) > MAX_INSTANCES:
            self.warn(f"repeats too often; the first {MAX_INSTANCES:,} instances were taken")
        for event in found[:MAX_INSTANCES]:
            self.budget.spend()
            yield self._instance(event)

    def _instance(self, event: Any) -> Instance:
        item = self.items[int(event[_INDEX])]
        start = self._placed(event["DTSTART"].dt)
        if item.future:
            # Its later instances have its RECURRENCE-ID too, so that only their time distinguishes
            # them.
            return Instance(item, start, item.end_of(start), f"future {_utc(start)}")
        key = _utc(self._placed(event["RECURRENCE-ID"].dt))
        if item.original is not None:
            return Instance(item, item.start, item.end, key)
        return Instance(item, start, self._end(item, start), key)

    def _end(self, item: Item, start: Moment) -> Moment | None:
        own = self.periods.get(sort_time(start))
        if own is None or not isinstance(start, datetime):
            return item.end_of(start)
        if isinstance(own, timedelta):
            return plus(start, own, exact=True)
        return own if sort_time(own) > sort_time(start) else None

    def _bare(self, index: int, item: Item) -> Event:
        """The event for the library, without a zone."""
        event = Event()
        event["UID"] = "series"
        event[_INDEX] = str(index)
        event["SEQUENCE"] = item.sequence
        event["DTSTART"] = vDDDTypes(self._wall(item.start))
        start, end = self._wall(item.start), self._wall(item.end or item.start)
        event["DTEND"] = vDDDTypes(end if sort_time(end) > sort_time(start) else start)
        if item.original is not None:
            event["RECURRENCE-ID"] = vDDDTypes(self._as_core(item.original))
            if item.future:
                event["RECURRENCE-ID"].params["RANGE"] = "THISANDFUTURE"
            if item.repeats:
                # An instance of a series that was shortened; the library recognises it by its rule.
                event["RRULE"] = vRecur.from_ical("FREQ=YEARLY;COUNT=1")
        else:
            lead = self._lead()
            since, before = self.since - lead, self.before + lead
            dates = [*self._by_rules(item, since, before), *self._by_dates(item, since, before)]
            if dates:
                event["RDATE"] = vDDDLists(dates)
            if excluded := [*self._excluded(item), *self._by_rules(item, since, before, "EXRULE")]:
                event["EXDATE"] = vDDDLists(excluded)
        return event

    def _lead(self) -> timedelta:
        """How far outside the window an instance may lie whose event is inside."""
        lead = _DAY
        for item in self.items:
            start = sort_time(self._wall(item.start))
            lead = max(lead, sort_time(self._wall(item.end or item.start)) - start)
            if item.original is not None and item.future:
                lead = max(lead, abs(start - sort_time(self._wall(item.original))) + lead)
        return min(lead, _LONGEST_LEAD)

    def _by_rules(
        self, item: Item, since: datetime, before: datetime, name: str = "RRULE"
    ) -> Iterator[Moment]:
        first = sort_time(self._wall(item.start))
        for text in item.lines.values(name)[:_MOST_RULES]:
            budget = Budget(SERIES_STEPS, self.budget)
            try:
                rule = read_rule(text, self._until, item.warn)
                if item.all_day:
                    rule = rule.of_days()
                found = instances(rule, first, since, before, budget)
                for start in islice(found, MAX_INSTANCES + 1):
                    yield start.date() if item.all_day else start
            except (ValueError, OverflowError) as error:
                kept = "only its first time was taken" if name == "RRULE" else "it was ignored"
                item.warn(f"{error}; {kept}")
            except BudgetSpentError:
                if self.budget.left < 0:
                    raise
                item.warn("has a recurrence rule that leads too far; not all of it was taken")

    def _by_dates(
        self, item: Item, since: datetime, before: datetime
    ) -> Iterator[Moment | tuple[Moment, Moment | timedelta]]:
        taken = 0
        for start, end in self._dates(item, "RDATE"):
            at = self._as_core(start)
            if not since <= sort_time(at) < before:
                continue
            taken += 1
            if taken > MAX_INSTANCES:
                return
            if end is None or item.all_day:
                yield at
            else:
                self.periods[sort_time(at)] = end
                yield at, end if isinstance(end, timedelta) else self._wall(end)

    def _excluded(self, item: Item) -> list[Moment]:
        """The dates left out; a day in a timed series leaves out all of that day."""
        found = []
        for value, _ in self._dates(item, "EXDATE"):
            day = item.all_day and isinstance(value, datetime)
            found.append(value.date() if day and isinstance(value, datetime) else self._wall(value))
        return found

    def _dates(self, item: Item, name: str) -> Iterator[tuple[Moment, Moment | timedelta | None]]:
        values = several(item.component, name)
        present = item.component.get(name)
        if present is not None and len(values) < (len(present) if type(present) is list else 1):
            item.warn(f"has an {name} that can't be read")
        floating = zone_of(item.start)
        for lists in values:
            zone = lists.params.get(ZONE)
            for value in lists.dts:
                start, end = value.dt if isinstance(value.dt, tuple) else (value.dt, None)
                try:
                    if isinstance(end, date):
                        end = located(end, zone, self.zones, name, floating)
                    yield located(start, zone, self.zones, name, floating), end
                except ValueError as error:
                    item.warn(str(error))

    def _as_core(self, value: Moment) -> Moment:
        """The value in the form of the series: a day or a time."""
        if self.core is None:
            return self._wall(value)
        if self.core.all_day:
            return value.date() if isinstance(value, datetime) else value
        if isinstance(value, datetime):
            return self._wall(value)
        return datetime.combine(value, sort_time(self._wall(self.core.start)).time())

    def _wall(self, value: Moment) -> Moment:
        return wall(value, self.zone) if isinstance(value, datetime) else value

    def _placed(self, value: Moment) -> Moment:
        return value.replace(tzinfo=self.zone) if isinstance(value, datetime) else value

    def _until(self, until: datetime) -> datetime:
        if until.tzinfo is None:
            return until
        all_day = self.items[0].all_day
        local = wall(until, self.zones.floating if all_day else self.zone)
        if all_day and local.time() != time(0):
            # UNTIL of an all-day series should be a day; here it is the day's last second.
            return until.replace(tzinfo=None)
        return local


def spelled_wall(value: Moment) -> str:
    """A sort key for days and local times."""
    return value.isoformat()


def _utc(value: Moment) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value.isoformat()
