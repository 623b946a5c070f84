"""How a brief writes days, times, durations and numbers, in English and independent of locale."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from buildos_box.clock import Instant, local_day

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
HALF_HOUR = 30


def day_in_words(day: date) -> str:
    """`Wednesday, October 23, 2024`."""
    return f"{_WEEKDAYS[day.weekday()]}, {_MONTHS[day.month - 1]} {day.day}, {day.year}"


def short_day(day: date) -> str:
    """`Wed, Oct 23`."""
    return f"{weekday(day)[:3]}, {_MONTHS[day.month - 1][:3]} {day.day}"


def weekday(day: date) -> str:
    """`Wednesday`."""
    return _WEEKDAYS[day.weekday()]


def coming_day(day: date, today: date) -> str:
    """A day near `today`: `today`, `tomorrow`, else `Fri, Oct 25`, with the year if another."""
    if day == today:
        return "today"
    if day == today + timedelta(days=1):
        return "tomorrow"
    return short_day(day) if day.year == today.year else f"{short_day(day)}, {day.year}"


def clock_time(instant: Instant, zone: ZoneInfo) -> str:
    """`14:05`, as clocks in `zone` show it."""
    return f"{instant.astimezone(zone):%H:%M}"


def spoken_time(instant: Instant, zone: ZoneInfo) -> str:
    """`9:30`: a time inside a sentence, without a leading zero."""
    local = instant.astimezone(zone)
    return f"{local.hour}:{local:%M}"


def day_and_time(instant: Instant, zone: ZoneInfo) -> str:
    """`Wed, Oct 23, 14:05`, as clocks in `zone` show it."""
    return f"{short_day(local_day(instant, zone))}, {clock_time(instant, zone)}"


def length(span: timedelta) -> str:
    """`45 min`, `2 h`, `2½ h`, `3 h 20 min`."""
    hours, minutes = divmod(int(span.total_seconds()) // 60, 60)
    if hours and minutes == HALF_HOUR:
        return f"{hours}½ h"
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def listed(parts: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
