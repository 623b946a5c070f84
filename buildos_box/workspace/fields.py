"""Parsing one field of a request: from its JSON value to the stored value.

A parser raises ValueError with a clause that follows the field's name.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache

from buildos_box import email_address
from buildos_box.clock import from_text, to_text, zone_named
from buildos_box.ids import is_outside_id
from buildos_box.locales import tags

Stored = str | int | None
Reader = Callable[[object], Stored]

TITLE_CHARS = 1_000
TEXT_CHARS = 100_000
EARLIEST_YEAR, LATEST_YEAR = 1900, 2999
"""Dates outside these years are mistakes, and zone arithmetic would overflow."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_DAY_HELP = "must be a day like 2024-10-23"
_EMAIL_HELP = "must be a mail address like ada@example.org"
_INSTANT_HELP = "must be an instant with its offset, like 2024-10-23T09:00:00Z"


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its JSON name, its column, and its parser.

    `default` is its value if it is never given or cleared by null. A required field must be given
    for a new item and is never null. `service_only`: users cannot set it.
    """

    name: str
    column: str
    read: Reader
    required: bool = False
    default: Stored = None
    service_only: bool = False


def _text_of(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")
    if not value.isprintable() and _NO_TEXT.search(value):
        raise ValueError("contains characters that are not text")
    return value


def _line_of(value: object) -> str:
    """Text on one line: control characters and line ends become a space."""
    if isinstance(value, str) and not value.isprintable():
        value = _CONTROL.sub(" ", value)
    return _text_of(value)


def title_or(empty: str, longest: int) -> Reader:
    """A title, or `empty` for one without any character."""
    read_text = text(longest)

    def read(value: object) -> Stored:
        found = str(read_text(value))
        return found if found.strip() else empty

    return read


def text(longest: int, *, lines: bool = False, empty: bool = True) -> Reader:
    """Text of at most that many characters; made one line unless `lines`."""

    def read(value: object) -> str:
        found = _text_of(value) if lines else _line_of(value)
        if not empty and not found.strip():
            raise ValueError("must not be empty")
        if len(found) > longest:
            raise ValueError(f"must be at most {longest:,} characters")
        return found

    return read


def id_text(value: object) -> str:
    """An id."""
    if not isinstance(value, str) or not is_outside_id(value):
        raise ValueError("must be an id: 1 to 128 letters, digits or any of . _ : -")
    return value


def flag(value: object) -> int:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return int(value)


def one_of(*words: str) -> Reader:
    """One of these words, spelled exactly."""

    def read(value: object) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return value

    return read


def day(value: object) -> str:
    """A day that exists, `YYYY-MM-DD`."""
    if not isinstance(value, str):
        raise ValueError(_DAY_HELP)
    return _existing_day(value)


@lru_cache(maxsize=1_024)
def _existing_day(value: str) -> str:
    """The same text. Kept, since the items of a request have few days among them."""
    if not _DAY.fullmatch(value):
        raise ValueError(_DAY_HELP)
    try:
        found = date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"there is no day {value}") from None
    _require_year(found.year)
    return value


def instant(value: object) -> str:
    """An instant with its offset, ISO 8601; stored as UTC with milliseconds."""
    if not isinstance(value, str):
        raise ValueError(_INSTANT_HELP)
    try:
        found = from_text(value)
    except ValueError:
        raise ValueError(_INSTANT_HELP) from None
    _require_year(found.year)
    return to_text(found)


def _require_year(year: int) -> None:
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        raise ValueError(f"must lie in the years {EARLIEST_YEAR} to {LATEST_YEAR}")


def wall_time(value: object) -> str:
    """`HH:MM` or `HH:MM:SS`; stored without zero seconds."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError("must be a time like 09:00 or 09:00:30")
    try:
        found = time.fromisoformat(value)
    except ValueError:
        raise ValueError(f"there is no time {value}") from None
    return found.isoformat("seconds" if found.second else "minutes")


def wall_minute(value: object) -> str:
    """`HH:MM`, or `HH:MM:SS`, whose seconds are dropped."""
    return str(wall_time(value))[:5]


def whole(least: int, most: int) -> Reader:
    """A whole number within the bounds."""

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"must be a whole number from {least} to {most:,}")
        return value

    return read


def phone_number(value: object) -> str:
    """A valid phone number with its country code, stored as E.164."""
    import phonenumbers

    try:
        if not isinstance(value, str) or not value.startswith("+"):
            raise ValueError
        number = phonenumbers.parse(value, None)
    except (ValueError, phonenumbers.NumberParseException):
        raise ValueError("must be a phone number like +14155552671") from None
    if not phonenumbers.is_valid_number(number):
        raise ValueError("is not a valid phone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def week_day(value: object) -> int:
    """A day's number: 0 is Sunday, 6 is Saturday."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 6:
        raise ValueError("must be a whole number from 0 (Sunday) to 6 (Saturday)")
    return value


def week_days(value: object) -> str | None:
    """A list of day numbers; stored sorted, each once. An empty list counts as not given."""
    if not isinstance(value, list):
        raise ValueError("must be a list of numbers from 0 (Sunday) to 6 (Saturday)")
    found = sorted({week_day(item) for item in value})
    return f"[{','.join(map(str, found))}]" if found else None


def email(value: object) -> str:
    """A mail address, by the rule that mail is sent by."""
    if not isinstance(value, str):
        raise ValueError(_EMAIL_HELP)
    try:
        email_address.parse(value)
    except ValueError as error:
        raise ValueError(f"{_EMAIL_HELP}; it {error}") from None
    return value


def country(value: object) -> str:
    """An ISO 3166 alpha-2 code."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z]{2}", value):
        raise ValueError("must be a country's two letters (ISO 3166), like DE")
    return value.upper()


def language(value: object) -> str:
    """A language tag (RFC 5646), like `en` or `de-CH`."""
    if not isinstance(value, str) or len(value) > 35 or not _LANGUAGE.fullmatch(value):
        raise ValueError("must be a language tag like en or de-CH")
    return value


def locale(value: object) -> str:
    """The tag (BCP 47) of a language that people are written to in, as it is spelled."""
    if not isinstance(value, str):
        raise ValueError("must be a language tag like en-US")
    return tags.known(value)


def hour_cycle(value: object) -> int:
    """How many hours clocks have: 12 or 24."""
    if value not in (12, 24) or isinstance(value, (bool, float)):
        raise ValueError("must be 12 or 24")
    return int(str(value))


def known_zone(value: object) -> str:
    """An IANA zone in any case, stored as IANA spells it; an unknown one is refused."""
    found = zone_named(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("must be an IANA time zone like Europe/Berlin")
    return found
