"""The local times of a recurrence rule, no further than asked.

A rule comes from an untrusted file. Libraries follow a rule that matches nothing, or every second,
to the year 9999; here each step is counted against a `Budget`.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import product

from buildos_box.calendars.ics.cpu_limit import ProcessorTime
from buildos_box.calendars.ics.recurrence_rule import (
    HOURLY,
    MINUTELY,
    MONTHLY,
    SECONDLY,
    WEEKLY,
    YEARLY,
    Rule,
)

STEPS_A_CHECK = 256
_STEP = {HOURLY: 3600, MINUTELY: 60, SECONDLY: 1}


class BudgetSpentError(Exception):
    """Following this rule further would cost more than it may."""


class Budget:
    """The steps that are left; one step is a day examined or an instance made."""

    def __init__(
        self,
        steps: int,
        parent: "Budget | None" = None,
        processor_time: ProcessorTime | None = None,
    ) -> None:
        self.left = steps
        self._parent = parent
        self._processor_time = processor_time

    def spend(self, steps: int = 1) -> None:
        """Count steps here and in the parent.

        Raises BudgetSpentError if there are none left, ProcessorTimeSpentError.
        """
        before = self.left // STEPS_A_CHECK
        self.left -= steps
        if self.left < 0:
            raise BudgetSpentError
        if self._processor_time is not None and self.left // STEPS_A_CHECK != before:
            self._processor_time.check()
        if self._parent is not None:
            self._parent.spend(steps)


def instances(
    rule: Rule, first: datetime, since: datetime, before: datetime, budget: Budget
) -> Iterator[datetime]:
    """The rule's instances in `[since, before)`, ascending; all times are naive local times.

    `first` itself is included only if the rule matches it. Raises BudgetSpentError,
    ProcessorTimeSpentError.
    """
    rule = rule.starting(first)
    end = before if rule.until is None else min(before, rule.until + timedelta(seconds=1))
    # A rule with COUNT is followed from its beginning; all others from where they are needed.
    skip_to = first if rule.count is not None else max(first, since)
    found = 0
    for days, times in _periods(rule, first, skip_to, end, budget):
        for start in _in_period(rule, days, times, budget):
            if start < first:
                continue
            if start >= end:
                return
            found += 1
            if rule.count is not None and found > rule.count:
                return
            if start >= since:
                yield start


Period = tuple[Iterable[date], tuple[frozenset[int], frozenset[int], frozenset[int]]]
"""Its days, and the hours, minutes and seconds on each."""


def _periods(
    rule: Rule, first: datetime, skip_to: datetime, end: datetime, budget: Budget
) -> Iterator[Period]:
    if rule.freq >= HOURLY:
        yield from _short_periods(rule, first, skip_to, end, budget)
        return
    times = (rule.hours, rule.minutes, rule.seconds)
    number = _periods_between(rule, first, skip_to) // rule.interval
    while True:
        budget.spend()
        days = _days(rule, first, max(0, number) * rule.interval)
        if days is None or days[0] > end.date():
            return
        yield days, times
        number = max(0, number) + 1


def _periods_between(rule: Rule, first: datetime, then: datetime) -> int:
    if rule.freq == YEARLY:
        return then.year - first.year
    if rule.freq == MONTHLY:
        return (then.year - first.year) * 12 + then.month - first.month
    days = (then.date() - _week(first.date(), rule.week_start)).days
    return days // 7 if rule.freq == WEEKLY else (then.date() - first.date()).days


def _week(day: date, week_start: int) -> date:
    """The first day of its week."""
    return date.fromordinal(max(1, day.toordinal() - (day.weekday() - week_start) % 7))


def _days(rule: Rule, first: datetime, offset: int) -> list[date] | None:
    """The days of the period `offset` periods later; None past the last year."""
    try:
        if rule.freq == YEARLY:
            year = first.year + offset
            if rule.months and not rule.weeks:
                return [day for month in sorted(rule.months) for day in _month(year, month)]
            return _span(date(year, 1, 1), date(year + 1, 1, 1))
        if rule.freq == MONTHLY:
            index = first.year * 12 + first.month - 1 + offset
            return _month(index // 12, index % 12 + 1)
        if rule.freq == WEEKLY:
            start = _week(first.date(), rule.week_start) + timedelta(weeks=offset)
            return _span(start, start + timedelta(days=7))
        return [first.date() + timedelta(days=offset)]
    except (ValueError, OverflowError):
        return None


def _month(year: int, month: int) -> list[date]:
    return _span(date(year, month, 1), date(year + month // 12, month % 12 + 1, 1))


def _span(start: date, end: date) -> list[date]:
    return [date.fromordinal(number) for number in range(start.toordinal(), end.toordinal())]


def _short_periods(
    rule: Rule, first: datetime, skip_to: datetime, end: datetime, budget: Budget
) -> Iterator[Period]:
    """The times of an hourly, minutely or secondly rule; a day that does not match is one step."""
    unit = _STEP[rule.freq]
    seconds = first.hour * 3600 + first.minute * 60 + first.second
    base = datetime.combine(first.date(), time(0)) + timedelta(seconds=seconds // unit * unit)
    step = unit * rule.interval
    number = max(0, int((skip_to - base).total_seconds()) // step)
    checked: date | None = None
    while True:
        budget.spend()
        try:
            start = base + timedelta(seconds=number * step)
        except OverflowError:
            return
        if start >= end:
            return
        day = start.date()
        if day != checked and not _fits(rule, day):
            ahead = datetime.combine(day, time(0)) - base + timedelta(days=1)
            number = -(-int(ahead.total_seconds()) // step)
            continue
        checked = day
        number += 1
        if rule.hours and start.hour not in rule.hours:
            continue
        if rule.freq >= MINUTELY and rule.minutes and start.minute not in rule.minutes:
            continue
        if rule.freq == SECONDLY and rule.seconds and start.second not in rule.seconds:
            continue
        yield (
            (day,),
            (
                frozenset({start.hour}),
                frozenset({start.minute}) if rule.freq >= MINUTELY else rule.minutes,
                frozenset({start.second}) if rule.freq == SECONDLY else rule.seconds,
            ),
        )


def _in_period(
    rule: Rule,
    days: Iterable[date],
    times: tuple[frozenset[int], frozenset[int], frozenset[int]],
    budget: Budget,
) -> Iterator[datetime]:
    hours, minutes, seconds = (sorted(numbers) for numbers in times)
    found = _starts(rule, days, [time(*at) for at in product(hours, minutes, seconds)], budget)
    if not rule.positions:
        return found
    starts = list(found)
    places = {n - 1 if n > 0 else len(starts) + n for n in rule.positions}
    return iter([start for place, start in enumerate(starts) if place in places])


def _starts(
    rule: Rule, days: Iterable[date], times: list[time], budget: Budget
) -> Iterator[datetime]:
    for day in days:
        budget.spend()
        if not _fits(rule, day):
            continue
        for at in times:
            budget.spend()
            yield datetime.combine(day, at)


def _fits(rule: Rule, day: date) -> bool:
    if rule.months and day.month not in rule.months:
        return False
    if rule.month_days and day.day not in rule.month_days:
        if min(rule.month_days) > 0:
            return False
        if day.day - len(_month(day.year, day.month)) - 1 not in rule.month_days:
            return False
    if rule.year_days:
        number, length = day.timetuple().tm_yday, date(day.year, 12, 31).timetuple().tm_yday
        if number not in rule.year_days and number - length - 1 not in rule.year_days:
            return False
    if rule.weeks and not _fits_week(rule, day):
        return False
    return not rule.weekdays or _fits_weekday(rule, day)


def _fits_week(rule: Rule, day: date) -> bool:
    """The number of a week; week 1 is the first with at least four days in its year (RFC 5545,
    BYWEEKNO).
    """
    middle = _week(day, rule.week_start) + timedelta(days=3)
    number = (middle.timetuple().tm_yday + 6) // 7
    last = date(middle.year, 12, 28)
    weeks = ((_week(last, rule.week_start) + timedelta(days=3)).timetuple().tm_yday + 6) // 7
    return number in rule.weeks or number - weeks - 1 in rule.weeks


def _fits_weekday(rule: Rule, day: date) -> bool:
    weekday = day.weekday()
    if (0, weekday) in rule.weekdays:
        return True
    if rule.freq > MONTHLY or rule.weeks:
        return any(other == weekday for _, other in rule.weekdays)
    if rule.freq == MONTHLY or rule.months:
        place, length = day.day, len(_month(day.year, day.month))
    else:
        place, length = day.timetuple().tm_yday, date(day.year, 12, 31).timetuple().tm_yday
    from_end = -((length - place) // 7) - 1
    return ((place - 1) // 7 + 1, weekday) in rule.weekdays or (from_end, weekday) in rule.weekdays
