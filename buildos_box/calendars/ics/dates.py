"""Normalises dates and times of calendar files to the form of RFC 5545, 3.3.5.

Files have a 24th hour, a 60th second (RFC 5545, 3.3.12), ISO 8601 with hyphens and colons, an
offset, a time without seconds, a `VALUE=DATE` with a time.
"""

import re
from contextlib import suppress
from datetime import date, datetime, timedelta
from math import ceil

_PLAIN = re.compile(r"\d{8}(T([01]\d|2[0-3])[0-5]\d[0-5]\dZ?)?")
_LOOSE = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)"
    r"(?:[Tt ]+(\d\d):?([0-5]\d)(?::?([0-6]\d)(?:[.,]\d+)?)?\s*([Zz]|[+-]\d\d:?\d\d)?)?"
)


def normalised(value: str, *, days_only: bool = False) -> str:
    """A list of dates, times or periods, normalised; what cannot be understood stays as it is.

    `days_only` drops the times.
    """
    return ",".join(
        "/".join(_one(part.strip(), days_only) for part in item.split("/"))
        for item in value.split(",")
    )


def _one(text: str, days_only: bool) -> str:
    if _PLAIN.fullmatch(text):
        return text[:8] if days_only else text
    match = _LOOSE.fullmatch(text)
    if match is None:
        return text
    year, month, day, hour, minute, second, zone = match.groups()
    if hour is None or days_only:
        return f"{year}{month}{day}"
    try:
        at = datetime(int(year), int(month), int(day))
        at += timedelta(hours=int(hour), minutes=int(minute), seconds=min(int(second or 0), 59))
        if int(hour) > 24 or (int(hour) == 24 and at.hour + at.minute + at.second):
            return text
        at -= _offset(zone)
    except (ValueError, OverflowError):
        return text
    return f"{at.year:04}{at:%m%dT%H%M%S}{'Z' if zone else ''}"


def _offset(zone: str | None) -> timedelta:
    if zone is None or zone in "Zz":
        return timedelta(0)
    digits = zone[1:].replace(":", "")
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -size if zone[0] == "-" else size


def days_of(value: str) -> list[date]:
    """The days of a list of dates, times or periods; entries without one are skipped."""
    found = []
    for item in value.replace("/", ",").split(","):
        with suppress(ValueError):
            found.append(date(int(item[:4]), int(item[4:6]), int(item[6:8])))
    return found


def days_within(duration: str) -> int:
    """Whole days that contain a DURATION, rounded up: 11 for `P1W2DT25H`."""
    size = {"W": 7.0, "D": 1.0, "H": 1 / 24, "M": 1 / 1440, "S": 1 / 86400}
    parts = re.findall(r"(\d{1,6})([WDHMS])", duration.upper())
    return ceil(sum(int(number) * size[unit] for number, unit in parts))
