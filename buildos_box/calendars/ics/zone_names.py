"""Maps zone names that calendar programs write and IANA does not know to IANA zones.

A calendar file should define each zone that it names (RFC 5545, 3.2.19). Many do not, so that only
the name is left: `Central Standard Time 1`, `(UTC-08:00) Pacific Time (US & Canada)`, `GMT+0100`,
`PDT`, `europe/berlin`.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from buildos_box.clock import zone_names, zone_or_utc

AMBIGUOUS = frozenset(
    {"ADT", "AMT", "AST", "BST", "CDT", "CST", "ECT", "GST", "IST", "LHST", "PYT", "SST", "WST"}
)
"""Abbreviations that are used in several parts of the world."""

_ABBREVIATIONS = {
    "ACDT": 10.5, "ACST": 9.5, "AEDT": 11, "AEST": 10, "AKDT": -8, "AKST": -9, "AWST": 8,
    "CAT": 2, "CEST": 2, "CET": 1, "EAT": 3, "EDT": -4, "EEST": 3, "EET": 2, "EST": -5,
    "HDT": -9, "HKT": 8, "HST": -10, "JST": 9, "KST": 9, "MDT": -6, "MESZ": 2, "MEZ": 1,
    "MSK": 3, "MST": -7, "NDT": -2.5, "NPT": 5.75, "NST": -3.5, "NZDT": 13, "NZST": 12, "PDT": -7,
    "PHT": 8, "PKT": 5, "PST": -8, "SAST": 2, "SGT": 8, "WAT": 1, "WEST": 1, "WET": 0, "WIB": 7,
}  # fmt: skip
"""Hours ahead of UTC of the unambiguous ones (PST as in RFC 5322, 4.3)."""

_WORDS = {
    "coordinated universal time": "UTC",
    "universal coordinated time": "UTC",
    "universal time": "UTC",
    "utc": "UTC",
    "gmt": "UTC",
    "z": "UTC",
    "zulu": "UTC",
    "tzone://microsoft/utc": "UTC",
    "greenwich mean time": "Europe/London",
    "casablanca, monrovia": "Africa/Casablanca",
    "mid-atlantic standard time": "Etc/GMT+2",
    "mexico standard time": "America/Mexico_City",
    "mexico standard time 2": "America/Chihuahua",
    "kamchatka standard time": "Asia/Kamchatka",
    "armenian standard time": "Asia/Yerevan",
    "alaska": "America/Anchorage",
    "aleutian islands": "America/Adak",
    "arizona": "America/Phoenix",
    "baja california": "America/Tijuana",
    "cabo verde is.": "Atlantic/Cape_Verde",
    "cape verde is.": "Atlantic/Cape_Verde",
    "chetumal": "America/Cancun",
    "city of buenos aires": "America/Buenos_Aires",
    "ekaterinburg": "Asia/Yekaterinburg",
    "georgetown, la paz, manaus, san juan": "America/La_Paz",
    "hawaii": "Pacific/Honolulu",
    "indiana (east)": "America/Indianapolis",
    "international date line west": "Etc/GMT+12",
    "islamabad, karachi": "Asia/Karachi",
    "izhevsk, samara": "Europe/Samara",
    "kiritimati island": "Pacific/Kiritimati",
    "marquesas islands": "Pacific/Marquesas",
    "midway island, samoa": "Pacific/Midway",
    "port louis": "Indian/Mauritius",
    "saskatchewan": "America/Regina",
    "solomon is., new caledonia": "Pacific/Guadalcanal",
    "west bank, gaza": "Asia/Hebron",
    "west central africa": "Africa/Lagos",
    "yukon": "America/Whitehorse",
}
"""Names that are neither a zone of Windows nor a city."""

_NUMBERED = re.compile(r"(.*\D) \d{1,2}")
_BRACKET = re.compile(r"\((?:UTC|GMT) ?(?:([+-]\d{1,2}):?(\d\d))?\) ?(.*)", re.IGNORECASE)
_OFFSET = re.compile(r"(?:UTC|GMT)? ?([+-]\d{1,2})(?::?([0-5]\d))?(?::?00)?", re.IGNORECASE)
_TIME_OF = re.compile(r"(.+) time(?: \(.*| ?[;,].*)?")
_REGIONS = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
_MOST_OFFSET = timedelta(hours=14)


def well_known(name: str) -> tzinfo | None:
    """The zone of exactly that name at IANA or Windows, in any case; None if there is none."""
    plain = _squeezed(name)
    return _zone(_iana().get(plain.replace(" ", "_"))) or _zone(_windows().get(plain))


def is_abbreviation(name: str) -> bool:
    """Whether it looks like `EST`; a file's own definition of such a name is better than IANA's."""
    return name.isalpha() and name.isupper() and len(name) <= 5 and name not in ("UTC", "GMT")


def guessed(name: str, at: datetime) -> tzinfo | None:
    """The zone that a name without a definition means; None if that cannot be decided.

    An offset in brackets (`(UTC+01:00) Amsterdam, …`) has to be one that the zone has in the year
    of `at`; if no zone fits, the offset alone is used.
    """
    bracket = _BRACKET.fullmatch(name.strip())
    if bracket is None:
        return _from_words(name, None, at) or _offset(name) or _abbreviation(name)
    offset = _delta(bracket[1] or "+0", bracket[2])
    if offset is None:
        return None
    return _from_words(bracket[3], offset, at) or timezone(offset)


def _from_words(text: str, offset: timedelta | None, at: datetime) -> tzinfo | None:
    plain = _squeezed(text).replace(";", ",")
    for name in _candidates(plain):
        zone = _zone(_WORDS.get(name)) or well_known(name)
        if zone is not None and (offset is None or offset in _offsets(zone, at)):
            return zone
    return _by_cities(plain, offset, at)


def _candidates(plain: str) -> Iterator[str]:
    """The Windows zone: `pacific standard time` for `pacific time (us & canada), tijuana`."""
    yield plain
    yield plain.replace("daylight time", "standard time").replace("summer time", "standard time")
    numbered = _NUMBERED.fullmatch(plain)
    if numbered is not None:
        yield numbered[1]
    yield f"{plain} standard time"
    of = _TIME_OF.fullmatch(plain)
    if of is not None:
        yield f"{of[1]} standard time"


def _by_cities(plain: str, offset: timedelta | None, at: datetime) -> tzinfo | None:
    """The zone of the first city that IANA knows: `Amsterdam, Berlin, Bern, Rom, Stockholm, Wien`.

    All known cities must agree, so that one word that is also a city elsewhere decides nothing.
    """
    _, _, last = plain.rpartition(": ")
    names = [part.strip(" .") for part in re.split(r"[,/]", last)]
    zones = [zone for name in names for zone in _cities().get(name, ())]
    if offset is not None:
        zones = [zone for zone in zones if offset in _offsets(_zone_of(zone), at)]
    if not zones or len({tuple(_offsets(_zone_of(zone), at)) for zone in zones}) > 1:
        return None
    return _zone_of(zones[0])


def _offset(name: str) -> tzinfo | None:
    match = _OFFSET.fullmatch(name.strip())
    offset = _delta(match[1], match[2]) if match else None
    return None if offset is None else timezone(offset)


def _delta(hours: str, minutes: str | None) -> timedelta | None:
    size = timedelta(hours=abs(int(hours)), minutes=int(minutes or 0))
    return None if size > _MOST_OFFSET else -size if hours.startswith("-") else size


def _abbreviation(name: str) -> tzinfo | None:
    hours = _ABBREVIATIONS.get(name.strip().upper())
    return None if hours is None else timezone(timedelta(hours=hours), name.strip().upper())


def _offsets(zone: tzinfo, at: datetime) -> list[timedelta | None]:
    """The offsets of January and July: the bracket has the winter's, in both hemispheres."""
    return [datetime(at.year, month, 1, tzinfo=zone).utcoffset() for month in (1, 7)]


def _squeezed(text: str) -> str:
    return " ".join(text.split()).casefold()


def _zone(name: str | None) -> tzinfo | None:
    return None if name is None else _zone_of(name)


def _zone_of(name: str) -> tzinfo:
    return UTC if name in ("UTC", "Etc/UTC", "GMT") else zone_or_utc(name)


@lru_cache(maxsize=1)
def _iana() -> dict[str, str]:
    return {name.casefold(): name for name in zone_names()}


@lru_cache(maxsize=1)
def _windows() -> dict[str, str]:
    return {name.casefold(): zone for name, zone in WINDOWS_TO_OLSON.items()}


@lru_cache(maxsize=1)
def _cities() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in sorted(zone_names()):
        region, _, rest = name.partition("/")
        if region in _REGIONS and rest:
            city = rest.rpartition("/")[2].replace("_", " ").casefold()
            found[city] = (*found.get(city, ()), name)
    return found
