"""The filter language of the job list: `type:daily_brief status:failed since:2h text`."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from buildos_box.clock import Instant, day_from_text, from_text, to_text, truncate
from buildos_box.tui.formatting import STATES, WORDS

KEYS = (
    "type", "status", "user", "lane", "id", "corr", "since", "until", "ended", "error", "archived",
)  # fmt: skip
_OPPOSITE = {"since": "until", "until": "since"}
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGE = re.compile(r"(\d{1,5})([smhdw])")
_FIELD = {
    "type": "job_type",
    "status": "status",
    "user": "user_id",
    "lane": "lane",
    "id": "id",
    "corr": "correlation_id",
    "error": "error",
}


class WrongWord(ValueError):
    """A word of a filter that is not valid; the sentence says what is allowed."""


@dataclass(frozen=True)
class Condition:
    """One word: the job's field must be (or, negated, must not be) one of the values."""

    key: str
    values: tuple[str, ...]
    negated: bool

    def holds(self, job: dict[str, Any]) -> bool:
        """Whether the job matches. Errors match by substring, all other fields exactly."""
        found = str(job.get(_FIELD[self.key]) or "")
        if self.key == "error":
            hit = any(value.lower() in found.lower() for value in self.values)
        else:
            hit = found in self.values
        return hit != self.negated


@dataclass(frozen=True)
class Filter:
    """What the server filters by, and what is checked here afterwards."""

    asked: dict[str, str] = field(default_factory=dict)
    checks: tuple[Condition, ...] = ()

    def keeps(self, job: dict[str, Any]) -> bool:
        """Whether a job that the server returned matches."""
        return all(check.holds(job) for check in self.checks)

    def count(self, counts: list[dict[str, Any]]) -> int | None:
        """The number of matching jobs, computed from counts by type and state;
        None if impossible.
        """
        if any(check.key not in ("type", "status") for check in self.checks) or (
            self.asked.keys() - {"type", "status"}
        ):
            return None
        return sum(int(row["count"]) for row in counts if self.keeps(row))


@dataclass(frozen=True)
class Words:
    """A filter of words that the server applies, and free text."""

    asked: dict[str, str]
    text: str


def read_words(
    text: str, keys: Sequence[str], now: Instant, known: Mapping[str, Collection[str]]
) -> Words:
    """Parse a filter of these words; values of keys in `known` must be known. Raises WrongWord."""
    asked: dict[str, str] = {}
    free: list[str] = []
    for word in text.split():
        key, colon, value = word.partition(":")
        if not colon:
            free.append(word)
            continue
        if key not in keys:
            raise WrongWord(f"{word}: there is no such filter; known: {', '.join(keys)}")
        for part in value.split(","):
            if not part:
                raise WrongWord(f"{word}: a value is missing after the colon")
            if key in known and part not in known[key]:
                raise WrongWord(f"{word}: {key} is one of {', '.join(known[key])}")
        if key == "since":
            value = _instant(word, value, now)
        asked[key] = value
    return Words(asked, " ".join(free))


def parse(text: str, now: Instant) -> Filter:
    """Parse a filter. Raises WrongWord, which names the word."""
    asked: dict[str, str] = {}
    checks: list[Condition] = []
    free: list[str] = []
    for word in text.split():
        key, colon, rest = word.lstrip("-").partition(":")
        if not colon:
            free.append(word)
            continue
        if key not in KEYS:
            raise WrongWord(f"{word}: there is no such filter; known: {', '.join(KEYS)}")
        values = tuple(part for part in rest.split(",") if part)
        if not values:
            raise WrongWord(f"{word}: a value is missing after the colon")
        if key in ("since", "until", "ended", "archived"):
            asked |= _bound(word, key, rest, now)
            continue
        if key == "status":
            values = tuple(_status(word, value.lower()) for value in values)
        checks.append(Condition(key, values, word.startswith("-")))
    if free:
        asked["text"] = " ".join(free)
    for check in checks:
        _ask(asked, check)
    return Filter(asked, tuple(checks))


def _bound(word: str, key: str, value: str, now: Instant) -> dict[str, str]:
    """What is asked for a word about time or the archive; not since then means until then."""
    negated = word.startswith("-")
    if key in _OPPOSITE:
        return {_OPPOSITE[key] if negated else key: _instant(word, value, now)}
    if negated:
        raise WrongWord(f"{word}: {key} has no opposite; leave the - out")
    if key == "archived":
        if value not in ("yes", "no"):
            raise WrongWord(f"{word}: archived is yes or no")
        return {"archived": "true"} if value == "yes" else {}
    since, dots, until = value.partition("..")
    found = {"endedSince": _instant(word, since, now)}
    return {**found, "endedUntil": _instant(word, until, now)} if dots else found


def _ask(asked: dict[str, str], check: Condition) -> None:
    """Let the server filter what it can; the checks apply in any case."""
    several = len(check.values) > 1
    if check.negated:
        return
    if check.key in ("type", "status"):
        asked.setdefault(check.key, ",".join(check.values))
    elif check.key == "user" and not several:
        asked.setdefault("user", check.values[0])
    elif check.key in ("id", "corr", "error") and not several:
        asked.setdefault("text", check.values[0])


def _status(word: str, value: str) -> str:
    name = WORDS.get(value, value)
    if name not in STATES:
        raise WrongWord(f"{word}: a status is one of {', '.join((*WORDS, *STATES))}")
    return name


def _instant(word: str, value: str, now: Instant) -> str:
    if age := _AGE.fullmatch(value.lower()):
        return to_text(now - timedelta(**{_UNITS[age[2]]: int(age[1])}))
    readers: tuple[Callable[[str], Instant], ...] = (
        from_text,
        lambda day: truncate(datetime.combine(day_from_text(day), time(0)).astimezone()),
    )
    for read in readers:
        try:
            return to_text(read(value))
        except ValueError:
            continue
    raise WrongWord(f"{word}: an age like 30m, 2h or 7d, or a day like 2024-10-23")
