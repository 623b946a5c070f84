"""A series of events, laid out over a span of time (RFC 5545, 3.8.4.4 and 3.8.5)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any

import recurring_ical_events
from icalendar import Calendar, Event
from icalendar.prop import vDDDLists, vDDDTypes

from buildos_box.calendars.ics.events import Instance, Item, Window, wall
from buildos_box.calendars.ics.fields import Moment, located, several
from buildos_box.calendars.ics.lines import ZONE
from buildos_box.calendars.ics.recurrence import Budget, BudgetSpentError, instances
from buildos_box.calendars.ics.rules import read_rule

MAX_INSTANCES = 2_000
"""Of one series."""
SERIES_STEPS = 100_000

_INDEX = "X-BOX-INDEX"
_LONGEST_LEAD = timedelta(days=3660)
_DAY = timedelta(days=1)


def lay_out(items: list[Item], window: Window, budget: Budget) -> Iterator[Instance]:
    """All events with one UID that touch the window. Raises BudgetSpentError if all is spent."""
    cores = sorted((item for item in items if item.original is None), key=lambda i: i.sequence)
    core = cores[-1] if cores else None
    if core is not None and len({item.start for item in cores}) > 1:
        core.warn("shares its UID with others; the one of the highest SEQUENCE was taken")
    changes = [item for item in items if item.original is not None]
    if len(changes) > MAX_INSTANCES:
        changes[0].warn(f"changes too often; the last {MAX_INSTANCES:,} changes were taken")
        changes = changes[-MAX_INSTANCES:]
    if core is not None and not changes and not core.repeats:
        if window.touches(core.start, core.end):
            yield Instance(core, core.start, core.end, "")
        return
    yield from _Series(core, changes, window, budget).instances()


class _Series:
    """A series, reckoned on the wall clock of its zone, so that nine o'clock stays nine o'clock.

    The rules become dates here, under a budget; which of them are left out, moved or replaced is
    for recurring_ical_events to say.
    """

    def __init__(
        self, core: Item | None, changes: list[Item], window: Window, budget: Budget
    ) -> None:
        self.core = core
        self.items = [*([core] if core else []), *changes]
        self.window = window
        self.zones = window.zones
        start = self.items[0].start
        self.zone = (isinstance(start, datetime) and start.tzinfo) or self.zones.default
        self.since, self.before = window.walls(self.zone)
        self.budget = budget
        self.warn = self.items[0].warn

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
        start, end = self._placed(event["DTSTART"].dt), self._placed(event["DTEND"].dt)
        if item.future:
            # Those that follow it bear its RECURRENCE-ID too, so that only their time is theirs.
            return Instance(item, start, end if end != start else None, f"future {_utc(start)}")
        key = _utc(self._placed(event["RECURRENCE-ID"].dt))
        if item.original is not None:
            return Instance(item, item.start, item.end, key)
        return Instance(item, start, end if end != start else None, key)

    def _bare(self, index: int, item: Item) -> Event:
        """What the library needs of an event, without a zone."""
        event = Event()
        event["UID"] = "series"
        event[_INDEX] = str(index)
        event["SEQUENCE"] = item.sequence
        event["DTSTART"] = vDDDTypes(self._wall(item.start))
        event["DTEND"] = vDDDTypes(self._wall(item.end or item.start))
        if item.original is not None:
            event["RECURRENCE-ID"] = vDDDTypes(self._as_core(item.original))
            if item.future:
                event["RECURRENCE-ID"].params["RANGE"] = "THISANDFUTURE"
        else:
            lead = self._lead()
            since, before = self.since - lead, self.before + lead
            dates = [*self._by_rules(item, since, before), *self._by_dates(item, since, before)]
            if dates:
                event["RDATE"] = vDDDLists(dates)
            if excluded := self._excluded(item):
                event["EXDATE"] = vDDDLists(excluded)
        return event

    def _lead(self) -> timedelta:
        """How far outside the window an instance may lie whose event is inside."""
        lead = _DAY
        for item in self.items:
            start = _midnight(self._wall(item.start))
            lead = max(lead, _midnight(self._wall(item.end or item.start)) - start)
            if item.original is not None and item.future:
                lead = max(lead, abs(start - _midnight(self._wall(item.original))) + lead)
        return min(lead, _LONGEST_LEAD)

    def _by_rules(self, item: Item, since: datetime, before: datetime) -> Iterator[Moment]:
        first = _midnight(self._wall(item.start))
        if "RRULE" in item.component and not several(item.component, "RRULE"):
            item.warn("has a recurrence rule that can't be read; only its first time was taken")
        for parts in several(item.component, "RRULE")[:10]:
            budget = Budget(SERIES_STEPS, self.budget)
            try:
                rule = read_rule(parts, self._until)
                found = instances(rule, first, since, before, budget)
                for start in islice(found, MAX_INSTANCES + 1):
                    yield start.date() if item.all_day else start
            except (ValueError, OverflowError) as error:
                item.warn(f"{error}; only its first time was taken")
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
            if not since <= _midnight(at) < before:
                continue
            taken += 1
            if taken > MAX_INSTANCES:
                return
            if end is None or item.all_day:
                yield at
            else:
                yield at, end if isinstance(end, timedelta) else self._wall(end)

    def _excluded(self, item: Item) -> list[Moment]:
        """A day among the exceptions of a timed series leaves out all of that day."""
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
        for lists in values:
            zone = lists.params.get(ZONE)
            for value in lists.dts:
                start, end = value.dt if isinstance(value.dt, tuple) else (value.dt, None)
                try:
                    if isinstance(end, date):
                        end = located(end, zone, self.zones, name)
                    yield located(start, zone, self.zones, name), end
                except ValueError as error:
                    item.warn(str(error))

    def _as_core(self, value: Moment) -> Moment:
        """As the series counts: by days or by times."""
        if self.core is None:
            return self._wall(value)
        if self.core.all_day:
            return value.date() if isinstance(value, datetime) else value
        if isinstance(value, datetime):
            return self._wall(value)
        return datetime.combine(value, _midnight(self._wall(self.core.start)).time())

    def _wall(self, value: Moment) -> Moment:
        return wall(value, self.zone) if isinstance(value, datetime) else value

    def _placed(self, value: Moment) -> Moment:
        return value.replace(tzinfo=self.zone) if isinstance(value, datetime) else value

    def _until(self, until: datetime) -> datetime:
        if until.tzinfo is None:
            return until
        local = wall(until, self.zone)
        if self.items[0].all_day and local.time() != time(0):
            # A series of days should say a day. This one says its last second, in UTC or not.
            return until.replace(tzinfo=None)
        return local


def _midnight(value: Moment) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time(0))


def spelled_wall(value: Moment) -> str:
    """Sorts days and wall-clock times together."""
    return value.isoformat()


def _utc(value: Moment) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value.isoformat()
